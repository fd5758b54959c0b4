//go:build !linux

package access

import (
	"errors"
	"fmt"
	"net"
	"runtime"
)

// errNoPeers is why there is no socket here.
var errNoPeers = errors.New("who calls on a socket is known on Linux only; give [admin] listen an address, such as \"127.0.0.1:8686\"")

// ListenSocket is an error: the roles of callers follow from what the kernel says of them.
func ListenSocket(path string, _ Groups) (net.Listener, error) {
	return nil, fmt.Errorf("socket %s: no admin socket on %s: %w", path, runtime.GOOS, errNoPeers)
}

// Peer is an error.
func (g Groups) Peer(*net.UnixConn) (Caller, error) { return Caller{}, errNoPeers }
