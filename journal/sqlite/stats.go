package sqlite

import (
	"context"
	"math"
	"os"
	"time"

	"trama/journal"
)

// Brief tells how the engine does, without waiting for anything.
func (j *Journal) Brief() journal.Brief {
	c := &j.counters
	b := journal.Brief{
		Engine: "sqlite", Path: j.options.Path, Last: j.Last(), Commits: c.commits.Load(), Frames: c.frames.Load(),
		Bytes: c.bytes.Load(),
		Took:  time.Duration(c.took.Load()), Worst: time.Duration(c.longest.Load()), Removed: c.removed.Load(),
		OwnerFaults: c.ownerFaults.Load(), ClockJumps: c.clockJumps.Load(), Full: j.Accepting() != nil, Held: j.held.Load(),
		Disk: math.Float64frombits(c.disk.Load()), DiskFree: c.diskFree.Load(), Damaged: len(j.FoundDamaged()),
	}
	if begun := c.begun.Load(); begun != 0 {
		b.Busy = max(time.Since(time.Unix(0, begun)), 0)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	b.Waiting = j.queue.Len
	if j.failure != nil {
		b.Failure = j.failure.Error()
	}
	return b
}

// Stats is Brief with what the database holds.
func (j *Journal) Stats(ctx context.Context) (journal.Stats, error) {
	s := journal.Stats{Brief: j.Brief(), Version: j.version, Epoch: j.epochs.Now(), Swept: j.swept.Load(), Damage: j.FoundDamaged()}
	var first, masters, oldestEvent, newestEvent int64
	err := j.read.QueryRowContext(ctx,
		"SELECT (SELECT ifnull(min(first), 0) FROM batch), (SELECT count(*) FROM master), (SELECT ifnull(min(id), 1) FROM event), (SELECT ifnull(max(id), 0) FROM event)").
		Scan(&first, &masters, &oldestEvent, &newestEvent)
	if err != nil {
		return s, err
	}
	s.First, s.Masters = uint64(first), uint64(masters)
	s.Swept = s.Last - j.epochs.Frames().Given(s.Swept, s.Last)
	s.Events = j.epochs.Events().Given(uint64(oldestEvent-1), uint64(newestEvent))
	s.FileBytes, s.LogBytes = sizeOf(j.options.Path), sizeOf(j.options.Path+"-wal")
	s.UsedBytes, err = j.used(ctx)
	return s, err
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // there is no log after a clean end
	}
	return info.Size()
}
