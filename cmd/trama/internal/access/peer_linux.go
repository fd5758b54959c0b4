package access

import (
	"errors"
	"fmt"
	"net"
	"os/user"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Peer says who is on the other side of a connection to the socket, as the kernel knows it.  The error is ErrNoRole,
// with the name, for somebody who may nothing.
func (g Groups) Peer(conn *net.UnixConn) (Caller, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Caller{}, err
	}
	var cred *unix.Ucred
	var gids []int
	var failed error
	err = raw.Control(func(fd uintptr) {
		if cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); failed == nil {
			gids, failed = peerGroups(fd)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return Caller{}, fmt.Errorf("who is on the socket: %w", err)
	}
	c := Caller{Name: fmt.Sprintf("uid %d", cred.Uid), From: fmt.Sprintf("socket, pid %d", cred.Pid)}
	if u, err := user.LookupId(strconv.Itoa(int(cred.Uid))); err == nil {
		c.Name = "user " + u.Username // no token is called so
	}
	if c.Role = g.RoleOf(int(cred.Uid), append(gids, int(cred.Gid))); c.Role == Anyone {
		return c, fmt.Errorf("%s %w", c.Name, ErrNoRole)
	}
	return c, nil
}

// peerGroups are the supplementary groups of the process on the other side, when it connected.
func peerGroups(fd uintptr) ([]int, error) {
	var list []uint32
	size := uint32(64 * 4)
	for errno := unix.ERANGE; errno != 0; {
		list = make([]uint32, size/4) // as many as the kernel has told of
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 && errno != unix.ERANGE {
			return nil, errno
		}
	}
	gids := make([]int, size/4)
	for i := range gids {
		gids[i] = int(list[i])
	}
	return gids, nil
}
