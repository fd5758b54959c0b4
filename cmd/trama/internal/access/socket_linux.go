package access

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// ListenSocket opens a Unix socket with mode 0660: who can write to it may connect, and what they may do follows from
// who they are.  Its group is the first that has a role.  A socket that a daemon has left is replaced, one on which
// another listens is not.  The folder, made when there is none, must be one in which nobody else can put another socket.
func ListenSocket(path string, groups Groups) (net.Listener, error) {
	if err := ownFolder(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("socket %s: a file that is no socket has this name", path)
	default:
		if err := removeStale(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	err = os.Chmod(path, 0o660)
	if gid, ok := groups.first(); ok && err == nil {
		if err = os.Lchown(path, -1, gid); err != nil {
			err = fmt.Errorf("give the socket to its group: %w (the daemon's user must be in it)", err)
		}
	}
	if err != nil {
		_ = l.Close() // err is what matters
		return nil, err
	}
	return l, nil
}

// ownFolder makes a folder, or refuses one in which others than root and the user of this process can make files.
func ownFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("others can write into its folder (mode %04o); chmod go-w %s, or choose one of its own", mode, dir)
	}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok && sys.Uid != 0 && int(sys.Uid) != os.Geteuid() {
		return fmt.Errorf("its folder %s belongs to another user (%d)", dir, sys.Uid)
	}
	return nil
}

// removeStale removes a socket on which nobody listens.
func removeStale(path string) error {
	conn, err := net.Dial("unix", path)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("socket %s: another process listens on it", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("is there somebody: %w", err)
	}
	return os.Remove(path)
}
