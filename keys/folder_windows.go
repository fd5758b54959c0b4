package keys

import (
	"errors"
	"io/fs"
	"os"
)

// errNoModes is why there are no device keys here: nothing would keep others from a key that lies in a wrong place.
var errNoModes = errors.New("device keys are not kept on Windows: who may read their files cannot be checked there; run the daemon that needs them on Linux, and leave [keys] out here")

func openFolder(string) (*folder, error)           { return nil, errNoModes }
func openCredentials(string) (*folder, error)      { return nil, errNoModes }
func owner(fs.FileInfo) (uid, gid uint32)          { return 0, 0 }
func (*folder) lock() error                        { return errNoModes }
func (*folder) open(string, int) (*os.File, error) { return nil, errNoModes }
func (*folder) read(string) (string, error)        { return "", errNoModes }
func (*folder) write(string, []byte) error         { return errNoModes }
func (*folder) remove(string) error                { return errNoModes }
