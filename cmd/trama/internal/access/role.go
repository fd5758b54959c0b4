package access

import (
	"fmt"

	"trama/internal/words"
)

// Role is what somebody may do; each may all that those before it may.  The zero value is none, which no route has.
type Role uint8

// The roles.
const (
	Anyone  Role = iota + 1 // without a token
	Read                    // look at everything, change nothing
	Operate                 // commands, kick, suspend, resume, cursors
	Admin                   // reload, shadow, restart, tokens, log level
)

// String is the role as the configuration writes it.
func (r Role) String() string {
	switch r {
	case Anyone:
		return "none"
	case Read:
		return "read"
	case Operate:
		return "operate"
	case Admin:
		return "admin"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// Roles are the names of those that can be given.
var Roles = []string{Read.String(), Operate.String(), Admin.String()}

// MarshalText implements encoding.TextMarshaler.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Role) UnmarshalText(text []byte) error {
	for _, role := range []Role{Read, Operate, Admin} {
		if role.String() == string(text) {
			*r = role
			return nil
		}
	}
	return words.OneOf(string(text), Roles)
}

// Caller is somebody who asks for something.
type Caller struct {
	Name string // of the token or of the socket's user; empty for Anyone
	Role Role
	From string // address, or the process behind the socket
}
