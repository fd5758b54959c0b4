package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"trama/journal"
)

// Rows that are kept for a time are deleted by elapsed time: the clock of the machine may be set, and be wrong for years.  The
// journal has a time of its own, its age:
//
//   - while a process runs the age goes on with a clock that nobody sets, whatever that of the machine says;
//   - of the time between two processes there is only what the clock says, which is added when the clock has not
//     been set for calmFor, so a glitch at the start adds nothing;
//   - the table age says which frames and events were there at which age: they are as old as that at least.  Until the
//     time before the process is believed, rows have it and the age has not: nothing seems older than it can be.
//
// An age begins as what the clock says, so it mostly is the time of day.

const (
	clockStep            = 10 * time.Second   // of the clock within a second: it was set
	longAway             = 7 * 24 * time.Hour // between two processes: it may have been set
	calmFor              = time.Hour          // without a step the clock is believed
	noteMost             = 10 * time.Minute   // between two rows of the table
	noteLeast            = 16                 // rows within the time that something is kept
	metaAge              = "age"              // the last one known
	metaAhead            = "clock ahead"      // how far the clock has been ahead of the age when it was believed
	ageFrames, ageEvents = "frame", "event"
)

// age is the journal's own time.  Guarded by counters.retaining.
type age struct {
	at      int64         // nanoseconds
	ahead   int64         // see metaAhead
	wall    time.Time     // of the machine at the last tick
	elapsed time.Duration // of the process, likewise
	calm    time.Duration // elapsed at the last step of the clock
	counted bool          // the time before this process is in it
	noted   int64         // at of the last row
}

// beginAge finds out how old the journal was when the last process ended.
func (j *Journal) beginAge(ctx context.Context, known, ahead int64) error {
	a := &j.age
	a.wall, a.elapsed = j.options.Now().Round(0), j.options.Elapsed()
	a.calm = a.elapsed
	if a.at, a.ahead = known, ahead; known != 0 {
		a.noted = known
		return nil
	}
	a.counted = true
	var rows int
	if err := j.conn.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM (SELECT 1 FROM batch LIMIT 1)) + (SELECT count(*) FROM (SELECT 1 FROM event LIMIT 1))").Scan(&rows); err != nil {
		return err
	}
	if a.at = a.wall.UnixNano(); rows > 0 { // of a trama that knew no ages
		a.at, a.counted = 0, false
	}
	tx, err := j.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, of := range []struct{ what, query string }{
		{ageFrames, "SELECT first, at FROM batch ORDER BY first"}, {ageEvents, "SELECT id, at FROM event ORDER BY id"},
	} {
		last, err := j.guessAges(ctx, tx, of.what, of.query)
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
		a.at = max(a.at, last)
	}
	a.noted = a.at
	if err := writeMeta(ctx, tx, metaAge, a.at); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// guessAges makes rows of the times by the clock, of a journal that was written when there was nothing else: nothing is
// older than what lies before it.
func (j *Journal) guessAges(ctx context.Context, tx *sql.Tx, what, query string) (last int64, err error) {
	type row struct{ at, before int64 }
	var notes []row
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	now, noted := j.age.wall.UnixNano(), int64(0)
	for rows.Next() {
		var position, at int64
		if err := rows.Scan(&position, &at); err != nil {
			return 0, err
		}
		if last = max(last, min(at, now)); last-noted >= int64(noteMost) {
			notes, noted = append(notes, row{last, position + 1}), last
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	for _, n := range notes {
		if err := writeAge(ctx, tx, what, n.at, n.before); err != nil {
			return 0, err
		}
	}
	return last, nil
}

func writeAge(ctx context.Context, c Tx, what string, at, before int64) error {
	_, err := c.ExecContext(ctx, "INSERT OR REPLACE INTO age(what, at, before, crc) VALUES (?, ?, ?, ?)", what, at, before, sum(what, at, before))
	if err != nil {
		return fmt.Errorf("note the age of the journal: %w", err)
	}
	return nil
}

// tick makes the journal older, and tells when the clock was set.
func (j *Journal) tick(ctx context.Context) error {
	a := &j.age
	now, elapsed := j.options.Now().Round(0), j.options.Elapsed()
	passed := elapsed - a.elapsed
	step := now.Sub(a.wall) - passed
	a.at += int64(passed)
	a.wall, a.elapsed = now, elapsed
	if step.Abs() >= clockStep {
		a.calm = elapsed
		j.clockJumped(fmt.Sprintf("%s, from %s to %s", signed(step), now.Add(-step).UTC().Format(time.DateTime), now.UTC().Format(time.DateTime)))
	}
	if elapsed-a.calm >= calmFor {
		ahead := now.UnixNano() - a.at
		if !a.counted && ahead > a.ahead {
			a.at += ahead - a.ahead
		}
		a.counted = true
		a.ahead = max(a.ahead, now.UnixNano()-a.at)
	}
	every := noteMost
	for _, kept := range []time.Duration{j.options.FramesFor, j.options.EventsFor} {
		if kept > 0 {
			every = min(every, kept/noteLeast)
		}
	}
	if a.at-a.noted < int64(every) {
		return nil
	}
	return j.noteAge(ctx)
}

// noteAge says how old is what is there now.
func (j *Journal) noteAge(ctx context.Context) error {
	err := j.do(ctx, func(ctx context.Context, c *sql.Conn) error { // the keeper waits: its own is ours
		a := &j.age
		now := a.at + int64(j.options.Elapsed()-a.elapsed)
		at := now
		if !a.counted {
			at = max(now, j.options.Now().UnixNano()-a.ahead)
		}
		for _, of := range []struct {
			what string
			next int64
			told *int64
		}{{ageFrames, int64(j.w.next), &j.w.agedFrames}, {ageEvents, j.w.nextEvent, &j.w.agedEvents}} {
			if *of.told == of.next {
				continue // nothing has come since the last row
			}
			if err := writeAge(ctx, c, of.what, at, of.next); err != nil {
				return err
			}
			*of.told = of.next
		}
		a.noted = now
		return errors.Join(writeMeta(ctx, c, metaAge, now), writeMeta(ctx, c, metaAhead, a.ahead))
	})
	if errors.Is(err, journal.ErrFull) {
		j.w.agedFrames, j.w.agedEvents = 0, 0 // they may be rows that were not written
	}
	return err
}

// outlived is the position before which everything has been there for a time; 0: nothing has.
func (j *Journal) outlived(ctx context.Context, what string, kept time.Duration) (before int64, err error) {
	if kept <= 0 {
		return 0, nil
	}
	rows, err := j.read.QueryContext(ctx, "SELECT at, before, crc FROM age WHERE what = ? AND at <= ? ORDER BY at DESC", what, j.age.at-int64(kept))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var at, crc int64
		if err := rows.Scan(&at, &before, &crc); err != nil {
			return 0, err
		}
		if crc == sum(what, at, before) {
			return before, nil
		}
	}
	return 0, rows.Err()
}

// forgetAges deletes what speaks of nothing that is there.
func forgetAges(ctx context.Context, c *sql.Conn, what string, oldest int64) error {
	_, err := change(ctx, c, "DELETE FROM age WHERE what = ? AND before < ?", what, oldest)
	return err
}

// tellAway tells when the clock says odd things of the time between the last process and this one.
func (j *Journal) tellAway() {
	away := time.Duration(j.age.wall.UnixNano() - j.age.at - j.age.ahead)
	switch {
	case j.age.counted:
	case away <= -clockStep:
		j.clockJumped(signed(away) + " since the process before")
	case away >= longAway:
		j.clockJumped(signed(away) + " since the process before, unless the gateway was off for so long")
	}
}

func (j *Journal) clockJumped(how string) {
	j.counters.clockJumps.Add(1)
	j.options.Warn("clock jumped: retention goes on by elapsed time", "step", how)
	journal.AppendEvent(j, journal.Event{Kind: journal.EventClockJumped, Detail: how})
}

func signed(d time.Duration) string {
	if d > 0 {
		return "+" + d.Round(time.Second).String()
	}
	return d.Round(time.Second).String()
}

// ages checks the table age; a database of an older make has none.
func (r *Report) ages(ctx context.Context, tx *sql.Tx) error {
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'age'").Scan(&tables); err != nil || tables == 0 {
		return err
	}
	return rowsOf(ctx, tx, "SELECT what, at, before, crc FROM age", func(rows *sql.Rows) error {
		var what string
		var at, before, crc int64
		if err := rows.Scan(&what, &at, &before, &crc); err != nil {
			return err
		}
		if crc != sum(what, at, before) {
			r.bad("age of "+what+"s", "its checksum is wrong")
		}
		return nil
	})
}
