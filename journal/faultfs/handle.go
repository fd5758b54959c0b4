package faultfs

import (
	sqlite3 "modernc.org/sqlite/lib"
)

// handle is a file that a connection has open.  Its methods are SQLite's calls; they return SQLite's codes.
type handle struct {
	disk          *Disk
	file          *file
	name          string
	deleteOnClose bool
	syncNames     bool // its first sync syncs the directory too

	lock int32 // SQLITE_LOCK_…
	slots
}

// open is xOpen.  A file without a name is a temporary one.
func (d *Disk) open(name string, flags int32) (*handle, int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	const journals = sqlite3.SQLITE_OPEN_MAIN_JOURNAL | sqlite3.SQLITE_OPEN_SUPER_JOURNAL | sqlite3.SQLITE_OPEN_WAL
	h := &handle{disk: d, name: name, deleteOnClose: flags&sqlite3.SQLITE_OPEN_DELETEONCLOSE != 0,
		syncNames: flags&sqlite3.SQLITE_OPEN_CREATE != 0 && flags&journals != 0}
	code := d.call(Call{Kind: OpenFile, File: name}, func() int32 {
		f, exists := d.files[name]
		switch {
		case name == "":
			f = &file{}
		case exists && flags&sqlite3.SQLITE_OPEN_EXCLUSIVE != 0, !exists && flags&sqlite3.SQLITE_OPEN_CREATE == 0:
			return sqlite3.SQLITE_CANTOPEN
		case !exists:
			f = &file{}
			d.rename(nameChange{name: name, file: f})
		}
		h.file = f
		f.open = append(f.open, h)
		d.handles++
		return sqlite3.SQLITE_OK
	}, nil)
	return h, code
}

// remove is xDelete.
func (d *Disk) remove(name string, syncDirectory bool) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.call(Call{Kind: Delete, File: name}, func() int32 {
		if _, exists := d.files[name]; !exists {
			return sqlite3.SQLITE_IOERR_DELETE_NOENT
		}
		d.rename(nameChange{name: name})
		if syncDirectory {
			d.syncDirectory()
		}
		return sqlite3.SQLITE_OK
	}, nil)
}

// access is xAccess.  An empty file counts as none when SQLite asks whether there is one, as in its Unix layer.
func (d *Disk) access(name string, flags int32) (found bool, code int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	code = d.call(Call{Kind: Access, File: name}, func() int32 {
		f, exists := d.files[name]
		found = exists && (flags != sqlite3.SQLITE_ACCESS_EXISTS || len(f.data) > 0)
		return sqlite3.SQLITE_OK
	}, nil)
	return found, code
}

func (h *handle) close() {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	for i, other := range h.file.open {
		if other == h {
			h.file.open = append(h.file.open[:i], h.file.open[i+1:]...)
			break
		}
	}
	h.leaveShm()
	h.disk.handles--
	if h.deleteOnClose && h.name != "" && !h.disk.off && h.disk.files[h.name] == h.file {
		h.disk.rename(nameChange{name: h.name})
	}
}

// read is xRead.  Bytes behind the end of the file are zeros and SQLITE_IOERR_SHORT_READ.
func (h *handle) read(data []byte, offset int) int32 {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.disk.call(Call{Kind: Read, File: h.name, Offset: offset, Bytes: len(data)}, func() int32 {
		n := 0
		if offset < len(h.file.data) {
			n = copy(data, h.file.data[offset:])
		}
		if n < len(data) {
			clear(data[n:])
			return sqlite3.SQLITE_IOERR_SHORT_READ
		}
		return sqlite3.SQLITE_OK
	}, nil)
}

func (h *handle) write(data []byte, offset int) int32 {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.disk.call(Call{Kind: Write, File: h.name, Offset: offset, Bytes: len(data)}, func() int32 {
		n := h.disk.fits(h.file, offset, len(data))
		if n > 0 {
			h.file.write(data[:n], offset)
		}
		if n < len(data) {
			return sqlite3.SQLITE_FULL
		}
		return sqlite3.SQLITE_OK
	}, func(f *Fault) {
		if n := h.disk.rng.IntN(len(data) + 1); n > 0 && (f.Short || f.Failure == PowerCut) {
			h.file.write(data[:n], offset)
		}
	})
}

func (h *handle) truncate(size int) int32 {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.disk.call(Call{Kind: Truncate, File: h.name, Offset: size}, func() int32 {
		h.file.truncate(size)
		return sqlite3.SQLITE_OK
	}, nil)
}

func (h *handle) sync() int32 {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if h.file.failed && !h.disk.off {
		h.disk.lateSyncs++
	}
	return h.disk.call(Call{Kind: Sync, File: h.name}, func() int32 {
		h.file.sync()
		if h.syncNames {
			h.syncNames = false
			h.disk.syncDirectory()
		}
		return sqlite3.SQLITE_OK
	}, func(f *Fault) {
		if f.Failure != PowerCut {
			h.file.failed = true
			h.file.durable = survive(h.file.durable, h.file.unsynced, len(h.file.data), 50, h.disk.rng)
			h.file.unsynced = nil
		}
	})
}

func (h *handle) size() (n int, code int32) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	code = h.disk.call(Call{Kind: Size, File: h.name}, func() int32 {
		n = len(h.file.data)
		return sqlite3.SQLITE_OK
	}, nil)
	return n, code
}
