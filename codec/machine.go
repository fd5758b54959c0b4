package codec

import (
	"errors"
	"fmt"
	"sync"
)

// machine walks a grammar over bytes: to frame (f is nil) and to decode (cells go to f).  One walk looks at each
// byte once and allocates nothing; machines are reused.
type machine struct {
	p             *Profile
	f             *Frame
	data          []byte // what the fields are read from
	wire          []byte // what checksums are computed over
	off           int
	end           int // of the region; -1 when it is not known yet
	depth         uint8
	regs          []int64
	marks         []int
	late          []lateCheck // checksums over bytes that come later
	place         exprPlace
	whole         bool      // nothing more will come
	loud          bool      // what is wrong is wanted in words
	record        *recorder // what makes a likeness of the walk; nil: nobody asks
	slow          bool      // the nodes are walked, not their plans: set when loud is
	inner         int       // plain bytes of the region walked last
	hash, scratch []byte    // memory for copies
	nums          []uint64  // memory for values that nobody wants
	unlike        *family   // its first try begins with content, which has no likeness
	content       []byte
	family        *family // of the frame
	awaited       bool    // its mark at the end has not come, and expressions ask for it
	written       []byte  // for bytes as they stand on the wire
	hidden        []byte  // bytes of a part as they stand on the wire
	asked         *Frame  // the request that the frame answers, when that is known
	table         *node   // the group whose columns are walked
	begun         bool    // a column of it was there
	plain         int     // parts around whose bytes are not those of the wire
	bad           failure
	trace         *tracer           // what explains the walk; nil: nobody asks
	shown         map[decision]bool // how the walk went; nil: nobody asks
}

type lateCheck struct {
	plan *checkPlan
	op   *op
	off  int
	num  uint64
}

var machines = sync.Pool{New: func() any { return new(machine) }}

// maxCells bounds what one frame can cost.
const maxGrammarCells = 1 << 14

var (
	errRegion = errors.New("the part does not end where it should")
	errNoCase = errors.New("no branch for the value")
	errSum    = errors.New("checksum is wrong")
)

// start makes m ready to try a frame of p.
func (m *machine) start(p *Profile, f *Frame, up bool) {
	m.p, m.f, m.off, m.depth, m.place.uplink = p, f, 0, 0, up
	m.bad = failure{}
	clear(m.shown)
}

// fresh makes m ready to walk it.
func (m *machine) fresh() {
	g := m.p.grammar
	if cap(m.regs) < g.regs {
		m.regs = make([]int64, g.regs)
	}
	if cap(m.marks) < g.marks+1 {
		m.marks = make([]int, g.marks+1)
	}
	m.regs, m.marks = m.regs[:g.regs], m.marks[:g.marks+1]
	clear(m.regs)
	clear(m.marks)
	if m.trace != nil {
		for i := range m.marks {
			m.marks[i] = -1 // not passed yet
		}
	}
	m.late, m.plain, m.table, m.begun, m.awaited = m.late[:0], 0, nil, false, false
	if m.record != nil {
		*m.record = recorder{}
	}
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
	if m.loud && m.bad.err == nil {
		m.bad = failure{off: off, err: err}
		if m.trace != nil {
			m.trace.depth = m.depth
		}
		if n != nil && n.op >= 0 {
			m.bad.op = &m.p.ops[n.op]
		}
	}
	return refused
}

// fail is refuse with a text that is only made if somebody listens.
func (m *machine) fail(n *node, off int, err error, format string, args ...int64) verdict {
	if !m.loud || m.bad.err != nil {
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
	if m.trace != nil {
		m.trace.starved(m, n, need)
	}
	if m.whole {
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(len(m.data)-m.off), int64(need))
	}
	return begun
}

// eval computes an expression at this place.
func (m *machine) eval(e *expr) (v int64, known bool) {
	switch p := &e.plain; p.kind {
	case plainLinear:
		return p.at(m.regs), true
	case plainEqual:
		return truth(p.at(m.regs) == 0), true
	case plainProduct:
		return p.at(m.regs) * p.other.at(m.regs), true
	}
	return m.compute(e)
}

// compute is eval for what is not plain.
func (m *machine) compute(e *expr) (v int64, known bool) {
	if !e.looks {
		return e.eval(&m.place), true
	}
	if m.record != nil {
		m.record.look(m, e)
	}
	m.place.left, m.place.short = -1, false
	end := len(m.data)
	if m.end >= 0 {
		m.place.left = m.end - m.off
		end = min(end, m.end)
	}
	m.place.data = m.data[min(m.off, end):end]
	v = e.eval(&m.place)
	return v, !m.place.short || m.whole
}

func (m *machine) nodes(list []*node) verdict {
	for _, n := range list {
		if v := m.node(n); v != whole {
			return v
		}
	}
	return whole
}

func (m *machine) node(n *node) verdict {
	if n.asks && m.asked == nil {
		m.tell(m.p.ops[n.op].reg, 0)
		return whole // it needs the request that the frame answers
	}
	if n.when != nil {
		v, known := m.eval(n.when)
		if !known || m.awaited && m.awaits(m.family, n.when) {
			return begun
		}
		if v == 0 || !n.optional {
			m.decide(n, aspectThere, int(truth(v != 0)))
		}
		if v == 0 {
			m.absent(n)
			return whole
		}
	}
	if n.column {
		return m.column(n)
	}
	return m.there(n)
}

// there walks a node whose condition holds.
func (m *machine) there(n *node) verdict {
	if n.before != nil {
		have, v := m.literal(n, n.before, n.optional)
		if n.optional && v == whole {
			m.decide(n, aspectThere, int(truth(have)))
		}
		if v != whole || !have {
			if v == whole {
				m.absent(n)
			}
			return v
		}
	}
	if n.mark > 0 {
		m.marks[n.mark] = m.off
	}
	var v verdict
	switch n.kind {
	case nodeLeaf:
		v = m.leaf(n)
	default:
		v = m.region(n)
	}
	if n.mark > 0 {
		m.marks[n.mark+1] = m.off
	}
	return v
}

func (m *machine) absent(n *node) {
	for _, reg := range n.clear {
		m.tell(reg, 0)
	}
}

// irregular notes that what follows depends on more than sizes and values.
func (m *machine) irregular(really bool) {
	if m.record != nil && really {
		m.record.refused = true
	}
}

// literal takes a text that stands before a field.
func (m *machine) literal(n *node, text []byte, optional bool) (have bool, v verdict) {
	m.irregular(optional)
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	rest := m.data[min(m.off, end):end]
	k := min(len(text), len(rest))
	switch {
	case string(rest[:k]) != string(text[:k]) || k < len(text) && m.end >= 0 && m.end-m.off < len(text):
		if optional {
			return false, whole
		}
		if !m.loud {
			return false, refused
		}
		return false, m.refuse(n, m.off, fmt.Errorf("%w: found %x, expected %x", ErrConst, rest[:k], text))
	case k < len(text):
		return false, m.starve(n, len(text))
	}
	if m.record != nil {
		m.record.frozen = append(m.record.frozen, bytesAt{m.off, len(text)})
	}
	m.off += len(text)
	return true, whole
}

// region walks a group, a list or a choice, inside bounds of its own when it has them.
func (m *machine) region(n *node) verdict {
	if n.op < 0 {
		return m.bounded(n)
	}
	if v := m.open(n); v != whole {
		return v
	}
	if m.f == nil {
		return m.bounded(n)
	}
	i, start := len(m.f.cells)-1, m.off
	v := m.bounded(n)
	if v == whole { // the bytes of a group are those of its fields
		size := m.off - start
		if n.transform != nil {
			size = m.inner
		}
		m.f.cells[i].size = uint32(size)
	}
	return v
}

// bounded walks what is inside, up to an end of its own when there is one.
func (m *machine) bounded(n *node) verdict {
	if n.kind == nodeChoice && n.on == nil && n.size == nil {
		return m.choice(n)
	}
	outer, closed, after, start := m.end, false, 0, m.off
	switch {
	case n.size != nil:
		size, known := m.eval(n.size)
		if !known {
			return begun
		}
		if size < 0 || size > hardMaxFrame {
			return m.fail(n, m.off, ErrLength, "%d bytes", size)
		}
		onWire := n.transform.sizeOnWire(int(size))
		if outer >= 0 && m.off+onWire > outer {
			return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(outer-m.off), int64(onWire))
		}
		m.end, closed, after = m.off+int(size), true, m.off+onWire
	case n.rest:
		if outer < 0 {
			return m.refuse(n, m.off, errRegion)
		}
		m.end, closed, after = outer-n.tail, true, outer-n.tail
	case n.until != nil:
		at, v := m.find(n.until)
		if v != whole {
			return m.lacking(n, v)
		}
		m.end, closed, after = at, true, at+len(n.until)
	case n.kind == nodeList && n.count == nil && outer >= 0 && n.tail > 0:
		m.end, closed, after = outer-n.tail, true, outer-n.tail
	}
	if closed && m.end < m.off {
		m.end = outer
		return m.fail(n, m.off, ErrShort, "%d bytes are missing", int64(m.off-m.end))
	}
	if n.transform != nil {
		if after > len(m.data) {
			m.end = outer
			return m.starve(n, after-m.off)
		}
		plain, v := m.reveal(n, start, after-len(n.until))
		if v != whole {
			m.end = outer
			return v
		}
		m.end = start + plain
		m.plain++
		defer func() { m.plain-- }()
	}
	v := m.inside(n)
	if closed && v == whole {
		if m.off != m.end {
			v = m.fail(n, m.off, errRegion, "%d bytes are left over", int64(m.end-m.off))
		}
		m.inner = m.end - start
		m.off = after
	}
	m.end = outer
	return v
}

// reveal puts the plain bytes of a part in the place of those of the wire; what is behind them is no part of it.
func (m *machine) reveal(n *node, start, after int) (size int, v verdict) {
	if m.record != nil {
		m.record.rewritten = true
	}
	m.hidden = append(m.hidden[:0], m.data[start:after]...)
	if m.trace != nil {
		return m.trace.region(m, n.transform, start, m.data[start:after])
	}
	size, ok := n.transform.decode(m.data[start:after], m.hidden)
	switch {
	case ok:
		return size, whole
	case n.transform.armour != nil:
		return 0, m.refuse(n, start, errArmour)
	}
	return 0, m.refuse(n, start, errSum)
}

// lacking is the verdict when a delimiter was not found.
func (m *machine) lacking(n *node, v verdict) verdict {
	if v == begun {
		return m.starve(n, len(m.data)-m.off+1)
	}
	if !m.loud {
		return refused
	}
	return m.refuse(n, m.off, fmt.Errorf("%w: no %q", errRegion, n.until))
}

// find looks for a delimiter; begun when it may still come.
func (m *machine) find(mark []byte) (at int, v verdict) {
	m.irregular(true)
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	if at := index(m.data[min(m.off, end):end], mark); at >= 0 {
		return m.off + at, whole
	}
	if m.end >= 0 && len(m.data) >= m.end {
		return 0, refused
	}
	return 0, begun
}

func (m *machine) inside(n *node) verdict {
	switch n.kind {
	case nodeList:
		return m.list(n)
	case nodeChoice:
		return m.choice(n)
	}
	if n.op >= 0 {
		m.depth++
	}
	var v verdict
	if n.separator != nil {
		v = m.columns(n)
	} else {
		v = m.walk(n.plan)
	}
	if n.op >= 0 {
		m.depth--
	}
	return v
}

// open notes a group or a list.
func (m *machine) open(n *node) verdict {
	if m.f != nil {
		return m.cell(n, cell{op: uint16(n.op), depth: m.depth, off: uint32(m.off)}, 0, m.p.ops[n.op].role)
	}
	return whole
}

func (m *machine) cell(n *node, c cell, num uint64, role Role) verdict {
	if len(m.f.cells) >= maxGrammarCells {
		return m.fail(n, m.off, ErrLong, "more than %d fields", int64(maxGrammarCells))
	}
	m.f.add(c, num, role)
	return whole
}
