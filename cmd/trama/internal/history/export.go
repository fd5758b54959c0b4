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
	"slices"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"trama/cmd/trama/internal/terminal"
	"trama/codec"
)

// Exporter takes rows one after the other.  An export that Close has not ended is not there.
type Exporter interface {
	Add(Row) error
	Close() error
	Abort()
}

// CSVHeading names the columns of an export as CSV: a row for each sample, and one for a frame that has none.  The
// bytes of a frame, and what it came under, stand in its first row.
var CSVHeading = []string{"position", "index", "received", "device_time", "listener", "process", "connection", "master",
	"profile", "message", "command", "transaction",
	"point", "value", "label", "unit", "quality", "frame", "title", "protection"}

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
	row := func(index string, device time.Time, point, value, label, unit, quality, frame, title, protection string) error {
		return e.out.Write(terminal.Cells([]string{strconv.FormatUint(r.Position, 10), index, stamp(r.Received),
			stamp(device), r.Listener, strconv.FormatInt(r.Process, 10),
			strconv.FormatUint(r.Connection, 10), r.Master, r.Profile, r.Message, r.Command, transaction, point, value,
			label, unit, quality, frame, title, protection}))
	}
	if len(r.Samples) == 0 {
		return row("", r.Device, "", "", "", "", "", r.Frame, "", r.Protection.String())
	}
	frame, protection := r.Frame, r.Protection.String()
	for _, s := range r.Samples {
		value, label := Plain(s.Value)
		text := ""
		if value != nil {
			text = fmt.Sprint(value)
		}
		if err := row(strconv.Itoa(s.Index), time.Time(s.Device), s.Name, text, label, s.Unit, s.Quality, frame,
			s.Title, protection); err != nil {
			return err
		}
		frame, protection = "", ""
	}
	return nil
}

// Plain takes a value that came as JSON apart: the value itself, and its label when it has one.
func Plain(v any) (value any, label string) {
	if parts, ok := v.(map[string]any); ok {
		label, _ = parts["label"].(string)
		return parts["value"], label
	}
	return v, ""
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
	f, err := os.OpenFile(partial, os.O_WRONLY, 0)
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

// claim refuses a path that is taken and makes the file to write to, which only its owner may read: it holds every frame.
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
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	return partial, f.Close()
}

// sqliteExport writes a database with the tables frame and sample.
type sqliteExport struct {
	path, partial string
	db            *sql.DB
	tx            *sql.Tx
	frame, sample *sql.Stmt
}

// exportTables are the tables of an export.  Times are texts in UTC, as SQLite's own functions read them.
const exportTables = `
CREATE TABLE frame(position INTEGER PRIMARY KEY, received TEXT NOT NULL, device_time TEXT, listener TEXT NOT NULL, process INTEGER NOT NULL,
	connection INTEGER NOT NULL, master TEXT NOT NULL, profile TEXT NOT NULL, message TEXT, command TEXT, "transaction" INTEGER, bytes BLOB NOT NULL, error TEXT, protection TEXT);
CREATE TABLE sample(position INTEGER NOT NULL REFERENCES frame(position), idx INTEGER NOT NULL, master TEXT NOT NULL, point TEXT NOT NULL, value, label TEXT,
	unit TEXT, device_time TEXT, received TEXT NOT NULL, quality TEXT NOT NULL, title TEXT, PRIMARY KEY(position, idx)) WITHOUT ROWID;
CREATE INDEX frame_master ON frame(master, received);
CREATE INDEX sample_point ON sample(master, point, device_time);`

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
			if e.frame, err = e.tx.Prepare("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"); err == nil {
				e.sample, err = e.tx.Prepare("INSERT INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
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
	if _, err := e.frame.Exec(int64(r.Position), stamp(r.Received), orNull(stamp(r.Device)), r.Listener, r.Process,
		int64(r.Connection), r.Master, r.Profile,
		orNull(r.Message), orNull(r.Command), transaction, raw, orNull(r.Error), orNull(r.Protection.String())); err != nil {
		return err
	}
	for _, s := range r.Samples {
		value, label := Plain(s.Value)
		if s.Quality == codec.Implausible.String() && slices.Contains([]any{"NaN", "+Inf", "-Inf"}, value) {
			value = nil // a column of numbers
		}
		if _, err := e.sample.Exec(int64(r.Position), s.Index, r.Master, s.Name, column(value), orNull(label),
			orNull(s.Unit), orNull(stamp(time.Time(s.Device))),
			stamp(time.Time(s.Received)), s.Quality, orNull(s.Title)); err != nil {
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
