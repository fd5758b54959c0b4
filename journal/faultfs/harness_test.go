package faultfs

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"go.uber.org/goleak"
	"modernc.org/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const database = "rows.db"

// wal are the parameters that a careful program uses.
var wal = []string{"_pragma=busy_timeout(2000)", "_pragma=journal_mode(wal)", "_pragma=synchronous(full)", "_pragma=wal_autocheckpoint(0)"}

// disk is a disk whose files have to be closed when the test ends.
func disk(t *testing.T, seed uint64) *Disk {
	t.Helper()
	return closing(t, New(seed))
}

func closing(t *testing.T, d *Disk) *Disk {
	t.Helper()
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func open(t *testing.T, d *Disk, parameters ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", d.DSN(database, parameters...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func must(t *testing.T, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, statement string, arguments ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, arguments...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func one[T any](t *testing.T, db *sql.DB, query string, arguments ...any) T {
	t.Helper()
	var value T
	if err := db.QueryRowContext(t.Context(), query, arguments...).Scan(&value); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	return value
}

// content is the blob of row n: its number, and so many bytes that some rows need pages of their own.
func content(n int) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(n))
	return append(b, bytes.Repeat([]byte{byte(n)}, n*37%3000)...)
}

// load writes to a database the way the journal does: one connection, one transaction per batch, explicit checkpoints.  A row is
// acknowledged when the commit that holds it has succeeded, and after an error nothing more is tried.
type load struct {
	batches, rows int
	parameters    []string
	checkpoint    int // after every so many batches; 0 never

	failed       func() // called with the first error, before the database is closed; nil for nothing
	acknowledged int    // rows whose commit succeeded
	attempted    int    // rows that a commit was asked for
}

// run ends without an error after all batches, or with the first error.
func (l *load) run(d *Disk) (err error) {
	db, err := sql.Open("sqlite", d.DSN(database, l.parameters...))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && l.failed != nil {
			l.failed()
		}
		_ = db.Close() // nothing acknowledged depends on it
	}()
	ctx := context.Background()
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, "create table if not exists rows(id integer primary key, content blob)"); err != nil {
		return err
	}
	for batch := 1; batch <= l.batches; batch++ {
		if _, err := c.ExecContext(ctx, "begin immediate"); err != nil {
			return err
		}
		for range l.rows {
			l.attempted++
			if _, err := c.ExecContext(ctx, "insert into rows(id, content) values(?, ?)", l.attempted, content(l.attempted)); err != nil {
				return err
			}
		}
		if _, err := c.ExecContext(ctx, "commit"); err != nil {
			return err
		}
		l.acknowledged = l.attempted
		d.Mark(fmt.Sprintf("acknowledged %d", l.acknowledged))
		if l.checkpoint > 0 && batch%l.checkpoint == 0 {
			var busy, frames, done int
			if err := c.QueryRowContext(ctx, "pragma wal_checkpoint(passive)").Scan(&busy, &frames, &done); err != nil {
				return err
			}
		}
	}
	d.Mark(finished)
	return nil
}

// finished is the mark of a load before it closes its database, which hides errors.
const finished = "finished"

// found opens the database and returns the number of its rows, which are the first ones without a gap and each as it was written.
// A file that is not there, or has no table yet, has none.
func found(d *Disk, parameters ...string) (rows int, err error) {
	db, err := sql.Open("sqlite", d.DSN(database, parameters...))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var verdict string
	if err := db.QueryRow("pragma integrity_check").Scan(&verdict); err != nil {
		return 0, fmt.Errorf("integrity check: %w", err)
	}
	if verdict != "ok" {
		return 0, fmt.Errorf("integrity check: %s", verdict)
	}
	var tables int
	if err := db.QueryRow("select count(*) from sqlite_schema where name = 'rows'").Scan(&tables); err != nil || tables == 0 {
		return 0, err
	}
	all, err := db.Query("select id, content from rows order by id")
	if err != nil {
		return 0, err
	}
	defer all.Close()
	for all.Next() {
		var id int
		var blob []byte
		if err := all.Scan(&id, &blob); err != nil {
			return rows, err
		}
		rows++
		if id != rows || !bytes.Equal(blob, content(id)) {
			return rows, fmt.Errorf("row %d is there as number %d with %d bytes", id, rows, len(blob))
		}
	}
	return rows, all.Err()
}

// sqliteCode is the extended result code in an error, 0 without one.
func sqliteCode(err error) int {
	var coded *sqlite.Error
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return 0
}
