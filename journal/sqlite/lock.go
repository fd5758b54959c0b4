package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"trama/internal/filelock"
)

// ErrInUse is that another process has the journal open.  Two would give the same numbers to different frames.
var ErrInUse = errors.New("another process uses this journal")

// claim makes the database if there is none and never was, and sees to it that this process is the only one that
// writes to it, whatever name it is known by.  The result is the path without symbolic links, beside which SQLite puts
// its log, and the file that holds the lock.
//
// The lock is on the database itself: its other names, a directory that is mounted twice and a mark that somebody has
// removed all lead to it.  The lock is of another kind than those of SQLite and does not meet them.  Closing any
// descriptor of a file gives up the locks that SQLite has on it in the same process, so the file that is returned is to
// be closed behind SQLite.
func claim(path string) (resolved string, lock *os.File, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", nil, err
	}
	if resolved, err = resolve(path); err != nil {
		return "", nil, err
	}
	f, err := os.OpenFile(resolved, os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		alone := orphaned(resolved, nil)
		f, err = os.OpenFile(resolved, os.O_RDWR, 0o600) // another process may have made all of them meanwhile
		if errors.Is(err, fs.ErrNotExist) {
			if alone != nil {
				return "", nil, alone
			}
			f, err = os.OpenFile(resolved, os.O_CREATE|os.O_RDWR, 0o600)
		}
	}
	if err != nil {
		return "", nil, err
	}
	err = hold(f)
	var head []byte
	if err == nil {
		head, err = headOf(f)
	}
	if err == nil {
		err = orphaned(resolved, head)
	}
	if err == nil {
		err = syncDirectory(filepath.Dir(resolved)) // the name is on disk
	}
	if err != nil {
		return "", nil, errors.Join(err, f.Close())
	}
	return resolved, f, nil
}

// hold takes the lock of a database.
func hold(f *os.File) error {
	err := filelock.Lock(f)
	if errors.Is(err, filelock.ErrLocked) {
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return err
}
