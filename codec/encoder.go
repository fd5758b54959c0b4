package codec

import (
	"bytes"
	"fmt"
	"sync"
)

// encoder writes one frame along the program.  It walks the nodes of a message once and takes the value of each field
// from a source.  A field that follows from later bytes (a length, a count, a size) is written as zero and remembered;
// its value is filled in when the bytes that it measures are written, checksums when the frame is.  The walk is
// repeated, a few times at most, only where an expression asked for such a field before its value was known.
type encoder struct {
	p       *program
	env     Env
	shape   *shape
	command string      // as the caller named the message
	source  valueSource // of the level that is written
	exact   bool        // the values are those of an existing frame: nothing is filled in
	edited  bool        // they may have been changed since
	reply   bool        // the values are those of a request

	out    []byte
	regs   []int64
	owners []int   // by register: 1 + index in fields of the derived field that holds it
	via    []*expr // by register: what a computed field was computed with
	marks  []int
	starts []int // first bytes of the parts that are open; the first is the body
	steps  []pathStep
	place  exprPlace
	sums   []pendingSum
	counts []countedField

	fields  []derivedField // in the order of writing
	known   []derivedField // likewise, of the walk before
	lacking int            // the derived field that nothing measures and nobody gives: an error; -1: none
	again   bool           // an expression asked for a value before it was known
	unfit   bool           // a size or count is not what the definition says
	differs bool           // a derived field was given and is something else
	open    []int          // by choice that the values do not decide: how many cases they fit
	picks   []int          // and which of them is tried

	table      *node // the group whose columns are written
	begun, gap bool  // a column of it was written; one is not there
	scratch    []byte
	request    request
	head       shape // of a reply that is the header of the request alone
}

// pathStep is one part around a field, for the path in an error.
type pathStep struct {
	key   string
	index int  // of the element in a list; -1: a group
	bare  bool // the element is one field, which the path does not name
}

// countedField is a counter of the session that the frame has used.
type countedField struct {
	op  *op
	num uint64
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Walks at the most: each makes known what the one before had to guess.
const maxPasses = 8

// newEncoder is an encoder of frames of l.  It goes back to encoders.
func newEncoder(p *program, l *layout, d Direction, env Env) *encoder {
	e := encoders.Get().(*encoder)
	e.p, e.env, e.shape, e.command = p, env, l.shape, l.message.Name
	e.exact, e.edited, e.reply = false, false, false
	e.place.uplink = d != Downlink
	e.known, e.picks, e.lacking = e.known[:0], e.picks[:0], -1
	return e
}

// free gives e back without what it has of its caller.
func (e *encoder) free() {
	e.p, e.shape, e.source, e.env = nil, nil, nil, Env{}
	e.request.rule, e.request.frame = nil, nil
	clear(e.request.filled)
	encoders.Put(e)
}

// write makes the plain bytes of the frame, in e.out.
func (e *encoder) write(from valueSource) error {
	e.known, e.lacking = e.known[:0], -1
	for range maxPasses {
		e.source = from
		if err := e.pass(); err != nil {
			return err
		}
		if e.lacking = e.unfilled(); e.lacking < 0 && !e.again {
			return nil
		}
		e.known = append(e.known[:0], e.fields...)
	}
	return nil // a frame whose lengths do not settle is refused by who reads it
}

// reset makes e ready for a walk.
func (e *encoder) reset() {
	g := e.p
	e.out, e.starts, e.steps, e.sums, e.counts = e.out[:0], e.starts[:0], e.steps[:0], e.sums[:0], e.counts[:0]
	e.fields, e.open, e.again, e.unfit, e.differs = e.fields[:0], e.open[:0], false, false, false
	e.table, e.begun, e.gap = nil, false, false
	if cap(e.regs) < g.regs || cap(e.owners) < g.regs || cap(e.marks) < g.marks+1 {
		e.regs, e.owners, e.marks = make([]int64, g.regs), make([]int, g.regs), make([]int, g.marks+1)
		e.via = make([]*expr, g.regs)
	}
	e.regs, e.owners, e.via, e.marks = e.regs[:g.regs], e.owners[:g.regs], e.via[:g.regs], e.marks[:g.marks+1]
	clear(e.regs)
	clear(e.owners)
	clear(e.via)
	clear(e.marks)
	e.place = exprPlace{regs: e.regs, uplink: e.place.uplink, left: -1, tables: e.place.tables}
	for i := range e.place.tables {
		e.place.tables[i] = e.place.tables[i][:0]
	}
}

// pass walks the message once.
func (e *encoder) pass() error {
	e.reset()
	f := e.shape.family
	if o := f.closing.tells(e.p.ops); o != nil {
		e.foretell(f.closing.node, o)
	}
	if err := e.nodes(f.header); err != nil {
		return err
	}
	e.starts = append(e.starts, len(e.out))
	if err := e.nodes(e.shape.nodes); err != nil {
		return err
	}
	if f.body.mark > 0 {
		e.marks[f.body.mark], e.marks[f.body.mark+1] = e.starts[0], len(e.out)
	}
	if err := e.nodes(f.trailer); err != nil {
		return err
	}
	if err := e.source.surplus(e); err != nil {
		return err
	}
	e.length(f)
	e.out, e.sums = fillSums(e.out, e.sums, 0, e.marks)
	return nil
}

// foretell notes the value of the field at the end that expressions before it may ask for.
func (e *encoder) foretell(n *node, o *op) {
	if o.preset != nil {
		e.regs[o.reg] = int64(o.preset.num)
	}
	if v, given := e.value(n.op); given {
		start := len(e.out)
		if num, err := e.parse(n, o, v); err == nil { // else the field says what is wrong
			e.regs[o.reg] = int64(num)
		}
		e.out = e.out[:start]
	}
}

// length fills in the field that counts the bytes of the frame.  A number of varying width may count itself.
func (e *encoder) length(f *family) {
	for range 4 {
		l, from, total := f.length, 0, len(e.out)
		if l == nil {
			return
		}
		switch {
		case l.mark < 0:
			from = e.starts[0]
		case l.mark > 0:
			from = e.marks[l.mark]
		}
		e.derive(l.reg, int64(total-from+l.add-l.after))
		if len(e.out) == total {
			return
		}
	}
}

// wrapped appends the frame as it stands on the wire.
func (e *encoder) wrapped(dst []byte) ([]byte, error) {
	f, start := e.shape.family, len(dst)
	dst = f.wrap(dst, e.out)
	if size := len(dst) - start; size > f.max {
		return dst[:start], &FieldError{Profile: e.p.name, Frame: e.shape.layout.message.Name, Offset: -1, Err: fmt.Errorf("%w: frame of %d bytes, allowed %d", ErrLong, size, f.max)}
	}
	return dst, nil
}

func (e *encoder) nodes(list []*node) error {
	for _, n := range list {
		if err := e.node(n); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) node(n *node) error {
	if n.asks { // what the request said is not written
		e.source.value(e, n.op)
		return nil
	}
	if !e.present(n) {
		e.clear(n)
		e.gap = e.gap || n.column && n.optional && n.before == nil
		return nil
	}
	if n.column {
		return e.column(n)
	}
	return e.there(n)
}

// clear makes the registers of what is not there zero.
func (e *encoder) clear(n *node) {
	for _, reg := range n.clear {
		e.regs[reg], e.owners[reg], e.via[reg] = 0, 0, nil
	}
}

// column writes a field between separators.
func (e *encoder) column(n *node) error {
	if e.gap {
		return e.wrong(n, fmt.Errorf("%w: columns before it are not given", ErrValue))
	}
	table := e.table
	if e.begun {
		e.out = append(e.out, table.separator...)
	}
	e.starts = append(e.starts, len(e.out))
	e.begun, e.table = false, nil
	err := e.there(n)
	e.begun, e.table, e.gap = true, table, false
	if err != nil {
		return err
	}
	if start := e.close(); bytes.Contains(e.out[start:], table.separator) {
		return e.wrong(n, fmt.Errorf("%w: it holds the separator %q", ErrValue, table.separator))
	}
	return nil
}

// there writes a node that is present.
func (e *encoder) there(n *node) error {
	e.out = append(e.out, n.before...)
	if n.mark > 0 {
		e.marks[n.mark] = len(e.out)
	}
	var err error
	if n.kind == nodeLeaf {
		err = e.leaf(n)
	} else {
		err = e.part(n)
	}
	if n.mark > 0 {
		e.marks[n.mark+1] = len(e.out)
	}
	return err
}

// present says whether a field is there: by its condition, or by being given where that asks for bytes to come.
func (e *encoder) present(n *node) bool {
	if n.when == nil {
		return !n.optional || e.has(n)
	}
	if e.undecided(n.when) && e.has(n) {
		return true
	}
	if !n.when.looks {
		return e.eval(n.when) != 0 && (!n.optional || e.has(n))
	}
	if n.kind == nodeLeaf && e.p.ops[n.op].code == opComputed {
		e.source.value(e, n.op)
		return false
	}
	if e.key(n) == "" {
		return e.anyGiven(n.kids) || e.anyGivenCase(n)
	}
	return e.has(n)
}

func (e *encoder) has(n *node) bool { return n.op >= 0 && e.source.has(e, n.op) }

// undecided says that a condition depends on a field that is only found when the frame is whole.
func (e *encoder) undecided(x *expr) bool {
	if x == nil || e.exact {
		return false
	}
	if x.code == exReg && e.p.derived[x.reg] {
		return true
	}
	return e.undecided(x.a) || e.undecided(x.b)
}

func (e *encoder) key(n *node) string {
	if n.op < 0 {
		return ""
	}
	return e.p.ops[n.op].field.Key
}

// anyGiven says whether a field of the nodes, or inside them, is given.
func (e *encoder) anyGiven(nodes []*node) bool {
	for _, n := range nodes {
		if e.has(n) || e.anyGiven(n.kids) || e.anyGivenCase(n) {
			return true
		}
	}
	return false
}

func (e *encoder) anyGivenCase(n *node) bool {
	for i := range n.cases {
		if e.anyGiven(n.cases[i].kids) {
			return true
		}
	}
	return false
}

// wrong is the error of a field, with the parts around it.
func (e *encoder) wrong(n *node, err error) error { return e.fault(e.key(n), err) }

// fault is the error of a field of the level that is written.
func (e *encoder) fault(key string, err error) error {
	var path []byte
	bare := false
	add := func(key string) {
		if key != "" && !bare {
			if len(path) > 0 {
				path = append(path, '.')
			}
			path = append(path, key...)
		}
	}
	for _, s := range e.steps {
		if add(s.key); s.index >= 0 {
			path = fmt.Appendf(path, "[%d]", s.index)
		}
		bare = s.bare
	}
	add(key)
	return &FieldError{Profile: e.p.name, Frame: e.shape.layout.message.Name, Field: string(path), Offset: -1, Err: err}
}
