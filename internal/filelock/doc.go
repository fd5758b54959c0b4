// Package filelock keeps two processes from one file.
package filelock

import "errors"

// ErrLocked is that another process has the lock.
var ErrLocked = errors.New("it is locked")
