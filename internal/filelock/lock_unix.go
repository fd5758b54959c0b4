//go:build unix

package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Lock takes the lock of an open file without waiting; closing the file, or the end of the process, gives it back.  The
// lock keeps nobody from reading and writing.
func Lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
