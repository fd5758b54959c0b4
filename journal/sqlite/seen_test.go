package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"trama/journal"
	"trama/journal/sqlite"
)

// Windows come back in the order in which they were written, the last ones when there are too many, and without those that are damaged.
func TestWindowsComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	warned := 0
	options := sqlite.Options{Path: path, WindowsUpTo: 80, Warn: func(what string, _ ...any) {
		if strings.Contains(what, "window") {
			warned++
		}
	}}
	reopen := func(j *sqlite.Journal) *sqlite.Journal {
		t.Helper()
		if j != nil {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
		j, err := sqlite.Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	windows := func(j *sqlite.Journal) (all string) {
		t.Helper()
		if err := j.Restore(t.Context(), func(m journal.MasterRow) error {
			for _, w := range m.Windows {
				all += string(w[:1])
			}
			return nil
		}, func(uint64, *journal.Record) *journal.Subject { return nil }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	put := func(j *sqlite.Journal, names string) {
		for _, name := range names {
			appendFrame(t, j, journal.State("state"), journal.Window(bytes.Repeat([]byte{byte(name)}, 30)))
		}
	}
	j := reopen(nil)
	put(j, "ab")
	if j = reopen(j); windows(j) != "ab" {
		t.Errorf("windows %q", windows(j))
	}
	put(j, "cd")
	if j = reopen(j); windows(j) != "bcd" {
		t.Errorf("of 30 bytes each, as far as 80 go: %q", windows(j))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE seen SET frames = replace(frames, 'c', 'x')"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := sqlite.Verify(context.Background(), path); err != nil || len(report.Damage) != 1 || !strings.Contains(report.Damage[0].Where, "window") {
		t.Errorf("verify: %+v, %v", report, err)
	}
	j = reopen(nil)
	if got := windows(j); got != "bd" || warned != 1 {
		t.Errorf("windows %q, %d warnings", got, warned)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}
