package faultfs

import (
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// Kind of a call that SQLite makes.  Closing and unlocking are not among them: they cannot fail.
type Kind uint8

// The kinds.  Any stands for all of them where calls are counted or faults planned.
const (
	Any Kind = iota
	OpenFile
	Delete
	Access
	Read
	Write
	Truncate
	Sync
	Size
	Lock     // of a database file, and the look for somebody else's
	ShmMap   // of the WAL index
	ShmLock  // of the WAL index
	Mark     // no call: a note of the test in the trace
	kinds    = int(iota)
	lastKind = ShmLock
)

var kindNames = [kinds]string{"any", "open", "delete", "access", "read", "write", "truncate", "sync", "size",
	"lock", "shm-map", "shm-lock", "mark"}

func (k Kind) String() string { return kindNames[k] }

// Kinds are all kinds of calls.
func Kinds() []Kind {
	all := make([]Kind, 0, lastKind)
	for k := OpenFile; k <= lastKind; k++ {
		all = append(all, k)
	}
	return all
}

// Failure is what goes wrong.
type Failure uint8

// The failures.
const (
	EIO      Failure = iota // the device reports an error
	ENOSPC                  // no space: SQLITE_FULL for a write, elsewhere what SQLite's Unix layer makes of it
	PowerCut                // the call is the last one; a write in it is done in part
	// the call reports success and does nothing: a write, truncation or sync that the device only acknowledged
	Lost
)

func (f Failure) String() string { return [...]string{"EIO", "ENOSPC", "power cut", "lost"}[f] }

// Fault is a call that goes wrong.
type Fault struct {
	Kind    Kind   // of the call; Any for every kind
	File    string // end of the file's name, such as -wal; "" for all
	Call    int    // which of those calls, counted from 1 after Inject; 0 is the next one as well
	Failure Failure
	Short   bool // a write writes a part first
	Forever bool // every later one of those calls fails too
}

type fault struct {
	Fault
	left int // calls until it happens; at 0 it has
}

// Inject plans faults, in addition to those planned before.
func (d *Disk) Inject(faults ...Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range faults {
		d.faults = append(d.faults, &fault{Fault: f, left: max(1, f.Call)})
	}
}

// Limit bounds what all files together may hold, in bytes; 0 takes the bound away.  A write that would grow a file
// beyond it writes what fits and ends with SQLITE_FULL.  A write in place needs no room.
func (d *Disk) Limit(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// fits says how many bytes of a write there is room for.  Called with the mutex held.
func (d *Disk) fits(f *file, offset, bytes int) int {
	if d.capacity == 0 {
		return bytes
	}
	room := d.capacity
	for _, other := range d.files {
		room -= len(other.data)
	}
	return max(0, min(bytes, len(f.data)+max(0, room)-offset))
}

// Heal takes back all planned faults.  The power stays cut, and what a failed sync lost stays lost.
func (d *Disk) Heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

// Calls counts the calls of a kind, or with Any of all kinds, since the disk was opened.
func (d *Disk) Calls(k Kind) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[k]
}

// PowerIsOff reports whether Crash was called or a PowerCut has happened.
func (d *Disk) PowerIsOff() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off
}

// Pending is the number of planned faults that have not happened yet.
func (d *Disk) Pending() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, f := range d.faults {
		if f.left > 0 {
			n++
		}
	}
	return n
}

// due returns the fault of this call, if there is one.  Every fault counts every call.  Called with the mutex held.
func (d *Disk) due(k Kind, name string) *Fault {
	var now *Fault
	for _, f := range d.faults {
		if f.Kind != Any && f.Kind != k || !strings.HasSuffix(name, f.File) {
			continue
		}
		hit := f.left == 1 || f.left == 0 && f.Forever
		if f.left > 0 {
			f.left--
		}
		if hit && now == nil {
			now = &f.Fault
		}
	}
	return now
}

// code is what SQLite's Unix layer would report.
func (f Failure) code(k Kind) int32 {
	switch k {
	case OpenFile:
		return sqlite3.SQLITE_CANTOPEN
	case Delete:
		return sqlite3.SQLITE_IOERR_DELETE
	case Access:
		return sqlite3.SQLITE_IOERR_ACCESS
	case Read:
		return sqlite3.SQLITE_IOERR_READ
	case Write:
		if f == ENOSPC {
			return sqlite3.SQLITE_FULL
		}
		return sqlite3.SQLITE_IOERR_WRITE
	case Truncate:
		return sqlite3.SQLITE_IOERR_TRUNCATE
	case Sync:
		return sqlite3.SQLITE_IOERR_FSYNC
	case Size:
		return sqlite3.SQLITE_IOERR_FSTAT
	case Lock:
		return sqlite3.SQLITE_IOERR_LOCK
	case ShmMap:
		return sqlite3.SQLITE_IOERR_SHMMAP
	case ShmLock:
		return sqlite3.SQLITE_IOERR_SHMLOCK
	}
	return sqlite3.SQLITE_IOERR
}
