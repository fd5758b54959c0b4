package codec

import (
	"errors"
	"fmt"
	"sync"
)

// machine walks the tree of a profile over bytes: to frame (f is nil) and to decode (cells go to f).  One walk looks at each
// byte once and allocates nothing; machines are reused.
type machine struct {
	p             *program
	f             *Frame // where the fields go; nil: the frame is only cut
	sink          sink   // what else is told; nil: nobody asks
	data          []byte // what the fields are read from
	wire          []byte // what checksums are computed over
	off           int
	end           int // of the region; -1 when it is not known yet
	depth         uint8
	regs          []int64
	marks         []int
	late          []lateCheck // checksums over bytes that come later
	place         exprPlace
	atEOF         bool   // nothing more will come
	marked        bool   // the marks around the frame say where it ends
	size          int    // of the content, as the length field says; 0: not known
	inner         int    // plain bytes of the region walked last
	copied, plain []byte // memory for copies
	family        *family
	near          *shape // the message that a body of the wrong size is nearest to; nil: not said
	awaited       bool   // the mark at the end has not come, and expressions ask for it
	written       []byte // for bytes as they stand on the wire
	hidden        []byte // bytes of a part as they stand on the wire
	asked         *Frame // the request that the frame answers, when that is known
	table         *node  // the group whose columns are walked
	begun         bool   // a column of it was there
	inside        int    // parts around whose bytes are not those of the wire
	lack          lack
}

// lack is what a walk that needs more bytes stopped at.
type lack struct {
	node     *node
	at, need int
	depth    uint8
}

type lateCheck struct {
	plan *checkPlan
	op   *op
	off  int
	num  uint64
}

var machines = sync.Pool{New: func() any { return new(machine) }}

// maxGrammarCells bounds what one frame can cost.
const maxGrammarCells = 1 << 14

var (
	errRegion = errors.New("the part does not end where it should")
	errNoCase = errors.New("no branch for the value")
	errSum    = errors.New("checksum is wrong")
)

// sink hears of a walk what its fields do not say.
type sink interface {
	// refused tells why and where a walk ends.
	refused(m *machine, o *op, off int, err error)
	// decided tells which way the walk went at a node.
	decided(n *node, of aspect, k int)
	// sum tells of a checksum; a sink that settles it lets the walk go on though it may be wrong.
	sum(m *machine, o *op, c sumFound) (settled bool)
	// reveal puts the plain bytes of a part, m.hidden on the wire, into data, which begins at start.
	reveal(m *machine, n *node, start int, data []byte) (size int, v verdict)
}

// aspect is what is decided about a node.
type aspect uint8

const (
	aspectThere aspect = iota // whether it is there: 1 or 0
	aspectCase                // which case is taken
	aspectCount               // how many elements it has
)

// sumFound is a checksum of a frame: its place, the bytes it covers, and what it should be.
type sumFound struct {
	plan            *checkPlan
	off, from, to   int
	found, computed uint64
}

// silent is a sink that wants to know nothing.
type silent struct{}

func (silent) refused(*machine, *op, int, error) {}
func (silent) decided(*node, aspect, int)        {}
func (silent) sum(*machine, *op, sumFound) bool  { return false }
func (silent) reveal(m *machine, n *node, start int, data []byte) (int, verdict) {
	return m.transformed(n, start, data)
}

// faults is a sink that keeps the first problem.
type faults struct {
	silent
	bad   failure
	depth uint8
}

func (s *faults) refused(m *machine, o *op, off int, err error) {
	if s.bad.err == nil {
		s.bad, s.depth = failure{o, off, err}, m.depth
	}
}

// start makes m ready to look for a frame of p.
func (m *machine) start(p *program, f *Frame, way Direction) {
	m.p, m.f, m.off, m.depth, m.size, m.place.uplink = p, f, 0, 0, 0, way == Uplink
	if f != nil {
		f.reset(p, way)
		f.decoded = true
	}
}

// clear forgets the values of the frame before.
func (m *machine) clear() {
	g := m.p
	if cap(m.regs) < g.regs {
		m.regs = make([]int64, g.regs)
	}
	if cap(m.marks) < g.marks+1 {
		m.marks = make([]int, g.marks+1)
	}
	m.regs, m.marks = m.regs[:g.regs], m.marks[:g.marks+1]
	clear(m.regs)
	clear(m.marks)
	m.late, m.inside, m.table, m.begun, m.awaited = m.late[:0], 0, nil, false, false
	m.place = exprPlace{regs: m.regs, uplink: m.place.uplink, tables: m.place.tables}
	for i := range m.place.tables { // of a list that this frame need not have
		m.place.tables[i] = m.place.tables[i][:0]
	}
	if m.asked != nil {
		for _, a := range g.asks {
			m.regs[a.reg] = m.asked.valueAt(a.key)
		}
	}
}

// refuse says what is wrong, if anybody listens.
func (m *machine) refuse(n *node, off int, err error) verdict {
	if n != nil {
		return m.refuseOp(n.field, off, err)
	}
	return m.refuseOp(nil, off, err)
}

func (m *machine) refuseOp(o *op, off int, err error) verdict {
	if m.sink != nil {
		m.sink.refused(m, o, off, err)
	}
	return refused
}

// fail is refuse with a text that is only made if somebody listens.
func (m *machine) fail(n *node, off int, err error, format string, args ...int64) verdict {
	if m.sink == nil {
		return refused
	}
	boxed := []any{err}
	for _, a := range args {
		boxed = append(boxed, a)
	}
	return m.refuse(n, off, fmt.Errorf("%w: "+format, boxed...))
}

// starve is what a lack of bytes means: more are to come, or the frame is cut off.
func (m *machine) starve(n *node, need int) verdict {
	m.lack = lack{n, m.off, need, m.depth}
	if m.atEOF {
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(len(m.data)-m.off), int64(need))
	}
	return begun
}

// decide tells which way the walk went.
func (m *machine) decide(n *node, of aspect, k int) {
	if m.sink != nil {
		m.sink.decided(n, of, k)
	}
}

// eval computes an expression at this place.
func (m *machine) eval(e *expr) (v int64, known bool) {
	if !e.looks {
		return e.eval(&m.place), true
	}
	m.place.left, m.place.short = -1, false
	if m.end >= 0 {
		m.place.left = m.end - m.off
	}
	m.place.data = m.ahead()
	v = e.eval(&m.place)
	return v, !m.place.short || m.atEOF
}

// ahead is the bytes that have come of the region from here on.
func (m *machine) ahead() []byte {
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	return m.data[min(m.off, end):end]
}

// holds computes a condition; known is false while bytes or the mark that it depends on have not come.
func (m *machine) holds(e *expr) (v, known bool) {
	num, known := m.eval(e)
	return num != 0, known && (!m.awaited || !m.awaits(e))
}

// nodes walks fields and parts that stand one after the other.
func (m *machine) nodes(list []*node) verdict {
	for _, n := range list {
		if n.guarded {
			there, v := m.guard(n)
			if v != whole {
				return v
			}
			if !there {
				continue
			}
		}
		var v verdict
		switch n.step {
		case stepNumber:
			v = m.number(n)
		case stepLeaf:
			v = m.leaf(n)
		case stepComputed:
			v = m.computed(n)
		case stepRegion:
			v = m.region(n)
		case stepColumn:
			v = m.column(n)
		case stepAnnounced:
			v = m.announced(n)
		default:
			v = m.node(n)
		}
		if v != whole {
			return v
		}
	}
	return whole
}

// guard asks the condition of a node.
func (m *machine) guard(n *node) (there bool, v verdict) {
	if n.asks && m.asked == nil { // it needs the request that the frame answers
		m.regs[n.field.reg] = 0
		return false, whole
	}
	if n.when == nil {
		return true, whole
	}
	there, known := m.holds(n.when)
	if !known {
		return false, begun
	}
	if !there || !n.optional {
		m.decide(n, aspectThere, int(truth(there)))
	}
	if !there {
		m.absent(n)
	}
	return there, whole
}

func (m *machine) absent(n *node) {
	for _, reg := range n.clear {
		m.regs[reg] = 0
	}
}

// announced walks a node with a text before it.
func (m *machine) announced(n *node) verdict {
	have, v := m.literal(n, n.before, n.optional)
	if v != whole {
		return v
	}
	if n.optional {
		m.decide(n, aspectThere, int(truth(have)))
	}
	if !have {
		m.absent(n)
		return whole
	}
	return m.node(n)
}

// node walks what a node stands for.
func (m *machine) node(n *node) (v verdict) {
	if n.mark > 0 {
		m.marks[n.mark] = m.off
	}
	switch {
	case n.kind != nodeLeaf:
		v = m.region(n)
	case n.field.code == opComputed:
		v = m.computed(n)
	case n.field.code == opChecksum:
		v = m.checksum(n)
	default:
		v = m.leaf(n)
	}
	if n.mark > 0 {
		m.marks[n.mark+1] = m.off
	}
	return v
}

// literal takes a text that stands before a field.
func (m *machine) literal(n *node, text []byte, optional bool) (have bool, v verdict) {
	rest := m.ahead()
	k := min(len(text), len(rest))
	switch {
	case string(rest[:k]) != string(text[:k]) || k < len(text) && m.end >= 0 && m.end-m.off < len(text):
		if optional {
			return false, whole
		}
		if m.sink == nil {
			return false, refused
		}
		return false, m.refuse(n, m.off, fmt.Errorf("%w: found %x, expected %x", ErrConst, rest[:k], text))
	case k < len(text):
		return false, m.starve(n, len(text))
	}
	m.off += len(text)
	return true, whole
}

// cell notes a field in the frame.
func (m *machine) cell(n *node, c cell, num uint64, role Role) verdict {
	f := m.f
	i := len(f.cells)
	switch {
	case i >= maxGrammarCells:
		return m.fail(n, m.off, ErrLong, "more than %d fields", int64(maxGrammarCells))
	case i < cap(f.cells) && i < cap(f.nums):
		f.cells, f.nums = f.cells[:i+1], f.nums[:i+1]
		to := &f.cells[i] // field by field: a copy would wait for the parts of c to be in memory
		to.op, to.depth, to.exp, to.off, to.size = c.op, c.depth, c.exp, c.off, c.size
		f.nums[i] = num
	default:
		f.add(c, num, NoRole)
	}
	if role != NoRole {
		f.note(role, i)
	}
	return whole
}
