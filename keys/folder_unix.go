//go:build unix

package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFolder opens the directory of the keys.  Root may use the directory of somebody else: what it makes there is theirs.
func openFolder(path string) (*folder, error) {
	d, err := openDirectory(path)
	if err != nil {
		return nil, err
	}
	d.forbid, d.fix = 0o077, "chmod 600"
	d.owners = []uint32{d.uid}
	if us := os.Geteuid(); us != 0 && int(d.uid) != us {
		_ = d.Close() // it was only looked at
		return nil, fmt.Errorf("key directory %s belongs to user %d, and this program runs as %d; chown it", path, d.uid, us)
	}
	return d, d.checkMode("chmod 700")
}

// openCredentials opens a directory that systemd has made: root may own it, and an access list may show as a mode of the group.
func openCredentials(path string) (*folder, error) {
	d, err := openDirectory(path)
	if err != nil {
		return nil, err
	}
	d.forbid, d.fix = 0o027, "chmod o=,g-w"
	d.owners = []uint32{0, uint32(os.Geteuid())}
	if !slices.Contains(d.owners, d.uid) {
		_ = d.Close() // it was only looked at
		return nil, fmt.Errorf("credential directory %s belongs to user %d; it must be root or the user of this program", path, d.uid)
	}
	return d, d.checkMode(d.fix)
}

func openDirectory(path string) (*folder, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	switch {
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		return nil, fmt.Errorf("key directory %s is a symbolic link or a file; a directory is needed", path)
	case err != nil:
		return nil, fmt.Errorf("key directory: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // err is what matters
		return nil, fmt.Errorf("key directory: %w", err)
	}
	d := &folder{File: f}
	d.uid, d.gid = owner(info)
	return d, nil
}

func (d *folder) checkMode(fix string) error {
	info, err := d.Stat()
	if err == nil && info.Mode().Perm()&d.forbid != 0 {
		err = fmt.Errorf("key directory %s can be used by others (mode %04o); %s it", d.Name(), info.Mode().Perm(), fix)
	}
	if err != nil {
		_ = d.Close() // err is what matters
	}
	return err
}

func owner(info fs.FileInfo) (uid, gid uint32) {
	s := info.Sys().(*syscall.Stat_t)
	return s.Uid, s.Gid
}

// lock waits until no other process changes the directory; closing it gives the lock back.
func (d *folder) lock() error {
	for {
		if err := unix.Flock(int(d.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// open opens or makes a file of the daemon.
func (d *folder) open(name string, flags int) (*os.File, error) {
	at, err := unix.Openat(int(d.Fd()), name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(at), d.path(name)), nil
}

// read returns the text of a file that is checked: a plain one, of the right owner, that others cannot use.
func (d *folder) read(name string) (string, error) {
	at, err := unix.Openat(int(d.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ELOOP):
		return "", fmt.Errorf("key file %s is a symbolic link; a plain file is needed", d.path(name))
	case err != nil:
		return "", &fs.PathError{Op: "open", Path: d.path(name), Err: err}
	}
	defer unix.Close(at)
	var info unix.Stat_t
	if err := unix.Fstat(at, &info); err != nil {
		return "", &fs.PathError{Op: "stat", Path: d.path(name), Err: err}
	}
	switch mode := fs.FileMode(info.Mode & 0o777); {
	case info.Mode&unix.S_IFMT != unix.S_IFREG:
		return "", fmt.Errorf("key file %s is not a plain file", d.path(name))
	case !slices.Contains(d.owners, info.Uid):
		return "", fmt.Errorf("key file %s belongs to user %d; chown it to user %d", d.path(name), info.Uid, d.owners[len(d.owners)-1])
	case mode&d.forbid != 0:
		return "", fmt.Errorf("key file %s can be used by others (mode %04o); %s it, and give its device another key if somebody may have read it",
			d.path(name), mode, d.fix)
	case info.Size > maxFileBytes:
		return "", fmt.Errorf("key file %s has %d bytes; a key file has at most %d", d.path(name), info.Size, maxFileBytes)
	}
	text := make([]byte, maxFileBytes)
	n, err := unix.Read(at, text)
	if err != nil {
		return "", &fs.PathError{Op: "read", Path: d.path(name), Err: err}
	}
	return string(text[:n]), nil
}

// write puts a whole file in the place of an old one.  Its name is durable after Sync only.  The caller holds the lock.
func (d *folder) write(name string, text []byte) error {
	at := int(d.Fd())
	_ = unix.Unlinkat(at, temporary(name), 0) // of a process that was killed
	to, err := unix.Openat(at, temporary(name), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &fs.PathError{Op: "make", Path: d.path(temporary(name)), Err: err}
	}
	f := os.NewFile(uintptr(to), d.path(temporary(name)))
	_, err = f.Write(text)
	if err == nil && os.Geteuid() == 0 {
		err = f.Chown(int(d.uid), int(d.gid))
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = unix.Renameat(at, temporary(name), at, name)
	}
	if err != nil {
		_ = unix.Unlinkat(at, temporary(name), 0) // err is what matters
		return fmt.Errorf("write %s: %w", d.path(name), err)
	}
	return nil
}

// remove deletes a file with what a killed process may have left of it.
func (d *folder) remove(name string) error {
	_ = unix.Unlinkat(int(d.Fd()), temporary(name), 0) // it is hardly ever there
	if err := unix.Unlinkat(int(d.Fd()), name, 0); err != nil {
		return &fs.PathError{Op: "remove", Path: d.path(name), Err: err}
	}
	return nil
}
