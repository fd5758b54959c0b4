package codec

import (
	"crypto/sha256"
	"math"
)

// Profile is one compiled definition.  It is immutable and safe for concurrent use.
type Profile struct {
	*program

	examples []example
	resend   Resend
	script   *Script
	sources  []Source
	hash     [sha256.Size]byte
}

// Name of the profile.
func (p *Profile) Name() string { return p.name }

// Title says in words what the profile is.
func (p *Profile) Title() string { return p.title }

// MaxFrameBytes is the size of the largest frame that is accepted.
func (p *Profile) MaxFrameBytes() int { return p.max }

// Messages lists all layouts in the order of the definition.
func (p *Profile) Messages() []*Message { return p.messages }

// Commands lists the messages that the server may send to a master.
func (p *Profile) Commands() []*Message { return p.commands }

// TransactionLimit is the first value that does not fit the transaction field (the smallest, where messages have
// different ones); 0 when there is none.
func (p *Profile) TransactionLimit() (limit uint64) {
	for i := range p.ops {
		o := &p.ops[i]
		if o.role != RoleTransaction {
			continue
		}
		hi := o.largest()
		if hi < math.MaxUint64 {
			hi++
		}
		if limit == 0 || hi < limit {
			limit = hi
		}
	}
	return limit
}

// HasChecksum says whether frames of the profile carry a checksum, of their own or after blocks of bytes.
func (p *Profile) HasChecksum() bool { return p.hasChecksum() }

// Script is how a simulated master behaves: as [simulate] says, or, without it, as the purposes of the messages suggest.
// The error says what a guess is not enough for.
func (p *Profile) Script() (*Script, error) {
	if p.script != nil {
		return p.script, nil
	}
	return guessScript(p.program)
}
