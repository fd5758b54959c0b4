package faultfs

import "testing"

// One round: a small load, a power cut in it, and the three databases that can be found afterwards, each recovered and checked.
func BenchmarkPowerCut(b *testing.B) {
	seed := uint64(0)
	for b.Loop() {
		l := load{batches: 8, rows: 3, checkpoint: 3, parameters: wal}
		d := cut(&l, seed, 150)
		for _, keep := range []int{0, 50, 100} {
			after := d.Crash(keep)
			if rows, err := found(after, wal...); err != nil || rows < l.acknowledged {
				b.Fatal(seed, keep, rows, err)
			}
			after.Close()
		}
		d.Close()
		seed++
	}
}
