package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/journal"
)

// computer is one whose clock can be set; it runs on from process to process.
type computer struct {
	mu   sync.Mutex // guards the rest
	wall time.Time
	ran  time.Duration
}

func newComputer() *computer { return &computer{wall: begin} }

func (m *computer) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wall
}

func (m *computer) elapsed() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ran
}

// pass lets time go by.
func (m *computer) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wall, m.ran = m.wall.Add(d), m.ran+d
}

// set moves the clock alone.
func (m *computer) set(by time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wall = m.wall.Add(by)
}

// on is o on this one.
func (m *computer) on(o Options) Options {
	o.Now, o.Elapsed = m.now, m.elapsed
	return o
}

// aged is a journal on such a computer, with a frame and an event for each step.
type aged struct {
	*computer
	t       *testing.T
	journal *Journal
	options Options
	subject *journal.Subject
	put     int
}

func newAged(t *testing.T, o Options) *aged {
	m := newComputer()
	o.Path = filepath.Join(t.TempDir(), "journal.db")
	a := &aged{computer: m, t: t, options: m.on(o), subject: &journal.Subject{Serial: "00000001"}}
	a.journal = open(t, a.options)
	return a
}

// bring puts n frames and events in, and lets the keeper look at it.
func (a *aged) bring(n int) {
	a.t.Helper()
	for range n {
		putFrames(a.t, a.journal, a.subject, a.put, 1)
		a.put++
		put(a.t, a.journal, journal.Entry{Rows: []journal.Row{&journal.Event{At: a.now(), Kind: journal.EventOnline}}})
	}
	a.pass(10 * time.Minute)
	a.retain()
}

func (a *aged) retain() {
	a.t.Helper()
	if err := a.journal.retain(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// later lets time pass as the keeper sees it.
func (a *aged) later(d time.Duration) {
	a.t.Helper()
	for ; d > 0; d -= time.Hour {
		a.pass(min(d, time.Hour))
		a.retain()
	}
}

// restart ends the process and begins another; meanwhile is what happens between.
func (a *aged) restart(meanwhile func()) {
	a.t.Helper()
	if err := a.journal.Close(); err != nil {
		a.t.Fatal(err)
	}
	meanwhile()
	a.journal = open(a.t, a.options)
}

// wantRows is want without a look at what they say.
func (a *aged) wantRows(when string, n int) {
	a.t.Helper()
	if frames, events := left(a.t, a.journal, "batch", "event"); frames != n || events != n {
		a.t.Errorf("%s: %d frames and %d events are left, want %d", when, frames, events, n)
	}
}

// want says how many frames are left, and of which position the first one is.
func (a *aged) want(when string, n int) {
	a.t.Helper()
	page, err := a.journal.Read(a.t.Context(), 0, 1<<20)
	if err != nil || len(page.Damage) > 0 || len(page.Frames) != n || n > 0 && page.Frames[0].Seq != uint64(a.put-n+1) {
		a.t.Errorf("%s: %d frames, want %d; damage %v, %v", when, len(page.Frames), n, page.Damage, err)
	}
	events, damage, err := a.journal.Events(a.t.Context(), journal.EventQuery{Kind: journal.EventOnline})
	if err != nil || len(damage) > 0 || len(events) != n {
		a.t.Errorf("%s: %d events, want %d; damage %v, %v", when, len(events), n, damage, err)
	}
	if r, err := Verify(a.t.Context(), a.options.Path); err != nil || len(r.Damage) > 0 {
		a.t.Errorf("%s: %+v, %v", when, r, err)
	}
}

// jumps are what was told of the clock.
func (a *aged) jumps() (details []string) {
	a.t.Helper()
	put(a.t, a.journal, journal.Entry{Rows: []journal.Row{&journal.Event{Kind: journal.EventStart}}}) // it is behind them
	events, _, err := a.journal.Events(a.t.Context(), journal.EventQuery{Kind: journal.EventClockJumped})
	if err != nil {
		a.t.Fatal(err)
	}
	for _, e := range events {
		details = append(details, e.Detail)
	}
	return details
}

const years = 5 * 365 * 24 * time.Hour

var twoDays = Options{FramesFor: 48 * time.Hour, EventsFor: 48 * time.Hour}

func TestAClockThatIsSetForAMomentDeletesNothing(t *testing.T) {
	for _, by := range []time.Duration{years, -years} {
		t.Run(by.String(), func(t *testing.T) {
			a := newAged(t, twoDays)
			a.bring(10)
			a.later(time.Hour)
			a.bring(10)
			a.set(by)
			a.retain()
			a.bring(3) // stamped by the wrong clock
			a.later(10 * time.Second)
			a.set(-by)
			a.later(2 * time.Hour)
			a.want("behind the jump", 23)
			a.restart(func() {})
			a.later(2 * time.Hour)
			a.want("behind a restart", 23)
			told := a.jumps()
			if len(told) != 2 || strings.HasPrefix(told[0], "-") != (by < 0) || a.journal.Brief().ClockJumps != 0 {
				t.Errorf("it was told: %q", told)
			}
			a.later(42 * time.Hour)
			a.want("when the first are nearly old enough", 23)
			a.later(time.Hour)
			a.want("when they are", 13)
			a.later(4 * time.Hour)
			a.want("when all are old", 0)
		})
	}
}

// A clock that stays wrong deletes nothing while the process runs: nothing is older for it.
func TestAClockThatStaysWrongDeletesNothing(t *testing.T) {
	a := newAged(t, twoDays)
	a.bring(5)
	a.set(years)
	a.later(24 * time.Hour)
	a.want("a day later", 5)
	if n := a.journal.Brief().ClockJumps; n != 1 {
		t.Errorf("%d jumps are counted", n)
	}
	a.restart(func() { a.set(-years) })
	a.later(20 * time.Hour)
	a.want("with the right clock again", 5)
	a.later(5 * time.Hour)
	a.want("when they are old", 0)
}

func TestAClockThatIsWrongBetweenTwoProcessesDeletesNothing(t *testing.T) {
	for _, by := range []time.Duration{years, -years} {
		t.Run(by.String(), func(t *testing.T) {
			a := newAged(t, twoDays)
			a.bring(5)
			a.later(2 * time.Hour)
			a.restart(func() { a.set(by) }) // begins with the wrong clock, and ends with it
			a.bring(1)
			a.later(10 * time.Second)
			a.restart(func() { a.set(-by) })
			a.bring(20)
			a.later(3 * time.Hour)
			a.want("three hours later", 26)
			if told := a.jumps(); len(told) == 0 {
				t.Error("nothing was told")
			}
			a.later(43 * time.Hour)
			a.want("when the first are old", 21)
			a.later(4 * time.Hour)
			a.want("when all are old", 0)
		})
	}
}

// Time for which the gateway was off counts when the clock has been believed, not before.
func TestTheTimeBetweenTwoProcessesCountsAfterAnHour(t *testing.T) {
	a := newAged(t, twoDays)
	a.bring(4)
	a.restart(func() { a.set(72 * time.Hour) })
	a.bring(2)
	a.later(49 * time.Minute)
	a.want("within the hour", 6)
	a.later(2 * time.Minute)
	a.want("after it", 2)
	a.later(46 * time.Hour)
	a.want("when the others are nearly old enough", 2)
	a.later(3 * time.Hour)
	a.want("when they are", 0)
	if told := a.jumps(); len(told) > 0 {
		t.Errorf("it was told: %q", told)
	}
}

// A computer without a clock of its own starts in 1970, and is told the time later.
func TestAClockThatComesLateIsBelievedAfterAnHour(t *testing.T) {
	a := newAged(t, twoDays)
	a.bring(4)
	back := a.now().Sub(time.Unix(100, 0))
	a.restart(func() { a.set(-back) })
	a.later(time.Minute)
	a.set(back + 72*time.Hour)
	a.retain()
	a.later(59 * time.Minute)
	a.want("within the hour", 4)
	a.later(2 * time.Minute)
	a.want("after it", 0)
}

// A journal of a trama before knows commits by the clock only: one in the future does not keep what lies before it, and
// makes nothing behind it older.
func TestAgesOfAJournalFromBeforeThemAreGuessed(t *testing.T) {
	a := newAged(t, Options{})
	for i, hours := range []int{-400, -399, 5 * 365 * 24, -398, -20 * 365 * 24, -10} {
		putFrames(t, a.journal, a.subject, i, 1)
		a.put++
		at := a.now().Add(time.Duration(hours) * time.Hour)
		put(t, a.journal, journal.Entry{Rows: []journal.Row{&journal.Event{At: at, Kind: journal.EventOnline}}})
		backdate(t, a.journal, uint64(i+1), at)
	}
	if err := a.journal.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "DROP TABLE age")
		_, other := c.ExecContext(ctx, "DELETE FROM meta WHERE key IN (?, ?)", metaAge, metaAhead)
		return errors.Join(err, other)
	}); err != nil {
		t.Fatal(err)
	}
	a.journal.age.noted = 1 << 62               // nothing is to be noted
	if err := a.journal.release(); err != nil { // the process is killed
		t.Fatal(err)
	}
	a.options.FramesFor, a.options.EventsFor = 48*time.Hour, 48*time.Hour
	a.journal = open(t, a.options)
	a.retain()
	a.wantRows("at once", 4)
	a.later(47 * time.Hour)
	a.wantRows("before they can be so old", 4)
	a.later(2 * time.Hour)
	a.wantRows("when they must be", 0)
}

func TestADamagedAgeDeletesNothing(t *testing.T) {
	a := newAged(t, twoDays)
	a.bring(5)
	a.later(time.Hour)
	if err := a.journal.do(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "UPDATE age SET at = 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	a.later(time.Minute)
	if n, _ := left(t, a.journal, "batch", "event"); n != 5 {
		t.Errorf("%d frames are left", n)
	}
	r, err := Verify(t.Context(), a.options.Path)
	if err != nil || !slices.ContainsFunc(r.Damage, func(d Damage) bool { return strings.HasPrefix(d.Where, "age of frame") }) {
		t.Errorf("%+v, %v", r, err)
	}
}
