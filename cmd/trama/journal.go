package main

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors"
	"trama/cmd/trama/internal/config"
	"trama/journal"
	"trama/journal/sqlite"
)

// journalGrace is what a drain gets when the journal has failed, or has no room: nothing can be acknowledged, so there is
// nothing to wait for.
const journalGrace = 300 * time.Millisecond

// openJournal opens what the configuration says; the database is nil when nothing is kept.  committed is told how long each
// commit took.
func openJournal(ctx context.Context, c config.Journal, l config.Limits,
	committed func(time.Duration), log hclog.Logger) (actors.Journal, *sqlite.Journal, error) {
	if c.Memory {
		log.Warn("THE JOURNAL IS IN MEMORY: frames are acknowledged without being stored; for tests and benchmarks only")
		return new(journal.Memory), nil, nil
	}
	begun := time.Now()
	db, err := sqlite.Open(ctx, sqlite.Options{
		Path: c.Path, FramesFor: c.FramesFor, FramesUpTo: int64(c.FramesMiB) << 20, FramesPart: c.FramesPart, EventsFor: c.EventsFor,
		EventsUpTo: int64(c.EventsMax), CommandsUpTo: int64(c.CommandsMax), DiskLimit: c.DiskLimit,
		WindowsUpTo: int64(l.ResendMiB) << 20 * 2 / 3, // 16 bytes a frame, 24 in memory
		Committed:   committed, Warn: func(what string, args ...any) { log.Warn(what, args...) },
	})
	if err != nil {
		return nil, nil, err
	}
	log.Info("journal open", "path", c.Path, "sqlite", db.Version(), "last_frame", db.Last(), "boot", db.Boot(), "took",
		time.Since(begun).Round(time.Millisecond))
	return db, db, nil
}

// closeJournal ends the database after the last frame.
func closeJournal(db *sqlite.Journal) error {
	if db == nil {
		return nil
	}
	if err := db.Close(); err != nil && !errors.Is(err, journal.ErrFailed) { // that it failed is known already
		return err
	}
	return nil
}
