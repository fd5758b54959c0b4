package keys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder is an open directory whose owner and mode have been checked.  Files are opened relative to it, so that nobody
// can put another directory in its place meanwhile.
type folder struct {
	*os.File
	uid, gid uint32
	forbid   fs.FileMode // bits that no file in it may have
	owners   []uint32    // who a file may belong to
	fix      string      // how to set the mode of a file
}

// path is how a file of the directory is named to people.
func (d *folder) path(name string) string { return filepath.Join(d.Name(), name) }

// names lists what may be the file of a key.
func (d *folder) names() ([]string, error) {
	if _, err := d.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	all, err := d.Readdirnames(-1)
	return slices.DeleteFunc(all, func(name string) bool {
		return strings.HasPrefix(name, ".") || !strings.HasSuffix(name, extension)
	}), err
}

// maxFileBytes bounds the file of a key.
const maxFileBytes = 4 << 10

// temporary is the name under which the new content of a file is written.
func temporary(name string) string { return "." + name + ".new" }

// Make makes the directory of the keys if there is none.  Made by root it belongs to whom the one around it belongs to.
func Make(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // whatever is there is looked at when it is opened
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make key directory: %w", err)
	}
	if around, err := os.Stat(filepath.Dir(path)); err == nil && os.Geteuid() == 0 {
		uid, gid := owner(around)
		return os.Chown(path, int(uid), int(gid))
	}
	return nil
}
