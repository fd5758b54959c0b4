package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes a whole and consistent copy of the database to a file that must not exist yet, while the engine goes on.  The copy is synced before
// it gets its name; it is opened like the database itself.
func (j *Journal) Backup(ctx context.Context, to string) error {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return fmt.Errorf("backup to %s: %w", to, err)
	}
	partial := to + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backup: %w", err)
	}
	db, err := sql.Open("sqlite", j.dsn("rw")) // a connection that may only read cannot write a copy either
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", partial)
	if err = errors.Join(err, db.Close()); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", to, err), removed(partial))
	}
	f, err := os.OpenFile(partial, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Chmod(0o600), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", to, err), removed(partial))
	}
	if err := os.Rename(partial, to); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return syncDirectory(filepath.Dir(to))
}

func removed(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
