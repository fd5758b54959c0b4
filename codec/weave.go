package codec

import (
	"bytes"
	"fmt"
)

// weaver writes a frame of a grammar from nested values.  Fields that follow from others (lengths, counts) are
// found by turning round the expressions they stand in: the frame is woven again with what was found, until nothing
// changes; then it is decoded, so that what was written is known to be a frame.
type weaver struct {
	p       *Profile
	env     Env
	out     []byte
	regs    []int64
	seqs    []int // by register: which field gave its value
	marks   []int
	seq     int           // fields written so far
	derived map[int]int64 // by field in the order of writing
	changed bool
	pending []pendingSum
	place   exprPlace
	exact   bool // values of an existing frame
	edited  bool // which may have been changed since
	reply   bool // values of a request: of those that the reply has not at all nothing is said
	command string
	shape   *shape
	missing error // a derived field that nothing derived
	table   *node // the group whose columns are woven
	begun   bool  // a column of it was written
	gap     bool  // one of its columns is not there
}

type pendingSum struct {
	node  *node
	off   int
	marks []int
	given string
}

// woven is what one level of a frame is made of.
type woven struct {
	values map[string]any
	used   map[string]bool
}

// A pass more for each length of varying width inside another: one that grows may let the one around it grow.
const weavePasses = 8 + 30

// weave makes f a frame of l with the values.
func (p *Profile) weave(f *Frame, l *layout, direction Direction, b builder) error {
	w := &weaver{p: p, env: b.env, derived: map[int]int64{}, exact: b.verbatim, edited: b.edited, reply: b.reply, command: b.command, shape: l.shape}
	if direction == Any {
		direction = l.direction
	}
	err := l.shape.contradicts(p, b.fields)
	if err != nil {
		f.reset(p, Any)
		return err
	}
	for pass := 0; pass < weavePasses; pass++ {
		w.changed = false
		if err = w.once(l, direction, l.shape.given(b.fields)); err != nil || !w.changed {
			break
		}
	}
	if err == nil {
		err = w.missing
	}
	if err != nil {
		f.reset(p, Any)
		return err
	}
	raw := w.out
	if err := p.decodeGrammar(direction, raw, f); err != nil {
		f.reset(p, Any)
		return err
	}
	if f.layout != l {
		other := f.layout
		f.reset(p, Any)
		why := "these values make a " + other.message.Name
		switch when := l.shape.when; {
		case when != nil && !when.sees() && when.eval(&w.place) == 0:
			why += ", because the condition of " + l.message.Name + " does not hold: " + l.shape.said
		case other.shape.said != "":
			why += ", which is for " + other.shape.said
		}
		return &FieldError{Profile: p.name, Frame: l.message.Name, Offset: -1, Err: fmt.Errorf("%w: %s", ErrValue, why)}
	}
	return nil
}

func (w *weaver) once(l *layout, d Direction, fields map[string]any) error {
	g := w.p.grammar
	w.out, w.pending, w.seq, w.missing = w.out[:0], w.pending[:0], 0, nil
	w.regs, w.seqs, w.marks = make([]int64, g.regs), make([]int, g.regs), make([]int, g.marks+1)
	w.place = exprPlace{regs: w.regs, uplink: d != Downlink, left: -1}
	for i := range w.seqs {
		w.seqs[i] = -1
	}
	f := l.shape.family
	top := &woven{values: fields, used: map[string]bool{}}
	if o := f.closing.tells(w.p); o != nil {
		if o.preset != nil {
			w.regs[o.reg] = int64(o.preset.num)
		}
		if v, given := fields[o.field.Key]; given {
			if _, num, err := o.parseForm(nil, v, 0, false); err == nil { // else the field says what is wrong
				w.regs[o.reg] = int64(num)
			}
		}
	}
	if err := w.nodes(f.header, top); err != nil {
		return err
	}
	body := len(w.out)
	if err := w.nodes(l.shape.nodes, top); err != nil {
		return err
	}
	if f.body.mark > 0 {
		w.marks[f.body.mark], w.marks[f.body.mark+1] = body, len(w.out)
	}
	if err := w.nodes(f.trailer, top); err != nil {
		return err
	}
	if err := w.surplus(top); err != nil && !w.reply {
		return err
	}
	if f.length != nil {
		from := 0
		switch {
		case f.length.mark < 0:
			from = body
		case f.length.mark > 0:
			from = w.marks[f.length.mark]
		}
		w.derive(f.length.reg, int64(len(w.out)-from+f.length.add-f.length.after))
	}
	w.sums(0)
	if f.closing != nil {
		w.out = f.wrap(nil, w.out)
	}
	if len(w.out) > f.max {
		return &FieldError{Profile: w.p.name, Frame: l.message.Name, Offset: -1, Err: fmt.Errorf("%w: frame of %d bytes, allowed %d", ErrLong, len(w.out), f.max)}
	}
	return nil
}

// derive notes the value that the field behind a register must have.
func (w *weaver) derive(reg int, v int64) {
	if seq := w.seqs[reg]; seq >= 0 {
		if old, ok := w.derived[seq]; !ok || old != v {
			w.derived[seq], w.changed = v, true
		}
		w.regs[reg] = v
	}
}

// turn derives the field of e so that e is v; without such a field, e must be v anyway, which decoding checks.
func (w *weaver) turn(e *expr, v int64) {
	if reg := e.source(); reg > 0 && w.p.grammar.derived[reg] {
		if at, ok := e.invert(v); ok {
			// Where several values do, the one that is there stays.
			if w.seqs[reg] >= 0 && e.eval(&w.place) == v && w.regs[reg] != 0 {
				at = w.regs[reg]
			}
			w.derive(reg, at)
		}
	}
}

func (w *weaver) nodes(list []*node, in *woven) error {
	for _, n := range list {
		if err := w.node(n, in); err != nil {
			return err
		}
	}
	return nil
}

func (w *weaver) node(n *node, in *woven) error {
	if n.asks { // what the request said is not written
		in.used[w.key(n)] = true
		return nil
	}
	if !w.present(n, in) {
		for _, reg := range n.clear {
			w.regs[reg], w.seqs[reg] = 0, -1
		}
		w.gap = w.gap || n.column && n.optional && n.before == nil
		return nil
	}
	if n.column {
		return w.column(n, in)
	}
	return w.there(n, in)
}

// column writes a field between separators.
func (w *weaver) column(n *node, in *woven) error {
	if w.gap {
		return w.wrong(n, fmt.Errorf("%w: columns before it are not given", ErrValue))
	}
	table := w.table
	if w.begun {
		w.out = append(w.out, table.separator...)
	}
	start := len(w.out)
	w.begun, w.table = false, nil
	err := w.there(n, in)
	w.begun, w.table, w.gap = true, table, false
	if err == nil && bytes.Contains(w.out[start:], table.separator) {
		return w.wrong(n, fmt.Errorf("%w: it holds the separator %q", ErrValue, table.separator))
	}
	return err
}

// there writes a node that is present.
func (w *weaver) there(n *node, in *woven) error {
	w.out = append(w.out, n.before...)
	if n.mark > 0 {
		w.marks[n.mark] = len(w.out)
	}
	err := error(nil)
	if n.kind == nodeLeaf {
		err = w.leaf(n, in)
	} else {
		err = w.region(n, in)
	}
	if n.mark > 0 {
		w.marks[n.mark+1] = len(w.out)
	}
	return err
}

// present says whether a field is there: by its condition, or by being given where that asks for bytes to come.
func (w *weaver) present(n *node, in *woven) bool {
	key := w.key(n)
	_, given := in.values[key]
	if n.when != nil {
		if given && w.undecided(n.when) {
			return true
		}
		if !n.when.sees() {
			return n.when.eval(&w.place) != 0 && (!n.optional || given)
		}
		if n.kind == nodeLeaf && w.p.ops[n.op].code == opComputed {
			in.used[key] = true
			return false
		}
		if key == "" {
			return w.anyGiven(n, in)
		}
		return given
	}
	return !n.optional || given
}

// undecided says that a condition depends on a field that is only found when the frame is whole.
func (w *weaver) undecided(e *expr) bool {
	for _, reg := range e.fields(nil) {
		if w.p.grammar.derived[reg] && !w.exact {
			return true
		}
	}
	return false
}

func (w *weaver) key(n *node) string {
	if n.op < 0 {
		return ""
	}
	return w.p.ops[n.op].field.Key
}

// anyGiven says whether some field inside a part without a name is given.
func (w *weaver) anyGiven(n *node, in *woven) bool {
	found := false
	visit := func(m *node) {
		if m.op >= 0 {
			if _, ok := in.values[w.p.ops[m.op].field.Key]; ok {
				found = true
			}
		}
	}
	each(n.kids, visit)
	for i := range n.cases {
		each(n.cases[i].kids, visit)
	}
	return found
}
