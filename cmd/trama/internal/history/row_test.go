package history_test

import (
	"bytes"
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
	reader := history.NewReader(&faulty{}, nil)
	var rows []history.Row
	for i := range 2 {
		f := &journal.Frame{}
		f.Seq, f.Received, f.Master, f.Record.Profile = uint64(i+1), time.Now(), "12345678", 1
		f.Raw = []byte{1, 2, 3}
		rows = append(rows, reader.Row(t.Context(), f))
	}
	if len(rows) != 2 || !strings.Contains(rows[0].Error, "a fault of trama") || rows[0].Frame == "" || rows[1].Error != "definition 1 is not in the journal" {
		t.Errorf("%+v", rows)
	}
	rows[0].Device = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	text, err := json.Marshal(rows[0].Writable())
	if err != nil || !strings.Contains(string(text), "cannot be written as JSON") || !strings.Contains(string(text), `"position":1`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestRowSaysWhatItsFrameCameUnder(t *testing.T) {
	f := journal.Frame{Seq: 1}
	f.Received, f.Raw = time.Unix(0, 0), []byte{1}
	r := history.NewReader(&faulty{asked: 1}, nil)
	plain := r.Row(t.Context(), &f)
	f.Protection = journal.Protection{Suite: 0x20, SC: 0x83, Counter: 7, Tag: [4]byte{1}}
	protected := r.Row(t.Context(), &f)
	if text, err := json.Marshal(plain); err != nil || bytes.Contains(text, []byte("protection")) {
		t.Errorf("plain: %s, %v", text, err)
	}
	if text, err := json.Marshal(protected); err != nil || !bytes.Contains(text, []byte(`"protection":{"suite":"20","epoch":3,"counter":7}`)) {
		t.Errorf("protected: %s, %v", text, err)
	}
	var out bytes.Buffer
	to, err := history.NewCSV(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []history.Row{plain, protected} {
		if err := to.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if !strings.HasSuffix(lines[0], ",title,protection") || !strings.HasSuffix(lines[1], ",01,,") || !strings.HasSuffix(lines[2], ",01,,20/3/7") {
		t.Errorf("%s", out.String())
	}
}
