package access

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrNoRole is of a user of the socket who is in no group that has a role.
var ErrNoRole = errors.New("is in none of the groups that [admin] read_group, operate_group and admin_group name")

// Groups are the groups whose members have a role on the socket.  Root and the user of this process are Admin.
type Groups struct {
	roles []groupRole // the least role first
}

type groupRole struct {
	gid  int
	role Role
}

// FindGroups looks up the groups of the roles by name or number; an empty one gives its role to nobody.
func FindGroups(read, operate, admin string) (Groups, error) {
	var found Groups
	for _, g := range []struct {
		name string
		role Role
	}{{read, Read}, {operate, Operate}, {admin, Admin}} {
		if g.name == "" {
			continue
		}
		gid, err := strconv.Atoi(g.name)
		if err != nil {
			known, err := user.LookupGroup(g.name)
			if err != nil {
				return found, fmt.Errorf("[admin] %s_group: %w", g.role, err)
			}
			if gid, err = strconv.Atoi(known.Gid); err != nil {
				return found, fmt.Errorf("[admin] %s_group: %w", g.role, err)
			}
		}
		found.roles = append(found.roles, groupRole{gid, g.role})
	}
	return found, nil
}

func (g Groups) first() (gid int, ok bool) {
	if len(g.roles) == 0 {
		return 0, false
	}
	return g.roles[0].gid, true
}

// RoleOf is what a user may; Anyone when nothing.
func (g Groups) RoleOf(uid int, gids []int) Role {
	if uid == 0 || uid == os.Geteuid() {
		return Admin
	}
	role := Anyone
	for _, r := range g.roles {
		if slices.Contains(gids, r.gid) {
			role = max(role, r.role)
		}
	}
	return role
}

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
