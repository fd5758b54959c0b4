//go:build unix

package access

import (
	"os"
	"path/filepath"
	"syscall"
)

const (
	plainOnly  = syscall.O_NOFOLLOW | syscall.O_NONBLOCK // opens no link and waits for nobody
	modesCount = true                                    // the mode of a file says who may use it
)

// likeFolder gives a file to whoever its folder belongs to: root may make it for a service.
func likeFolder(f *os.File) error {
	info, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return f.Chown(int(s.Uid), int(s.Gid))
	}
	return nil
}
