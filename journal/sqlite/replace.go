package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Replace puts a copy of the database from in the place of the journal at path, which no process may use; from "" stands
// for a new one.  The old one is kept beside it: aside is its new name, with that of its log and mark behind it,
// empty when nothing was there.  No directory is made: a path that leads nowhere is mistyped.  The next process that
// opens the journal begins an epoch.  When it is cut short, either journal is whole, and nothing starts on a place
// without a database; then Replace is done again.
func Replace(ctx context.Context, path, from string) (aside string, err error) {
	if path, err = resolve(path); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case err == nil:
		defer f.Close()
		if err := hold(f); err != nil {
			return "", fmt.Errorf("%s: %w; stop the daemon first", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if from != "" && f != nil {
		here, err := f.Stat()
		if there, other := os.Stat(from); err != nil || other == nil && os.SameFile(here, there) {
			return "", errors.Join(err, fmt.Errorf("%s is the journal itself", from))
		}
	}
	next := path + ".next"
	if err := removed(next); err != nil {
		return "", err
	}
	if from != "" {
		err = Backup(ctx, from, next)
	} else {
		err = create(next)
	}
	if err == nil {
		err = disown(ctx, next, max(1, lastGiven(ctx, path)))
	}
	if err == nil {
		err = errors.Join(likeOwner(next, path), syncFile(next))
	}
	if err != nil {
		return "", errors.Join(err, removed(next))
	}
	aside, err = moveAside(path, next)
	return aside, errors.Join(err, syncDirectory(filepath.Dir(path)))
}

// moveAside gives the files at path another name, and next theirs.  The mark goes last: while it stands there without
// a database, no process starts.
func moveAside(path, next string) (aside string, err error) {
	to := path + ".before-" + time.Now().UTC().Format("20060102T150405.000Z")
	move := func(suffix string) error {
		err := os.Rename(path+suffix, to+suffix)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			aside = to
		}
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := move(suffix); err != nil {
			return aside, err
		}
	}
	if err := os.Rename(next, path); err != nil {
		return aside, err
	}
	return aside, move(markSuffix)
}

// lastGiven is the newest position that is known to have been given to a frame, as far as what is there can be read.
func lastGiven(ctx context.Context, path string) int64 {
	known, _ := peekMark(Options{Path: path})
	given := known.last
	if _, err := os.Stat(path); err == nil {
		if db, err := sql.Open("sqlite", (&Options{Path: path}).dsn("ro")); err == nil {
			if last, _, _, err := newest(ctx, db); err == nil {
				given = max(given, last)
			}
			if epochs, _, err := readEpochs(ctx, db); err == nil {
				given = max(given, epochs.Frames().Skip(given+1)-1)
			}
			_ = db.Close() // it was read only
		}
	}
	return int64(given)
}

// create makes a database with nothing in it.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
