package codec

import (
	"crypto/sha256"
	"math"
	"slices"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
	"trama/codec/internal/simulate"
)

// Profile is one compiled definition.  It is immutable and safe for concurrent use.
type Profile struct {
	program  *program.Program
	examples []program.Example
	resend   program.Resend
	script   *simulate.Script  // nil: the definition has no [simulate]
	settings *program.Settings // nil: masters do not ask for settings
	clock    *program.Clock    // nil: nobody sets the clocks of masters
	sources  []schema.Source
	hash     [sha256.Size]byte
}

// Name of the profile.
func (p *Profile) Name() string { return p.program.Name }

// Title says in words what the profile is.
func (p *Profile) Title() string { return p.program.Title }

// MaxFrameBytes is the size of the largest frame that is accepted, protected or not.
func (p *Profile) MaxFrameBytes() int {
	if p.program.Security != nil {
		return p.program.Security.MaxBytes()
	}
	return p.program.Max
}

// Quiet is how long the line must be silent behind the beginning of a frame for Next to be told so; 0: it need not be told.
func (p *Profile) Quiet() time.Duration { return p.program.Quiet }

// EndsSilently says whether a silence ends frames that travel in a direction.
func (p *Profile) EndsSilently(d field.Direction) bool {
	return slices.ContainsFunc(p.program.Tries(d), func(a program.Attempt) bool { return a.Silent })
}

// Messages lists all layouts in the order of the definition.
func (p *Profile) Messages() []*field.Message { return p.program.Messages }

// TransactionLimit is the first value that does not fit the transaction field (the smallest, where messages have
// different ones); 0 when there is none.
func (p *Profile) TransactionLimit() (limit uint64) {
	for i := range p.program.Ops {
		o := &p.program.Ops[i]
		if o.Role != field.RoleTransaction {
			continue
		}
		hi := o.Largest()
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
func (p *Profile) HasChecksum() bool { return p.program.HasChecksum() }

// Script is how a simulated master behaves: as [simulate] says, or, without it, as the purposes of the messages suggest.
// The error says what a guess is not enough for.
func (p *Profile) Script() (*simulate.Script, error) {
	if p.script != nil {
		return p.script, nil
	}
	return simulate.GuessScript(p.program)
}

// Settings says how masters ask for their settings; nil: they do not.
func (p *Profile) Settings() *program.Settings { return p.settings }

// Clock says when the clocks of masters are set; nil: never.
func (p *Profile) Clock() *program.Clock { return p.clock }

// Program is the compiled form, for the packages beside this one.  Read-only.
func (p *Profile) Program() *program.Program { return p.program }

// Examples are the frames that the definition shows, compiled, for the packages beside this one.  Read-only.
func (p *Profile) Examples() []program.Example { return p.examples }
