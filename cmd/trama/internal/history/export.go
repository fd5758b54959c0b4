package history

import (
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Exporter takes rows one after the other.  What Close has not ended is not there.
type Exporter interface {
	Add(Row) error
	Close() error
	Abort()
}

// CSVHeading names the columns of an export as CSV: a row for each value, and one for a frame that has none.
var CSVHeading = []string{"position", "received", "device_time", "listener", "process", "connection", "master", "profile", "message", "command", "transaction", "field", "value", "unit", "frame"}

// csvExport writes CSV.
type csvExport struct {
	out *csv.Writer
	end func(keep bool) error
}

// NewCSV exports to a writer.
func NewCSV(w io.Writer) (Exporter, error) {
	return newCSV(w, func(bool) error { return nil })
}

func newCSV(w io.Writer, end func(keep bool) error) (Exporter, error) {
	e := &csvExport{out: csv.NewWriter(w), end: end}
	return e, e.out.Write(CSVHeading)
}

// Add implements Exporter.
func (e *csvExport) Add(r Row) error {
	transaction := ""
	if r.Transaction != nil {
		transaction = strconv.FormatUint(*r.Transaction, 10)
	}
	line := []string{strconv.FormatUint(r.Position, 10), stamp(r.Received), stamp(r.Device), r.Listener, strconv.FormatInt(r.Process, 10), strconv.FormatUint(r.Connection, 10),
		r.Master, r.Profile, r.Message, r.Command, transaction, "", "", "", r.Frame}
	const field = 11
	names := sortedNames(r.Values)
	if len(names) == 0 {
		return e.out.Write(line)
	}
	for _, name := range names {
		v := r.Values[name]
		line[field], line[field+1], line[field+2] = name, "", v.Unit
		if v.Value != nil {
			line[field+1] = fmt.Sprint(v.Value)
		}
		if err := e.out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// Close implements Exporter.
func (e *csvExport) Close() error {
	e.out.Flush()
	if err := e.out.Error(); err != nil {
		return errors.Join(err, e.end(false))
	}
	return e.end(true)
}

// Abort implements Exporter.
func (e *csvExport) Abort() { _ = e.end(false) }

// stamp is a time in UTC; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// NewCSVFile exports to a file that must not exist yet; it gets its name when it is whole.
func NewCSVFile(path string) (Exporter, error) {
	partial, err := claim(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return newCSV(f, func(keep bool) error {
		err := f.Close()
		if !keep || err != nil {
			return errors.Join(err, os.Remove(partial))
		}
		return os.Rename(partial, path)
	})
}

// claim refuses a path that is taken and returns the name to write under.
func claim(path string) (partial string, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return "", fmt.Errorf("%s: %w", path, err)
	}
	partial = path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return partial, nil
}

// sqliteExport writes a database with the tables frame and value.
type sqliteExport struct {
	path, partial string
	db            *sql.DB
	tx            *sql.Tx
	frame, value  *sql.Stmt
}

// The tables of an export.  Times are texts in UTC, as SQLite's own functions read them.
const exportTables = `
CREATE TABLE frame(position INTEGER PRIMARY KEY, received TEXT NOT NULL, device_time TEXT, listener TEXT NOT NULL, process INTEGER NOT NULL,
	connection INTEGER NOT NULL, master TEXT NOT NULL, profile TEXT NOT NULL, message TEXT, command TEXT, "transaction" INTEGER, bytes BLOB NOT NULL, error TEXT);
CREATE TABLE value(position INTEGER NOT NULL REFERENCES frame(position), field TEXT NOT NULL, value, unit TEXT, PRIMARY KEY(position, field)) WITHOUT ROWID;
CREATE INDEX frame_master ON frame(master, received);`

// NewSQLiteFile exports to a database in a file that must not exist yet; it gets its name when it is whole.
func NewSQLiteFile(path string) (_ Exporter, err error) {
	e := &sqliteExport{path: path}
	if e.partial, err = claim(path); err != nil {
		return nil, err
	}
	if e.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: e.partial}).EscapedPath()+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)"); err != nil {
		return nil, err
	}
	e.db.SetMaxOpenConns(1)
	if _, err = e.db.Exec(exportTables); err == nil {
		if e.tx, err = e.db.Begin(); err == nil {
			if e.frame, err = e.tx.Prepare("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"); err == nil {
				e.value, err = e.tx.Prepare("INSERT INTO value VALUES (?, ?, ?, ?)")
			}
		}
	}
	if err != nil {
		e.Abort()
		return nil, err
	}
	return e, nil
}

// Add implements Exporter.
func (e *sqliteExport) Add(r Row) error {
	raw, err := hex.DecodeString(r.Frame)
	if err != nil {
		return err
	}
	var transaction any
	if r.Transaction != nil {
		transaction = int64(*r.Transaction)
	}
	if _, err := e.frame.Exec(int64(r.Position), stamp(r.Received), orNull(stamp(r.Device)), r.Listener, r.Process, int64(r.Connection), r.Master, r.Profile,
		orNull(r.Message), orNull(r.Command), transaction, raw, orNull(r.Error)); err != nil {
		return err
	}
	for _, name := range sortedNames(r.Values) {
		v := r.Values[name]
		if _, err := e.value.Exec(int64(r.Position), name, column(v.Value), orNull(v.Unit)); err != nil {
			return err
		}
	}
	return nil
}

// column is a value as a database takes it: a number as one.
func column(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case interface{ Int64() (int64, error) }: // json.Number
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, ok := v.(interface{ Float64() (float64, error) }); ok {
			if n, err := f.Float64(); err == nil {
				return n
			}
		}
	case bool, int64, float64, string:
		return v
	}
	return fmt.Sprint(v)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Close implements Exporter.
func (e *sqliteExport) Close() error {
	err := e.tx.Commit()
	if err = errors.Join(err, e.db.Close()); err != nil {
		return errors.Join(err, os.Remove(e.partial))
	}
	return os.Rename(e.partial, e.path)
}

// Abort implements Exporter.
func (e *sqliteExport) Abort() {
	if e.tx != nil {
		_ = e.tx.Rollback()
	}
	_ = e.db.Close()
	_ = os.Remove(e.partial)
}
