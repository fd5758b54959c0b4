package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/config"
	"trama/journal/sqlite"
	"trama/transport"
)

// liveFinding is what check --live saw of one thing that a start needs.
type liveFinding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Seen string `json:"seen"`
}

// live tries what a start with this configuration needs of the machine, and leaves nothing behind.
type live struct {
	found   []liveFinding
	running occupant // the daemon of this configuration, if it runs
}

func lookAlive(c *config.Config) []liveFinding {
	l := &live{}
	if !c.Journal.Memory {
		l.running = fileHolder(c.Journal.Path)
		l.files(c)
		if user, err := checkAsOwner(filepath.Dir(c.Journal.Path), c.File); user != "" {
			l.see("user "+user, err, "can read all that the configuration names")
		}
		l.disk(c.Journal)
		l.clock(c.Journal.Path)
	}
	groups, err := access.FindGroups(c.Admin.ReadGroup, c.Admin.OperateGroup, c.Admin.AdminGroup)
	l.see("groups of the socket", err, "known")
	for _, address := range c.Admin.Listen {
		l.port("admin endpoint", address, func() (net.Listener, error) {
			path, isSocket := strings.CutPrefix(address, config.SocketPrefix)
			if !isSocket {
				return net.Listen("tcp", address)
			}
			if _, err := os.Stat(filepath.Dir(path)); err != nil {
				return nil, writable(filepath.Dir(path))
			}
			return access.ListenSocket(path, groups)
		})
	}
	for _, port := range c.Listeners {
		l.port("listener "+port.Name, port.Address, func() (net.Listener, error) { return net.Listen("tcp", port.Address) })
	}
	descriptors, err := transport.NewDescriptors()
	if err == nil {
		l.see("descriptors", nil, fmt.Sprintf("enough for %d connections", descriptors.Limit()))
	} else {
		l.see("descriptors", fmt.Errorf("%w; LimitNOFILE in the unit, or ulimit -n", err), "")
	}
	return l.found
}

func (l *live) see(what string, err error, seen string) {
	if err != nil {
		seen = err.Error()
	}
	l.found = append(l.found, liveFinding{what, err == nil, seen})
}

// port opens an address for an instant.
func (l *live) port(what, address string, open func() (net.Listener, error)) {
	port, err := open()
	if port != nil {
		_ = port.Close() // it was to be tried only
	}
	seen := "can be opened"
	if err != nil {
		by := portHolder(address)
		switch {
		case by.pid != 0 && by == l.running:
			err, seen = nil, "is open in the running daemon, "+by.String()
		case by.pid != 0:
			err = fmt.Errorf("is in use by %v", by)
		case errors.Is(err, fs.ErrPermission) && !strings.HasPrefix(address, config.SocketPrefix):
			err = fmt.Errorf("%w; ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit", bare(err))
		default:
			err = bare(err)
		}
	}
	l.see(what+" "+address, err, seen)
}

// files looks whether this user can use what is there, and make what is not.
func (l *live) files(c *config.Config) {
	dirs := []string{filepath.Dir(c.Journal.Path), filepath.Dir(c.Admin.TokenFile), c.Keys.Directory}
	for _, dir := range slices.Compact(dirs) {
		if dir != "" {
			l.see("directory "+dir, writable(dir), "can be written")
		}
	}
	journal := []string{c.Journal.Path, c.Journal.Path + "-wal"}
	for _, file := range append(journal, c.Admin.TokenFile, c.Admin.TokensFile()) {
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil:
			_ = f.Close() // nothing was written
			// Root may use what the service may not.
			if dir := filepath.Dir(file); os.Geteuid() == 0 && owner(file) != owner(dir) {
				err = fmt.Errorf("belongs to %s, and %s to %s", owner(file), dir, owner(dir))
			}
		default:
			err = refusedBy(file, err)
		}
		l.see("file "+file, err, "can be used")
	}
}

func (l *live) disk(c config.Journal) {
	dir := filepath.Dir(c.Path)
	for there := fs.ErrNotExist; errors.Is(there, fs.ErrNotExist) && dir != filepath.Dir(dir); {
		if _, there = os.Stat(dir); there != nil {
			dir = filepath.Dir(dir)
		}
	}
	d, err := sqlite.DiskOf(filepath.Join(dir, "x"))
	used := 100 - 100*float64(d.Free)/float64(max(d.Size, 1))
	seen := fmt.Sprintf("%.1f GiB free, %.0f %% in use", float64(d.Free)/(1<<30), used)
	if err == nil && used >= float64(c.DiskLimit) {
		err = fmt.Errorf("%s: nothing is accepted above disk_limit = %d", seen, c.DiskLimit)
	}
	l.see("disk of "+dir, err, seen)
}

// clock holds the clock against the time of the last write: a machine without a battery begins in 1970.
func (l *live) clock(journal string) {
	now := time.Now()
	var err error
	if info, stat := os.Stat(journal); stat == nil && info.ModTime().Sub(now) > time.Minute {
		err = fmt.Errorf("it is %s, and the journal was written at %s: set the clock first", now.UTC().Format(time.RFC3339),
			info.ModTime().UTC().Format(time.RFC3339))
	} else if now.Year() < 2026 {
		err = fmt.Errorf("it is %s: set the clock first", now.UTC().Format(time.RFC3339))
	}
	l.see("clock", err, now.UTC().Format(time.RFC3339))
}

// writable makes a file in a directory, or in the one that is there above it, and removes it.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".trama-check-*")
	if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
		return writable(filepath.Dir(dir))
	}
	if err != nil {
		return refusedBy(dir, err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("trama check --live")
	return errors.Join(err, f.Sync(), f.Close())
}

// refusedBy is an error of a file with its name, and with whose it is when that is the reason.
func refusedBy(file string, err error) error {
	var place *fs.PathError
	if errors.As(err, &place) {
		err = place.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w%s", err, whose(file))
	}
	return fmt.Errorf("%s: %w", file, err)
}

// whose says whom a file belongs to, or the directory above it that hides the file; empty when nothing is seen.
func whose(file string) string {
	name := owner(file)
	for ; name == "" && file != filepath.Dir(file); name = owner(file) {
		file = filepath.Dir(file)
	}
	if name == "" {
		return ""
	}
	return ": " + file + " belongs to " + name
}

// live is the part of check that looks at the machine.
func (r *checkReport) live(c *config.Config) error {
	found := lookAlive(c)
	bad := 0
	for _, f := range found {
		if !f.OK {
			bad++
			r.complain("%s: %s", f.What, f.Seen)
			continue
		}
		r.say("%s: %s", f.What, f.Seen)
	}
	if r.json {
		out := json.NewEncoder(r.stdout)
		out.SetIndent("", "  ")
		if err := out.Encode(map[string]any{"profiles": r.profiles, "live": found}); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("a start would meet %d %s", bad, plural(bad, "problem"))
	}
	return nil
}
