package journal_test

import (
	"errors"
	"testing"
	"time"

	"trama/journal"
)

// twoHistories had 1552 frames and 40 events when a backup was made, which was put in place later.
var twoHistories = journal.Epochs{
	{ID: "aaaaaaaa", Frames: journal.Gap{First: 1}, Events: journal.Gap{First: 1}},
	{ID: "bbbbbbbb", Begun: time.Unix(1, 0), Frames: journal.Gap{Last: 1552, First: 10_000_000_001}, Events: journal.Gap{Last: 40, First: 10_000_000_001}},
}

func TestACursorOfAnotherHistoryIsToldWhereToGoOn(t *testing.T) {
	for _, c := range []struct {
		cursor string
		at     uint64
		resume string // of the error
	}{
		{"0", 0, ""}, {"1500", 1500, ""}, {"1552", 1552, ""}, {"1500.bbbbbbbb", 1500, ""},
		{"10000000000.bbbbbbbb", 10_000_000_000, ""}, {"10000000007", 10_000_000_007, ""},
		{"4038", 0, "1552.bbbbbbbb"}, {"1553", 0, "1552.bbbbbbbb"}, {"4038.bbbbbbbb", 0, "1552.bbbbbbbb"},
		{"4038.aaaaaaaa", 0, "1552.bbbbbbbb"}, {"1500.aaaaaaaa", 0, "1500.bbbbbbbb"}, {"7.cccccccc", 0, "0.bbbbbbbb"},
	} {
		at, err := twoHistories.Position(c.cursor)
		var elsewhere *journal.ElsewhereError
		if errors.As(err, &elsewhere) != (c.resume != "") || c.resume == "" && (err != nil || at != c.at) {
			t.Errorf("%s: %d, %v", c.cursor, at, err)
		} else if c.resume != "" && (elsewhere.Resume != c.resume || elsewhere.Now != "bbbbbbbb") {
			t.Errorf("%s: %+v", c.cursor, elsewhere)
		}
	}
	for _, text := range []string{"", "x", "-1", "1.", ".a", "99999999999999999999"} {
		if _, err := twoHistories.Position(text); !errors.Is(err, journal.ErrCursor) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if at, err := twoHistories.Event("1500"); err == nil {
		t.Errorf("event 1500, which is of another history, is taken: %d", at)
	}
}

func TestGapsAreNoFrames(t *testing.T) {
	gaps := twoHistories.Frames()
	for _, c := range [][3]uint64{{0, 1552, 1552}, {1500, 10_000_000_003, 55}, {1552, 10_000_000_000, 0}, {4038, 10_000_000_001, 1}, {9, 3, 0}} {
		if n := gaps.Given(c[0], c[1]); n != c[2] {
			t.Errorf("behind %d up to %d: %d, want %d", c[0], c[1], n, c[2])
		}
	}
	for n, want := range map[uint64]uint64{1: 1, 1552: 1552, 1553: 10_000_000_001, 10_000_000_002: 10_000_000_002} {
		if got := gaps.Skip(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}
