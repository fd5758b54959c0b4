package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"trama/journal"
	"trama/journal/sqlite"
)

// note is a row of a kind that the engine does not know of itself.
type note string

func (note) RowKind() string { return "note" }

// notes stores them with the position of the last frame before.
var notes = sqlite.Kind{
	Name:   "note",
	Tables: []string{"CREATE TABLE IF NOT EXISTS note(through INTEGER NOT NULL, master TEXT NOT NULL, text TEXT NOT NULL)"},
	Write: func(ctx context.Context, tx sqlite.Tx, at sqlite.Place, row journal.Row) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO note(through, master, text) VALUES (?, ?, ?)", at.Through, at.Subject.Serial, string(row.(note)))
		return err
	},
}

type committed chan error

func (c committed) Committed(_ uint64, err error) { c <- err }

func open(t *testing.T, path string, kinds ...sqlite.Kind) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.Open(context.Background(), sqlite.Options{Path: path, Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// appendFrame puts a frame, and rows with it, into the journal and waits for the commit.
func appendFrame(t *testing.T, j *sqlite.Journal, rows ...journal.Row) {
	t.Helper()
	done := make(committed, 1)
	r := journal.Record{Received: time.Now(), Listener: "field", Connection: 1, Master: "12345678", Raw: []byte{1}}
	j.Append(&journal.Entry{
		Records: journal.AppendRecord(nil, &r), Count: 1, Subject: &journal.Subject{Serial: "12345678"}, Rows: rows, Owner: done,
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestRowsOfAFurtherKindAreCommittedWithTheirFrames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path) // a database that was made before there were notes
	appendFrame(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path, notes)
	appendFrame(t, j, note("first"), &journal.Event{Kind: journal.EventAlarm, Master: "12345678"}, note("second"))
	events, damage, err := j.Events(context.Background(), journal.EventQuery{})
	if err != nil || len(damage) > 0 || len(events) != 1 || events[0].Kind != journal.EventAlarm {
		t.Errorf("%v %v %v", events, damage, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got string
	if err := db.QueryRow("SELECT group_concat(through || ' ' || master || ' ' || text, ', ') FROM note").Scan(&got); err != nil {
		t.Fatal(err)
	}
	if want := "2 12345678 first, 2 12345678 second"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	j = open(t, path) // a program that has no notes goes on with the rest
	appendFrame(t, j)
	if j.Last() != 3 {
		t.Errorf("last %d", j.Last())
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a row of an unknown kind was taken")
			}
		}()
		j.Append(&journal.Entry{Rows: []journal.Row{note("lost")}})
	}()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := sqlite.Verify(context.Background(), path); err != nil || len(r.Damage) > 0 || r.Frames != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}
