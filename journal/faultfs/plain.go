package faultfs

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	sqlite3 "modernc.org/sqlite/lib"
)

// ErrIO is what a Plain returns, wrapped, for a call that a fault or the end of the power made fail.
var ErrIO = errors.New("faultfs: input/output error")

// Plain is a file of the disk that is no database: what a program keeps beside it.  Its calls count, fail and lose
// what was not synced like those of SQLite.
type Plain struct{ h *handle }

// Plain opens a file for reading and writing, and makes it when there is none.
func (d *Disk) Plain(name string) (*Plain, error) {
	h, result := d.open(name, sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_READWRITE)
	if result != sqlite3.SQLITE_OK {
		return nil, fmt.Errorf("open %s: %w (%d)", name, ErrIO, result)
	}
	return &Plain{h: h}, nil
}

// ReadAt implements io.ReaderAt.
func (p *Plain) ReadAt(b []byte, offset int64) (int, error) {
	size, result := p.h.size()
	if result == sqlite3.SQLITE_OK {
		result = p.h.read(b, int(offset))
	}
	switch result {
	case sqlite3.SQLITE_OK:
		return len(b), nil
	case sqlite3.SQLITE_IOERR_SHORT_READ:
		return max(0, min(len(b), size-int(offset))), io.EOF
	}
	return 0, fmt.Errorf("read %s: %w (%d)", p.h.name, ErrIO, result)
}

// WriteAt implements io.WriterAt.
func (p *Plain) WriteAt(b []byte, offset int64) (int, error) {
	result := p.h.write(b, int(offset))
	if result == sqlite3.SQLITE_FULL {
		return 0, fmt.Errorf("write %s: %w: %w", p.h.name, ErrIO, syscall.ENOSPC)
	}
	if result != sqlite3.SQLITE_OK {
		return 0, fmt.Errorf("write %s: %w (%d)", p.h.name, ErrIO, result)
	}
	return len(b), nil
}

// Sync makes what was written safe.
func (p *Plain) Sync() error {
	if result := p.h.sync(); result != sqlite3.SQLITE_OK {
		return fmt.Errorf("sync %s: %w (%d)", p.h.name, ErrIO, result)
	}
	return nil
}

// Close always succeeds.
func (p *Plain) Close() error {
	p.h.close()
	return nil
}
