package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"trama/journal"
)

// together has the entries committed in one transaction.
func together(t *testing.T, j *Journal, entries ...journal.Entry) {
	t.Helper()
	begun, goOn := make(chan struct{}), make(chan struct{})
	held := make(chan error)
	go func() {
		held <- j.do(context.Background(), func(context.Context, *sql.Conn) error {
			close(begun)
			<-goOn
			return nil
		})
	}()
	<-begun
	waiters := make([]*waiter, len(entries))
	for i, e := range entries {
		w := &waiter{entry: e, done: make(chan struct{})}
		w.entry.Owner = w
		waiters[i] = w
		j.Append(&w.entry)
	}
	close(goOn)
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	for _, w := range waiters {
		if <-w.done; w.err != nil {
			t.Fatal(w.err)
		}
	}
}

// What follows a state in the same commit is behind it: the history must not find it by the state and by the rows behind it.
func TestFramesBehindAStateInOneCommitAreFoundOnce(t *testing.T) {
	j := open(t, Options{})
	s := &journal.Subject{Serial: "1"}
	together(t, j,
		journal.Entry{Records: frames("1", 0, 3), Count: 3, Subject: s},
		journal.Entry{Subject: s, Rows: []journal.Row{journal.State("three frames")}},
		journal.Entry{Records: frames("1", 1, 2), Count: 2, Subject: s},
	)
	if b := j.Brief(); b.Commits != 1 {
		t.Fatalf("%d commits", b.Commits)
	}
	page, err := j.Frames(t.Context(), journal.Query{Master: "1"})
	if err != nil || len(page.Frames) != 5 {
		t.Fatalf("%d frames, %v", len(page.Frames), err)
	}
	var through uint64
	var subject journal.Subject
	replayed := 0
	if err := j.Restore(t.Context(), func(r journal.MasterRow) error { through = r.Through; return r.Adopt(&subject) }, func(seq uint64, _ *journal.Record) *journal.Subject {
		if seq > through {
			replayed++
		}
		return nil
	}); err != nil || through != 3 || subject.Pending.Last != 3 || replayed != 2 {
		t.Errorf("state through %d, positions up to %d, %d frames replayed, %v", through, subject.Pending.Last, replayed, err)
	}
}

// mute is a master that never tells its state.
type mute struct{}

func (mute) Snapshot() {}

func TestASweepDoesNotWaitForAMasterThatNeverAnswers(t *testing.T) {
	warned := 0
	j := open(t, Options{Warn: func(string, ...any) { warned++ }})
	j.patience = 1 // nanosecond
	silent, talks := &journal.Subject{Serial: "1", Owner: mute{}}, &journal.Subject{Serial: "2"}
	putFrames(t, j, silent, 0, 2)
	putFrames(t, j, talks, 0, 2)
	if err := j.Sweep(t.Context()); err != nil || warned != 1 {
		t.Fatal(warned, err)
	}
	if j.swept.Load() != 0 {
		t.Error("swept although a state is missing")
	}
	if page, err := j.Frames(t.Context(), journal.Query{Master: "1"}); err != nil || len(page.Frames) != 2 {
		t.Errorf("%d frames of the silent one, %v", len(page.Frames), err)
	}
	silent.Owner, j.patience = nil, sweepPatience // asked again by the next sweep
	if err := j.Sweep(t.Context()); err != nil || j.swept.Load() != 4 {
		t.Errorf("swept up to %d, %v", j.swept.Load(), err)
	}
}

func TestASweepEndsWithTheJournal(t *testing.T) {
	j := open(t, Options{})
	putFrames(t, j, &journal.Subject{Serial: "1", Owner: mute{}}, 0, 1)
	ended := make(chan error, 1)
	go func() { ended <- j.Sweep(context.Background()) }()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("a sweep of a closed journal succeeds")
	}
}

func TestAnAbandonedSweepIsMadeUpForByTheNext(t *testing.T) {
	j := open(t, Options{})
	s := &journal.Subject{Serial: "1", Owner: mute{}}
	putFrames(t, j, s, 0, 3)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Sweep(ctx) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.Owner = nil
	if err := j.Sweep(t.Context()); err != nil || j.swept.Load() != 3 {
		t.Fatal(j.swept.Load(), err)
	}
	rows := 0
	if err := j.Restore(t.Context(), func(journal.MasterRow) error { rows++; return nil }, func(uint64, *journal.Record) *journal.Subject { return nil }); err != nil || rows != 1 {
		t.Errorf("%d states, %v", rows, err)
	}
}

// What the row of a master covered is found in the rows of frames, and what spans hold is not found twice.
func TestHistoryIsWholeWithoutTheStateOfItsMaster(t *testing.T) {
	for _, damage := range []string{"UPDATE master SET crc = crc + 1", "UPDATE master SET through = 1 << 40", "DELETE FROM master"} {
		j := open(t, Options{})
		s := &journal.Subject{Serial: "1"}
		for m := range 2 {
			putFrames(t, j, s, m, spanPositions)
			put(t, j, journal.Entry{Subject: s, Rows: []journal.Row{journal.State("state")}}) // makes a span
		}
		putFrames(t, j, s, 2, 3)
		put(t, j, journal.Entry{Subject: s, Rows: []journal.Row{journal.State("state")}})
		putFrames(t, j, s, 3, 2)
		if err := j.do(t.Context(), func(ctx context.Context, c *sql.Conn) error { _, err := c.ExecContext(ctx, damage); return err }); err != nil {
			t.Fatal(err)
		}
		page, err := j.Frames(t.Context(), journal.Query{Master: "1"})
		if err != nil || len(page.Frames) != 2*spanPositions+5 {
			t.Errorf("%s: %d frames, %v", damage, len(page.Frames), err)
		}
	}
}
