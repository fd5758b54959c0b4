package sqlite

import "syscall"

// statfs is what df counts: without what is reserved for others.
func statfs(dir string) (Disk, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Disk{}, err
	}
	block := int64(s.Bsize) //nolint:unconvert // on other machines it has 32 bits
	return Disk{Size: int64(s.Blocks-s.Bfree+s.Bavail) * block, Free: int64(s.Bavail) * block}, nil
}
