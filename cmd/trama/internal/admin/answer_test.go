package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/history"
	"trama/journal"
)

func TestAFrameThatCannotBeWrittenHidesNoOther(t *testing.T) {
	rows := func() []history.Row {
		return []history.Row{{Position: 1, Frame: "0102", Device: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, {Position: 2}}
	}
	w := httptest.NewRecorder()
	out := newRowWriter(w, "frames", 10)
	for _, row := range rows() {
		out.row(row)
	}
	out.end(Frames{Frames: []history.Row{}, Cursor: "2"})
	for _, want := range []string{`{"frames":[{"position":1`, `"frame":"0102"`, "it cannot be written as JSON", `"position":2`, `],"cursor":"2"}`} {
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d %s lacks %s", w.Code, w.Body, want)
		}
	}
}

// An answer that is written row by row is, to the byte, the one that would be written at once.
func TestAnswerByRowsIsTheAnswer(t *testing.T) {
	damage := []journal.Damage{{Where: "frame 3", What: "missing"}}
	sample := actors.Sample{}
	for name, c := range map[string]struct {
		rows        []any
		whole, rest any
	}{
		"frames":  {[]any{history.Row{Position: 1}, history.Row{Position: 2}}, Frames{Frames: []history.Row{{Position: 1}, {Position: 2}}}, Frames{Frames: []history.Row{}}},
		"events":  {[]any{Event{ID: 1}}, Events{Events: []Event{{ID: 1}}, Cursor: "1", Damage: damage}, Events{Events: []Event{}, Cursor: "1", Damage: damage}},
		"samples": {[]any{sample}, Values{Samples: []actors.Sample{sample}, Cursor: "1", Cut: true}, Values{Cursor: "1", Cut: true}},
	} {
		for _, n := range []int{0, len(c.rows)} {
			byRow, whole := httptest.NewRecorder(), httptest.NewRecorder()
			out := newRowWriter(byRow, name, 10)
			for _, row := range c.rows[:n] {
				out.row(row)
			}
			out.end(c.rest)
			if answer(whole, http.StatusOK, c.whole); n == 0 {
				whole = httptest.NewRecorder()
				answer(whole, http.StatusOK, c.rest)
			}
			if byRow.Body.String() != whole.Body.String() || byRow.Code != whole.Code {
				t.Errorf("%d %s: %s, want %s", n, name, byRow.Body, whole.Body)
			}
		}
	}
}
