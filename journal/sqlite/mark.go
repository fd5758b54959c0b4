package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"trama/journal"
)

// mark is a small file beside the database that holds the last sequence number committed.  It is written after each commit and never
// synced, so it may be behind after a power cut, never ahead: a database that ends before it has lost frames.  SQLite by itself takes
// a log with a damaged or missing end for one that just ends earlier.
type mark struct {
	file *os.File // nil: there is none (tests with a file system of their own)
	last uint64   // when it was opened
	buf  [markBytes]byte
}

// The file is last 8 | crc 4, little-endian.
const (
	markSuffix = "-mark"
	markBytes  = 12
)

// ErrInUse: another process has the journal open.  Two would give the same numbers to different frames.
var ErrInUse = errors.New("another process uses this journal")

func openMark(o Options) (*mark, error) {
	m := &mark{}
	if o.VFS != "" {
		return m, nil
	}
	last, err := readMark(o.Path)
	if err != nil {
		o.Warn("journal is damaged", "where", o.Path+markSuffix, "what", err.Error())
	}
	m.last = last
	if m.file, err = os.OpenFile(o.Path+markSuffix, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return m, err
	}
	if err := syscall.Flock(int(m.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = m.file.Close()
		return &mark{}, fmt.Errorf("%w: %s is locked", ErrInUse, o.Path+markSuffix)
	}
	return m, nil
}

// readMark reads the mark of a database; 0 when there is none.
func readMark(path string) (uint64, error) {
	b, err := os.ReadFile(path + markSuffix)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(b) != markBytes || journal.Checksum(b[:8]) != binary.LittleEndian.Uint32(b[8:]) {
		return 0, fmt.Errorf("%w: the mark of the last frame is not what was written", journal.ErrDamaged)
	}
	return binary.LittleEndian.Uint64(b), nil
}

// set notes that everything up to last is committed.
func (m *mark) set(last uint64) error {
	if m.file == nil {
		return nil
	}
	binary.LittleEndian.PutUint64(m.buf[:], last)
	binary.LittleEndian.PutUint32(m.buf[8:], journal.Checksum(m.buf[:8]))
	_, err := m.file.WriteAt(m.buf[:], 0)
	return err
}

func (m *mark) close() error {
	if m.file == nil {
		return nil
	}
	return m.file.Close()
}
