package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trama/journal"
)

// Rows that are too old or too many go in slices: each is a commit of its own, so frames do not wait for it, and it writes a
// few hundred pages, however much it gives back.
const (
	slice      = 64      // batches that one step deletes
	sliceBytes = 4 << 20 // of them
	eventSlice = 4 * slice
	spanSlice  = 4 * slice
	steps      = 64 // between two looks: more than commits that can be made meanwhile
)

// bound makes bytes of the part of the disk that frames may fill, and has what stands beside them fit a small disk: events,
// commands and windows have at most a tenth of that each.
func (j *Journal) bound() {
	o := &j.options
	if o.FramesPart == 0 {
		return
	}
	disk, err := o.Disk()
	if err != nil || disk.Size == 0 {
		o.Warn("the size of the disk is not known: frames are kept without a bound", "error", err)
		return
	}
	const eventBytes, commandBytes = 512, 2048
	o.FramesUpTo = disk.Size / 100 * int64(o.FramesPart)
	o.EventsUpTo = min(o.EventsUpTo, o.FramesUpTo/10/eventBytes)
	o.CommandsUpTo = min(o.CommandsUpTo, o.FramesUpTo/10/commandBytes)
	o.WindowsUpTo = min(o.WindowsUpTo, o.FramesUpTo/10)
}

// retain deletes what is too old or too much, a little at a time, so that no commit waits for it.
func (j *Journal) retain(ctx context.Context) error {
	j.counters.retaining.Lock()
	defer j.counters.retaining.Unlock()
	if err := j.tick(ctx); err != nil && !errors.Is(err, journal.ErrFull) {
		return err
	}
	for step := 0; step < steps && !j.ending.Load(); step++ {
		removed, err := j.retainStep(ctx)
		if err != nil || removed == 0 {
			return err
		}
		j.counters.removed.Add(uint64(removed))
	}
	return nil
}

func (j *Journal) retainStep(ctx context.Context) (removed int64, err error) {
	frames, back, err := j.excessFrames(ctx)
	if err != nil {
		return 0, err
	}
	events, err := j.excessEvents(ctx)
	if err != nil {
		return 0, err
	}
	commands, err := j.excessCommands(ctx)
	if err != nil {
		return 0, err
	}
	// also when no frames go: a batch may have had frames of many masters
	spans, err := j.staleSpans(ctx, int64(j.oldest.Load()))
	if err != nil || frames == 0 && events == 0 && commands == 0 && len(spans) == 0 {
		return 0, err
	}
	before := j.oldest.Load()
	err = j.relieve(ctx, func(ctx context.Context, c *sql.Conn) error {
		removed = 0 // it may be tried twice
		if frames > 0 {
			n, err := change(ctx, c, "DELETE FROM batch WHERE first <= ?", frames)
			if removed += n; err != nil {
				return err
			}
			oldest := int64(0)
			if err := c.QueryRowContext(ctx, "SELECT ifnull(min(first), ?) FROM batch",
				int64(j.w.next)).Scan(&oldest); err != nil {
				return err
			}
			if _, err := c.ExecContext(ctx, "DELETE FROM clock WHERE first < ?", oldest); err != nil {
				return err
			}
			if err := forgetAges(ctx, c, ageFrames, oldest); err != nil {
				return err
			}
			// what has gone cannot bring a master back, and a trust says for ever that its serial is none
			if _, err := c.ExecContext(ctx, "DELETE FROM forgotten WHERE through < ? AND tape <= ? AND serial NOT IN (SELECT serial FROM trust)",
				oldest, j.w.tape-j.options.WindowsUpTo); err != nil {
				return err
			}
			j.oldest.Store(uint64(oldest)) // before anybody can see that they are gone
			if err := writeMeta(ctx, c, "oldest", oldest); err != nil {
				return err
			}
		}
		for _, k := range spans {
			n, err := change(ctx, c, "DELETE FROM span WHERE serial = ? AND last = ?", k.serial, k.last)
			if removed += n; err != nil {
				return err
			}
		}
		if commands > 0 {
			n, err := change(ctx, c, "DELETE FROM command WHERE id <= ? AND ended = 1", commands)
			if removed += n; err != nil {
				return err
			}
		}
		if events > 0 {
			n, err := change(ctx, c, "DELETE FROM event WHERE id <= ?", events)
			if removed += n; err != nil {
				return err
			}
			if err := forgetAges(ctx, c, ageEvents, events+1); err != nil {
				return err
			}
			return writeMeta(ctx, c, "oldest event", events+1)
		}
		return nil
	})
	if err != nil {
		j.oldest.Store(before)
		return 0, err
	}
	j.counters.held.Add(-back)
	return removed, nil
}

func change(ctx context.Context, c *sql.Conn, text string, args ...any) (int64, error) {
	r, err := c.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, fmt.Errorf("retention: %w", err)
	}
	return r.RowsAffected()
}

// excessFrames finds the batches that are too old or too much, from the oldest on: up to which first position they go
// (0: none), and how much room they give back.
func (j *Journal) excessFrames(ctx context.Context) (upTo, back int64, err error) {
	o := &j.options
	before, err := j.outlived(ctx, ageFrames, o.FramesFor)
	if err != nil {
		return 0, 0, err
	}
	over := int64(0)
	if o.FramesUpTo > 0 {
		if !j.counted {
			if err := j.countFrames(ctx); err != nil {
				return 0, 0, err
			}
		}
		used, err := j.used(ctx)
		if err != nil {
			return 0, 0, err
		}
		// what else is there takes no more than half of it away from frames
		over = min(used-o.FramesUpTo, j.counters.held.Load()-o.FramesUpTo/2)
	}
	if over <= 0 && before == 0 {
		return 0, 0, nil
	}
	rows, err := j.read.QueryContext(ctx, "SELECT first, length(records) FROM batch ORDER BY first LIMIT ?", slice)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var first, size int64
		if err := rows.Scan(&first, &size); err != nil {
			return 0, 0, err
		}
		if first >= before && over <= back || back >= sliceBytes {
			break
		}
		upTo, back = first, back+pagesOf(int(size))
	}
	return upTo, back, rows.Err()
}

// countFrames adds what the frames of earlier processes fill, once.
func (j *Journal) countFrames(ctx context.Context) error {
	since := j.counters.held.Load()
	rows, err := j.read.QueryContext(ctx, "SELECT length(records) FROM batch")
	if err != nil {
		return err
	}
	defer rows.Close()
	all := int64(0)
	for rows.Next() {
		var size int
		if err := rows.Scan(&size); err != nil {
			return err
		}
		all += pagesOf(size)
	}
	if rows.Err() == nil {
		j.counters.held.Add(all - since)
		j.counted = true
	}
	return rows.Err()
}

// pagesOf is about what a batch of so many bytes fills: rows that are larger than a page have pages of their own.
func pagesOf(size int) int64 {
	const head = 40
	if size+head <= pageBytes-100 {
		return int64(size + head)
	}
	return int64(size+head+pageBytes-1) / pageBytes * pageBytes
}

// excessEvents is excessFrames for events: up to which id they go.
func (j *Journal) excessEvents(ctx context.Context) (upTo int64, err error) {
	o := &j.options
	before, err := j.outlived(ctx, ageEvents, o.EventsFor)
	if err != nil || before == 0 && o.EventsUpTo == 0 {
		return 0, err
	}
	var oldest, newest int64
	if err := j.read.QueryRowContext(ctx, "SELECT ifnull(min(id), 0), ifnull(max(id), 0) FROM event").Scan(&oldest, &newest); err != nil {
		return 0, err
	}
	if upTo = before - 1; o.EventsUpTo > 0 {
		kept := int64(j.epochs.Events().Given(uint64(max(oldest, 1)-1), uint64(newest)))
		upTo = max(upTo, oldest-1+kept-o.EventsUpTo)
	}
	if upTo < oldest || oldest == 0 {
		return 0, nil
	}
	return min(upTo, oldest+eventSlice-1), nil
}

type spanKey struct {
	serial string
	last   int64
}

// staleSpans finds spans that lie before a position, among some of them: each call looks behind those that the last
// one looked at.
func (j *Journal) staleSpans(ctx context.Context, before int64) (stale []spanKey, err error) {
	rows, err := j.read.QueryContext(ctx,
		"SELECT serial, last FROM span WHERE (serial, last) > (?, ?) ORDER BY serial, last LIMIT ?", j.looked.serial,
		j.looked.last, slice*spanPositions)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	j.looked = spanKey{} // from the beginning, unless there is more
	seen := 0
	for rows.Next() {
		var k spanKey
		if err := rows.Scan(&k.serial, &k.last); err != nil {
			return nil, err
		}
		if seen++; k.last < before {
			stale = append(stale, k)
		}
		if len(stale) == spanSlice || seen == slice*spanPositions {
			j.looked = k
			break
		}
	}
	return stale, rows.Err()
}

// used is how many bytes of the database hold something.
func (j *Journal) used(ctx context.Context) (int64, error) {
	all, size, err := j.pages(ctx, "page_count")
	free, _, other := j.pages(ctx, "freelist_count")
	return (all - free) * size, errors.Join(err, other)
}

// pages reads a number of pages, and the size of one.
func (j *Journal) pages(ctx context.Context, which string) (n, size int64, err error) {
	if err = j.read.QueryRowContext(ctx, "PRAGMA "+which).Scan(&n); err == nil {
		err = j.read.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size)
	}
	return n, size, err
}
