package sqlite

import (
	"context"
	"database/sql"
)

// Probe is nil when the writer answers and the disk takes a sync, before ctx ends.  A disk that is full does.  A sync that
// fails ends the engine: what was moved into the database may be lost.
func (j *Journal) Probe(ctx context.Context) error {
	sync := func(context.Context, *sql.Conn) error {
		if j.lock == nil {
			return nil // another kind of disk (tests)
		}
		return j.lock.Sync()
	}
	done := make(chan error, 1)
	go func() { done <- j.hand(ctx, &task{outside: true, do: sync, reply: make(chan error, 1)}) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done(): // a sync that hangs keeps its goroutine
		return ctx.Err()
	}
}
