package protect_test

import (
	"testing"

	"trama/codec/protect"
)

// BenchmarkProtectAndOpen makes and opens a measurement with warm ciphers: 63 bytes with suite 20.
func BenchmarkProtectAndOpen(b *testing.B) {
	plain := unhex(b, "00250100000000123456780102036d0020261123143000000000070041ac0000")
	for _, s := range []protect.Suite{protect.None, protect.Auth24, protect.Enc24, protect.CCM8, protect.CCM16} {
		var frame, memory []byte
		b.Run("protect/"+s.String(), func(b *testing.B) {
			b.ReportAllocs()
			for n := uint32(0); b.Loop(); n++ {
				var err error
				if frame, err = extended.Protect(frame[:0], plain, &protect.Protection{Suite: s, Key: key, Epoch: 3, Counter: n}); err != nil {
					b.Fatal(err)
				}
			}
		})
		frame, err := extended.Protect(nil, plain, &protect.Protection{Suite: s, Key: key, Epoch: 3, Counter: 7})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("open/"+s.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				opened, err := extended.Open(memory[:0], frame, &protect.Opening{Key: key, Epoch: 3, Counter: 7})
				if err != nil {
					b.Fatal(err)
				}
				memory = opened.Plain
			}
		})
	}
}
