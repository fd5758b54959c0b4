//go:build unix

package sqlite

import (
	"os"
	"path/filepath"
	"syscall"
)

// likeOwner gives a file to whoever the journal at path, or its directory, belongs to: root may have made it for a
// service.
func likeOwner(file, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		if info, err = os.Stat(filepath.Dir(path)); err != nil {
			return err
		}
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return os.Chown(file, int(s.Uid), int(s.Gid))
	}
	return nil
}
