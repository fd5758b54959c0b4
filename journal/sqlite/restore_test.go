package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"trama/journal"
)

// A start may read for longer than the time between two sweeps.  One in the middle of it would not know the masters that are still to come, and
// say all the same that states cover everything: the next start would know nothing of their frames.
func TestNoSweepWhileAStartReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	serials := []string{"00000001", "00000002", "00000003"}
	for i, serial := range serials {
		putFrames(t, j, &journal.Subject{Serial: serial}, i, 1)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, Options{Path: path})
	swept := make(chan error, 1)
	subjects := map[string]*journal.Subject{}
	if err := j.Restore(t.Context(), func(journal.MasterRow) error { return nil }, func(_ uint64, r *journal.Record) *journal.Subject {
		if len(subjects) == 0 {
			go func() { swept <- j.Sweep(context.Background()) }()
			select {
			case err := <-swept:
				t.Errorf("a sweep has ended (%v)", err)
				swept <- err
			case <-time.After(100 * time.Millisecond):
			}
		}
		subjects[r.Master] = &journal.Subject{Serial: r.Master}
		return subjects[r.Master]
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-swept; err != nil {
		t.Fatal(err)
	}
	for _, serial := range serials {
		page, err := j.Frames(t.Context(), journal.Query{Master: serial})
		if err != nil || len(page.Frames) != 1 {
			t.Errorf("%s: %d frames, %v", serial, len(page.Frames), err)
		}
	}
}
