//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
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

// checkAsOwner checks a configuration as the user whom the directory of the state belongs to, whose name it tells: root may read
// what the service may not.  The name is empty when it is this user, or cannot be become.
func checkAsOwner(dir, config string) (name string, err error) {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return "", nil
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	self, err := os.Executable()
	if err == nil {
		config, err = filepath.Abs(config)
	}
	if !ok || err != nil || s.Uid == 0 {
		return "", nil
	}
	var said bytes.Buffer
	c := exec.Command(self, "check", "--config", config)
	c.Dir, c.Stderr = "/", &said
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.Uid, Gid: s.Gid}}
	if err := c.Run(); err == nil {
		return owner(dir), nil
	} else if !errors.As(err, new(*exec.ExitError)) {
		return "", nil
	}
	why, _, _ := strings.Cut(said.String(), "\n")
	return owner(dir), errors.New(strings.TrimPrefix(why, "trama: "))
}
