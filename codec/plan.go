package codec

import (
	"bufio"
	"crypto/sha256"
	"sort"
)

// Profile is one compiled definition.  It is immutable and safe for concurrent use.
type Profile struct {
	name, title string
	maxFrame    int
	messages    []*Message
	commands    []*Message
	layouts     []*layout

	ops         []op // header, then the body of each layout; a cell names its op by index here
	headerOps   int
	headerSize  int
	commandOp   int  // index in ops, -1 when the profile has no command field
	commandOff  int  // its first byte
	commandByte bool // it is one byte, and the byte is its value
	resultOp    int  // the field of role result in the header, -1 when there is none
	resultOff   int
	chooseAt    int // after this header op both command and total are known
	length      lengthRule
	maxCells    int
	slots       int // remembered fields

	dispatch [3]dispatch // by Direction
	split    [3]bufio.SplitFunc
	first    byteSet // bytes that a frame can begin with

	replies  []replyRule
	answer   []uint16 // ops whose values an answer shares with its request
	examples []example

	resend  Resend
	script  *Script
	sources []Source
	hash    [sha256.Size]byte

	grammar *grammar // nil: the flat plan says everything
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

// fits says whether a body of n bytes can have this layout.
func (l *layout) fits(n int) bool {
	return n == l.fixed || l.rest && n > l.fixed && n-l.fixed <= l.most
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

// dispatch finds the layouts of a command in one direction.
type dispatch struct {
	table    *[256][]*layout // commands of one byte
	first    [256]*layout    // commands of one byte: the first layout, if it has a fixed plan
	ranges   []commandRange  // longer ones: sorted, not overlapping
	fallback []*layout       // commands that are not defined
}

type commandRange struct {
	lo, hi  uint64
	layouts []*layout
}

// find returns the layouts of a command; the fallback when it is not defined.
func (d *dispatch) find(command uint64) []*layout {
	if d.table != nil {
		if command < 256 {
			if all := d.table[command]; all != nil {
				return all
			}
		}
		return d.fallback
	}
	i := sort.Search(len(d.ranges), func(i int) bool { return d.ranges[i].hi >= command })
	if i < len(d.ranges) && d.ranges[i].lo <= command {
		return d.ranges[i].layouts
	}
	return d.fallback
}

// choose returns the layout of a frame; nil when the body fits none of its command.
func (p *Profile) choose(d Direction, command uint64, body int) *layout {
	for _, l := range p.dispatch[d].find(command) {
		if l.fits(body) {
			return l
		}
	}
	return nil
}
