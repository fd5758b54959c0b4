package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes a whole and consistent copy of a database to a file that must not exist yet, whether a process uses
// it or not.  The copy is synced before it gets its name; it is opened like the database itself.
func Backup(ctx context.Context, path, to string) error {
	if to == "" {
		return errors.New("backup: the name of the file to write is empty")
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := emptied(path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
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
	db, err := sql.Open("sqlite",
		"file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_pragma=busy_timeout(10000)&_pragma=wal_autocheckpoint(0)") // one that may only read cannot write a copy either
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", partial)
	if err = errors.Join(err, db.Close()); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", to, err), removed(partial))
	}
	if err := disown(ctx, partial, 1); err != nil {
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
		return errors.Join(fmt.Errorf("backup: %w", err), removed(partial))
	}
	return syncDirectory(filepath.Dir(to))
}

// disown makes a database say that it is a copy.  The daemon goes on, and uses counters of keys and gives positions that
// the copy does not know of: it has no generation, and whoever opens it begins an epoch behind the position given.  The
// number of the database goes, too: its log is not that of the copy.
func disown(ctx context.Context, path string, given int64) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_pragma=journal_mode(OFF)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, tables[0])
	if err == nil {
		_, err = db.ExecContext(ctx, "DELETE FROM meta WHERE key = ?", generation)
	}
	if err == nil {
		_, err = db.ExecContext(ctx, setMeta, metaCopy, given, sum(metaCopy, given))
	}
	if err == nil {
		_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", newID()))
	}
	return errors.Join(err, db.Close())
}

func removed(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
