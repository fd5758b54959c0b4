package actors

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// trackerFrame is a gt06 frame.
func trackerFrame(kind byte, info string, number int) string {
	body, err := hex.DecodeString(info)
	if err != nil {
		panic(err)
	}
	b := append([]byte{byte(len(body) + 5), kind}, body...)
	b = binary.BigEndian.AppendUint16(b, uint16(number))
	crc := uint16(0xffff)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			if low := crc & 1; low != 0 {
				crc = crc>>1 ^ 0x8408
			} else {
				crc >>= 1
			}
		}
	}
	return "7878" + hex.EncodeToString(binary.BigEndian.AppendUint16(b, ^crc)) + "0d0a"
}

// Numbers that begin anew with each connection: what says when it was made is known however long ago it came; equal frames without a time are
// others, but for the last ones.
func TestEqualFramesOfTwoSessionsAreResendsWhenTheyAreDated(t *testing.T) {
	const each = 100 // of either kind
	g := start(t, "trackers:gt06")
	session := func(first int) {
		d := dial(t, g, "trackers")
		d.send(trackerFrame(0x01, "0352887071911998", 1))
		d.receive(10)
		for n := first; n < first+each; n++ {
			d.send(trackerFrame(0x13, "4606040002", n)) // a heartbeat
			d.receive(10)
		}
		for n := range each {
			at := hex.EncodeToString([]byte{15, 10, 20, 14, byte(n / 60), byte(n % 60)})
			d.send(trackerFrame(0x12, at+"c505e51e780293a9e800540000f601006e0055da", 1000+n))
		}
		await(t, "all are settled", func() bool { s := g.Totals(); return s.Stored+s.Duplicates == s.Frames && s.Frames%(1+2*each) == 0 })
	}
	session(2)
	if s := g.Totals(); s.Stored != 1+2*each {
		t.Fatalf("%+v", s)
	}
	session(2)
	if s := g.Totals(); s.Stored != 2*(1+each)+each || s.Duplicates != each {
		t.Errorf("heartbeats are others, positions come again: %+v", s)
	}
}
