//go:build unix

package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// statfs is what df counts: without what is reserved for others.
func statfs(dir string) (Disk, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Disk{}, err
	}
	block := int64(s.Bsize)         //nolint:unconvert // on other machines it has 32 bits
	free := max(0, int64(s.Bavail)) // below 0 on FreeBSD when root has written what is reserved
	return Disk{Size: (int64(s.Blocks-s.Bfree) + free) * block, Free: free * block}, nil
}

// links is how many names a file has.
func links(f *os.File) (uint64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1, nil
	}
	return uint64(s.Nlink), nil //nolint:unconvert // on other machines it has 32 bits
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}
