package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"trama/cmd/trama/internal/config"
)

// occupant is a process of this machine; zero: none is known.  The files of another user's process only root sees.
type occupant struct {
	pid  int
	name string
}

// String implements fmt.Stringer.
func (p occupant) String() string {
	if p.pid == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d (%s)", p.pid, p.name)
}

// fileHolder is a process that has the file open; where there is no /proc, none.
func fileHolder(path string) occupant {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return occupant{}
	}
	return holder(path)
}

// portHolder is a process that listens on host:port, or on unix: and a path.
func portHolder(address string) occupant {
	table, column, inode, want := []string{"/proc/net/tcp", "/proc/net/tcp6"}, 1, 9, ""
	if path, isSocket := strings.CutPrefix(address, config.SocketPrefix); isSocket {
		table, column, inode, want = []string{"/proc/net/unix"}, 7, 6, path
	} else if _, port, err := net.SplitHostPort(address); err == nil {
		number, _ := strconv.Atoi(port)
		want = fmt.Sprintf(":%04X", number)
	}
	var sockets []string
	for _, file := range table {
		text, _ := os.ReadFile(file) // none on other systems
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			const listening = "0A"
			if len(f) > max(column, inode) && strings.HasSuffix(f[column], want) && (column == 7 || f[3] == listening) {
				sockets = append(sockets, "socket:["+f[inode]+"]")
			}
		}
	}
	if len(sockets) == 0 {
		return occupant{}
	}
	return holder(sockets...)
}

// holder looks for a process that has one of the files open.
func holder(files ...string) occupant {
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, d := range descriptors {
		if file, err := os.Readlink(d); err != nil || !slices.Contains(files, file) {
			continue
		}
		dir := filepath.Dir(filepath.Dir(d))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		name, _ := os.ReadFile(filepath.Join(dir, "comm"))
		return occupant{pid, strings.TrimSpace(string(name))}
	}
	return occupant{}
}

// inUse says that others have an address, and who, as far as this user may see.
func inUse(address net.Addr) string {
	text := fmt.Sprintf("%v is in use", address)
	if by := portHolder(address.String()); by.pid != 0 {
		text += " by " + by.String()
	}
	return text + ": another trama?"
}

// holders says who has the files that a start with this configuration needs.
func holders(c *config.Config) (all []string) {
	say := func(what string, by occupant) {
		if by.pid != 0 {
			all = append(all, what+" is in use by "+by.String())
		}
	}
	if !c.Journal.Memory {
		say("the journal "+c.Journal.Path, fileHolder(c.Journal.Path))
	}
	for _, address := range c.Admin.Listen {
		if strings.HasPrefix(address, config.SocketPrefix) {
			say("the socket "+address, portHolder(address))
		}
	}
	return all
}

// bare is an error of opening a port without the address, which whoever tells it names.
func bare(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
