package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"trama/journal"
)

// settingKind is how the settings of masters are stored: a row of each.
func (j *Journal) settingKind() Kind {
	return Kind{
		Name: journal.Setting{}.RowKind(),
		Tables: []string{
			`CREATE TABLE IF NOT EXISTS setting(serial TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL,
				PRIMARY KEY(serial, name)) WITHOUT ROWID`,
		},
		Write: func(ctx context.Context, tx Tx, at Place, row journal.Row) error {
			if at.Subject == nil || at.Subject.Gone {
				return nil // of nobody
			}
			serial, s := at.Subject.Serial, row.(journal.Setting)
			var err error
			if len(s.Body) == 0 {
				_, err = tx.ExecContext(ctx, "DELETE FROM setting WHERE serial = ? AND name = ?", serial, s.Name)
			} else {
				_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO setting(serial, name, body, crc) VALUES (?, ?, ?, ?)",
					serial, s.Name, s.Body, sum(serial, s.Name, s.Body))
			}
			if err != nil {
				return fmt.Errorf("write setting %s of %s: %w", s.Name, serial, err)
			}
			return nil
		},
	}
}

// readSettings are the settings of each serial, in the order of their names; bad is told of rows that are not what was
// written.
func readSettings(ctx context.Context, q querier, bad func(serial, name string)) (map[string][]journal.Setting, error) {
	of := map[string][]journal.Setting{}
	rows, err := q.QueryContext(ctx, "SELECT serial, name, body, crc FROM setting ORDER BY serial, name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var serial string
		var s journal.Setting
		var crc int64
		if err := rows.Scan(&serial, &s.Name, &s.Body, &crc); err != nil {
			return nil, err
		}
		if crc != sum(serial, s.Name, blob(s.Body)) {
			bad(serial, s.Name)
			continue
		}
		of[serial] = append(of[serial], s)
	}
	return of, rows.Err()
}

// settings checks the settings of masters; a database of an older make has none.
func (r *Report) settings(ctx context.Context, tx *sql.Tx) error {
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'setting'").Scan(&tables); err != nil || tables == 0 {
		return err
	}
	_, err := readSettings(ctx, tx, func(serial, name string) {
		r.bad(fmt.Sprintf("setting %s of %s", name, serial), "its checksum is wrong")
	})
	return err
}
