package faultfs

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
)

// ErrInUse is returned, wrapped, by Disk.Close while a database on it is open.
var ErrInUse = errors.New("faultfs: disk is in use")

// Disk is one directory of files behind a VFS.  All methods may be called by any goroutine at any time, also while
// SQLite works on it.
type Disk struct {
	vfs *vfs

	mu      sync.Mutex       // guards everything below and the files
	files   map[string]*file // the directory as the process sees it
	durable map[string]*file // the directory on the platter
	renamed []nameChange     // the way from durable to files, in order
	handles int              // open files
	off     bool             // the power is cut
	rng     *rand.Rand

	capacity   int // bytes of all files; 0: no bound
	faults     []*fault
	calls      [kinds]int
	lateSyncs  int // syncs of a file that had failed to sync before
	recording  bool
	trace      []Call
	sequence   int // of the last call or mark
	registered bool
}

// nameChange is the creation of a name, or with no file its deletion.
type nameChange struct {
	name string
	file *file
}

// New returns an empty disk and registers it with SQLite.  The seed decides everything random on it.  Close it after
// use.
func New(seed uint64) *Disk { return Open(Image{}, seed) }

// Open returns a disk with the files of the image, all of them safe on the platter.  The image may be changed
// afterwards.
func Open(image Image, seed uint64) *Disk {
	d := &Disk{files: map[string]*file{}, durable: map[string]*file{},
		rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	for name, content := range image {
		f := &file{data: bytes.Clone(content), durable: bytes.Clone(content)}
		d.files[name], d.durable[name] = f, f
	}
	d.vfs = register(d)
	d.registered = true
	return d
}

// Close takes the VFS away from SQLite.  Close the databases on the disk first: while a file is open it does nothing
// and returns an error that wraps ErrInUse.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.handles > 0 {
		return fmt.Errorf("%w: %d files are open", ErrInUse, d.handles)
	}
	if d.registered {
		d.registered = false
		d.vfs.unregister()
	}
	return nil
}

// VFS is the name under which SQLite knows the disk.
func (d *Disk) VFS() string { return d.vfs.name }

// DSN is the data source name of a database on the disk, for the driver "sqlite": file:name?vfs=….  Each parameter is
// appended to it, such as _pragma=synchronous(full).
func (d *Disk) DSN(name string, parameters ...string) string {
	return "file:" + name + "?" + strings.Join(append([]string{"vfs=" + d.vfs.name}, parameters...), "&")
}

// Crash cuts the power, if it is not off already, and returns a new disk with what is found afterwards: everything
// synced, and of the rest 0 to 100 percent (see the package).  Databases still open on the old disk get nothing but
// SQLITE_IOERR.  Crash can be called again, for other futures of the same moment.
func (d *Disk) Crash(keep int) *Disk {
	d.mu.Lock()
	d.off = true
	image := d.afterCrash(keep)
	seed := d.rng.Uint64()
	d.mu.Unlock()
	return Open(image, seed)
}

// CutPower is Crash for who does not want to know what is found afterwards.
func (d *Disk) CutPower() {
	d.mu.Lock()
	d.off = true
	d.mu.Unlock()
}

// afterCrash is called with the mutex held.
func (d *Disk) afterCrash(keep int) Image {
	names := map[string]*file{}
	for name, f := range d.durable {
		names[name] = f
	}
	for _, change := range d.renamed[:survivors(len(d.renamed), keep, d.rng)] {
		change.apply(names)
	}
	image := Image{}
	for _, name := range sortedKeys(names) { // the order decides which random number each file gets
		f := names[name]
		image[name] = survive(f.durable, f.unsynced, len(f.data), keep, d.rng)
	}
	return image
}

func (c nameChange) apply(names map[string]*file) {
	if c.file == nil {
		delete(names, c.name)
		return
	}
	names[c.name] = c.file
}

// rename changes the directory as the process sees it.  Called with the mutex held.
func (d *Disk) rename(c nameChange) {
	c.apply(d.files)
	d.renamed = append(d.renamed, c)
}

// syncDirectory makes all names safe.  Called with the mutex held.
func (d *Disk) syncDirectory() {
	for _, c := range d.renamed {
		c.apply(d.durable)
	}
	d.renamed = nil
}

// Image returns a copy of all files as the process sees them, unsynced changes included.
func (d *Disk) Image() Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	image := Image{}
	for name, f := range d.files {
		image[name] = bytes.Clone(f.data)
	}
	return image
}

// OnPlatter reports whether these bytes would be found in some file after Crash(0): whether a frame that is about to be
// acknowledged is where it has to be.  The bytes must be stored in one piece.
func (d *Disk) OnPlatter(content []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.durable {
		if bytes.Contains(f.durable, content) {
			return true
		}
	}
	return false
}

// Unsynced is the number of bytes written to the file, or with "" to all files, since its last sync.
func (d *Disk) Unsynced(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for fileName, f := range d.files {
		if name == "" || name == fileName {
			for _, c := range f.unsynced {
				n += len(c.data)
			}
		}
	}
	return n
}

// SyncsAfterFailure counts the syncs of files that had failed to sync before: the second try that nobody may believe.
func (d *Disk) SyncsAfterFailure() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lateSyncs
}
