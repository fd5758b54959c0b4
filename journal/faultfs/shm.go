package faultfs

import (
	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// shm is the WAL index of a database: memory that its connections share, with eight locks.  The memory is gone with the
// last of them. The regions are C memory, which SQLite reads and writes without this package.
type shm struct {
	regions []uintptr
	users   int
	locks   [sqlite3.SQLITE_SHM_NLOCK]shmLock
}

type shmLock struct {
	exclusive *handle
	shared    int
}

// slots are the locks of the WAL index that a handle has, one bit each.
type slots struct {
	joined            bool
	shared, exclusive uint
}

// shmMap is xShmMap: the address of a region, or 0 when there is none yet and it is not to be made.
func (h *handle) shmMap(tls *libc.TLS, region, bytes int, extend bool) (address uintptr, code int32) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	code = h.disk.call(Call{Kind: ShmMap, File: h.name, Offset: region, Bytes: bytes}, func() int32 {
		s := &h.file.shm
		if !h.joined {
			h.joined = true
			s.users++
		}
		for extend && len(s.regions) <= region {
			memory := libc.Xcalloc(tls, 1, types.Size_t(bytes))
			if memory == 0 {
				return sqlite3.SQLITE_NOMEM
			}
			s.regions = append(s.regions, memory)
		}
		if region < len(s.regions) {
			address = s.regions[region]
		}
		return sqlite3.SQLITE_OK
	}, nil)
	return address, code
}

// shmLock is xShmLock for n locks from the first on.  To unlock always succeeds.
func (h *handle) shmLock(first, n int, flags int32) int32 {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if flags&sqlite3.SQLITE_SHM_UNLOCK != 0 {
		h.shmUnlock(first, n)
		return sqlite3.SQLITE_OK
	}
	return h.disk.call(Call{Kind: ShmLock, File: h.name, Offset: first, Bytes: n}, func() int32 {
		locks := h.file.shm.locks[first : first+n]
		exclusive := flags&sqlite3.SQLITE_SHM_EXCLUSIVE != 0
		for i := range locks {
			shared := locks[i].shared
			if h.shared&(1<<(first+i)) != 0 {
				shared--
			}
			if owner := locks[i].exclusive; owner != nil && owner != h || exclusive && shared > 0 {
				return sqlite3.SQLITE_BUSY
			}
		}
		for i := range locks {
			switch bit := uint(1) << (first + i); {
			case exclusive:
				locks[i].exclusive = h
				h.exclusive |= bit
			case h.shared&bit == 0:
				locks[i].shared++
				h.shared |= bit
			}
		}
		return sqlite3.SQLITE_OK
	}, nil)
}

// shmUnlock is called with the mutex held.
func (h *handle) shmUnlock(first, n int) {
	for i := first; i < first+n; i++ {
		bit := uint(1) << i
		if h.exclusive&bit != 0 {
			h.file.shm.locks[i].exclusive = nil
		}
		if h.shared&bit != 0 {
			h.file.shm.locks[i].shared--
		}
		h.exclusive &^= bit
		h.shared &^= bit
	}
}

// shmUnmap is xShmUnmap.
func (h *handle) shmUnmap() {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	h.leaveShm()
}

// leaveShm is called with the mutex held, once or more often.
func (h *handle) leaveShm() {
	if !h.joined {
		return
	}
	h.shmUnlock(0, sqlite3.SQLITE_SHM_NLOCK)
	h.joined = false
	s := &h.file.shm
	if s.users--; s.users == 0 {
		tls := libc.NewTLS()
		defer tls.Close()
		for _, memory := range s.regions {
			libc.Xfree(tls, memory)
		}
		s.regions = nil
	}
}
