package sqlite

import (
	"os"

	"golang.org/x/sys/windows"
)

// statfs is what this user may use of the disk.
func statfs(dir string) (Disk, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return Disk{}, err
	}
	var free, size uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, &size, nil); err != nil {
		return Disk{}, err
	}
	return Disk{Size: int64(size), Free: int64(free)}, nil
}

// links is how many names a file has; they are not counted here.
func links(*os.File) (uint64, error) { return 1, nil }

// syncDirectory does nothing: directories cannot be synced here, and names are durable by the journal of the file system.
func syncDirectory(string) error { return nil }
