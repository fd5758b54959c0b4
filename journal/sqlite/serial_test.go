package sqlite

import (
	"path/filepath"
	"testing"

	"trama/journal"
)

// A serial is what stands in the frame: any bytes.
func TestAnyBytesAreASerial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	serials := []string{"a\x00b", "\x00", "\xff\xfe", "ü/ß", "..", " ", "%2F", "'; DROP TABLE batch; --", "12"}
	j := open(t, Options{Path: path})
	for _, serial := range serials {
		s := &journal.Subject{Serial: serial}
		putFrames(t, j, s, 0, spanPositions)
		put(t, j, journal.Entry{Subject: s, Rows: []journal.Row{journal.State("state of " + serial), &journal.Event{At: begin, Kind: journal.EventOnline, Master: serial}}})
		putFrames(t, j, s, 1, 2)
		put(t, j, journal.Entry{Subject: s, Rows: []journal.Row{journal.State("state of " + serial)}})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path, Warn: func(what string, args ...any) { t.Error(what, args) }})
	states := map[string]string{}
	if err := j.Restore(t.Context(), func(m journal.MasterRow) error { states[m.Serial] = string(m.State); return nil },
		func(uint64, *journal.Record) *journal.Subject { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, serial := range serials {
		if states[serial] != "state of "+serial {
			t.Errorf("%q: state %q", serial, states[serial])
		}
		page, err := j.Frames(t.Context(), journal.Query{Master: serial})
		if err != nil || len(page.Frames) != spanPositions+2 || len(page.Damage) > 0 {
			t.Errorf("%q: %d frames, damage %v, %v", serial, len(page.Frames), page.Damage, err)
		}
		events, damage, err := j.Events(t.Context(), journal.EventQuery{Master: serial})
		if err != nil || len(events) != 1 || len(damage) > 0 {
			t.Errorf("%q: %d events, damage %v, %v", serial, len(events), damage, err)
		}
	}
	r, err := Verify(t.Context(), path)
	if err != nil || len(r.Damage) > 0 {
		t.Errorf("%v, %v", r, err)
	}
}
