package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trama/journal"
	"trama/journal/faultfs"
)

// With everything under way one call fails, by turns of every kind.  Writes, syncs and truncations must end the engine, unless there was no
// room for a write; whatever failed, nothing promised is lost and nothing is told after the engine has ended.
func TestAFailingCallUnderLoadEndsTheJournal(t *testing.T) {
	kinds := append(faultfs.Kinds(), faultfs.Write, faultfs.Sync)
	var mu sync.Mutex
	ended := 0
	every(rounds(), func(seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 11))
		f := faultfs.Fault{Kind: kinds[seed%uint64(len(kinds))], Failure: []faultfs.Failure{faultfs.EIO, faultfs.ENOSPC}[rng.IntN(2)], Short: rng.IntN(2) == 0, Forever: rng.IntN(3) == 0}
		f.Call = 1 + rng.IntN(map[faultfs.Kind]int{faultfs.Write: 120, faultfs.Sync: 40, faultfs.Read: 60, faultfs.ShmLock: 150}[f.Kind]+8)
		if rng.IntN(8) == 0 {
			f.File = "-mark"
		}
		d := faultfs.New(seed)
		l := newLife(d)
		l.options.FramesUpTo = 160 << 10
		d.Inject(f)
		j, err := l.boot(t, rng)
		hit := d.Pending() == 0
		fatal := hit && (f.Kind == faultfs.Write && f.Failure == faultfs.EIO || f.Kind == faultfs.Sync || f.Kind == faultfs.Truncate)
		if j != nil && fatal {
			select {
			case <-j.Failed():
			case <-time.After(time.Second):
				t.Errorf("seed %d, %+v: the journal goes on", seed, f)
			}
			w := &waiter{done: make(chan struct{})}
			w.entry = journal.Entry{Records: frames("1", 0, 1), Count: 1, Owner: w}
			j.Append(&w.entry)
			if <-w.done; !errors.Is(w.err, journal.ErrFailed) {
				t.Errorf("seed %d, %+v: then %v", seed, f, w.err)
			}
		}
		if again := d.SyncsAfterFailure(); j != nil && again > 1 { // that of a checkpoint that was running
			t.Errorf("seed %d, %+v: %d syncs after a failed one", seed, f, again)
		}
		failed := j == nil || j.Err() != nil
		for i, keep := range []int{0, 50, 100} {
			after := d.Crash(keep)
			problems := l.check(t, after)
			if i == 0 {
				problems = append(problems, l.problems...)
			}
			for _, p := range problems {
				t.Errorf("seed %d, %+v (%v), keep %d: %s", seed, f, err, keep, p)
			}
			if err := after.Close(); err != nil {
				t.Error(err)
			}
		}
		l.end(j)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if failed {
			mu.Lock()
			ended++
			mu.Unlock()
		}
	})
	t.Logf("%d of %d ended by a failure", ended, rounds())
	if ended < rounds()/5 {
		t.Error("too few to show anything")
	}
}

// Checkpoints that wait while a commit cannot be synced sync nothing, whatever the reason.
func TestNoCheckpointBeginsBehindAFailedSync(t *testing.T) {
	for _, failure := range []faultfs.Failure{faultfs.EIO, faultfs.ENOSPC} {
		d := faultfs.New(1)
		j, err := on(t, d)
		if err != nil {
			t.Fatal(err)
		}
		put := func(n int) error {
			w := &waiter{done: make(chan struct{})}
			w.entry = journal.Entry{Records: frames("1", n, 1), Count: 1, Owner: w}
			j.Append(&w.entry)
			<-w.done
			return w.err
		}
		c, err := j.move.Conn(t.Context())
		if err := errors.Join(err, put(0)); err != nil {
			t.Fatal(err)
		}
		d.Inject(faultfs.Fault{Kind: faultfs.Sync, File: "-wal", Failure: failure})
		ended := make(chan error)
		for range 3 {
			go func() { ended <- j.moveLog() }()
		}
		if err := put(1); !errors.Is(err, journal.ErrFailed) {
			t.Errorf("%v: a frame behind a failed sync: %v", failure, err)
		}
		await(t, func() bool { return j.move.Stats().WaitCount >= 3 })
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		for range 3 {
			if err := <-ended; !errors.Is(err, journal.ErrFailed) {
				t.Errorf("%v: a checkpoint then: %v", failure, err)
			}
		}
		if n := d.SyncsAfterFailure(); n > 0 {
			t.Errorf("%v: %d syncs after a failed one", failure, n)
		}
		d.CutPower()
		_ = j.Close() // it has failed
		_ = j.release()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAJournalThatDoesNotOpenLeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	d := faultfs.New(1)
	j, err := on(t, d)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	calls, image := d.Calls(faultfs.Any), d.Image()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	refused := 0
	for _, base := range []faultfs.Image{{}, image} { // made, and opened again
		for call := 1; call <= calls; call += 3 {
			d := faultfs.Open(base, 1)
			d.Inject(faultfs.Fault{Call: call, Failure: faultfs.EIO, Forever: true})
			j, err := on(t, d)
			if err != nil {
				refused++
				if text := err.Error(); len(text) < 20 || text[:len("journal j.db: ")] != "journal j.db: " {
					t.Errorf("call %d: %q", call, text)
				}
			}
			d.Crash(0).Close()
			if err == nil {
				_ = j.Close() // it may have failed since
				_ = j.release()
			}
			if err := d.Close(); err != nil {
				t.Errorf("call %d: %v", call, err)
			}
		}
	}
	if refused < 10 {
		t.Errorf("%d were refused", refused)
	}
	goleak.VerifyNone(t, before)
}

func TestEntriesBesideCloseAreToldOnce(t *testing.T) {
	for round := range 20 {
		j := open(t, Options{})
		const senders, each = 4, 30
		var wg sync.WaitGroup
		results := make([][]*waiter, senders)
		for i := range senders {
			wg.Go(func() {
				s := &journal.Subject{Serial: fmt.Sprint(i)}
				for n := range each {
					w := &waiter{done: make(chan struct{})} // closing it twice would panic
					w.entry = journal.Entry{Records: frames(s.Serial, n, 1), Count: 1, Subject: s, Owner: w}
					results[i] = append(results[i], w)
					j.Append(&w.entry)
					if n == each/2 && i == round%senders {
						wg.Go(func() {
							if err := j.Close(); err != nil {
								t.Error(err)
							}
						})
					}
				}
			})
		}
		wg.Wait()
		stored := map[uint64]string{}
		for _, ws := range results {
			refused := false
			for _, w := range ws {
				<-w.done
				switch {
				case w.err == nil && refused:
					t.Error("stored behind one that was refused")
				case w.err == nil:
					stored[w.first] = string(w.entry.Records)
				case !errors.Is(w.err, journal.ErrClosed):
					t.Error(w.err)
				default:
					refused = true
				}
			}
		}
		back := open(t, Options{Path: j.options.Path})
		page, err := back.Read(t.Context(), 0, 1<<20)
		if err != nil || len(page.Frames) != len(stored) {
			t.Fatalf("%d frames, %d were stored, %v", len(page.Frames), len(stored), err)
		}
		for _, f := range page.Frames {
			if stored[f.Seq] != string(journal.AppendRecord(nil, &f.Record)) {
				t.Errorf("frame %d is not what was told", f.Seq)
			}
		}
		if err := back.Close(); err != nil {
			t.Error(err)
		}
	}
}
