package codec

import (
	"slices"
	"time"
)

// program is the compiled form of a definition: one tree for each kind of frame.  It is immutable.
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

type nodeKind uint8

const (
	nodeLeaf nodeKind = iota
	nodeGroup
	nodeList
	nodeChoice
)

type node struct {
	path      string // of the definition
	kind      nodeKind
	op        int // in Profile.ops; -1: no field of its own
	parts     int // ops of bits that follow it
	when      *expr
	size      *expr // nil: as the op says
	rest      bool  // takes what its region leaves
	tail      int   // bytes after it in the region; -1 when that is not known
	until     []byte
	before    []byte
	optional  bool
	exponent  *expr
	value     *expr // the only value, or the computed one
	rows      []row // of a computed value
	check     *checkPlan
	kids      []*node
	count     *expr
	stop      *expr
	separator []byte
	asks      bool // depends on the request that the frame answers
	column    bool // one of the columns of the group around
	element   int  // op of the group around each element; -1: an element is one field
	on        *expr
	cases     []branch
	byValue   picker // of cases
	transform *transform
	mark      int   // place of its first byte; the place after its last is the next one
	clear     []int // registers that are zero when it is absent
	folds     []int // registers that a list begins at zero
	tables    []int // values that a list begins without
	listReg   int

	// What the walk needs of the above.
	step    stepKind
	guarded bool // it is not always there
	varies  bool // its size is not that of the op
	noted   bool // expressions ask for it
	numbers bool // of a list: its elements are plain numbers
	field   *op
	bits    []op
}

// branch of a choice.
type branch struct {
	path  string // of the definition
	text  string // what it says of itself: is 1, when …
	is    commandSet
	other bool // every value, if when holds
	when  *expr
	kids  []*node
}

// row of a computed value.
type row struct {
	is    commandSet
	other bool
	value *expr
}

// checkPlan of a checksum: the bytes between two places.
type checkPlan struct {
	sum      checksum
	from, to int // marks; from 0: the beginning of the frame; to 0: up to the checksum itself, -1: up to the end of the frame
	hex      bool
	wired    *family // the bytes as they stand on the wire are covered, not those that they stand for; nil: the latter
	back     int     // plain bytes from the mark at the end up to the checksum; 0: it stands before the mark
	over     string  // what is covered, as written
}

// transform is how the bytes of a region differ on the wire.
type transform struct {
	add, xor byte
	block    int // bytes between checksums; 0: none
	name     string
	sum      checksum
	little   bool
	armour   *Armour
}

// each calls visit for every node of the tree.
func each(nodes []*node, visit func(n *node)) {
	for _, n := range nodes {
		visit(n)
		each(n.kids, visit)
		for i := range n.cases {
			each(n.cases[i].kids, visit)
		}
	}
}

// span is the smallest and the largest size of nodes one after the other; most is -1 when it is not bounded.
func (p *program) span(nodes []*node) (least, most int) {
	for _, n := range nodes {
		lo, hi := p.spanOf(n)
		least += lo
		if most >= 0 && hi >= 0 {
			most += hi
		} else {
			most = -1
		}
	}
	return least, most
}

func (p *program) spanOf(n *node) (lo, hi int) {
	switch {
	case n.kind == nodeLeaf && p.ops[n.op].code == opVarint:
		lo, hi = 1, p.ops[n.op].most
	case n.kind == nodeLeaf:
		o := &p.ops[n.op]
		lo, hi = o.size, o.size
		if o.size == 0 && o.code != opComputed {
			if hi = -1; n.rest && o.most > 0 && o.most < hardMaxFrame {
				hi = o.most
			}
		}
	case n.size != nil && n.size.code == exConst:
		lo = n.transform.sizeOnWire(int(n.size.value))
		hi = lo
	case n.kind == nodeChoice && n.size == nil:
		lo, hi = -1, 0
		for i := range n.cases {
			a, b := p.span(n.cases[i].kids)
			if lo < 0 || a < lo {
				lo = a
			}
			if b < 0 || hi < 0 {
				hi = -1
			} else {
				hi = max(hi, b)
			}
		}
		if lo < 0 {
			lo = 0
		}
	case n.kind == nodeGroup && n.size == nil && n.until == nil && n.transform == nil && n.separator == nil:
		lo, hi = p.span(n.kids)
	case n.kind == nodeList && n.count != nil && n.count.code == exConst && n.separator == nil:
		lo, hi = p.span(n.kids)
		lo *= int(n.count.value)
		if hi >= 0 {
			hi *= int(n.count.value)
		}
	default:
		hi = -1
	}
	marks := len(n.before) + len(n.until)
	if lo += marks; hi >= 0 {
		hi += marks
	}
	if n.when != nil || n.optional {
		lo = 0
	}
	return lo, hi
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
