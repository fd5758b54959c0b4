package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// counters of the engine, for people and metrics.
type counters struct {
	commits, entries, frames, bytes atomic.Uint64
	took, longest                   atomic.Int64  // nanoseconds: of all commits, of the longest
	removed, checkpoints, logPages  atomic.Uint64 // logPages: about how many the log has got
	ownerFaults                     atomic.Uint64 // see Journal.tellOwner
	begun                           atomic.Int64  // of the commit being made, Unix nanoseconds; 0: none
	disk                            atomic.Uint64 // percent in use, as bits of a float64
	sweeping                        sync.Mutex    // one sweep at a time
	retaining                       sync.Mutex    // one retention at a time; guards looked
}

func (c *counters) commit(entries, frames, bytes int, took time.Duration) {
	c.commits.Add(1)
	c.entries.Add(uint64(entries))
	c.frames.Add(uint64(frames))
	c.bytes.Add(uint64(bytes))
	c.took.Add(int64(took))
	if int64(took) > c.longest.Load() {
		c.longest.Store(int64(took))
	}
}

const (
	lookEvery = time.Second // at the disk, and at what is too old
	slice     = 64          // batches or events that one step of retention deletes
	spanSlice = 4 * slice   // spans
	steps     = 64          // steps of retention between two looks: more than commits that can be made meanwhile
)

// keep is the keeper goroutine: it looks at the disk and at what is too old.
func (j *Journal) keep() {
	defer j.helpers.Done()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	ctx, cancel := j.untilStopped()
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			j.look()
			j.stow()
			if err := j.retain(ctx); err != nil && ctx.Err() == nil {
				j.options.Warn("old rows are not deleted", "error", err)
			}
		}
	}
}

// sweeper is the goroutine that has the states of masters written.  The sweeper waits for masters, so it is not the
// keeper.
func (j *Journal) sweeper() {
	defer j.helpers.Done()
	tick := time.NewTicker(min(lookEvery, j.options.SweepEvery))
	defer tick.Stop()
	ctx, cancel := j.untilStopped()
	defer cancel()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.sweepDue:
		case <-tick.C:
			if time.Since(last) <= j.options.SweepEvery {
				continue
			}
		}
		if err := j.Sweep(ctx); err != nil && ctx.Err() == nil {
			j.options.Warn("states of masters are not written", "error", err)
		}
		last = time.Now()
	}
}

// untilStopped is a context that ends when the engine is closed or has failed.
func (j *Journal) untilStopped() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-j.stop:
		case <-j.failed:
		case <-ctx.Done():
		}
		cancel()
	}()
	return ctx, cancel
}

// retain deletes what is too old or too much, a little at a time, so that no commit waits for it.
func (j *Journal) retain(ctx context.Context) error {
	j.counters.retaining.Lock()
	defer j.counters.retaining.Unlock()
	for range steps {
		removed, err := j.retainStep(ctx)
		if err != nil || removed == 0 {
			return err
		}
		j.counters.removed.Add(uint64(removed))
	}
	return nil
}

func (j *Journal) retainStep(ctx context.Context) (removed int64, err error) {
	frames, err := j.excessFrames(ctx)
	if err != nil {
		return 0, err
	}
	events, err := j.excessEvents(ctx)
	if err != nil {
		return 0, err
	}
	// also when no frames go: a batch may have had frames of many masters
	spans, err := j.staleSpans(ctx, int64(j.oldest.Load()))
	if err != nil || frames == 0 && events == 0 && len(spans) == 0 {
		return 0, err
	}
	err = j.do(ctx, func(ctx context.Context, c *sql.Conn) error {
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
		if events > 0 {
			n, err := change(ctx, c, "DELETE FROM event WHERE id <= ?", events)
			if removed += n; err != nil {
				return err
			}
			return writeMeta(ctx, c, "oldest event", events+1)
		}
		return nil
	})
	return removed, err
}

func change(ctx context.Context, c *sql.Conn, text string, args ...any) (int64, error) {
	r, err := c.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, fmt.Errorf("retention: %w", err)
	}
	return r.RowsAffected()
}

// excessFrames finds the batches that are too old or too much, from the oldest on: up to which first position they
// go; 0: none.  A row whose head is damaged goes with the next one that is sound.
func (j *Journal) excessFrames(ctx context.Context) (upTo int64, err error) {
	o := &j.options
	over, old := int64(0), int64(0)
	if o.FramesFor > 0 {
		old = time.Now().Add(-o.FramesFor).UnixNano()
	}
	if o.FramesUpTo > 0 {
		used, err := j.used(ctx)
		if err != nil {
			return 0, err
		}
		over = used - o.FramesUpTo
	}
	if over <= 0 && old == 0 {
		return 0, nil
	}
	rows, err := j.read.QueryContext(ctx,
		"SELECT first, n, at, boot, crc, length(records) FROM batch ORDER BY first LIMIT ?", slice)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var first, n, at, boot, crc, size int64
		if err := rows.Scan(&first, &n, &at, &boot, &crc, &size); err != nil {
			return 0, err
		}
		sound := crc == sum(first, n, at, boot, size)
		if sound && at >= old && over <= 0 {
			break
		}
		if over -= size; sound {
			upTo = first
		}
	}
	return upTo, rows.Err()
}

// excessEvents is excessFrames for events: up to which id they go.
func (j *Journal) excessEvents(ctx context.Context) (upTo int64, err error) {
	o := &j.options
	old := int64(0)
	if o.EventsFor > 0 {
		old = time.Now().Add(-o.EventsFor).UnixNano()
	}
	if o.EventsUpTo > 0 {
		var oldest, most int64
		if err := j.read.QueryRowContext(ctx, "SELECT ifnull(min(id), 0), ifnull(max(id), 0) - ? FROM event",
			o.EventsUpTo).Scan(&oldest, &most); err != nil {
			return 0, err
		}
		if most >= oldest && oldest > 0 {
			upTo = min(most, oldest+slice-1)
		}
	}
	if old == 0 {
		return upTo, nil
	}
	rows, err := j.read.QueryContext(ctx,
		"SELECT id, at, kind, master, listener, boot, connection, remote, reason, detail, raw, crc FROM event ORDER BY id LIMIT ?", slice)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		e, sound, err := scanEvent(rows.Scan)
		if err != nil {
			return 0, err
		}
		if sound && e.At.UnixNano() >= old {
			break
		}
		if sound {
			upTo = max(upTo, int64(e.ID))
		}
	}
	return upTo, rows.Err()
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
	var pages, free, size int64
	for _, p := range []struct {
		name string
		into *int64
	}{{"page_count", &pages}, {"freelist_count", &free}, {"page_size", &size}} {
		if err := j.read.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(p.into); err != nil {
			return 0, err
		}
	}
	return (pages - free) * size, nil
}
