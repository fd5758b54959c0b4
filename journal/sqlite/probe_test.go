package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

func TestAProbeTellsAWriterThatHangsFromOneThatWorks(t *testing.T) {
	j := open(t, Options{Path: filepath.Join(t.TempDir(), "journal.db")})
	if err := j.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	hangs, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- j.between(context.Background(), func(context.Context, *sql.Conn) error {
			close(hangs)
			<-goOn
			return nil
		})
	}()
	<-hangs
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Probe(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("while the writer hangs: %v", err)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := j.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Probe(t.Context()); err == nil {
		t.Error("a closed journal passes")
	}
}
