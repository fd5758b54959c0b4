package sqlite

import (
	"context"
	"fmt"

	"trama/journal"
)

// seenKind is how windows are stored: rows on an endless tape, of which the end is kept.  A row's id is the number of
// bytes on the tape up to its end.
func (j *Journal) seenKind() Kind {
	return Kind{
		Name: journal.Window(nil).RowKind(),
		Tables: []string{
			`CREATE TABLE IF NOT EXISTS seen(id INTEGER PRIMARY KEY, serial TEXT NOT NULL, frames BLOB NOT NULL, crc INTEGER NOT NULL)`,
		},
		Write: func(ctx context.Context, tx Tx, at Place, row journal.Row) error {
			w := row.(journal.Window)
			if at.Subject == nil || len(w) == 0 {
				return nil // of nobody
			}
			j.w.tape += int64(len(w))
			id, serial, frames := j.w.tape, at.Subject.Serial, []byte(w)
			if _, err := tx.ExecContext(ctx, "INSERT INTO seen(id, serial, frames, crc) VALUES (?, ?, ?, ?)", id, serial,
				frames, sum(id, serial, frames)); err != nil {
				return fmt.Errorf("write a window of %s: %w", serial, err)
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM seen WHERE id <= ?", id-j.options.WindowsUpTo); err != nil {
				return fmt.Errorf("delete old windows: %w", err)
			}
			return nil
		},
	}
}

// windows are the rows of each master, the oldest first, without those that were there when it was forgotten.
func (j *Journal) windows(ctx context.Context, gone map[string]forgotten) (map[string][]journal.Window, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT id, serial, frames, crc FROM seen WHERE id > ? ORDER BY id",
		j.w.tape-j.options.WindowsUpTo)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	of := map[string][]journal.Window{}
	for rows.Next() {
		var id, crc int64
		var serial string
		var frames []byte
		if err := rows.Scan(&id, &serial, &frames, &crc); err != nil {
			return nil, err
		}
		if crc != sum(id, serial, blob(frames)) {
			j.options.Warn("journal is damaged: a window is left out", "master", serial)
			continue
		}
		if id > gone[serial].tape {
			of[serial] = append(of[serial], frames)
		}
	}
	return of, rows.Err()
}
