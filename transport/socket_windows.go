package transport

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// openSocket has reads and writes of ours return at once; those of Go, which are overlapped, know no difference.
func openSocket(fd uintptr) error {
	const fionbio = 0x8004667e // of winsock2.h
	on, got := uint32(1), uint32(0)
	return windows.WSAIoctl(windows.Handle(fd), fionbio, (*byte)(unsafe.Pointer(&on)), 4, nil, 0, &got, nil, 0)
}

// readSocket reads once from a non-blocking socket.
func readSocket(fd uintptr, p []byte) (int, error) { return receiveFrom(fd, p, 0) }

// peekSocket reads a byte that the next read gets again.
func peekSocket(fd uintptr) (int, error) { return receiveFrom(fd, make([]byte, 1), windows.MSG_PEEK) }

func receiveFrom(fd uintptr, p []byte, flags uint32) (int, error) {
	var n uint32
	into := windows.WSABuf{Len: uint32(len(p)), Buf: unsafe.SliceData(p)}
	err := windows.WSARecv(windows.Handle(fd), &into, 1, &n, &flags, nil, nil)
	return int(n), unlessLater(err)
}

// writeSocket writes once to a non-blocking socket.
func writeSocket(fd uintptr, p []byte) (int, error) {
	var n uint32
	from := windows.WSABuf{Len: uint32(len(p)), Buf: unsafe.SliceData(p)}
	err := windows.WSASend(windows.Handle(fd), &from, 1, &n, 0, nil, nil)
	return int(n), unlessLater(err)
}

func unlessLater(err error) error {
	if errors.Is(err, windows.WSAEWOULDBLOCK) {
		return syscall.EAGAIN
	}
	return err
}

// commonError is the error as errors.go knows it.
func commonError(code syscall.Errno) syscall.Errno {
	switch code {
	case windows.WSAECONNRESET, windows.WSAENETRESET:
		return syscall.ECONNRESET
	case windows.WSAECONNABORTED, windows.WSAESHUTDOWN:
		return syscall.ECONNABORTED
	case windows.WSAETIMEDOUT:
		return syscall.ETIMEDOUT
	case windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAEHOSTDOWN, windows.WSAENETDOWN:
		return syscall.EHOSTUNREACH
	case windows.WSAEMFILE, windows.WSAENOBUFS:
		return syscall.EMFILE
	}
	return code
}

// NewDescriptors returns a budget that no listener uses up: sockets are not limited by number here.
func NewDescriptors() (*Descriptors, error) { return LimitDescriptors(1 << 20), nil }
