package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"trama/journal"
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
