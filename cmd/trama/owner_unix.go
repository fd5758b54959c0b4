//go:build unix

package main

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// owner is the user whom a file belongs to; empty when that cannot be seen.
func owner(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return ""
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	id := strconv.Itoa(int(s.Uid))
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "user " + id
}
