package sqlite

import (
	"context"
	"os"
	"time"

	"trama/journal"
)

// Stats tells what the engine did and what it holds.
func (j *Journal) Stats(ctx context.Context) (journal.Stats, error) {
	c := &j.counters
	s := journal.Stats{
		Engine: "sqlite", Path: j.options.Path, Version: j.version, Last: j.Last(), Swept: j.swept.Load(),
		Commits: c.commits.Load(), Frames: c.frames.Load(), Bytes: c.bytes.Load(), CommitWorst: time.Duration(c.longest.Load()),
		Removed: c.removed.Load(), Full: j.full.Load(), Damage: j.FoundDamaged(),
	}
	if s.Commits > 0 {
		s.CommitMean = time.Duration(uint64(c.took.Load()) / s.Commits)
	}
	j.mu.Lock()
	s.Waiting = j.queue.Len
	if j.failure != nil {
		s.Failure = j.failure.Error()
	}
	j.mu.Unlock()
	var first, masters, events int64
	err := j.read.QueryRowContext(ctx, "SELECT (SELECT ifnull(min(first), 0) FROM batch), (SELECT count(*) FROM master), (SELECT ifnull(max(id) - min(id) + 1, 0) FROM event)").
		Scan(&first, &masters, &events)
	if err != nil {
		return s, err
	}
	s.First, s.Masters, s.Events = uint64(first), uint64(masters), uint64(events)
	s.FileBytes, s.LogBytes = sizeOf(j.options.Path), sizeOf(j.options.Path+"-wal")
	if s.UsedBytes, err = j.used(ctx); err != nil {
		return s, err
	}
	s.DiskPercent, err = j.options.DiskUse()
	return s, err
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // there is no log between two checkpoints of a clean end
	}
	return info.Size()
}
