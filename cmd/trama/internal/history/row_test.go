package history_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"trama/cmd/trama/internal/history"
	"trama/journal"
)

// faulty is a journal whose list of definitions is a fault the first time.
type faulty struct{ asked int }

func (s *faulty) Frames(context.Context, journal.Query) (journal.Page, error) {
	return journal.Page{}, nil
}

func (s *faulty) Profiles(context.Context) ([]journal.ProfileRow, error) {
	if s.asked++; s.asked == 1 {
		panic("nothing there")
	}
	return nil, nil
}

func TestARowThatCannotBeMadeOrWrittenSpoilsNoOther(t *testing.T) {
	page := journal.Page{Frames: make([]journal.Frame, 2)}
	for i := range page.Frames {
		f := &page.Frames[i]
		f.Seq, f.Received, f.Master, f.Record.Profile = uint64(i+1), time.Now(), "12345678", 1
		f.Raw = []byte{1, 2, 3}
	}
	rows := history.NewReader(&faulty{}, nil).Rows(t.Context(), page)
	if len(rows) != 2 || !strings.Contains(rows[0].Error, "a fault of trama") || rows[0].Frame == "" || rows[1].Error != "definition 1 is not in the journal" {
		t.Errorf("%+v", rows)
	}
	rows[0].Device = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	text, err := json.Marshal(rows[0].Writable())
	if err != nil || !strings.Contains(string(text), "cannot be written as JSON") || !strings.Contains(string(text), `"position":1`) {
		t.Errorf("%s, %v", text, err)
	}
}
