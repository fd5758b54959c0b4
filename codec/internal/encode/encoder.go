package encode

import (
	"bytes"
	"fmt"
	"sync"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Encoder writes one frame along the program.  It walks the nodes of a message once and takes the value of each field
// from a source.  A field that follows from later bytes (a length, a count, a size) is written as zero and remembered;
// its value is filled in when the bytes that it measures are written, checksums when the frame is.  The walk is
// repeated, a few times at most, only where an expression asked for such a field before its value was known.
type Encoder struct {
	p       *program.Program
	env     Env
	body    *program.Body
	command string      // as the caller named the message
	source  ValueSource // of the level that is written
	exact   bool        // the values are those of an existing frame: nothing is filled in
	edited  bool        // they may have been changed since
	reply   bool        // the values are those of a request

	Out    []byte
	regs   []int64
	owners []int        // by register: 1 + index in fields of the derived field that holds it
	via    []*expr.Expr // by register: what a computed field was computed with
	marks  []int
	Starts []int // first bytes of the parts that are open; the first is the body
	steps  []pathStep
	place  expr.Place
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

	table      *program.Node // the group whose columns are written
	begun, Gap bool          // a column of it was written; one is not there
	spare      int           // bits of the last byte that no field has yet
	scratch    []byte
	request    request
	head       program.Body // of a reply that is the header of the request alone
}

// pathStep is one part around a field, for the path in an error.
type pathStep struct {
	key   string
	index int  // of the element in a list; -1: a group
	bare  bool // the element is one field, which the path does not name
}

// countedField is a counter of the session that the frame has used.
type countedField struct {
	op  *scalar.Op
	num uint64
}

var encoders = sync.Pool{New: func() any { return new(Encoder) }}

// Walks at the most: each makes known what the one before had to guess.
const maxPasses = 8

// NewEncoder is an encoder of frames of l.  It goes back to encoders.
func NewEncoder(p *program.Program, l *program.Body, d field.Direction, env Env) *Encoder {
	e := encoders.Get().(*Encoder)
	e.p, e.env, e.body, e.command = p, env, l, l.Message.Name
	e.exact, e.edited, e.reply = false, false, false
	e.place.Uplink = d != field.Downlink
	e.known, e.picks, e.lacking = e.known[:0], e.picks[:0], -1
	return e
}

// Free gives e back without what it has of its caller.
func (e *Encoder) Free() {
	e.p, e.body, e.source, e.env = nil, nil, nil, Env{}
	e.request.rule, e.request.frame = nil, nil
	clear(e.request.filled)
	encoders.Put(e)
}

// Write makes the plain bytes of the frame, in e.out.
func (e *Encoder) Write(from ValueSource) error {
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
func (e *Encoder) reset() {
	g := e.p
	e.Out, e.Starts, e.steps, e.sums, e.counts = e.Out[:0], e.Starts[:0], e.steps[:0], e.sums[:0], e.counts[:0]
	e.fields, e.open, e.again, e.unfit, e.differs = e.fields[:0], e.open[:0], false, false, false
	e.table, e.begun, e.Gap, e.spare = nil, false, false, 0
	if cap(e.regs) < g.Regs || cap(e.owners) < g.Regs || cap(e.marks) < g.Marks+1 {
		e.regs, e.owners, e.marks = make([]int64, g.Regs), make([]int, g.Regs), make([]int, g.Marks+1)
		e.via = make([]*expr.Expr, g.Regs)
	}
	e.regs, e.owners, e.via, e.marks = e.regs[:g.Regs], e.owners[:g.Regs], e.via[:g.Regs], e.marks[:g.Marks+1]
	clear(e.regs)
	clear(e.owners)
	clear(e.via)
	clear(e.marks)
	e.place = expr.Place{Regs: e.regs, Uplink: e.place.Uplink, Left: -1, Tables: e.place.Tables}
	for i := range e.place.Tables {
		e.place.Tables[i] = e.place.Tables[i][:0]
	}
}

// pass walks the message once.
func (e *Encoder) pass() error {
	e.reset()
	f := e.body.FrameKind
	if o := f.EndMarks.Tells(e.p.Ops); o != nil {
		e.foretell(f.EndMarks.Node, o)
	}
	if err := e.nodes(f.Header); err != nil {
		return e.mistyped(err)
	}
	e.Starts = append(e.Starts, len(e.Out))
	if err := e.nodes(e.body.Nodes); err != nil {
		return e.mistyped(err)
	}
	if f.Body.Mark > 0 {
		e.marks[f.Body.Mark], e.marks[f.Body.Mark+1] = e.Starts[0], len(e.Out)
	}
	if err := e.nodes(f.Trailer); err != nil {
		return err
	}
	if err := e.source.Surplus(e); err != nil {
		return err
	}
	e.length(f)
	e.Out, e.sums = fillSums(e.Out, e.sums, 0, e.marks)
	return nil
}

// foretell notes the value of the field at the end that expressions before it may ask for.
func (e *Encoder) foretell(n *program.Node, o *scalar.Op) {
	if o.Preset != nil {
		e.regs[o.Reg] = int64(o.Preset.Num)
	}
	if v, given := e.value(n.Op); given {
		start := len(e.Out)
		if num, err := e.parse(n, o, v); err == nil { // else the field says what is wrong
			e.regs[o.Reg] = int64(num)
		}
		e.Out = e.Out[:start]
	}
}

// length fills in the field that counts the bytes of the frame.  A number of varying width may count itself.
func (e *Encoder) length(f *program.FrameKind) {
	for range 4 {
		l, from, total := f.Length, 0, len(e.Out)
		if l == nil {
			return
		}
		switch {
		case l.Mark < 0:
			from = e.Starts[0]
		case l.Mark > 0:
			from = e.marks[l.Mark]
		}
		e.derive(l.Reg, int64(total-from+l.Add-l.After))
		if len(e.Out) == total {
			return
		}
	}
}

// Wrapped appends the frame as it stands on the wire.
func (e *Encoder) Wrapped(dst []byte) ([]byte, error) {
	f, start := e.body.FrameKind, len(dst)
	dst = f.Wrap(dst, e.Out)
	var err error
	if size := len(dst) - start; size > f.Max {
		err = fmt.Errorf("%w: frame of %d bytes, allowed %d", field.ErrLong, size, f.Max)
	} else if !f.Reads(dst[start:], e.Out) {
		err = fmt.Errorf("%w: escape leaves open where the frame ends or what its bytes stand for", field.ErrValue)
	}
	if err != nil {
		return dst[:start], &field.FieldError{Profile: e.p.Name, Frame: e.body.Message.Name, Offset: -1, Err: err}
	}
	return dst, nil
}

func (e *Encoder) nodes(list []*program.Node) error {
	for _, n := range list {
		if err := e.node(n); err != nil {
			return err
		}
	}
	return nil
}

func (e *Encoder) node(n *program.Node) error {
	if n.Asks && n.Kind == program.NodeLeaf && e.p.Ops[n.Op].Code == scalar.OpComputed { // it is not written
		e.source.Value(e, n.Op)
		return nil
	}
	if !e.present(n) {
		e.clear(n)
		e.Gap = e.Gap || n.Column && n.Optional && n.Before == nil
		return nil
	}
	if n.Column {
		return e.column(n)
	}
	return e.there(n)
}

// clear makes the registers of what is not there zero.
func (e *Encoder) clear(n *program.Node) {
	for _, reg := range n.Clear {
		e.regs[reg], e.owners[reg], e.via[reg] = 0, 0, nil
	}
}

// column writes a field between separators.
func (e *Encoder) column(n *program.Node) error {
	if e.Gap {
		return e.wrong(n, fmt.Errorf("%w: columns before it are not given", field.ErrValue))
	}
	table := e.table
	if e.begun {
		e.Out = append(e.Out, table.Separator...)
	}
	e.Starts = append(e.Starts, len(e.Out))
	e.begun, e.table = false, nil
	err := e.there(n)
	e.begun, e.table, e.Gap = true, table, false
	if err != nil {
		return err
	}
	if start := e.close(); bytes.Contains(e.Out[start:], table.Separator) {
		return e.wrong(n, fmt.Errorf("%w: it holds the separator %q", field.ErrValue, table.Separator))
	}
	return nil
}

// there writes a node that is present.
func (e *Encoder) there(n *program.Node) error {
	e.Out = append(e.Out, n.Before...)
	if n.Mark > 0 {
		e.marks[n.Mark] = len(e.Out)
	}
	var err error
	if n.Kind == program.NodeLeaf {
		err = e.leaf(n)
	} else {
		err = e.part(n)
	}
	if n.Mark > 0 {
		e.marks[n.Mark+1] = len(e.Out)
	}
	return err
}

// present says whether a field is there: by its condition, or by being given where that asks for bytes to come.
func (e *Encoder) present(n *program.Node) bool {
	if n.When == nil {
		return !n.Optional || e.has(n)
	}
	if e.undecided(n.When) && e.has(n) {
		return true
	}
	if !n.When.Looks {
		return e.Eval(n.When) != 0 && (!n.Optional || e.has(n))
	}
	if n.Kind == program.NodeLeaf && e.p.Ops[n.Op].Code == scalar.OpComputed {
		e.source.Value(e, n.Op)
		return false
	}
	if e.key(n) == "" {
		return e.anyGiven(n.Kids) || e.anyGivenCase(n)
	}
	return e.has(n)
}

func (e *Encoder) has(n *program.Node) bool { return n.Op >= 0 && e.source.Has(e, n.Op) }

// undecided says that a condition depends on a field that is only found when the frame is whole.
func (e *Encoder) undecided(x *expr.Expr) bool {
	if x == nil || e.exact {
		return false
	}
	if x.Code == expr.Reg && e.p.Derived[x.Reg] {
		return true
	}
	return e.undecided(x.A) || e.undecided(x.B)
}

func (e *Encoder) key(n *program.Node) string {
	if n.Op < 0 {
		return ""
	}
	return e.p.Ops[n.Op].Field.Key
}

// anyGiven says whether a field of the nodes, or inside them, is given.
func (e *Encoder) anyGiven(nodes []*program.Node) bool {
	for _, n := range nodes {
		if e.has(n) || e.anyGiven(n.Kids) || e.anyGivenCase(n) {
			return true
		}
	}
	return false
}

func (e *Encoder) anyGivenCase(n *program.Node) bool {
	for i := range n.Cases {
		if e.anyGiven(n.Cases[i].Kids) {
			return true
		}
	}
	return false
}

// wrong is the error of a field, with the parts around it.
func (e *Encoder) wrong(n *program.Node, err error) error { return e.fault(e.key(n), err) }

// fault is the error of a field of the level that is written.
func (e *Encoder) fault(key string, err error) error {
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
	return &field.FieldError{Profile: e.p.Name, Frame: e.body.Message.Name, Field: string(path), Offset: -1, Err: err}
}
