//go:build unix

package fleet

import (
	"fmt"
	"syscall"
)

// spareDescriptors is what the rest of the process needs.
const spareDescriptors = 64

// reserveDescriptors makes sure that every master can have its socket.  Go has raised the soft limit to the hard one.
func reserveDescriptors(masters int) error {
	need := uint64(masters + spareDescriptors)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	if have := uint64(limit.Cur); have < need { //nolint:unconvert // on FreeBSD it is an int64
		return fmt.Errorf("%d masters need %d open files and the hard limit is %d (ulimit -Hn)", masters, need, have)
	}
	return nil
}
