package keys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"trama/internal/filelock"
)

// holdFile is locked by the daemon that uses the directory; it is empty.
const holdFile = ".daemon"

// ErrHeld says that another daemon uses the directory.
var ErrHeld = errors.New("another daemon uses it: both would send different frames under one counter")

// Hold keeps every other daemon from using the directory until it is closed, or the process ends.  It does not keep anybody
// from changing keys.
func (s *Store) Hold() (io.Closer, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	d, err := openFolder(s.directory)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	f, err := d.open(holdFile, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, &fs.PathError{Op: "make", Path: d.path(holdFile), Err: err}
	}
	if os.Geteuid() == 0 {
		err = f.Chown(int(d.uid), int(d.gid))
	}
	if err == nil {
		err = filelock.Lock(f)
	}
	switch {
	case errors.Is(err, filelock.ErrLocked):
		err = fmt.Errorf("key directory %s: %w", s.directory, ErrHeld)
	case err != nil:
		err = fmt.Errorf("lock %s: %w", d.path(holdFile), err)
	default:
		err = s.epochs.open(d)
	}
	if err == nil {
		return held{f, &s.epochs}, nil
	}
	_ = f.Close() // err is what matters
	return nil, err
}

// held is a directory that a daemon holds.
type held struct {
	lock   io.Closer
	epochs *epochs
}

// Close implements io.Closer.
func (h held) Close() error { return errors.Join(h.epochs.close(), h.lock.Close()) }
