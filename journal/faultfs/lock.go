package faultfs

import (
	sqlite3 "modernc.org/sqlite/lib"
)

// acquire is xLock: SHARED, RESERVED, EXCLUSIVE, and on the way to EXCLUSIVE PENDING, as
// https://sqlite.org/lockingv3.html has them.
func (h *handle) acquire(level int32) int32 {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.disk.call(Call{Kind: Lock, File: h.name, Offset: int(level)}, func() int32 {
		others := int32(sqlite3.SQLITE_LOCK_NONE)
		for _, other := range h.file.open {
			if other != h {
				others = max(others, other.lock)
			}
		}
		switch {
		case h.lock >= level:
			return sqlite3.SQLITE_OK
		case level == sqlite3.SQLITE_LOCK_SHARED && others >= sqlite3.SQLITE_LOCK_PENDING,
			level > sqlite3.SQLITE_LOCK_SHARED && others >= sqlite3.SQLITE_LOCK_RESERVED:
			return sqlite3.SQLITE_BUSY
		case level == sqlite3.SQLITE_LOCK_EXCLUSIVE && others >= sqlite3.SQLITE_LOCK_SHARED:
			h.lock = sqlite3.SQLITE_LOCK_PENDING // no new readers while it waits
			return sqlite3.SQLITE_BUSY
		}
		h.lock = level
		return sqlite3.SQLITE_OK
	}, nil)
}

// release is xUnlock, to SHARED or NONE, and always succeeds.
func (h *handle) release(level int32) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	h.lock = min(h.lock, level)
}

// reserved is xCheckReservedLock: whether anybody is about to write.
func (h *handle) reserved() (yes bool, code int32) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	code = h.disk.call(Call{Kind: Lock, File: h.name}, func() int32 {
		for _, other := range h.file.open {
			yes = yes || other.lock >= sqlite3.SQLITE_LOCK_RESERVED
		}
		return sqlite3.SQLITE_OK
	}, nil)
	return yes, code
}
