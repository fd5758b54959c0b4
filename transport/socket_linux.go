package transport

import (
	"time"

	"golang.org/x/sys/unix"
)

// hungUp says whether the peer has ended its stream.
func hungUp(fd int) bool {
	ask := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(ask, 0)
	return err == nil && n > 0
}

// setUserTimeout sets TCP_USER_TIMEOUT (RFC 5482) on a listening socket; accepted sockets inherit it.
func setUserTimeout(fd uintptr, timeout time.Duration) error {
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(timeout.Milliseconds()))
}
