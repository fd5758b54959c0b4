package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trama/journal"
)

// trustKind is how the trust of masters is stored: a row of each.
func (j *Journal) trustKind() Kind {
	return Kind{
		Name: journal.Trust(nil).RowKind(),
		Tables: []string{
			`CREATE TABLE IF NOT EXISTS trust(serial TEXT PRIMARY KEY, through INTEGER NOT NULL, trust BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID`,
		},
		Write: func(ctx context.Context, tx Tx, at Place, row journal.Row) error {
			if at.Subject == nil {
				return nil // of nobody
			}
			serial, trust := at.Subject.Serial, []byte(row.(journal.Trust))
			var err error
			if len(trust) == 0 {
				_, err = tx.ExecContext(ctx, "DELETE FROM trust WHERE serial = ?", serial)
			} else {
				_, err = j.w.trust.ExecContext(ctx, serial, at.Through, trust, sum(serial, at.Through, trust))
			}
			if err != nil {
				return fmt.Errorf("write the trust of %s: %w", serial, err)
			}
			return nil
		},
	}
}

// trustRow is a row with the position of the last frame before or with it.
type trustRow struct {
	trust   []byte
	through uint64
}

// readTrust is what is known of each serial; bad is told of rows that are not what was written.
func readTrust(ctx context.Context, q querier, bad func(serial string)) (map[string]trustRow, error) {
	of := map[string]trustRow{}
	rows, err := q.QueryContext(ctx, "SELECT serial, through, trust, crc FROM trust")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var serial string
		var trust []byte
		var through, crc int64
		if err := rows.Scan(&serial, &through, &trust, &crc); err != nil {
			return nil, err
		}
		if crc != sum(serial, through, blob(trust)) {
			bad(serial)
			continue
		}
		of[serial] = trustRow{trust, uint64(through)}
	}
	return of, rows.Err()
}

const generation = "generation"

// Generation is the number that SetGeneration was given last.  The number is 0 when there is none, as in a backup, and
// when rows of trust are damaged or the end of the database is lost: counters may have been used that nobody knows of.
func (j *Journal) Generation(ctx context.Context) (uint64, error) {
	n, _, err := readMeta(ctx, j.read, generation)
	if err != nil || j.lost {
		return 0, err
	}
	_, err = readTrust(ctx, j.read, func(string) { n = 0 })
	return uint64(n), err
}

// SetGeneration keeps a number that also stands outside of the database, where it only grows: when they differ, the
// database is an older one that was put back.  Damaged rows of trust go, as who calls it has taken care of them.
func (j *Journal) SetGeneration(ctx context.Context, n uint64) error {
	return j.do(ctx, func(ctx context.Context, c *sql.Conn) error {
		var damaged []string
		if _, err := readTrust(ctx, c, func(serial string) { damaged = append(damaged, serial) }); err != nil {
			return err
		}
		for _, serial := range damaged {
			if _, err := c.ExecContext(ctx, "DELETE FROM trust WHERE serial = ?", serial); err != nil {
				return err
			}
		}
		return writeMeta(ctx, c, generation, int64(n))
	})
}

// forgetKind is how it is stored that a serial is no master any more: up to which frame, and up to where its windows
// stand on the tape; see seen.go.  A row goes when retention has deleted all that it speaks of.
func (j *Journal) forgetKind() Kind {
	return Kind{
		Name: journal.Forget{}.RowKind(),
		Tables: []string{
			`CREATE TABLE IF NOT EXISTS forgotten(through INTEGER NOT NULL, serial TEXT NOT NULL, tape INTEGER NOT NULL, crc INTEGER NOT NULL,
				PRIMARY KEY(through, serial)) WITHOUT ROWID`,
		},
		Write: func(ctx context.Context, tx Tx, at Place, _ journal.Row) error {
			if at.Subject == nil {
				return nil // of nobody
			}
			return j.forget(ctx, tx, at.Subject, at.Through)
		},
		Covers: true,
	}
}

func (j *Journal) forget(ctx context.Context, tx Tx, s *journal.Subject, through int64) error {
	if err := j.writeSpan(ctx, s); err != nil { // its frames are found as before
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM master WHERE serial = ?", s.Serial); err != nil {
		return fmt.Errorf("forget %s: %w", s.Serial, err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM setting WHERE serial = ?", s.Serial); err != nil {
		return fmt.Errorf("forget the settings of %s: %w", s.Serial, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO forgotten(through, serial, tape, crc) VALUES (?, ?, ?, ?)",
		through, s.Serial, j.w.tape, sum(through, s.Serial, j.w.tape)); err != nil {
		return fmt.Errorf("forget %s: %w", s.Serial, err)
	}
	s.Gone = true
	j.answered(s)
	return nil
}

// forgotten is up to where a serial is no master.
type forgotten struct{ through, tape int64 }

func readForgotten(ctx context.Context, q querier, bad func(serial string)) (map[string]forgotten, error) {
	of := map[string]forgotten{}
	rows, err := q.QueryContext(ctx, "SELECT through, serial, tape, crc FROM forgotten ORDER BY through")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f forgotten
		var serial string
		var crc int64
		if err := rows.Scan(&f.through, &serial, &f.tape, &crc); err != nil {
			return nil, err
		}
		if crc != sum(f.through, serial, f.tape) {
			bad(serial)
			continue
		}
		of[serial] = f
	}
	return of, rows.Err()
}

// trust checks trust and forgotten serials; a database of an older make has none.
func (r *Report) trust(ctx context.Context, tx *sql.Tx) error {
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name IN ('trust', 'forgotten')").Scan(&tables); err != nil ||
		tables < 2 {
		return err
	}
	_, err := readForgotten(ctx, tx, func(serial string) { r.bad("forgotten "+serial, "its checksum is wrong") })
	_, other := readTrust(ctx, tx, func(serial string) { r.bad("trust of "+serial, "its checksum is wrong") })
	return errors.Join(err, other)
}
