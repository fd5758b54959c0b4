package faultfs

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// vfs is the registration of a disk with SQLite.  Its structures are C memory.
type vfs struct {
	name         string
	cname, cvfs  uintptr
	registration uintptr
}

// cfile is what SQLite reserves for an open file.
type cfile struct {
	base sqlite3.Tsqlite3_file
	id   uintptr // of the handle
}

// Go values that C memory refers to by number.
var (
	lastID  atomic.Uintptr
	disks   sync.Map // registration → *Disk
	handles sync.Map // id → *handle
)

// register makes the disk known to SQLite under a name of its own.  Only a lack of memory makes it fail.
func register(d *Disk) *vfs {
	tls := libc.NewTLS()
	defer tls.Close()
	v := &vfs{registration: lastID.Add(1)}
	v.name = fmt.Sprintf("faultfs-%d", v.registration)
	cname, err := libc.CString(v.name)
	if err != nil {
		panic(fmt.Sprintf("faultfs: register %s: %v", v.name, err))
	}
	v.cname = cname
	v.cvfs = libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	if v.cvfs == 0 {
		panic(fmt.Sprintf("faultfs: register %s: no memory", v.name))
	}
	c := at[sqlite3.Tsqlite3_vfs](v.cvfs)
	*c = template
	c.FzName, c.FpAppData = v.cname, v.registration
	disks.Store(v.registration, d)
	if code := sqlite3.Xsqlite3_vfs_register(tls, v.cvfs, 0); code != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("faultfs: register %s: SQLite says %d", v.name, code))
	}
	return v
}

func (v *vfs) unregister() {
	tls := libc.NewTLS()
	defer tls.Close()
	sqlite3.Xsqlite3_vfs_unregister(tls, v.cvfs)
	disks.Delete(v.registration)
	libc.Xfree(tls, v.cvfs)
	libc.Xfree(tls, v.cname)
}

// at is the T at an address of C memory.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// bytesAt are n bytes of C memory.
func bytesAt(address uintptr, n int32) []byte { return unsafe.Slice(at[byte](address), n) }

// code is the address by which SQLite's translation calls a function.
func code[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

func diskOf(pVfs uintptr) *Disk {
	d, _ := disks.Load(at[sqlite3.Tsqlite3_vfs](pVfs).FpAppData)
	return d.(*Disk)
}

func handleOf(pFile uintptr) *handle {
	h, _ := handles.Load(at[cfile](pFile).id)
	return h.(*handle)
}

func flag(yes bool) int32 {
	if yes {
		return 1
	}
	return 0
}

// template is a VFS without its name and disk.
var template = sqlite3.Tsqlite3_vfs{
	FiVersion:   2,
	FszOsFile:   int32(unsafe.Sizeof(cfile{})),
	FmxPathname: 512,
	FxOpen: code(func(_ *libc.TLS, pVfs, zName, pFile uintptr, flags int32, pOutFlags uintptr) int32 {
		f := at[cfile](pFile)
		f.base.FpMethods = 0 // until there is something to close
		name := ""
		if zName != 0 {
			name = libc.GoString(zName)
		}
		h, result := diskOf(pVfs).open(name, flags)
		if result != sqlite3.SQLITE_OK {
			return result
		}
		f.id = lastID.Add(1)
		handles.Store(f.id, h)
		f.base.FpMethods = uintptr(unsafe.Pointer(&methods))
		if pOutFlags != 0 {
			*at[int32](pOutFlags) = flags
		}
		return result
	}),
	FxDelete: code(func(_ *libc.TLS, pVfs, zName uintptr, syncDir int32) int32 {
		return diskOf(pVfs).remove(libc.GoString(zName), syncDir != 0)
	}),
	FxAccess: code(func(_ *libc.TLS, pVfs, zName uintptr, flags int32, pFound uintptr) int32 {
		found, result := diskOf(pVfs).access(libc.GoString(zName), flags)
		*at[int32](pFound) = flag(found)
		return result
	}),
	FxFullPathname: code(func(_ *libc.TLS, _, zName uintptr, n int32, zFull uintptr) int32 {
		name := libc.GoString(zName)
		if len(name) >= int(n) {
			return sqlite3.SQLITE_CANTOPEN
		}
		full := bytesAt(zFull, n)
		full[copy(full, name)] = 0
		return sqlite3.SQLITE_OK
	}),
	FxDlOpen:  code(func(*libc.TLS, uintptr, uintptr) uintptr { return 0 }),
	FxDlError: code(func(_ *libc.TLS, _ uintptr, n int32, zMessage uintptr) { clear(bytesAt(zMessage, n)) }),
	FxDlSym:   code(func(*libc.TLS, uintptr, uintptr, uintptr) uintptr { return 0 }),
	FxDlClose: code(func(*libc.TLS, uintptr, uintptr) {}),
	FxRandomness: code(func(_ *libc.TLS, pVfs uintptr, n int32, zOut uintptr) int32 {
		d := diskOf(pVfs)
		d.mu.Lock()
		defer d.mu.Unlock()
		for i := range bytesAt(zOut, n) {
			bytesAt(zOut, n)[i] = byte(d.rng.Uint32())
		}
		return n
	}),
	FxSleep: code(func(_ *libc.TLS, _ uintptr, microseconds int32) int32 {
		time.Sleep(time.Duration(microseconds) * time.Microsecond)
		return microseconds
	}),
	FxCurrentTime: code(func(_ *libc.TLS, _, pDays uintptr) int32 {
		*at[float64](pDays) = float64(julianMillis()) / 86400e3
		return sqlite3.SQLITE_OK
	}),
	FxGetLastError: code(func(*libc.TLS, uintptr, int32, uintptr) int32 { return 0 }),
	FxCurrentTimeInt64: code(func(_ *libc.TLS, _, pMillis uintptr) int32 {
		*at[int64](pMillis) = julianMillis()
		return sqlite3.SQLITE_OK
	}),
}

// julianMillis is the time in SQLite's count: milliseconds since noon of 24 November 4714 BC.
func julianMillis() int64 { return time.Now().UnixMilli() + 210866760000000 }

// methods are the calls on an open file.  Version 2: with a WAL index, without memory-mapped reading.
var methods = sqlite3.Tsqlite3_io_methods{
	FiVersion: 2,
	FxClose: code(func(_ *libc.TLS, pFile uintptr) int32 {
		handleOf(pFile).close()
		handles.Delete(at[cfile](pFile).id)
		return sqlite3.SQLITE_OK
	}),
	FxRead: code(func(_ *libc.TLS, pFile, zBuf uintptr, n int32, offset int64) int32 {
		return handleOf(pFile).read(bytesAt(zBuf, n), int(offset))
	}),
	FxWrite: code(func(_ *libc.TLS, pFile, zBuf uintptr, n int32, offset int64) int32 {
		return handleOf(pFile).write(bytesAt(zBuf, n), int(offset))
	}),
	FxTruncate: code(func(_ *libc.TLS, pFile uintptr, size int64) int32 { return handleOf(pFile).truncate(int(size)) }),
	FxSync:     code(func(_ *libc.TLS, pFile uintptr, _ int32) int32 { return handleOf(pFile).sync() }),
	FxFileSize: code(func(_ *libc.TLS, pFile, pSize uintptr) int32 {
		n, result := handleOf(pFile).size()
		*at[int64](pSize) = int64(n)
		return result
	}),
	FxLock: code(func(_ *libc.TLS, pFile uintptr, level int32) int32 { return handleOf(pFile).acquire(level) }),
	FxUnlock: code(func(_ *libc.TLS, pFile uintptr, level int32) int32 {
		handleOf(pFile).release(level)
		return sqlite3.SQLITE_OK
	}),
	FxCheckReservedLock: code(func(_ *libc.TLS, pFile, pReserved uintptr) int32 {
		yes, result := handleOf(pFile).reserved()
		*at[int32](pReserved) = flag(yes)
		return result
	}),
	FxFileControl: code(func(*libc.TLS, uintptr, int32, uintptr) int32 { return sqlite3.SQLITE_NOTFOUND }),
	FxSectorSize:  code(func(*libc.TLS, uintptr) int32 { return 4096 }), // what SQLite's Unix layer says
	FxDeviceCharacteristics: code(func(*libc.TLS, uintptr) int32 {
		return sqlite3.SQLITE_IOCAP_POWERSAFE_OVERWRITE | sqlite3.SQLITE_IOCAP_SUBPAGE_READ
	}),
	FxShmMap: code(func(tls *libc.TLS, pFile uintptr, region, n, extend int32, ppMemory uintptr) int32 {
		address, result := handleOf(pFile).shmMap(tls, int(region), int(n), extend != 0)
		*at[uintptr](ppMemory) = address
		return result
	}),
	FxShmLock: code(func(_ *libc.TLS, pFile uintptr, first, n, flags int32) int32 {
		return handleOf(pFile).shmLock(int(first), int(n), flags)
	}),
	FxShmBarrier: code(func(_ *libc.TLS, pFile uintptr) {
		d := handleOf(pFile).disk
		d.mu.Lock()
		defer d.mu.Unlock()
	}),
	FxShmUnmap: code(func(_ *libc.TLS, pFile uintptr, _ int32) int32 {
		handleOf(pFile).shmUnmap()
		return sqlite3.SQLITE_OK
	}),
}
