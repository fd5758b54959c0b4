package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"trama/journal"
)

// tables are the tables beside those of the kinds of rows; see doc.go.  Times are Unix nanoseconds.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS boot(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, crc INTEGER NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS batch(first INTEGER PRIMARY KEY, n INTEGER NOT NULL, at INTEGER NOT NULL, boot INTEGER NOT NULL,
		crc INTEGER NOT NULL, records BLOB NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS clock(first INTEGER PRIMARY KEY, crc INTEGER NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS profile(id INTEGER PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, sources BLOB NOT NULL,
		crc INTEGER NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS age(what TEXT NOT NULL, at INTEGER NOT NULL, before INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY(what, at)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS epoch(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, event INTEGER NOT NULL, last_event INTEGER NOT NULL,
		id TEXT NOT NULL, at INTEGER NOT NULL, crc INTEGER NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS cursor(name TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID`,
}

// schema makes what is missing and refuses a database of another make.
func (j *Journal) schema(ctx context.Context) error {
	var version int
	if err := j.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("schema %d: this program knows %d; a newer trama has written it", version, schemaVersion)
	}
	if version == schemaVersion {
		return j.makeTables(ctx, j.conn) // those that this program knows and the one before did not
	}
	tx, err := j.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := j.makeTables(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if version == 1 {
		if err := j.indexTimes(ctx, tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// sum is the checksum of a row: CRC-32C over its columns, each with its type and size.
func sum(columns ...any) int64 {
	var b []byte
	for _, c := range columns {
		switch v := c.(type) {
		case int64:
			b = append(b, 'i')
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		case string:
			b = append(b, 't')
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		case []byte:
			b = append(b, 'b')
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		default:
			panic(fmt.Sprintf("sqlite: a column of type %T", c))
		}
	}
	return int64(journal.Checksum(b))
}

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readMeta reads one number; 0 when it was never written, or is not what was written, which damage then says.
func readMeta(ctx context.Context, q querier, key string) (value int64, damage string, err error) {
	var crc int64
	err = q.QueryRowContext(ctx, "SELECT value, crc FROM meta WHERE key = ?", key).Scan(&value, &crc)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, "", nil
	case err == nil && crc != sum(key, value):
		return 0, "its checksum is wrong", nil
	}
	return value, "", err
}
