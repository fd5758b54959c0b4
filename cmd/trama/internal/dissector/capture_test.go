//go:build tshark

package dissector

import (
	"encoding/binary"
	"os"
	"testing"
	"time"
)

// capture is a file of packets on their way between one server and many devices, each of which has a port of its own.
type capture struct {
	packets []byte
	sent    map[uint16]*ends // by port of the device
	clock   int64            // microseconds
}

// ends are the sequence numbers of both sides.
type ends struct{ device, server uint32 }

const serverPort = 12986

func newCapture() *capture {
	c := &capture{sent: map[uint16]*ends{}, clock: time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC).UnixMicro()}
	c.packets = binary.LittleEndian.AppendUint32(c.packets, 0xa1b2c3d4) // microseconds
	c.packets = binary.LittleEndian.AppendUint16(c.packets, 2)
	c.packets = binary.LittleEndian.AppendUint16(c.packets, 4)
	c.packets = binary.LittleEndian.AppendUint64(c.packets, 0)
	c.packets = binary.LittleEndian.AppendUint32(c.packets, 1<<16)
	c.packets = binary.LittleEndian.AppendUint32(c.packets, 101) // IP packets without a link layer
	return c
}

// open writes the handshake of a connection.
func (c *capture) open(device uint16) {
	c.sent[device] = &ends{device: 1000, server: 5000}
	c.packet(device, true, 0x02, nil)
	c.sent[device].device++
	c.packet(device, false, 0x12, nil)
	c.sent[device].server++
	c.packet(device, true, 0x10, nil)
}

// send writes segments of one direction.
func (c *capture) send(device uint16, up bool, segments ...[]byte) {
	if c.sent[device] == nil {
		c.open(device)
	}
	for _, s := range segments {
		c.packet(device, up, 0x18, s)
		if e := c.sent[device]; up {
			e.device += uint32(len(s))
		} else {
			e.server += uint32(len(s))
		}
	}
}

func (c *capture) packet(device uint16, up bool, flags byte, payload []byte) {
	e := c.sent[device]
	from, to, seq, ack := device, uint16(serverPort), e.device, e.server
	source, target := byte(2), byte(1)
	if !up {
		from, to, seq, ack = serverPort, device, e.server, e.device
		source, target = 1, 2
	}
	size := 40 + len(payload)
	c.clock += 100
	c.packets = binary.LittleEndian.AppendUint32(c.packets, uint32(c.clock/1e6))
	c.packets = binary.LittleEndian.AppendUint32(c.packets, uint32(c.clock%1e6))
	c.packets = binary.LittleEndian.AppendUint32(c.packets, uint32(size))
	c.packets = binary.LittleEndian.AppendUint32(c.packets, uint32(size))

	start := len(c.packets) // IPv4, RFC 791; TCP, RFC 9293; Wireshark does not check their checksums
	c.packets = append(c.packets, 0x45, 0)
	c.packets = binary.BigEndian.AppendUint16(c.packets, uint16(size))
	c.packets = append(c.packets, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, source, 10, 0, 0, target)
	c.packets = binary.BigEndian.AppendUint16(c.packets, from)
	c.packets = binary.BigEndian.AppendUint16(c.packets, to)
	c.packets = binary.BigEndian.AppendUint32(c.packets, seq)
	c.packets = binary.BigEndian.AppendUint32(c.packets, ack)
	c.packets = append(c.packets, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
	c.packets = append(c.packets, payload...)
	if len(c.packets)-start != size {
		panic("packet of a wrong size")
	}
}

func (c *capture) write(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, c.packets, 0o644); err != nil {
		t.Fatal(err)
	}
}

// pieces cuts b into segments of n bytes.
func pieces(b []byte, n int) (out [][]byte) {
	for len(b) > n {
		out, b = append(out, b[:n]), b[n:]
	}
	return append(out, b)
}
