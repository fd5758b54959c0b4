package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// counters of the engine, for people and metrics.
type counters struct {
	commits, entries, frames, bytes atomic.Uint64
	took, longest                   atomic.Int64  // nanoseconds: of all commits, of the longest
	removed, checkpoints, logPages  atomic.Uint64 // logPages: about how many the log has got
	begun                           atomic.Int64  // of the commit being made, Unix nanoseconds; 0: none
	disk                            atomic.Uint64 // percent in use, as bits of a float64
	sweepDue                        atomic.Bool
	sweeping                        sync.Mutex // one sweep at a time
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
	steps     = 16          // steps of retention between two looks
)

// keep is the keeper goroutine.
func (j *Journal) keep() {
	defer j.helpers.Done()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-j.stop:
		case <-j.failed:
		case <-ctx.Done():
		}
		cancel()
	}()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		j.look()
		if err := j.retain(ctx); err != nil && ctx.Err() == nil {
			j.options.Warn("old rows are not deleted", "error", err)
		}
		if j.counters.sweepDue.Swap(false) || time.Since(last) > j.options.SweepEvery {
			if err := j.Sweep(ctx); err != nil && ctx.Err() == nil {
				j.options.Warn("states of masters are not written", "error", err)
			}
			last = time.Now()
		}
	}
}

// look sees whether there is room on the disk.
func (j *Journal) look() {
	percent, err := j.options.DiskUse()
	if err != nil {
		j.options.Warn("the use of the disk is not known", "error", err)
		return
	}
	j.counters.disk.Store(math.Float64bits(percent))
	full := percent >= float64(j.options.DiskLimit)
	if j.full.Swap(full) == full {
		return
	}
	if full {
		j.options.Warn("the disk is nearly full: nothing is accepted any more, masters keep their frames", "used_percent", int(percent), "limit_percent", j.options.DiskLimit)
	} else {
		j.options.Warn("there is room on the disk again: frames are accepted", "used_percent", int(percent))
	}
}

// diskUse is how much of the file system that holds dir is in use, as df counts: of what is not reserved.
func diskUse(dir string) (float64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	used := s.Blocks - s.Bfree
	if used+s.Bavail == 0 {
		return 0, nil
	}
	return 100 * float64(used) / float64(used+s.Bavail), nil
}

// retain deletes what is too old or too much, a little at a time, so that no commit waits for it.
func (j *Journal) retain(ctx context.Context) error {
	o := &j.options
	for range steps {
		removed, err := j.retainStep(ctx, o)
		if err != nil || removed == 0 {
			return err
		}
		j.counters.removed.Add(uint64(removed))
	}
	return nil
}

func (j *Journal) retainStep(ctx context.Context, o *Options) (removed int64, err error) {
	frames, events, err := j.excess(ctx, o)
	if err != nil || !frames && !events {
		return 0, err
	}
	err = j.do(ctx, func(ctx context.Context, c *sql.Conn) error {
		if frames {
			n, err := change(ctx, c, "DELETE FROM batch WHERE first IN (SELECT first FROM batch ORDER BY first LIMIT ?)", slice)
			if removed += n; err != nil {
				return err
			}
			// Spans that lie before the first batch that is left say nothing any more.
			if n, err = change(ctx, c, "DELETE FROM span WHERE (serial, last) IN (SELECT serial, last FROM span WHERE last < (SELECT ifnull(min(first), 0) FROM batch) LIMIT ?)", slice); err != nil {
				return err
			}
			removed += n
		}
		if events {
			n, err := change(ctx, c, "DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT ?)", slice)
			removed += n
			return err
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

// excess says whether the oldest frames and the oldest events are to go.
func (j *Journal) excess(ctx context.Context, o *Options) (frames, events bool, err error) {
	oldest := func(table string, age time.Duration) (bool, error) {
		if age <= 0 {
			return false, nil
		}
		var at int64
		err := j.read.QueryRowContext(ctx, "SELECT ifnull((SELECT at FROM "+table+" LIMIT 1), ?)", int64(1)<<62).Scan(&at)
		return at < time.Now().Add(-age).UnixNano(), err
	}
	if frames, err = oldest("batch", o.FramesFor); err != nil {
		return false, false, err
	}
	if events, err = oldest("event", o.EventsFor); err != nil {
		return false, false, err
	}
	if o.FramesUpTo > 0 && !frames {
		used, err := j.used(ctx)
		if err != nil {
			return false, false, err
		}
		frames = used > o.FramesUpTo
	}
	if o.EventsUpTo > 0 && !events {
		var n int64
		if err := j.read.QueryRowContext(ctx, "SELECT ifnull(max(id) - min(id) + 1, 0) FROM event").Scan(&n); err != nil {
			return false, false, err
		}
		events = n > o.EventsUpTo
	}
	return frames, events, nil
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
