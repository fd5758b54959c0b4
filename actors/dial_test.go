package actors

import (
	"encoding/hex"
	"io"
	"net"
	"time"
)

func netDial(address string) (net.Conn, error) { return net.DialTimeout("tcp", address, patience) }

// exchange sends measurements until the connection ends or one is not acknowledged in time.
func exchange(c net.Conn, serial string, from int) {
	defer func() { _ = c.Close() }()
	ack := make([]byte, extendedBytes)
	for i := range 50 {
		frame, _ := hex.DecodeString(measurement(serial, from*50+i))
		if _, err := c.Write(frame); err != nil {
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := io.ReadFull(c, ack); err != nil {
			return
		}
	}
}
