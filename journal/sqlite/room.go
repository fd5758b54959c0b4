package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Disk is how much room there is on the file system of the journal.
type Disk struct {
	Size, Free int64 // bytes that a process may use: together, and now
}

// Bounds of the room that is left free.
const (
	maxBallast = 8 << 20
	minBallast = 1 << 20 // on a disk that is too small for it there is none
	maxReserve = 16 << 20

	ballastSuffix = "-ballast"
	ballastRest   = time.Minute // between giving back and making again
)

// room is what the journal has left of its disk.
type room struct {
	disk   Disk
	free   int64 // bytes inside the database that hold nothing any more
	log    int64 // bytes of the log that the database may have to grow by
	stowed int64 // bytes of the ballast
}

// used is the percentage of the disk in use, without what this journal can use again.
func (r *room) used() float64 {
	if r.disk.Size <= 0 {
		return 0
	}
	return 100 * float64(max(0, r.disk.Size-r.disk.Free-r.free-r.stowed)) / float64(r.disk.Size)
}

// low says that what is in hand and in the log may meet the end of the disk, whatever percentage is allowed.
func (r *room) low() bool {
	reserve := min(maxReserve, r.disk.Size/4)
	left := r.disk.Free + r.stowed - ballastOf(r.disk.Size)
	return left < reserve/4 || left+r.free < reserve+r.log
}

// logUpTo is what the file of the log shrinks to when the log begins anew.
func logUpTo(disk int64) int64 { return min(64<<20, max(1<<20, disk/16)) }

// ballastOf is the size of the ballast on a disk.
func ballastOf(disk int64) int64 {
	if n := min(maxBallast, disk/32); n >= minBallast {
		return n
	}
	return 0
}

// ballast is a file beside the database that holds nothing.  The file is given back when the disk is full, for the
// commit in hand, for a checkpoint and for retention, so that none of them needs room that nobody has; it is made again
// when there is room.
type ballast struct {
	path string // "": there is none

	bytes atomic.Int64
	rests atomic.Int64 // until when it is not made again, by Options.Elapsed
	mu    sync.Mutex   // held by who changes the file
}

// find takes over the file that a process before has left.
func (b *ballast) find() {
	b.bytes.Store(sizeOf(b.path))
}

// give gives the room back; false when there was none.
func (b *ballast) give() (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes.Load() == 0 {
		return false, nil
	}
	if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	b.bytes.Store(0)
	return true, nil
}

// take makes the file so large again.  Its bytes are random, for file systems that compress.
func (b *ballast) take(size int64) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes.Load() >= size {
		return nil
	}
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for part := make([]byte, minBallast); b.bytes.Load() < size; {
		_, _ = rand.Read(part) // never fails
		n, err := f.Write(part[:min(size-b.bytes.Load(), minBallast)])
		b.bytes.Add(int64(n))
		if err != nil {
			return err
		}
	}
	return nil
}

// makeRoom gives the ballast back on a disk that is full, for a write by which there is room again or which is better
// not put off; false when it has been given back before.
func (j *Journal) makeRoom() bool {
	given, err := j.ballast.give()
	if err != nil {
		j.options.Warn("the ballast is not given back", "path", j.ballast.path, "error", err)
	}
	if given {
		j.ballast.rests.Store(int64(j.options.Elapsed() + ballastRest))
		j.options.Warn("the disk is full: the ballast of the journal is given back", "path", j.ballast.path)
	}
	return given
}

// look sees whether there is room on the disk.  Whether there is room again is for the keeper to say, which looks now
// and then: under load there may be some for an instant.
func (j *Journal) look(keeper bool) error {
	disk, err := j.options.Disk()
	if err != nil {
		return err
	}
	r := room{disk: disk, free: j.counters.free.Load(), stowed: j.ballast.bytes.Load(),
		log: min(int64(j.behind())*pageBytes, j.counters.logBytes.Load())}
	percent := r.used()
	j.counters.disk.Store(math.Float64bits(percent))
	j.counters.diskFree.Store(disk.Free)
	full := percent >= float64(j.options.DiskLimit) || r.low()
	if full == j.full.Load() || !full && !keeper {
		return nil
	}
	if j.full.Swap(full) != full {
		if full {
			j.options.Warn("the disk is nearly full: nothing is accepted any more, masters keep their frames",
				"used_percent", int(percent), "limit_percent", j.options.DiskLimit, "free_mib", disk.Free>>20)
		} else {
			j.options.Warn("there is room on the disk again: frames are accepted", "used_percent", int(percent))
		}
	}
	return nil
}

// stow makes the ballast when there is none and the disk has room.
func (j *Journal) stow() {
	if j.ballast.path == "" || j.full.Load() {
		return
	}
	disk, err := j.options.Disk()
	if err == nil {
		err = j.ballast.take(ballastOf(disk.Size))
	}
	j.complain(&j.troubles.ballast, "the ballast of the journal is not made", err)
}

// noRoom says that a write has failed because the disk is full.  SQLite has changed nothing then, and the pages that it
// could not write were never taken for written: unlike behind a failed sync, the same write may be tried again.
func noRoom(err error) bool {
	if whole := (errNotWhole{}); errors.As(err, &whole) {
		return false
	}
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code()&0xff == sqlite3.SQLITE_FULL || e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// canWait says that a checkpoint has failed for want of room or of a descriptor.
func canWait(err error) bool {
	e := (*sqlite.Error)(nil)
	return noRoom(err) || errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CANTOPEN
}

// DiskOf is the file system that holds a file.
func DiskOf(path string) (Disk, error) {
	d, err := statfs(filepath.Dir(path))
	if err != nil {
		return d, fmt.Errorf("%s: %w", filepath.Dir(path), err)
	}
	return d, nil
}
