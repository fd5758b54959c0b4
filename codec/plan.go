package codec

import (
	"bufio"
	"crypto/sha256"
)

// Profile is one compiled definition.  It is immutable and safe for concurrent use.
type Profile struct {
	name, title string
	maxFrame    int
	messages    []*Message
	commands    []*Message
	layouts     []*layout

	ops        []op // header, then the body of each layout; a cell names its op by index here
	headerOps  int
	headerSize int
	commandOp  int // index in ops, -1 when the profile has no command field
	resultOp   int // the field of role result in the header, -1 when there is none
	resultOff  int
	length     lengthRule
	maxCells   int
	slots      int // remembered fields

	split [3]bufio.SplitFunc

	replies  []replyRule
	examples []example

	resend  Resend
	script  *Script
	sources []Source
	hash    [sha256.Size]byte

	grammar *grammar
}

// layout is the plan of one message.
type layout struct {
	message   *Message
	direction Direction
	commands  commandSet // empty: the fallback, or a profile without command field
	ops       []op       // the body; a part of Profile.ops
	first     int        // where it begins there
	fixed     int        // bytes of the body, without the field that takes what is left
	rest      bool       // there is such a field,
	most      int        // of so many bytes at the most
	plan      *fixedPlan // nil when the fields have no fixed places
	shape     *shape     // the body in a profile with a grammar
}

// lengthRule is how the size of a frame follows from its length field: total = value + start − add.
type lengthRule struct {
	op    int // index in ops; -1 when there is no length field
	off   int // its first byte
	start int // bytes before those that are counted
	add   int // what the field holds beyond the count
	lo    int // smallest and largest frame, in bytes
	hi    int
}

// lengthValue is what the length field of a frame of total bytes says.
func (p *Profile) lengthValue(total int) uint64 {
	return uint64(total - p.length.start + p.length.add)
}

// commandSet is a set of command values, as ranges.
type commandSet [][2]uint64

func (s commandSet) has(v uint64) bool {
	for _, r := range s {
		if r[0] <= v && v <= r[1] {
			return true
		}
	}
	return false
}
