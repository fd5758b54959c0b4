package master

import (
	"fmt"
	"testing"
	"time"

	"trama/actors/supervise"
	"trama/codec"
)

// What recognising resends costs a frame: of one master, and of many whose windows fill all the memory there is.
func BenchmarkResends(b *testing.B) {
	p, err := codec.Shipped("extended")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ masters, frames int }{{1, 64}, {1, 100_000}, {32, 50_000}, {1000, 2000}} {
		b.Run(fmt.Sprintf("%d masters, %d frames", c.masters, c.frames), func(b *testing.B) {
			d := NewDirectory(Options{System: new(supervise.System), ResendBytes: 64 << 20})
			all := make([]*Master, c.masters)
			numbers := make([]uint64, c.masters)
			one := func(i int) {
				m := all[i]
				numbers[i]++
				s := seenFrame{number: numbers[i] ^ 0x9d39247e33776d41, content: uint32(numbers[i]), at: 100}
				if what, _ := m.recent.find(s, time.Hour); what != sightNew {
					b.Fatal(what)
				}
				m.remember(s, p)
			}
			for i := range all {
				all[i] = d.newMaster("1")
			}
			for n := range c.frames * c.masters {
				one(n % c.masters)
			}
			b.ResetTimer()
			for n := range b.N {
				one(n % c.masters)
			}
		})
	}
}
