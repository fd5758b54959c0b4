package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"
)

// counters of the engine, for people and metrics.
type counters struct {
	commits, entries, frames, bytes atomic.Uint64
	took, longest                   atomic.Int64 // nanoseconds: of all commits, of the longest
	removed, checkpoints            atomic.Uint64
	logPages, moved                 atomic.Uint64 // about how many pages the log has got, and how many of them the database has
	free, logBytes                  atomic.Int64  // bytes inside the database that hold nothing; of the file of the log
	ownerFaults                     atomic.Uint64 // see Journal.tellOwner
	begun                           atomic.Int64  // of the commit being made, Unix nanoseconds; 0: none
	disk                            atomic.Uint64 // percent in use, as bits of a float64
	diskFree                        atomic.Int64
	clockJumps                      atomic.Uint64
	held                            atomic.Int64 // bytes that frames fill: more or less than when it was opened; see pagesOf
	sweeping                        sync.Mutex   // one sweep at a time
	retaining                       sync.Mutex   // one retention at a time; guards looked, age and counted
}

func (c *counters) commit(entries, frames, bytes int, took time.Duration) {
	c.commits.Add(1)
	c.entries.Add(uint64(entries))
	c.frames.Add(uint64(frames))
	c.bytes.Add(uint64(bytes))
	if frames > 0 {
		c.held.Add(pagesOf(bytes))
	}
	c.took.Add(int64(took))
	if int64(took) > c.longest.Load() {
		c.longest.Store(int64(took))
	}
}

const lookEvery = time.Second // at the disk, and at what is too old

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
			j.tend(ctx)
		}
	}
}

// troubles are what the keeper cannot do now: told when it begins, and not at each try, which may go on for days.
type troubles struct{ retention, disk, ballast atomic.Bool }

// complain tells of an error unless it is known.
func (j *Journal) complain(known *atomic.Bool, what string, err error) {
	if before := known.Swap(err != nil); err != nil && !before {
		j.options.Warn(what+"; it is tried again", "error", err)
	}
}

// tend is one look of the keeper.
func (j *Journal) tend(ctx context.Context) {
	err := j.guarded("journal keeper", func() error {
		j.watch(ctx)
		return j.retain(ctx)
	})
	if ctx.Err() == nil {
		j.complain(&j.troubles.retention, "old rows are not deleted", err)
	}
}

// watch looks at the files and at the disk.
func (j *Journal) watch(ctx context.Context) {
	// An error of the place ends the engine.
	_ = j.between(ctx, func(context.Context, *sql.Conn) error { return j.inPlace(false) })
	if free, size, err := j.pages(ctx, "freelist_count"); err == nil {
		j.counters.free.Store(free * size)
	}
	j.complain(&j.troubles.disk, "the use of the disk is not known", j.look(true))
	if !j.stuck.Load() && !j.held.Load() && int64(j.options.Elapsed()) >= j.ballast.rests.Load() {
		j.stow()
	}
	if j.held.Load() {
		j.again()
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
		if j.Accepting() != nil {
			continue // a state is no reason to write on a full disk
		}
		if err := j.guarded("sweeper", func() error { return j.Sweep(ctx) }); err != nil && ctx.Err() == nil {
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
