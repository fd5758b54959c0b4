package codec

import (
	"bufio"
	"crypto/sha256"
	"math"
)

// Message is one layout of a frame: the general header and a body.  Read-only.
type Message struct {
	Name     string   // unique in the profile
	Command  string   // value of the command field; empty when the message stands for several
	Title    string   // what it means, for people
	From     Party    // who sends it
	Purpose  Purpose  // what it is for
	Forward  string   // integrator's request: the command it becomes for the master
	Repeat   string   // whether a command may be sent again after silence: "idempotent", "verify" or "never"
	Fields   []*Field // header and body in the order of the bytes
	Required []*Field // fields that Build cannot fill by itself
}

// Field is one field of a message.  Read-only.
type Field struct {
	Key   string
	Title string
	Unit  string
	Type  string // as written in the definition
	Role  Role
	Kind  Kind
	Size  int         // bytes; 0 when it varies, and for a part of a bit field
	Min   float64     // allowed range of a whole number, after scaling;
	Max   float64     // both 0 for other kinds
	Enum  []EnumLabel // in the order of the values

	Notes     []Note // other keys of the definition, as written
	Algorithm string // of a checksum: its name, or its parameters; else empty
}

// EnumLabel names one value of a field.
type EnumLabel struct {
	Value int64
	Label string
	Text  string // what stands in the frame, where the field is text; Value is then its bytes as a number
}

// Profile is one compiled definition.  It is immutable and safe for concurrent use.
type Profile struct {
	*program
	grammar *program // the same

	split    [3]bufio.SplitFunc
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

// Splitter returns the framing function of one direction, in the shape that bufio.Scanner takes.
//
//   - token != nil: one whole, verified frame; the advance-len(token) bytes before it are noise.
//   - token == nil, advance > 0: so many bytes are noise.
//   - token == nil, advance == 0: the bytes may begin a frame; more are needed.
//
// It never returns an error and does not allocate.  What comes out does not depend on how the stream was cut.
// atEOF says that no more bytes will come for the frame begun: it is given up at its first byte, and the search
// goes on inside it.
func (p *Profile) Splitter(d Direction) bufio.SplitFunc {
	if int(d) >= len(p.split) {
		d = Any
	}
	return p.split[d]
}
