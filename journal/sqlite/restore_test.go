package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"trama/journal"
)

// A start may read for longer than the time between two sweeps.  One in the middle of it would not know the masters that are still to come, and
// say all the same that states cover everything: the next start would know nothing of their frames.
func TestNoSweepWhileAStartReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	serials := []string{"00000001", "00000002", "00000003"}
	for i, serial := range serials {
		putFrames(t, j, &journal.Subject{Serial: serial}, i, 1)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path})
	swept := make(chan error, 1)
	subjects := map[string]*journal.Subject{}
	if err := j.Restore(t.Context(), func(journal.MasterRow) error { return nil }, func(_ uint64, r *journal.Record) *journal.Subject {
		if len(subjects) == 0 {
			go func() { swept <- j.Sweep(context.Background()) }()
			select {
			case err := <-swept:
				t.Errorf("a sweep has ended (%v)", err)
				swept <- err
			case <-time.After(100 * time.Millisecond):
			}
		}
		subjects[r.Master] = &journal.Subject{Serial: r.Master}
		return subjects[r.Master]
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-swept; err != nil {
		t.Fatal(err)
	}
	for _, serial := range serials {
		page, err := j.Frames(t.Context(), journal.Query{Master: serial})
		if err != nil || len(page.Frames) != 1 {
			t.Errorf("%s: %d frames, %v", serial, len(page.Frames), err)
		}
	}
}

// asked is a master that tells its state, and that it was asked for it.
type asked struct {
	j       *Journal
	subject journal.Subject
	was     chan struct{}
}

func (a *asked) Snapshot() {
	select {
	case a.was <- struct{}{}:
	default: // nobody counts
	}
	a.j.Append(&journal.Entry{Subject: &a.subject, Rows: []journal.Row{journal.State("state")}})
}

// A process that is killed again and again, each time before its first sweep is due: what a start reads does not grow with every one of them.
func TestAStartThatReadMuchIsSweptAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	const each = longTail / 4
	longest, total := 0, 0
	for life := range 12 {
		j := open(t, Options{Path: path}) // sweeps every hour
		a := &asked{j: j, was: make(chan struct{}, 1)}
		a.subject = journal.Subject{Serial: "00000001", Owner: a}
		read, through := 0, uint64(0)
		if err := j.Restore(t.Context(), func(r journal.MasterRow) error { through = r.Through; return r.Adopt(&a.subject) }, func(seq uint64, _ *journal.Record) *journal.Subject {
			if read++; seq <= through {
				return nil
			}
			return &a.subject
		}); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, read)
		putFrames(t, j, &a.subject, life, each)
		total += each
		if read >= longTail {
			select {
			case <-a.was:
			case <-time.After(30 * time.Second):
				t.Fatalf("life %d has read %d frames and nobody is asked for a state", life, read)
			}
			j.counters.sweeping.Lock() // it has ended
			if through := j.swept.Load(); through < uint64(total-each) {
				t.Errorf("life %d: swept up to %d of %d", life, through, total)
			}
			j.counters.sweeping.Unlock()
		}
		if err := j.Close(); err != nil { // as a kill: no sweep
			t.Fatal(err)
		}
	}
	if longest > longTail+2*each {
		t.Errorf("a start has read %d of %d frames", longest, total)
	}
}
