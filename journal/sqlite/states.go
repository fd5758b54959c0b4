package sqlite

import (
	"context"
	"fmt"

	"trama/journal"
)

// stateKind is how the states of masters are stored, with the positions of their frames.
func (j *Journal) stateKind() Kind {
	return Kind{
		Name: journal.State(nil).RowKind(),
		Tables: []string{
			`CREATE TABLE IF NOT EXISTS master(serial TEXT PRIMARY KEY, through INTEGER NOT NULL, from_at INTEGER NOT NULL, until_at INTEGER NOT NULL,
				pending BLOB NOT NULL, state BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID`,
			`CREATE TABLE IF NOT EXISTS span(serial TEXT NOT NULL, last INTEGER NOT NULL, from_at INTEGER NOT NULL, until_at INTEGER NOT NULL,
				positions BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY(serial, last)) WITHOUT ROWID`,
		},
		Write: func(ctx context.Context, _ Tx, at Place, row journal.Row) error {
			if at.Subject == nil || at.Subject.Gone {
				return nil // of nobody
			}
			state, plain := row.(journal.State)
			if !plain {
				open := row.(*journal.OpenState)
				if err := open.Fill(&at.Subject.Pending); err != nil {
					return err
				}
				state = open.State
			}
			return j.writeState(ctx, at.Subject, state, at.Through)
		},
		Covers: true,
	}
}

// writeState writes what is to be known of a master, and its positions: as a span when there are many.
func (j *Journal) writeState(ctx context.Context, s *journal.Subject, state journal.State, through int64) error {
	p := &s.Pending
	if p.Count >= spanPositions {
		if err := j.writeSpan(ctx, s); err != nil {
			return err
		}
	}
	var from, until int64
	if p.Count > 0 {
		from, until = p.From.UnixNano(), p.Until.UnixNano()
	}
	pending := append([]byte{}, p.Bytes()...)
	crc := sum(s.Serial, through, from, until, pending, []byte(state))
	if _, err := j.w.master.ExecContext(ctx, s.Serial, through, from, until, pending, []byte(state), crc); err != nil {
		return fmt.Errorf("write the state of %s: %w", s.Serial, err)
	}
	j.answered(s)
	return nil
}

// writeSpan makes a span of the positions that the subject's row would hold.
func (j *Journal) writeSpan(ctx context.Context, s *journal.Subject) error {
	p := &s.Pending
	if p.Count == 0 {
		return nil
	}
	from, until, last := p.From.UnixNano(), p.Until.UnixNano(), int64(p.Last)
	if _, err := j.w.span.ExecContext(ctx, s.Serial, last, from, until, p.Bytes(), sum(s.Serial, last, from,
		until, p.Bytes())); err != nil {
		return fmt.Errorf("write a span of %s: %w", s.Serial, err)
	}
	p.Reset()
	return nil
}

// answered tells the sweep that s need not be waited for.
func (j *Journal) answered(s *journal.Subject) {
	if j.w.asked[s] {
		delete(j.w.asked, s)
		j.w.done <- struct{}{}
	}
}
