package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"trama/journal"
)

// The write-ahead log is moved into the database beside the writer, and what has come meanwhile by the writer itself
// between two commits: after that the next commit begins the log anew.  Without the second part the log would never
// be begun anew under load; with that part alone every acknowledgement would wait for all of it.

const (
	checkpointEvery = 100 * time.Millisecond
	checkpointPages = 1000 // of the log, 4 KiB each
	idleEvery       = 10   // looks after which a smaller log is moved too, or another try is made
)

// checkpointer is the goroutine that moves the log.
func (j *Journal) checkpointer() {
	defer j.helpers.Done()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	looks := 0
	for {
		select {
		case <-j.stop:
			return
		case <-j.failed:
			return
		case <-tick.C:
		}
		looks++
		behind, due := j.behind(), checkpointPages
		if j.stuck.Load() {
			due = math.MaxInt
		}
		if behind == 0 || behind < due && looks < idleEvery {
			continue
		}
		looks = 0
		if err := j.guarded("checkpointer", j.moveLog); err != nil {
			j.broken(err)
			return
		}
	}
}

// behind is about how many pages of the log are not in the database.
func (j *Journal) behind() int {
	return int(j.counters.logPages.Load() - j.counters.moved.Load())
}

// moveLog moves the log: beside the writer, and what has come meanwhile between two commits.  A checkpoint for which
// there is no room, or no descriptor, loses nothing: it is made later.
func (j *Journal) moveLog() error {
	ctx := context.Background()
	c, err := j.move.Conn(ctx) // there is one: who waits for it looks whether the engine has failed meanwhile
	if err != nil {
		return err
	}
	defer c.Close()
	written := j.counters.logPages.Load()
	if err = j.sound(); err == nil {
		err = checkpoint(ctx, c)
	}
	if noRoom(err) && j.makeRoom() {
		err = checkpoint(ctx, c)
	}
	if err == nil {
		var later error
		err = j.between(ctx, func(ctx context.Context, c *sql.Conn) error {
			if err := checkpoint(ctx, c); !canWait(err) {
				return err // it ends the engine
			} else {
				later = err
			}
			return nil
		})
		err = cmp.Or(err, later)
	} else if !canWait(err) {
		j.doomed.Store(&err) // nothing is to be synced before the writer has ended the engine
	}
	switch {
	case err == nil:
		j.counters.moved.Store(written)
		j.counters.checkpoints.Add(1)
		if j.stuck.Swap(false) {
			j.options.Warn("the log is in the database again")
		}
	case canWait(err):
		if !j.stuck.Swap(true) {
			j.options.Warn("the log cannot be moved into the database: it is tried again", "error", err)
		}
		err = nil
	}
	return err
}

// checkpoint moves what no reader needs any more.
func checkpoint(ctx context.Context, q querier) error {
	var busy, pages, moved int
	if err := q.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// broken ends the engine from outside the writer: the database could not be written or synced.
func (j *Journal) broken(err error) {
	if errors.Is(err, journal.ErrClosed) || errors.Is(err, journal.ErrFailed) {
		return // it is known
	}
	j.doomed.Store(&err)
	_ = j.between(context.Background(), func(context.Context, *sql.Conn) error { return err }) // it is what comes back
}
