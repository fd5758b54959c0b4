package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"trama/journal"
)

// Report is what Verify found.
type Report struct {
	Path     string   `json:"path"`
	SQLite   string   `json:"sqlite"`
	First    uint64   `json:"first_frame"`
	Last     uint64   `json:"last_frame"`
	Batches  int      `json:"batches"`
	Frames   uint64   `json:"frames"`
	Masters  int      `json:"masters"`
	Spans    int      `json:"spans"`
	Events   int      `json:"events"`
	Commands int      `json:"commands"`
	Profiles int      `json:"profiles"`
	Cursors  int      `json:"cursors"`
	Epoch    string   `json:"epoch,omitempty"` // the newest one
	Damage   []Damage `json:"damage"`

	known           map[string]int64 // the meta rows
	gaps, eventGaps journal.Gaps     // positions, and numbers of events, that were never given
	begins          map[int64]bool   // batches that the time does not go on with; nil: of an older make, which does not say
}

// Verify walks every row of a database, whether a process uses it or not, and tells what is not as it was written.
// The error is that it could not be read at all.
func Verify(ctx context.Context, path string) (*Report, error) {
	path, err := filepath.EvalSymlinks(path) // the mark is beside the file
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, &fs.PathError{Op: "verify", Path: path, Err: syscall.EISDIR}
	}
	if err := emptied(path); err != nil {
		return nil, err
	}
	return verify(ctx, Options{Path: path})
}

func verify(ctx context.Context, o Options) (*Report, error) {
	db, err := sql.Open("sqlite", o.dsn("ro"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	known, err := peekMark(o) // before the database, which may go on meanwhile
	r := &Report{Path: o.Path, Damage: []Damage{}}
	if err != nil {
		r.bad(o.Path+markSuffix, err.Error())
	}
	return r, r.walk(ctx, db, known)
}

func (r *Report) bad(where, what string) {
	r.Damage = append(r.Damage, Damage{Where: where, What: what})
}

// walk checks db; mark is what is known to have been committed.
func (r *Report) walk(ctx context.Context, db *sql.DB, mark reached) error {
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&r.SQLite); err != nil {
		return fmt.Errorf("%s: %w", r.Path, err)
	}
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'batch')").Scan(&tables); err == nil && tables == 0 {
		return fmt.Errorf("%s: it is no journal of trama", r.Path)
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	for _, check := range []struct {
		name string
		do   func(context.Context, *sql.Tx) error
	}{
		{"structure", r.structure}, {"meta", r.meta}, {"epoch", r.readEpochs}, {"clock", r.clock}, {"age", r.ages}, {"batch", r.batches}, {"master",
			r.masters}, {"seen", r.windows}, {"span", r.spans}, {"trust", r.trust}, {"setting", r.settings}, {"event", r.events}, {"command", r.commands},
		{"profile", r.profiles}, {"cursor", r.cursors},
	} {
		if err := check.do(ctx, tx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.bad(check.name, err.Error()) // a page that cannot be read
		}
	}
	r.Damage = append(r.Damage, mark.missing(reached{last: r.gaps.Skip(r.Last+1) - 1, changes: uint64(r.known["changes"])})...)
	return nil
}

// structure has SQLite check its pages and indexes.
func (r *Report) structure(ctx context.Context, tx *sql.Tx) error {
	return rowsOf(ctx, tx, "PRAGMA integrity_check(100)", func(rows *sql.Rows) error {
		var what string
		if err := rows.Scan(&what); err != nil {
			return err
		}
		if what != "ok" {
			r.bad("structure", what)
		}
		return nil
	})
}

func rowsOf(ctx context.Context, tx *sql.Tx, query string, each func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// clock reads where the times of batches do not go on.
func (r *Report) clock(ctx context.Context, tx *sql.Tx) error {
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version < 2 {
		return err
	}
	begins, damage, err := clockSteps(ctx, tx)
	r.Damage = append(r.Damage, damage...)
	r.begins = map[int64]bool{}
	for _, first := range begins {
		r.begins[first] = true
	}
	return err
}

func (r *Report) batches(ctx context.Context, tx *sql.Tx) error {
	var times order
	r.Last = uint64(max(r.known["oldest"], 1)) - 1
	return rowsOf(ctx, tx, "SELECT "+batchColumns+" FROM batch ORDER BY first", func(rows *sql.Rows) error {
		b, err := scanBatch(rows.Scan)
		where := fmt.Sprintf("batch %d", b.first)
		if errors.Is(err, journal.ErrDamaged) {
			r.bad(where, err.Error())
			r.Last = max(r.Last, b.first)
			times = order{} // the next one is compared with nothing
			return nil
		}
		if err != nil {
			return err
		}
		if r.Batches == 0 {
			r.First = b.first
		}
		if due := r.gaps.Skip(r.Last + 1); b.first != due {
			r.bad(fmt.Sprintf("frames %d to %d", due, b.first-1), "missing")
		}
		if goesOn, _ := times.next(&b); r.begins != nil && !r.begins[int64(b.first)] && !goesOn && r.Batches > 0 {
			r.bad(where, "its time does not go on from that of the one before, and the index does not say so")
		}
		r.Batches++
		b.each(func(uint64, *journal.Record) bool { r.Frames++; return true },
			func(d Damage) { r.Damage = append(r.Damage, d) })
		r.Last = b.first + uint64(b.n) - 1
		return nil
	})
}

func (r *Report) masters(ctx context.Context, tx *sql.Tx) error {
	return rowsOf(ctx, tx, "SELECT serial, through, from_at, until_at, pending, state, crc FROM master",
		func(rows *sql.Rows) error {
			var serial string
			var through, from, until, crc int64
			var pending, state []byte
			if err := rows.Scan(&serial, &through, &from, &until, &pending, &state, &crc); err != nil {
				return err
			}
			r.Masters++
			if _, err := journal.ReadPositions(pending); err != nil || crc != sum(serial, through, from, until,
				blob(pending), blob(state)) {
				r.bad("state of master "+serial, "its checksum is wrong")
			}
			return nil
		})
}

func (r *Report) windows(ctx context.Context, tx *sql.Tx) error {
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'seen'").Scan(&tables); err != nil ||
		tables == 0 { // of an older make
		return err
	}
	return rowsOf(ctx, tx, "SELECT id, serial, frames, crc FROM seen", func(rows *sql.Rows) error {
		var id, crc int64
		var serial string
		var frames []byte
		if err := rows.Scan(&id, &serial, &frames, &crc); err != nil {
			return err
		}
		if crc != sum(id, serial, blob(frames)) {
			r.bad(fmt.Sprintf("window of %s", serial), "its checksum is wrong")
		}
		return nil
	})
}

func (r *Report) spans(ctx context.Context, tx *sql.Tx) error {
	return rowsOf(ctx, tx, "SELECT serial, last, from_at, until_at, positions, crc FROM span",
		func(rows *sql.Rows) error {
			var serial string
			var last, from, until, crc int64
			var list []byte
			if err := rows.Scan(&serial, &last, &from, &until, &list, &crc); err != nil {
				return err
			}
			r.Spans++
			if _, err := journal.ReadPositions(list); err != nil || crc != sum(serial, last, from, until, blob(list)) {
				r.bad(fmt.Sprintf("span of %s up to %d", serial, last), "its checksum is wrong")
			}
			return nil
		})
}

func (r *Report) events(ctx context.Context, tx *sql.Tx) error {
	due := uint64(max(r.known["oldest event"], 1))
	return rowsOf(ctx, tx,
		"SELECT id, at, kind, master, listener, boot, connection, remote, reason, detail, raw, crc FROM event",
		func(rows *sql.Rows) error {
			e, ok, err := scanEvent(rows.Scan)
			if err != nil {
				return err
			}
			if due = r.eventGaps.Skip(due); e.ID > due {
				r.bad(fmt.Sprintf("events %d to %d", due, e.ID-1), "missing")
			}
			due = e.ID + 1
			if r.Events++; !ok {
				r.bad(fmt.Sprintf("event %d", e.ID), "its checksum is wrong")
			}
			return nil
		})
}

func (r *Report) profiles(ctx context.Context, tx *sql.Tx) error {
	return rowsOf(ctx, tx, "SELECT id, name, hash, sources, crc FROM profile", func(rows *sql.Rows) error {
		var id, crc int64
		var name string
		var hash, sources []byte
		if err := rows.Scan(&id, &name, &hash, &sources, &crc); err != nil {
			return err
		}
		if r.Profiles++; crc != sum(id, name, blob(hash), blob(sources)) {
			r.bad(fmt.Sprintf("profile %d", id), "its checksum is wrong")
		}
		return nil
	})
}

func (r *Report) cursors(ctx context.Context, tx *sql.Tx) error {
	return rowsOf(ctx, tx, "SELECT name, seq, at, crc FROM cursor", func(rows *sql.Rows) error {
		var name string
		var seq, at, crc int64
		if err := rows.Scan(&name, &seq, &at, &crc); err != nil {
			return err
		}
		if r.Cursors++; crc != sum(name, seq, at) {
			r.bad("cursor "+name, "its checksum is wrong")
		}
		return nil
	})
}

func (r *Report) meta(ctx context.Context, tx *sql.Tx) error {
	r.known = map[string]int64{}
	if err := rowsOf(ctx, tx, "SELECT key, value, crc FROM meta", func(rows *sql.Rows) error {
		var key string
		var value, crc int64
		if err := rows.Scan(&key, &value, &crc); err != nil {
			return err
		}
		if crc != sum(key, value) {
			r.bad("meta "+key, "its checksum is wrong")
			return nil
		}
		r.known[key] = value
		return nil
	}); err != nil {
		return err
	}
	return rowsOf(ctx, tx, "SELECT id, at, crc FROM boot", func(rows *sql.Rows) error {
		var id, at, crc int64
		if err := rows.Scan(&id, &at, &crc); err != nil {
			return err
		}
		if crc != sum(id, at) {
			r.bad(fmt.Sprintf("boot %d", id), "its checksum is wrong")
		}
		return nil
	})
}
