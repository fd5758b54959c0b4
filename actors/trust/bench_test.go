package trust_test

import (
	"encoding/hex"
	"testing"

	"trama/codec"
	"trama/codec/protect"
)

// The way of a frame through this package: opened, checked, taken in, and its acknowledgement protected.
func BenchmarkFrame(b *testing.B) {
	for _, suite := range []protect.Suite{protect.Enc24, protect.CCM8} {
		b.Run(suite.String(), func(b *testing.B) {
			w := begin(b, suite)
			var frames [256][]byte
			for i := range frames {
				frames[i] = w.sent(first, suite, 3, uint32(i), 1)
			}
			line := w.elsewhere()
			var f codec.Frame
			var out []byte
			ack := mustHex(b, "00200100000000"+serial+"0102036d002026112314300100000007")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, found := w.profile.Next(codec.Uplink, frames[i%len(frames)], codec.Weak, &f); !found {
					b.Fatal("no frame")
				}
				c, err := w.ring.Open(w.profile, &f, line)
				if err != nil {
					b.Fatal(err)
				}
				o := f.Protection()
				_, _ = c.Peer.Check(o, c) // most of them came before
				if i == 0 {
					c.Peer.Accept(o, c, false)
				}
				if i%512 == 0 {
					_, r := c.Peer.Row(true)
					r.Stored()
				}
				if out, _, err = c.Peer.Protect(w.profile, out[:0], ack, suite, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func mustHex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
