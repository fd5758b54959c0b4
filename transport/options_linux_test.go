package transport

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSocketOptions(t *testing.T) {
	for name, o := range map[string]struct {
		options             Options
		keepAlive, idle, ms int
	}{
		"default": {Options{}, 0, 0, 90_000},
		"set": {Options{UserTimeout: 7 * time.Second,
			KeepAlive: net.KeepAliveConfig{Enable: true, Idle: 77 * time.Second}}, 1, 77, 7_000},
		"no user timeout": {Options{UserTimeout: -1}, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, o.options, echo)
			_, c := r.connect()
			get := func(level, option int) (value int) {
				err := c.raw.Control(func(fd uintptr) {
					var err error
					if value, err = unix.GetsockoptInt(int(fd), level, option); err != nil {
						t.Error(err)
					}
				})
				if err != nil {
					t.Error(err)
				}
				return value
			}
			if get(unix.IPPROTO_TCP, unix.TCP_NODELAY) == 0 {
				t.Error("Nagle's algorithm is on")
			}
			if on := get(unix.SOL_SOCKET, unix.SO_KEEPALIVE); on != o.keepAlive {
				t.Errorf("keep-alive %d", on)
			}
			if o.keepAlive != 0 && get(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE) != o.idle {
				t.Error("keep-alive idle time is another")
			}
			if ms := get(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); ms != o.ms {
				t.Errorf("user timeout %d ms", ms)
			}
		})
	}
}
