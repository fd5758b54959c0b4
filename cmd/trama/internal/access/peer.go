package access

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
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
