package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// The write-ahead log is moved into the database beside the writer, and what has come meanwhile by the writer itself
// between two commits: after that the next commit begins the log anew.  Without the second part the log would never
// be begun anew under load; with that part alone every acknowledgement would wait for all of it.

const (
	checkpointEvery = 100 * time.Millisecond
	checkpointPages = 1000 // of the log, 4 KiB each
	idleEvery       = 50   // looks after which a smaller log is moved too
)

// checkpointer is the goroutine that moves the log.
func (j *Journal) checkpointer() {
	defer j.helpers.Done()
	ctx := context.Background()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	done, looks := j.counters.logPages.Load(), 0
	for {
		select {
		case <-j.stop:
			return
		case <-j.failed:
			return
		case <-tick.C:
		}
		looks++
		written := j.counters.logPages.Load()
		if written == done || written-done < checkpointPages && looks < idleEvery {
			continue
		}
		done, looks = written, 0
		if err := checkpoint(ctx, j.move); err != nil {
			j.broken(err)
			return
		}
		// An error here is an error of the writer, which ends the engine.
		_ = j.between(func(ctx context.Context, c *sql.Conn) error { return checkpoint(ctx, c) })
		j.counters.checkpoints.Add(1)
	}
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
	_ = j.do(context.Background(), func(context.Context, *sql.Conn) error { return err }) // it is what comes back
}
