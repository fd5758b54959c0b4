//go:build unix

package access

import "syscall"

const (
	plainOnly  = syscall.O_NOFOLLOW | syscall.O_NONBLOCK // opens no link and waits for nobody
	modesCount = true                                    // the mode of a file says who may use it
)
