package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"trama/journal"
)

// Cursors lists the named consumers and how far each is.
func (j *Journal) Cursors(ctx context.Context) ([]journal.Cursor, error) {
	oldest, last, gaps := j.oldest.Load(), j.Last(), j.epochs.Frames()
	rows, err := j.read.QueryContext(ctx, "SELECT name, seq, at, crc FROM cursor ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []journal.Cursor{}
	for rows.Next() {
		var seq, at, crc int64
		var c journal.Cursor
		if err := rows.Scan(&c.Name, &seq, &at, &crc); err != nil {
			return nil, err
		}
		if crc != sum(c.Name, seq, at) {
			return nil, fmt.Errorf("cursor %s: %w", c.Name, journal.ErrDamaged)
		}
		c.Position, c.Moved = uint64(seq), time.Unix(0, at)
		c.Lag = gaps.Given(c.Position, last)
		c.Lost = gaps.Given(c.Position, oldest-1)
		if c.Epoch = j.epochs.Now(); at == 0 {
			c.Epoch, c.Moved = "", time.Time{}
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// Cursor returns one named consumer, or ErrNoCursor.
func (j *Journal) Cursor(ctx context.Context, name string) (journal.Cursor, error) {
	all, err := j.Cursors(ctx)
	if err != nil {
		return journal.Cursor{}, err
	}
	for _, c := range all {
		if c.Name == name {
			return c, nil
		}
	}
	return journal.Cursor{}, fmt.Errorf("%w: %q", journal.ErrNoCursor, name)
}

// MoveCursor notes that the consumer has everything up to position; it is made when there is none of this name.  A
// position before the present one is refused unless back is true.
func (j *Journal) MoveCursor(ctx context.Context, name string, position uint64, back bool) error {
	var refused error
	err := j.do(ctx, func(ctx context.Context, c *sql.Conn) error {
		var now, moved, crc int64
		err := c.QueryRowContext(ctx, "SELECT seq, at, crc FROM cursor WHERE name = ?", name).Scan(&now, &moved, &crc)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		case err == nil && crc != sum(name, now, moved) && !back: // back and forth is the same to it
			refused = fmt.Errorf("cursor %s: %w", name, journal.ErrDamaged)
			return nil
		case err == nil && uint64(now) > position && !back:
			refused = fmt.Errorf("%w: %q is at %d, behind %d", journal.ErrBackwards, name, now, position)
			return nil
		case err == nil && moved == 0 && !back:
			refused = fmt.Errorf("%w: %q is at %d in it; say that its consumer goes back", journal.ErrRestored, name, now)
			return nil
		case position >= j.w.next:
			refused = fmt.Errorf("%w: %d, the newest frame is %d", journal.ErrBeyond, position, j.w.next-1)
			return nil
		}
		seq, at := int64(position), time.Now().UnixNano()
		_, err = c.ExecContext(ctx,
			"INSERT INTO cursor(name, seq, at, crc) VALUES (?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET seq = excluded.seq, at = excluded.at, crc = excluded.crc",
			name, seq, at, sum(name, seq, at))
		return err
	})
	return errors.Join(err, refused)
}

// RemoveCursor forgets a consumer; ErrNoCursor when there is none of this name.
func (j *Journal) RemoveCursor(ctx context.Context, name string) error {
	gone := false
	err := j.do(ctx, func(ctx context.Context, c *sql.Conn) error {
		n, err := change(ctx, c, "DELETE FROM cursor WHERE name = ?", name)
		gone = n > 0
		return err
	})
	if err == nil && !gone {
		return fmt.Errorf("%w: %q", journal.ErrNoCursor, name)
	}
	return err
}
