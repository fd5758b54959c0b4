package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trama/journal"
)

// Profile returns the number of a definition, which it keeps when it is new.
func (j *Journal) Profile(ctx context.Context, name string, hash, sources []byte) (uint32, error) {
	var id int64
	err := j.do(ctx, func(ctx context.Context, c *sql.Conn) error {
		var kept string
		var text []byte
		var crc int64
		err := c.QueryRowContext(ctx, "SELECT id, name, sources, crc FROM profile WHERE hash = ?", hash).Scan(&id,
			&kept, &text, &crc)
		if err == nil && crc != sum(id, kept, hash, blob(text)) { // damaged; here is what it was
			_, err = c.ExecContext(ctx, "UPDATE profile SET name = ?, sources = ?, crc = ? WHERE id = ?", name,
				sources, sum(id, name, hash, sources), id)
			return err
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := c.QueryRowContext(ctx, "SELECT ifnull(max(id), 0) + 1 FROM profile").Scan(&id); err != nil {
			return err
		}
		_, err = c.ExecContext(ctx, "INSERT INTO profile(id, name, hash, sources, crc) VALUES (?, ?, ?, ?, ?)", id,
			name, hash, sources, sum(id, name, hash, sources))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("keep the definition of %s: %w", name, err)
	}
	return uint32(id), nil
}

// Profiles lists the definitions that records were received with.
func (j *Journal) Profiles(ctx context.Context) ([]journal.ProfileRow, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT id, name, hash, sources, crc FROM profile ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []journal.ProfileRow
	for rows.Next() {
		var id, crc int64
		var p journal.ProfileRow
		if err := rows.Scan(&id, &p.Name, &p.Hash, &p.Sources, &crc); err != nil {
			return nil, err
		}
		if crc != sum(id, p.Name, blob(p.Hash), blob(p.Sources)) {
			j.options.Warn("journal is damaged: a definition is left out", "profile", p.Name)
			continue
		}
		p.ID = uint32(id)
		all = append(all, p)
	}
	return all, rows.Err()
}
