package fleet

import (
	"fmt"
	"syscall"
)

// spareDescriptors is what the rest of the process needs.
const spareDescriptors = 64

// reserveDescriptors makes sure that every master can have its socket, raising the soft limit as far as that takes.
func reserveDescriptors(masters int) error {
	need := uint64(masters + spareDescriptors)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	if limit.Cur >= need {
		return nil
	}
	if limit.Max < need {
		return fmt.Errorf("%d masters need %d open files and the hard limit is %d (ulimit -Hn)", masters, need, limit.Max)
	}
	limit.Cur = need
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files to %d: %w", need, err)
	}
	return nil
}
