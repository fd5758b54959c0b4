package master

import (
	"testing"
	"time"
)

// The last frames are remembered, also when one of them took the number of an old one.
func TestTheNewestFramesAreRemembered(t *testing.T) {
	var r recent
	for n := range uint64(recentKept) {
		r.add(seenFrame{number: n, content: n}, nil, int64(n))
	}
	for n := range uint64(recentKept) { // a session with numbers from 0, and each time one that is new
		again := seenFrame{number: n, content: 1000 + n}
		if _, old := r.find(again, time.Hour); old != nil {
			r.add(again, old, int64(5000+n))
		} else {
			r.add(again, nil, int64(5000+n))
		}
		r.add(seenFrame{number: 2000 + n, content: n}, nil, int64(7000+n))
		if what, _ := r.find(again, time.Hour); what != sightResend {
			t.Fatalf("frame %d is not known when it comes again, one frame later", n)
		}
	}
	if len(r.seen) != recentKept {
		t.Errorf("%d are remembered", len(r.seen))
	}
}

// What came in one go is remembered whole, for as many reads as may be in hand; then as much as ever.
func TestABurstIsRemembered(t *testing.T) {
	for _, burst := range []uint64{1, recentMany - 1, recentMany, recentKept, recentKept + 1, 300, recentMost, 2 * recentMost} {
		var r recent
		number, read := uint64(0), int64(0)
		last := make([]uint64, recentReads)
		add := func(n uint64) {
			read++
			last = append(last, n)[1:]
			for range n {
				number++
				r.add(seenFrame{number: number, content: number}, nil, read)
			}
		}
		for range 100 { // a ring
			add(1)
		}
		add(burst)
		for later := range uint64(3 * recentReads) {
			many := uint64(0)
			for _, n := range last {
				if n >= recentMany {
					many += n
				}
			}
			for i := range number {
				what, _ := r.find(seenFrame{number: number - i, content: number - i}, time.Hour)
				if known := what == sightResend; known != (i < min(max(many, recentKept), recentMost)) && known != (i < min(many+recentKept, recentMost)) {
					t.Fatalf("burst of %d, %d reads later: the frame before %d others is known: %v", burst, later, i, known)
				}
			}
			add(1)
		}
		if len(r.seen) != recentKept || cap(r.seen) > 2*recentKept {
			t.Errorf("%d are remembered in the end, in room for %d", len(r.seen), cap(r.seen))
		}
	}
}
