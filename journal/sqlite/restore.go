package sqlite

import (
	"context"
	"fmt"
	"time"

	"trama/journal"
)

// Restore tells what is known from earlier processes: first every master as it last told its state, then, in order, the
// frames since. master may keep the row's state; it calls Adopt with the subject that stands for the master from now
// on, unless the row says that it is Forgotten.  frame returns the subject of the record's master, or nil when the
// record is of none or its state covers it already (record ≤ Through).  It is called once, before the first Append.
// Damaged rows are left out and told to Warn.
//
// A start that has read much makes a sweep due with the next frames: a process that is killed again and again would
// else never come to its first one, and read more at each start.
func (j *Journal) Restore(ctx context.Context, master func(journal.MasterRow) error, frame func(seq uint64,
	r *journal.Record) *journal.Subject) error {
	j.counters.sweeping.Lock() // a sweep would say of frames that are still to be read here that states cover them
	defer j.counters.sweeping.Unlock()
	gone, err := readForgotten(ctx, j.read, func(serial string) {
		j.options.Warn("journal is damaged: a master that was forgotten may come back", "master", serial)
	})
	if err != nil {
		return err
	}
	windows, err := j.windows(ctx, gone)
	if err != nil {
		return err
	}
	trust, err := readTrust(ctx, j.read, func(serial string) {
		j.options.Warn("journal is damaged: the trust of a master is left out", "master", serial)
	})
	if err != nil {
		return err
	}
	settings, err := readSettings(ctx, j.read, func(serial, name string) {
		j.options.Warn("journal is damaged: a setting of a master is left out", "master", serial, "setting", name)
	})
	if err != nil {
		return err
	}
	rows, err := j.read.QueryContext(ctx, "SELECT serial, through, from_at, until_at, pending, state, crc FROM master")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var serial string
		var through, from, until, crc int64
		var pending, state []byte
		if err := rows.Scan(&serial, &through, &from, &until, &pending, &state, &crc); err != nil {
			return err
		}
		if crc != sum(serial, through, from, until, blob(pending), blob(state)) {
			j.options.Warn("journal is damaged: the state of a master is left out", "master", serial)
			continue
		}
		row := journal.MasterRow{Serial: serial, State: state, Trust: trust[serial].trust,
			TrustThrough: trust[serial].through, Windows: windows[serial], Settings: settings[serial],
			Through: uint64(through), Pending: pending,
			From: time.Unix(0, from), Until: time.Unix(0, until)}
		delete(trust, serial)
		delete(settings, serial)
		if err := master(row); err != nil {
			return fmt.Errorf("state of master %s: %w", serial, err)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for serial, t := range trust { // it has told no state yet, or is no master any more
		row := journal.MasterRow{Serial: serial, Windows: windows[serial], Trust: t.trust, TrustThrough: t.through, Settings: settings[serial]}
		delete(settings, serial)
		_, row.Forgotten = gone[serial]
		row.Forgotten = row.Forgotten && len(row.Settings) == 0 // else they are of a master that came since
		if err := master(row); err != nil {
			return fmt.Errorf("trust of %s: %w", serial, err)
		}
	}
	for serial, kept := range settings { // likewise
		if err := master(journal.MasterRow{Serial: serial, Windows: windows[serial], Settings: kept}); err != nil {
			return fmt.Errorf("settings of %s: %w", serial, err)
		}
	}
	after, read := j.swept.Load(), 0
	for {
		page, err := j.Read(ctx, after, restorePage)
		if err != nil {
			return err
		}
		for _, d := range page.Damage {
			j.options.Warn("journal is damaged", "where", d.Where, "what", d.What)
		}
		for i := range page.Frames {
			f := &page.Frames[i]
			if int64(f.Seq) <= gone[f.Master].through && f.Flags&journal.Integrator == 0 {
				continue // of a master that was forgotten
			}
			if s := frame(f.Seq, &f.Record); s != nil {
				s.Pending.Add(f.Seq, 1, f.Received, f.Received)
				if !s.Listed {
					s.Listed = true
					j.w.dirty = append(j.w.dirty, s) // the writer does not look at it before the next sweep
				}
			}
		}
		if read += len(page.Frames); page.Next == after {
			break
		}
		after = page.Next
	}
	if read >= longTail {
		j.w.unswept = sweepRecords
	}
	return nil
}

const (
	restorePage = 20_000
	longTail    = 10_000 // frames that a start has read, after which it does not wait for the time of a sweep
)

// blob is what a column of bytes was written as: the driver reads an empty one as nil.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
