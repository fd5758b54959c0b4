package transport

import (
	"errors"
	"os"
	"syscall"
)

// reasonOf classifies the error of a read or a write; other is for those that fit nowhere.
func reasonOf(err error, other CloseReason) (reason CloseReason, detail string) {
	var code syscall.Errno
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded): // writes only: a read deadline is not an error
		return CloseSlowPeer, "write timeout"
	case !errors.As(err, &code):
		return other, err.Error()
	}
	code = commonError(code)
	switch code {
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		reason = CloseReset
	case syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN:
		reason = CloseUnreachable
	default:
		reason = other
	}
	return reason, code.Error()
}

// acceptAction is what an error of accept asks for.
type acceptAction uint8

const (
	acceptFatal acceptAction = iota // the listening socket is of no more use
	acceptNext                      // one connection was lost before we had it
	acceptPause                     // no descriptors or memory: wait a little
)

// classifyAccept sorts the errors of accept(2).  Linux hands errors that are already pending on the new connection
// to the caller of accept; they say nothing about the listening socket.
func classifyAccept(err error) acceptAction {
	var code syscall.Errno
	if !errors.As(err, &code) {
		return acceptFatal
	}
	switch commonError(code) {
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return acceptPause
	case syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EAGAIN, syscall.EPROTO, syscall.EPERM,
		syscall.ENETDOWN, syscall.ENOPROTOOPT, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.EOPNOTSUPP,
		syscall.ENETUNREACH, syscall.ETIMEDOUT:
		return acceptNext
	}
	return acceptFatal
}
