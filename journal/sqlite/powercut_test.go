package sqlite

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"trama/journal/faultfs"
)

// boots are the processes of a life: each ends with a power cut, the next one begins with what is left.
const boots = 3

// cutLife lives a life with power cuts at random calls and returns what went wrong.
func cutLife(t testing.TB, seed uint64, faults ...faultfs.Fault) (l *life, problems []string) {
	rng := rand.New(rand.NewPCG(seed, 7))
	d := faultfs.New(seed)
	l = newLife(d)
	switch seed % 3 {
	case 0:
		l.options.FramesUpTo = 160 << 10
	case 1:
		l.options.EventsUpTo = 5
	}
	for boot := range boots {
		d.Inject(faults...)
		kind := []faultfs.Kind{faultfs.Any, faultfs.Write, faultfs.Any, faultfs.Sync}[rng.IntN(4)]
		d.Inject(faultfs.Fault{Kind: kind, Failure: faultfs.PowerCut, Call: 1 + rng.IntN(map[faultfs.Kind]int{faultfs.Any: 500, faultfs.Write: 120, faultfs.Sync: 50}[kind])})
		j, _ := l.boot(t, rng) // an error is the power
		next := rng.IntN(3)
		var left *faultfs.Disk
		for i, keep := range []int{0, 50, 100} {
			after := d.Crash(keep)
			for _, p := range append(l.problems, l.check(t, after)...) {
				problems = append(problems, fmt.Sprintf("process %d, keep %d: %s", boot+1, keep, p))
			}
			l.problems = nil
			if i == next {
				left = after
			} else if err := after.Close(); err != nil {
				t.Error(err)
			}
		}
		l.end(j)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		d, l.disk = left, left
		if len(problems) > 0 {
			break
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return l, problems
}

// every runs f for each seed, on all processors.
func every(n int, f func(seed uint64)) {
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				seed := next.Add(1) - 1
				if seed >= uint64(n) {
					return
				}
				f(seed)
			}
		})
	}
	wg.Wait()
}

func TestPromisesSurvivePowerCutsUnderLoad(t *testing.T) {
	var frames, told atomic.Uint64
	every(rounds(), func(seed uint64) {
		l, problems := cutLife(t, seed)
		for _, p := range problems {
			t.Errorf("seed %d: %s", seed, p)
		}
		frames.Add(uint64(len(l.frames)))
		for _, p := range l.parcels {
			if p.told {
				told.Add(uint64(len(p.raws)))
			}
		}
	})
	t.Logf("%d lives, %d power cuts, each with three futures: %d frames sent, %d acknowledged or seen", rounds(), rounds()*boots, frames.Load(), told.Load())
	if told.Load() < uint64(rounds()) {
		t.Error("the power goes too early to show anything")
	}
}

// A device that only says that it has synced must be noticed.
func TestPowerCutsOfALyingDiskAreNoticed(t *testing.T) {
	noticed := 0
	for seed := range uint64(10) {
		if _, problems := cutLife(t, seed, faultfs.Fault{Kind: faultfs.Sync, Call: 8, Failure: faultfs.Lost, Forever: true}); len(problems) > 0 {
			noticed++
		}
	}
	if noticed < 8 {
		t.Errorf("noticed in %d of 10 lives", noticed)
	}
}
