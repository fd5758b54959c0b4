package admission

import (
	"strings"

	"trama/codec/protect"
)

// Policy says who may speak on a listener.  The zero value takes everybody, protected or not.
type Policy struct {
	Security Security
	// Suites are those in which protected frames are accepted; nil: DefaultSuites.
	Suites []protect.Suite
	// Challenge: a device with a key is challenged on each connection, with its first frame that has a right tag.
	Challenge bool
	// AllowUnprotectedControl: commands go also to a master that speaks unprotected, on a listener whose Security is
	// not Open.
	AllowUnprotectedControl bool

	Unknown             Unknown
	Serials             []string // that may speak: whole ones, or beginnings with a * behind; nil: all
	NewMastersPerMinute int      // serials that were never seen before; 0: any number
	Takeover            Takeover
}

// DefaultSuites are those of a listener that names none.
var DefaultSuites = []protect.Suite{protect.CCM8, protect.CCM16}

// Allows says whether frames under a suite are accepted.
func (p *Policy) Allows(s protect.Suite) bool {
	all := p.Suites
	if all == nil {
		all = DefaultSuites
	}
	for _, each := range all {
		if each == s {
			return true
		}
	}
	return false
}

// Names says whether a serial is one of Serials.
func (p *Policy) Names(serial []byte) bool {
	if p.Serials == nil {
		return true
	}
	for _, each := range p.Serials {
		beginning, open := strings.CutSuffix(each, "*")
		if each == string(serial) || open && len(serial) >= len(beginning) && string(serial[:len(beginning)]) == beginning {
			return true
		}
	}
	return false
}

// Security says which frames must be protected.
type Security uint8

// The securities.
const (
	Open     Security = iota // none must; those that are, are verified
	Required                 // all must
	Mixed                    // those of a master that has a key must
)

// Securities are their names.
var Securities = []string{"open", "required", "mixed"}

// String is the name in the configuration.
func (s Security) String() string { return Securities[s] }

// Unknown says what becomes of a master that was never seen before.
type Unknown uint8

// The ways to receive a master that was never seen before.
const (
	Accept     Unknown = iota // it is a master from now on
	Quarantine                // it is shown and not acknowledged, until it is approved
	Refuse
)

// Unknowns are their names.
var Unknowns = []string{"accept", "quarantine", "refuse"}

// String is the name in the configuration.
func (u Unknown) String() string { return Unknowns[u] }

// Takeover says which connection may take the link of a master that has a live one.
type Takeover uint8

// The rules of takeover.
const (
	Any           Takeover = iota // whoever speaks for the master
	Authenticated                 // those on which a protected frame of the master was accepted
	SameSource                    // those that come from the address of the live one
)

// Takeovers are their names.
var Takeovers = []string{"any", "authenticated", "same-source"}

// String is the name in the configuration.
func (t Takeover) String() string { return Takeovers[t] }
