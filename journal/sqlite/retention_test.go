package sqlite

import (
	"bytes"
	"testing"
	"time"

	"trama/journal"
)

func TestRetentionByAgeLeavesWhatIsYounger(t *testing.T) {
	a := newAged(t, Options{FramesFor: time.Hour, EventsFor: time.Hour})
	a.later(5 * time.Minute)
	a.bring(7)
	a.later(2 * time.Hour)
	a.bring(13)
	a.want("after retention", 13)
	a.restart(func() {})
	a.options.FramesFor, a.options.EventsFor = 0, 0
	a.want("after a restart", 13)
	if d := a.journal.FoundDamaged(); len(d) > 0 {
		t.Error(d)
	}
}

func TestPositionsGoOnWhenRetentionHasLeftNothing(t *testing.T) {
	a := newAged(t, Options{FramesFor: time.Hour, EventsFor: time.Hour})
	a.later(5 * time.Minute)
	a.bring(5)
	if err := a.journal.MoveCursor(t.Context(), "north", 2, false); err != nil {
		t.Fatal(err)
	}
	a.later(2 * time.Hour)
	a.want("after retention", 0)
	a.options.OpenMark = func(string) (MarkFile, error) { return nil, nil } // as behind a backup: no mark
	a.restart(func() {})
	if d := a.journal.FoundDamaged(); len(d) > 0 || a.journal.Last() != 5 {
		t.Errorf("last %d, damage %v", a.journal.Last(), d)
	}
	if c, err := a.journal.Cursor(t.Context(), "north"); err != nil || c.Lost != 3 || c.Lag != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	if next := putFrames(t, a.journal, a.subject, 9, 1); next != 6 {
		t.Errorf("the next frame is at %d", next)
	}
	e := &journal.Event{At: time.Now(), Kind: journal.EventOnline}
	if put(t, a.journal, journal.Entry{Rows: []journal.Row{e}}); e.ID != 6 {
		t.Errorf("the next event is %d", e.ID)
	}
	if r, err := Verify(t.Context(), a.options.Path); err != nil || len(r.Damage) > 0 {
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

// small is a journal on a disk of 8 MiB, half of which it may fill, with 3 MiB of frames and 6 MiB of events.
func small(t *testing.T, events int64) *Journal {
	t.Helper()
	j := open(t, Options{FramesPart: 50, EventsUpTo: events, Disk: func() (Disk, error) { return Disk{Size: 8 << 20, Free: 8 << 20}, nil }})
	records := journal.AppendRecord(nil, &journal.Record{Received: begin, Master: "1", Raw: make([]byte, 900)})
	for range 300 {
		entry := journal.Entry{Count: 10, Subject: &journal.Subject{Serial: "1"}, Records: bytes.Repeat(records, 10)}
		for range 20 {
			entry.Rows = append(entry.Rows, &journal.Event{At: begin, Kind: journal.EventRejected, Raw: make([]byte, 900)})
		}
		put(t, j, entry)
	}
	for range 3 {
		if err := j.retain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

func TestFramesKeepHalfOfTheRoomWhateverElseThereIs(t *testing.T) {
	j := small(t, 0)
	n, events := left(t, j, "batch", "event")
	if held := int64(n) * pagesOf(9400); events != 6000 || held < 15<<17 || held > 17<<17 {
		t.Errorf("%d batches, %d bytes, and %d events are left", n, held, events)
	}
}

func TestEventsHaveATenthOfASmallDisk(t *testing.T) {
	if _, events := left(t, small(t, 100_000), "batch", "event"); events != 819 {
		t.Errorf("%d events are left", events)
	}
}
