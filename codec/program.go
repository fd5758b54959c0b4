package codec

import (
	"slices"
	"time"
)

// program is a definition in the form that frames are cut, decoded and made with: one tree of nodes for each kind of frame, and
// the fields as a flat table beside it.  Every definition has this form; a plain header with plain bodies is a tree of leaves.
//
//	program
//	├─ ops         every field: wire type, size, order, allowed values, scale, labels, role.  A cell of a Frame names its op;
//	│              the parts of a field of bits follow it
//	├─ families    the kinds of frames that a stream may hold, in the order in which they are tried
//	│  └─ family
//	│     ├─ start, closing      marks at both ends; escape, armour: how the bytes between them are written
//	│     ├─ header   node …     before the body; one of its fields may be the command
//	│     ├─ shapes              a body for each message, found by direction, command, size and condition (byCommand)
//	│     │  └─ shape  node …
//	│     ├─ trailer  node …     behind the body
//	│     ├─ length              size of the frame = value of a field + place of the first byte counted − add + after
//	│     └─ sizes, fast         of plain frames: sizes known beforehand, and places of fields in messages of fixed size
//	├─ attempts    families by direction, and the bytes that a frame can begin with
//	├─ replies     which message is sent for which, and where each of its fields comes from
//	├─ answers     fields that tell to which command an answer belongs
//	└─ regs, marks, tables       how much memory one walk needs
//
// A node is one step of the walk, in the order of the bytes:
//
//	leaf      one field                         op
//	group     fields together                   kids
//	list      the same fields several times     kids; ends by count, stop, a separator or the end around it
//	choice    one of several                    cases, found by the value of on (byValue), each with kids
//
//	around each: when (a condition), before (a text), optional; size, until, rest (where it ends); transform (bytes that
//	differ on the wire)
//
// Nodes refer to each other by numbers, so that a walk needs no maps:
//
//	register  the value of a field, for expressions: written by op.reg, read by expr.reg
//	mark      the place of a node, for lengths and checksums: mark is its first byte, mark+1 the byte behind it
//	table     the values of a field in all elements of a list, for at(list.field, index)
//
// The definition { length counts from "kind"; header len, kind; message 7 with n and n values } compiles to
//
//	ops   0 len  reg 1    1 kind  reg 2, command    2 n  reg 3    3 (list)    4 value
//	header [leaf 0, leaf 1 mark 1]    length { reg 1, mark 1 }    shape 7 [leaf 2, list 3 { count reg 3; kids [leaf 4] }]
//
// It is made by compile and never changed afterwards; any number of goroutines may read it.
type program struct {
	name, title string
	max         int // bytes of the largest frame
	zone        *time.Location
	messages    []*Message
	commands    []*Message
	layouts     []*layout // in the order of the definition

	ops       []op // every field, in the order of the definition; a cell names its op by index here
	commandOp int  // the first field of role command; -1: none
	slots     int  // fields that are remembered or counted

	families []*family
	attempts [3][]attempt // by direction
	begins   [3]byteSet   // likewise: bytes that a frame can begin with
	regs     int          // registers of a machine; the first is never used
	marks    int          // places of a machine; the first is never used
	tables   int          // lists whose elements are kept for at(); the first is never used
	derived  []bool       // by register: the value follows from the rest of a frame
	control  []bool       // by register: decides which fields there are
	rewrites bool         // some region is not on the wire as it is decoded
	unused   []string     // paths of layouts that nothing uses
	replies  []replyRule
	answers  [][2]string
	nodeOf   []*node // by op
	asks     []asked // what computed fields want to know of the request
}

// maxSlots is how many fields of a profile can be marked `remember`.
const maxSlots = 64

// layout is one message.
type layout struct {
	message   *Message
	direction Direction
	commands  commandSet // empty: the fallback, or a profile without command field
	first     int        // of its ops
	shape     *shape
}

// sizes are what is known beforehand of the frames of a plain definition.
type sizes struct {
	header int // bytes of it
	known  int // of these, so many tell command and size; 0: the header does not tell
	length *lengthRule
}

// lengthRule is how the size of a frame follows from a length field of a fixed place: total = value + start − add.
type lengthRule struct {
	op    int
	off   int // its first byte
	start int // bytes before those that are counted
	add   int // what the field holds beyond the count
}

// value is what the length field of a frame of total bytes says.
func (l *lengthRule) value(total int) uint64 { return uint64(total - l.start + l.add) }

// asked is a field of the request that a frame answers.
type asked struct {
	key, path string
	reg       int
}

// family is one kind of frame on a stream: how it is delimited, and what stands around its bodies.
type family struct {
	path       string // of the definition
	name       string
	from       Party
	direction  Direction
	start      []byte   // the mark at the beginning; nil: none
	closing    *closing // nil: nothing but the fields says where a frame ends
	escape     *escapeTable
	armour     *Armour // how the content between the marks is written in characters
	max        int
	header     []*node
	trailer    []*node
	tail       int // bytes of the trailer
	least      int // bytes of header, smallest body and trailer
	length     *lengthPlan
	commandOp  int // -1: none
	commandReg int
	shapes     []*shape
	byCommand  [2]picker // of shapes, by way: to the server, from it
	body       *node     // stands for the body where a range of bytes is named
	sizes      *sizes    // nil: not known beforehand
	first      byteSet
	fast       *commandPlace // nil: no message has fixed places
}

// lengthPlan is how the size of a frame follows from one of its fields:
// total = value + place of the first byte counted − add + after.
type lengthPlan struct {
	reg           int
	mark          int // place of the first byte counted; 0: the beginning of the frame, -1: the beginning of the body
	add           int
	after         int    // bytes of the trailer that are not counted
	uncounted     int    // fields of the trailer that are not counted
	field, counts string // as written
}

// shape is the body of one message.
type shape struct {
	path      string // of the definition
	layout    *layout
	family    *family
	when      *expr
	nodes     []*node
	min, max  int     // bytes; max -1 when it is not bounded
	sets      []said  // what stands in fields of the header
	command   *preset // likewise, in the field of the command; nil: it stands for several
	fallback  bool    // for commands that no other message has
	condition bool    // when needs bytes that come later
	said      string  // when, as it is written
}

// travels says whether frames with the body go this way.
func (s *shape) travels(way Direction) bool {
	return s.layout.direction == Any || s.layout.direction == way
}

// said is a value that a message has in a field of the header: a frame is of the message only with it, and it is filled in
// when a frame is made.
type said struct {
	ops   []int  // of the field; several when fields of one name stand in branches
	key   string // path
	num   uint64 // as expressions see it
	bytes []byte // as it is written; nil: as a number
	value any    // as the definition says it
}

// set is what the message says of a field; nil when it says nothing.
func (s *shape) set(op int) *said {
	for i := range s.sets {
		if slices.Contains(s.sets[i].ops, op) {
			return &s.sets[i]
		}
	}
	return nil
}
