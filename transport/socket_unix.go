//go:build unix

package transport

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// readSocket reads once from a non-blocking descriptor.
func readSocket(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// writeSocket writes once to a non-blocking descriptor.
func writeSocket(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// peekSocket reads a byte that the next read gets again.
func peekSocket(fd uintptr) (int, error) {
	var first [1]byte
	n, _, err := unix.Recvfrom(int(fd), first[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return n, err
}

// openSocket does nothing: Go's sockets do not block.
func openSocket(uintptr) error { return nil }

// commonError is the error as errors.go knows it.
func commonError(code syscall.Errno) syscall.Errno { return code }

// NewDescriptors returns a budget of the soft RLIMIT_NOFILE minus ReservedDescriptors.
func NewDescriptors() (*Descriptors, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, fmt.Errorf("limit of open files: %w", err)
	}
	if limit.Cur <= ReservedDescriptors {
		return nil, fmt.Errorf("limit of open files is %d: at least %d are needed", limit.Cur, ReservedDescriptors+1)
	}
	const many = 1 << 30 // "unlimited" is a number beyond any int
	return LimitDescriptors(int(min(limit.Cur, many)) - ReservedDescriptors), nil
}
