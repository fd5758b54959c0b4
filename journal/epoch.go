package journal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Epoch is a part of a journal's history.  The next one begins when a backup is put in the place of the journal: what
// the journal had after the backup is gone, so no position of then is given again to another frame.
type Epoch struct {
	ID     string    // 8 hexadecimal digits, at random
	Begun  time.Time // by the clock
	Frames Gap       // positions
	Events Gap       // numbers of events
}

// Gap says which numbers an epoch does not give: those between the last one of the epoch before and its own first.
type Gap struct{ Last, First uint64 }

// holds says whether n is a number that no frame or event of the journal has, or will have.
func (g Gap) holds(n uint64) bool { return n > g.Last && n < g.First }

// Epochs are those of a journal, the oldest first.
type Epochs []Epoch

// Gaps are those of all epochs, of positions or of numbers of events.
type Gaps []Gap

// Frames are the gaps between positions.
func (e Epochs) Frames() (all Gaps) {
	for i := range e {
		all = append(all, e[i].Frames)
	}
	return all
}

// Events are the gaps between numbers of events.
func (e Epochs) Events() (all Gaps) {
	for i := range e {
		all = append(all, e[i].Events)
	}
	return all
}

// Skip is the first number from n on that is in no gap.
func (all Gaps) Skip(n uint64) uint64 {
	for _, g := range all {
		if g.holds(n) {
			n = g.First
		}
	}
	return n
}

// Given is how many numbers there are behind after, up to through, without the gaps.
func (all Gaps) Given(after, through uint64) (n uint64) {
	if through <= after {
		return 0
	}
	n = through - after
	for _, g := range all {
		if from, to := max(after, g.Last), min(through, g.First-1); from < to {
			n -= to - from
		}
	}
	return n
}

// Now is the ID of the newest epoch; empty when there is none.
func (e Epochs) Now() string {
	if len(e) == 0 {
		return ""
	}
	return e[len(e)-1].ID
}

// Cursor is a place to go on behind, as pages give it: a number and the epoch that it is of.
func (e Epochs) Cursor(n uint64) string {
	text := strconv.FormatUint(n, 10)
	if len(e) > 0 {
		text += "." + e.Now()
	}
	return text
}

// ErrCursor is that a text is no cursor.
var ErrCursor = errors.New("it is not one that a page has given")

// ElsewhereError is that a cursor is of another history than that of the journal: what came behind it may never be
// found here.
type ElsewhereError struct {
	Cursor string
	Now    string    // epoch of the journal
	Resume string    // the cursor to go on with, behind which everything comes that is here and was not there
	Begun  time.Time // of the epoch that ended the other history; zero: it is of no history that is known
}

// Error implements error.
func (e *ElsewhereError) Error() string {
	if e.Begun.IsZero() {
		return fmt.Sprintf("cursor %s is of another journal: this one has the epoch %s.  Go on with cursor=%s, behind which everything comes that it has",
			e.Cursor, e.Now, e.Resume)
	}
	return fmt.Sprintf("cursor %s is of a history that has ended: a backup was put in place of the journal, and the epoch %s began at %s.  "+
		"What came between the backup and then is not here.  Go on with cursor=%s", e.Cursor, e.Now, e.Begun.UTC().Format(time.RFC3339), e.Resume)
}

// Position reads a cursor of frames: as a page has given it, or a position alone.  Position is an *ElsewhereError when
// the cursor is of another history.
func (e Epochs) Position(text string) (uint64, error) {
	return e.read(text, func(i int) Gap { return e[i].Frames })
}

// Event is Position for a cursor of events.
func (e Epochs) Event(text string) (uint64, error) {
	return e.read(text, func(i int) Gap { return e[i].Events })
}

func (e Epochs) read(text string, gap func(i int) Gap) (n uint64, err error) {
	number, id, has := strings.Cut(text, ".")
	if n, err = strconv.ParseUint(number, 10, 62); err != nil || has && id == "" {
		return 0, ErrCursor
	}
	if !has {
		return n, e.check(text, n, gap)
	}
	for i := range e {
		if e[i].ID != id {
			continue
		}
		if i == len(e)-1 {
			return n, e.check(text, n, gap)
		}
		next := gap(i + 1)
		return n, &ElsewhereError{Cursor: text, Now: e.Now(), Resume: e.Cursor(min(n, next.Last)), Begun: e[i+1].Begun}
	}
	if len(e) == 0 {
		return n, nil
	}
	return n, &ElsewhereError{Cursor: text, Now: e.Now(), Resume: e.Cursor(0)}
}

// check refuses a number that only another history has given.  The one before the first of an epoch stands for its
// beginning.
func (e Epochs) check(text string, n uint64, gap func(i int) Gap) error {
	for i := range e {
		if g := gap(i); g.holds(n) && n != g.First-1 {
			return &ElsewhereError{Cursor: text, Now: e.Now(), Resume: e.Cursor(g.Last), Begun: e[i].Begun}
		}
	}
	return nil
}
