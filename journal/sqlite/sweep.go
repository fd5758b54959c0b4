package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"trama/journal"
)

// A sweep has every master that brought frames since the last one write its state, a few at a time so that no commit
// grows large. When all have, the next start needs to read only what came after the sweep began.

const (
	sweepTogether = 64
	sweepPatience = 5 * time.Second // for one portion; a master that does not answer is asked again by the next sweep
)

// Sweep has the states of all masters that have changed written, and returns when they are.
func (j *Journal) Sweep(ctx context.Context) error {
	j.counters.sweeping.Lock()
	defer j.counters.sweeping.Unlock()
	var subjects []*journal.Subject
	var through int64
	if err := ctx.Err(); err != nil {
		return err
	}
	// who gave it up could not give the list back
	err := j.between(context.Background(), func(context.Context, *sql.Conn) error {
		w := &j.w
		subjects, w.dirty, w.unswept = w.dirty, nil, 0
		for _, s := range subjects {
			s.Listed = false
		}
		through = int64(w.next - 1)
		return nil
	})
	if err != nil {
		return err
	}
	late := 0
	for len(subjects) > 0 {
		n := min(sweepTogether, len(subjects))
		silent, err := j.portion(ctx, subjects[:n])
		if err != nil { // the next sweep asks them all
			return errors.Join(err, j.between(context.Background(), func(context.Context, *sql.Conn) error {
				j.relist(subjects)
				return nil
			}))
		}
		late += silent
		subjects = subjects[n:]
	}
	if late > 0 {
		j.options.Warn("masters do not tell their state: the next start reads more", "masters", late)
		return nil
	}
	err = j.do(ctx, func(ctx context.Context, c *sql.Conn) error { return writeMeta(ctx, c, "swept", through) })
	if err == nil {
		j.swept.Store(uint64(through))
	}
	return err
}

// portion asks some masters and waits for their states; it returns how many did not answer.
func (j *Journal) portion(ctx context.Context, subjects []*journal.Subject) (silent int, err error) {
	if j.held.Load() {
		return 0, journal.ErrFull
	}
	done := make(chan struct{}, len(subjects))
	err = j.between(ctx, func(context.Context, *sql.Conn) error {
		j.w.asked, j.w.done = make(map[*journal.Subject]bool, len(subjects)), done
		subjects = slices.DeleteFunc(slices.Clone(subjects), func(s *journal.Subject) bool { return s.Gone })
		for _, s := range subjects {
			j.w.asked[s] = true
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, s := range subjects {
		if s.Owner != nil {
			s.Owner.Snapshot()
		} else {
			j.Append(&journal.Entry{Subject: s, Rows: []journal.Row{journal.State{}}})
		}
	}
	patience := time.NewTimer(j.patience)
	defer patience.Stop()
	for range subjects {
		select {
		case <-done:
			continue
		case <-patience.C:
		case <-j.failed:
			return 0, j.Err()
		case <-j.stop:
			return 0, journal.ErrClosed
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		break
	}
	err = j.between(ctx, func(context.Context, *sql.Conn) error {
		w := &j.w
		silent = len(w.asked)
		j.relist(slices.Collect(maps.Keys(w.asked)))
		w.asked, w.done = nil, nil
		return nil
	})
	return silent, err
}

const setMeta = "INSERT INTO meta(key, value, crc) VALUES (?, ?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value, crc = excluded.crc"

// relist has the next sweep ask them.  Called by the writer.
func (j *Journal) relist(subjects []*journal.Subject) {
	for _, s := range subjects {
		if !s.Listed {
			s.Listed = true
			j.w.dirty = append(j.w.dirty, s)
		}
	}
}

func writeMeta(ctx context.Context, c Tx, key string, value int64) error {
	if _, err := c.ExecContext(ctx, setMeta, key, value, sum(key, value)); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}
