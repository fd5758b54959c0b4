package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// inUse says that others have an address, and who, as far as this user may see.
func inUse(address net.Addr) string {
	text := fmt.Sprintf("%v is in use", address)
	if tcp, ok := address.(*net.TCPAddr); ok {
		if pid, name := holder(tcp.Port); pid != "" {
			return fmt.Sprintf("%s by process %s (%s): another trama?", text, pid, name)
		}
	}
	return text + ": another trama?"
}

// holder is the process that listens on a port of this machine; empty where /proc does not tell.
func holder(port int) (pid, name string) {
	var sockets []string
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(file) // a machine without tells nothing
		for line := range strings.Lines(string(text)) {
			const local, state, inode, listening = 1, 3, 9, "0A"
			f := strings.Fields(line)
			if len(f) > inode && f[state] == listening && strings.HasSuffix(f[local], fmt.Sprintf(":%04X", port)) {
				sockets = append(sockets, "socket:["+f[inode]+"]")
			}
		}
	}
	if len(sockets) == 0 {
		return "", ""
	}
	open, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && slices.Contains(sockets, to) {
			process := filepath.Dir(filepath.Dir(fd))
			comm, _ := os.ReadFile(filepath.Join(process, "comm")) // a process that has ended has no name
			return filepath.Base(process), strings.TrimSpace(string(comm))
		}
	}
	return "", ""
}
