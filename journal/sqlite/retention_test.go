package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"trama/journal"
)

// age makes the first n batches and events older.
func age(t *testing.T, j *Journal, n int, by time.Duration) {
	t.Helper()
	page, err := j.Read(t.Context(), 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	events, _, err := j.Events(t.Context(), journal.EventQuery{Limit: n})
	if err != nil {
		t.Fatal(err)
	}
	err = j.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		for _, f := range page.Frames[:n] { // one to a batch
			b, err := scanBatch(c.QueryRowContext(ctx, findBatch, int64(f.Seq)).Scan)
			if err != nil {
				return err
			}
			b.at -= int64(by)
			crc := batchSum([4]int64{int64(b.first), int64(b.n), b.at, b.boot}, b.records)
			if _, err := c.ExecContext(ctx, "UPDATE batch SET at = ?, crc = ? WHERE first = ?", b.at, crc, int64(b.first)); err != nil {
				return err
			}
		}
		for _, e := range events {
			at := e.At.Add(-by).UnixNano()
			crc := sum(int64(e.ID), at, e.Kind, e.Master, e.Listener, j.boot, int64(e.Connection), e.Remote, e.Reason, e.Detail, blob(e.Raw))
			if _, err := c.ExecContext(ctx, "UPDATE event SET at = ?, crc = ? WHERE id = ?", at, crc, int64(e.ID)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRetentionByAgeLeavesWhatIsYounger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path, FramesFor: time.Hour, EventsFor: time.Hour})
	s := &journal.Subject{Serial: "1"}
	const all, old = 20, 7
	for m := range all {
		putFrames(t, j, s, m, 1)
		put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: time.Now(), Kind: journal.EventOnline, Reason: fmt.Sprint(m)}}})
	}
	age(t, j, old, 2*time.Hour)
	if err := j.retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		page, err := j.Read(t.Context(), 0, all)
		if err != nil || len(page.Damage) > 0 || len(page.Frames) != all-old || page.Frames[0].Seq != old+1 {
			t.Errorf("%s: %d frames, damage %v, %v", when, len(page.Frames), page.Damage, err)
		}
		events, damage, err := j.Events(t.Context(), journal.EventQuery{})
		if err != nil || len(damage) > 0 || len(events) != all-old || events[0].ID != old+1 {
			t.Errorf("%s: %d events, damage %v, %v", when, len(events), damage, err)
		}
		if r, err := Verify(t.Context(), path); err != nil || len(r.Damage) > 0 {
			t.Errorf("%s: %+v, %v", when, r, err)
		}
	}
	check("after retention")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path})
	check("after a restart")
	if d := j.FoundDamaged(); len(d) > 0 {
		t.Error(d)
	}
}

func TestPositionsGoOnWhenRetentionHasLeftNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path, FramesFor: time.Hour, EventsFor: time.Hour})
	s := &journal.Subject{Serial: "1"}
	for m := range 5 {
		putFrames(t, j, s, m, 1)
		put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: time.Now(), Kind: journal.EventOnline}}})
	}
	if err := j.MoveCursor(t.Context(), "north", 2, false); err != nil {
		t.Fatal(err)
	}
	age(t, j, 5, 2*time.Hour)
	if err := j.retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	o := Options{Path: path, OpenMark: func(string) (MarkFile, error) { return nil, nil }} // as behind a backup: no mark
	j = open(t, o)
	if d := j.FoundDamaged(); len(d) > 0 || j.Last() != 5 {
		t.Errorf("last %d, damage %v", j.Last(), d)
	}
	if c, err := j.Cursor(t.Context(), "north"); err != nil || c.Lost != 3 || c.Lag != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	if next := putFrames(t, j, s, 9, 1); next != 6 {
		t.Errorf("the next frame is at %d", next)
	}
	e := &journal.Event{At: time.Now(), Kind: journal.EventOnline}
	if put(t, j, journal.Entry{Rows: []journal.Row{e}}); e.ID != 6 {
		t.Errorf("the next event is %d", e.ID)
	}
	if r, err := Verify(t.Context(), path); err != nil || len(r.Damage) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRetentionBySizeDeletesNoMoreThanItMust(t *testing.T) {
	j := open(t, Options{FramesUpTo: 2 << 20})
	s := &journal.Subject{Serial: "1"}
	raw := make([]byte, 9000)
	records := journal.AppendRecord(nil, &journal.Record{Received: begin, Master: "1", Raw: raw})
	for range 300 {
		put(t, j, journal.Entry{Count: 1, Subject: s, Records: records})
	}
	if err := j.retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if used, err := j.used(t.Context()); err != nil || used > 2<<20 || used < 3<<19 {
		t.Errorf("%d bytes are left of %d that may be kept, %v", used, 2<<20, err)
	}
}

func TestEventsAboveTheirNumberGo(t *testing.T) {
	j := open(t, Options{EventsUpTo: 10})
	for range 17 {
		put(t, j, journal.Entry{Rows: []journal.Row{&journal.Event{At: time.Now(), Kind: journal.EventOnline}}})
	}
	if err := j.retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if events, damage, err := j.Events(t.Context(), journal.EventQuery{}); err != nil || len(damage) > 0 || len(events) != 10 || events[0].ID != 8 {
		t.Errorf("%d events, %v, %v", len(events), damage, err)
	}
}
