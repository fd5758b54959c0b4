package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/faultfs"
)

// backdate makes a batch one that was committed then, by the clock.
func backdate(t *testing.T, j *Journal, first uint64, at time.Time) {
	t.Helper()
	err := j.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		rows, err := c.QueryContext(ctx, "SELECT first, n, boot, length(records) FROM batch WHERE first = ?", int64(first))
		if err != nil {
			return err
		}
		var heads [][4]int64
		for rows.Next() {
			var h [4]int64
			if err := rows.Scan(&h[0], &h[1], &h[2], &h[3]); err != nil {
				return err
			}
			heads = append(heads, h)
		}
		if err := rows.Close(); err != nil {
			return err
		}
		for _, h := range heads {
			if _, err := c.ExecContext(ctx, "UPDATE batch SET at = ?, crc = ? WHERE first = ?", at.UnixNano(), sum(h[0], h[1], at.UnixNano(), h[2], h[3]), h[0]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// left counts the rows of two tables.
func left(t *testing.T, j *Journal, a, b string) (n, m int) {
	t.Helper()
	if err := j.read.QueryRowContext(t.Context(), fmt.Sprintf("SELECT (SELECT count(*) FROM %s), (SELECT count(*) FROM %s)", a, b)).Scan(&n, &m); err != nil {
		t.Fatal(err)
	}
	return n, m
}

// Also when retention has left nothing the next process gives no position a second time, and finds nothing missing.
func TestRetentionForgetsNoPosition(t *testing.T) {
	path := t.TempDir() + "/journal.db"
	var damage []string
	o := Options{Path: path, FramesFor: time.Nanosecond, EventsFor: time.Nanosecond, Warn: func(what string, args ...any) { damage = append(damage, fmt.Sprint(what, args)) }}
	j := open(t, o)
	s := &journal.Subject{Serial: "00000001"}
	for m := range 3 {
		putFrames(t, j, s, m, 1)
		put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: begin, Kind: journal.EventOnline}}})
	}
	for range 5 {
		if err := j.retain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, o)
	if len(j.FoundDamaged()) > 0 || len(damage) > 0 {
		t.Errorf("damage %v, %v", j.FoundDamaged(), damage)
	}
	if first := putFrames(t, j, s, 5, 1); first != 4 {
		t.Errorf("the next frame has position %d", first)
	}
	if e := (journal.Event{At: begin, Kind: journal.EventOnline}); true {
		put(t, j, journal.Entry{Rows: []journal.Row{&e}})
		if e.ID != 4 {
			t.Errorf("the next event has number %d", e.ID)
		}
	}
}

// Under load a batch has frames of many masters, each with spans of its own: all must go with the batches that they speak of.
func TestSpansGoWithTheirFrames(t *testing.T) {
	m := newComputer()
	j := open(t, m.on(Options{FramesFor: 24 * time.Hour}))
	const masters = 3 * spanSlice
	subjects := make([]*journal.Subject, masters)
	for i := range subjects {
		s := &journal.Subject{Serial: fmt.Sprint(i)}
		subjects[i] = s
		j.Append(&journal.Entry{Records: frames(s.Serial, 0, spanPositions), Count: spanPositions, Subject: s})
	}
	if err := j.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m.pass(25 * time.Hour)
		if err := j.retain(t.Context()); err != nil {
			t.Fatal(err)
		}
		putFrames(t, j, subjects[0], 1, 1)
	}
	if batches, spans := left(t, j, "batch", "span"); batches != 2 || spans != 0 {
		t.Errorf("%d batches and %d spans are left", batches, spans)
	}
}

// A trouble that goes on for days is told once.
func TestTheKeeperTellsOfATroubleOnce(t *testing.T) {
	d := faultfs.New(1)
	var mu sync.Mutex
	told := map[string]int{}
	j, err := Open(t.Context(), Options{Path: "j.db", VFS: d.VFS(), OpenMark: marks(d), FramesUpTo: 1, SweepEvery: time.Hour,
		Disk: func() (Disk, error) { return Disk{}, errors.New("not today") },
		Warn: func(what string, _ ...any) {
			mu.Lock()
			defer mu.Unlock()
			told[what]++
		}})
	if err != nil {
		t.Fatal(err)
	}
	j.counters.retaining.Lock() // so that there is something to delete
	putFrames(t, j, &journal.Subject{Serial: "1"}, 0, 3)
	d.Limit(1)
	j.counters.retaining.Unlock()
	for range 3 {
		j.tend(t.Context())
	}
	if first := j.oldest.Load(); first != 1 {
		t.Errorf("nothing was deleted, and frames from %d on are said to be left", first)
	}
	mu.Lock()
	for _, what := range []string{"old rows are not deleted; it is tried again", "the use of the disk is not known; it is tried again"} {
		if told[what] != 1 {
			t.Errorf("told %d times: %s", told[what], what)
		}
	}
	mu.Unlock()
	d.Limit(0)
	if err := errors.Join(j.Close(), d.Close()); err != nil {
		t.Error(err)
	}
}

// The end of the process does not wait for all that retention has to delete.
func TestCloseWaitsForOneStepOfRetention(t *testing.T) {
	j := open(t, Options{})
	for m := range 3 * slice {
		putFrames(t, j, &journal.Subject{Serial: "1"}, m, 1)
	}
	hangs, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 2)
	go func() {
		_ = j.between(t.Context(), func(context.Context, *sql.Conn) error {
			close(hangs)
			<-goOn
			return nil
		})
	}()
	<-hangs
	j.counters.retaining.Lock()
	j.options.FramesUpTo = 1
	j.counters.retaining.Unlock()
	go func() { done <- j.retain(context.Background()) }()
	await(t, func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return slices.ContainsFunc(j.tasks, func(t *task) bool { return t.relief })
	})
	go func() { done <- j.Close() }()
	await(t, j.ending.Load)
	close(goOn)
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	if n := j.counters.removed.Load(); n == 0 || n > 2*slice {
		t.Errorf("%d rows were deleted", n)
	}
}
