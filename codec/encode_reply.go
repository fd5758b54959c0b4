package codec

import (
	"fmt"
	"slices"
	"time"
)

// request is the source of a reply: the values of a request, as the definition says.
type request struct {
	rule   *replyRule
	frame  *Frame
	cells  []int // by value of the rule: the field of the request; -1: it has none
	filled []any // likewise, tables and arrays
}

// ask finds what the reply takes of the request.
func (r *request) ask(rule *replyRule, f *Frame) error {
	p := f.program
	r.rule, r.frame, r.cells, r.filled = rule, f, r.cells[:0], r.filled[:0]
	for i := range rule.values {
		v, cell, filled := &rule.values[i], -1, any(nil)
		switch v.kind {
		case replySame:
			if cell = f.named(v.key, 0, len(f.cells), 0); cell < 0 {
				break
			}
			switch o := &p.ops[f.cells[cell].op]; {
			case o.code == opGroup:
				filled = f.tree()[v.key]
			case o.code >= opList && o.code != opVarint, o.check != checkNone, p.derived[o.reg]:
				cell = -1
			case o.flags&flagCommand != 0 && (rule.send.message.Command != "" || !rule.send.commands.has(f.nums[cell])):
				cell = -1
			}
		case replyEcho:
			if cell = f.at(v.key); cell < 0 {
				return &FieldError{Profile: p.name, Frame: f.layout.message.Name, Field: v.key, Offset: -1, Err: ErrUnknownField}
			}
		case replyDeep:
			var err error
			if filled, err = (&filler{f}).fill(v.key, v.value, ""); err != nil {
				return err
			}
		}
		r.cells, r.filled = append(r.cells, cell), append(r.filled, filled)
	}
	return nil
}

func (r *request) value(e *encoder, op int) (input, bool) {
	if o := &e.p.ops[op]; o.role == RoleResult && e.env.HasResult {
		if _, hi := o.bounds(); o.bare() && e.env.Result <= hi && o.allows(e.env.Result) {
			return input{kind: inputReady, num: e.env.Result}, true
		}
		return input{any: e.env.Result}, true
	}
	i := int(r.rule.byOp[op]) - 1
	if i < 0 {
		return input{}, false
	}
	v, whole := &r.rule.values[i], e.p.ops[op].code == opGroup
	switch {
	case v.kind == replySelf, v.kind == replyNow && r.rule.send == nil && e.env.Now.IsZero():
		return r.self(&e.p.ops[op], op)
	case v.kind == replyReady:
		return input{kind: inputReady, num: v.ready.num, bytes: v.ready.bytes}, true
	case v.kind == replyGiven:
		return input{any: v.value}, true
	case v.kind == replyNow:
		return input{kind: inputNow}, true
	case r.filled[i] != nil:
		return input{any: r.filled[i]}, v.kind == replyDeep || whole
	}
	return input{kind: inputCell, from: r.frame, cell: r.cells[i], plus: v.plus}, r.cells[i] >= 0 && !whole && e.p.ops[op].code != opList
}

// self is the value of the same field of the request.
func (r *request) self(o *op, i int) (input, bool) {
	cells := r.frame.cells
	at := min(i, len(cells)-1)
	if at < 0 || int(cells[at].op) != i {
		at = slices.IndexFunc(cells, func(c cell) bool { return int(c.op) == i })
	}
	if o.code == opGroup || o.code == opList {
		return input{any: r.frame.tree()[o.field.Key]}, at >= 0
	}
	return input{kind: inputCell, from: r.frame, cell: at}, at >= 0
}

func (r *request) has(e *encoder, op int) bool {
	_, ok := r.value(e, op)
	return ok
}

// surplus of what a request says is nothing.
func (r *request) surplus(*encoder) error { return nil }

// echo writes the value of a field of another frame: as it stands there where both are written alike.
func (e *encoder) echo(n *node, o *op, v input) (uint64, error) {
	from, missing := v.field()
	b := v.from.bytes(v.cell)
	start := len(e.out)
	switch {
	case n.exponent != nil:
	case v.plus == 0 && o.alike(from) && !o.parts && (o.size == 0 || len(b) == o.size) && e.fits(n, o, len(b)):
		num := v.from.nums[v.cell]
		if o != from {
			var ok bool
			if num, _, ok = o.read(b); !ok {
				break
			}
		}
		e.out = append(e.out, b...)
		return num, nil
	case o == from && v.plus == 0 && !missing && o.numeric():
		return v.from.nums[v.cell], nil
	case !missing && from.bare() && o.bare():
		if num, ok := v.whole(o); ok {
			return num, nil
		}
	case v.plus == 0 && from.plainDigits() && o.code == opASCII && (o.size == 0 || o.size == 2*len(b)) && e.fits(n, o, 2*len(b)) && o.form.plain():
		e.out = appendDigits(e.out, b)
		if num, _, ok := o.read(e.out[start:]); ok {
			return num, nil
		}
		e.out = e.out[:start]
	}
	return e.parseAny(n, o, v.handed(o))
}

// fits says that a field may have so many bytes.
func (e *encoder) fits(n *node, o *op, size int) bool {
	if o.size == 0 && o.most > 0 && size > o.most {
		return false
	}
	if n.size == nil {
		return true
	}
	if reg := n.size.source(); reg > 0 && e.p.derived[reg] { // which its value says
		return true
	}
	width, err := e.width(n, o)
	return err == nil && !n.size.looks && width == size
}

// bits is the value of a part of a field of bits.
func (e *encoder) bits(part *op, v input) (uint64, error) {
	switch v.kind {
	case inputReady:
		return v.num, nil
	case inputCell:
		from, missing := v.field()
		if from == part && v.plus == 0 {
			return v.from.nums[v.cell], nil
		}
		if !missing && from.bare() && part.bare() {
			if num, ok := v.whole(part); ok {
				return num, nil
			}
		}
		return part.parsePart(v.handed(part))
	}
	return part.parsePart(v.any)
}

// field is that of the other frame; missing: it holds the sign for that.
func (v *input) field() (o *op, missing bool) {
	c := &v.from.cells[v.cell]
	return &v.from.program.ops[c.op], c.exp == noValue
}

// whole is the value as a number for o; false: it does not fit.
func (v *input) whole(o *op) (num uint64, ok bool) {
	if num = v.from.nums[v.cell]; v.plus != 0 {
		num = uint64(o.wrapped(int64(num) + v.plus))
	}
	_, hi := o.bounds()
	return num, num <= hi && o.allows(num)
}

// handed is the value as people write it.  A label that o does not have gives way to what it stands for.
func (v *input) handed(o *op) any {
	from, _ := v.field()
	it := v.from.item(v.cell, from)
	if v.plus != 0 {
		return o.wrapped(it.Int() + v.plus)
	}
	if label := it.Label(); label != "" && !it.v.missing && !o.labels(label) {
		return it.v.unlabelled()
	}
	return it.v.give()
}

// now writes the time of the environment.
func (e *encoder) now(n *node, o *op) (uint64, error) {
	now := e.env.Now
	if now.IsZero() {
		now = time.Unix(0, 0)
	}
	if o.code != opTime || o.form != nil {
		return e.parseAny(n, o, now)
	}
	start := len(e.out)
	out, err := o.time.append(e.out, now)
	if err != nil {
		return 0, err
	}
	e.out = out
	return loadBE(out[start:min(len(out), start+8)]), nil
}

// reply appends the reply to a frame that a rule says.
func reply(p *program, r *replyRule, dst []byte, f *Frame, env Env) ([]byte, error) {
	way, l := Downlink, r.send
	if f.direction == Downlink {
		way = Uplink
	}
	if l == nil {
		l = f.layout
	}
	e := newEncoder(p, l, way, env)
	defer e.free()
	e.reply = true
	if r.send == nil && !r.whole {
		e.head = shape{layout: l, family: l.shape.family}
		e.shape = &e.head
	}
	if err := e.request.ask(r, f); err != nil {
		return dst, err
	}
	if err := e.write(&e.request); err != nil {
		return dst, err
	}
	if e.unfit || e.again { // nobody decodes a reply
		return dst, e.fault("", fmt.Errorf("%w: its sizes and counts do not fit", ErrLength))
	}
	out, err := e.wrapped(dst)
	if err == nil {
		e.counted(env.Session)
	}
	return out, err
}

// counted advances the counters of the session that the frame has used.
func (e *encoder) counted(s *Session) {
	for _, c := range e.counts {
		s.advance(e.p, c.op, c.num)
	}
}

// ruleFor is the rule for a frame; nil when it is not acknowledged.
func ruleFor(p *program, f *Frame) *replyRule { return ruleOf(p, f, false) }

// damagedRule is the rule for a frame whose checksum is wrong.
func damagedRule(p *program, f *Frame) *replyRule { return ruleOf(p, f, true) }

func ruleOf(p *program, f *Frame, damaged bool) *replyRule {
	var command uint64
	if i, _ := f.role(RoleCommand); i >= 0 {
		command = f.nums[i]
	}
	from := f.From()
	for i := range p.replies {
		r := &p.replies[i]
		if r.damaged != damaged || r.downlink != (f.direction == Downlink) && f.direction != Any || r.from != Anyone && r.from != from {
			continue
		}
		anyFrame := damaged && r.messages == nil && r.commands == nil
		if !anyFrame && !slices.Contains(r.messages, f.layout) && !(r.commands.has(command) && f.roles[RoleCommand] > 0) {
			continue
		}
		if holds(r, f) {
			return r
		}
	}
	return nil
}

// holds says whether the condition of the reply, if it has one, is true for a request.
func holds(r *replyRule, f *Frame) bool {
	if r.when == nil {
		return true
	}
	var regs [maxReplyAsks]int64
	for i := 1; i < len(r.asks); i++ {
		regs[i] = f.valueAt(r.asks[i])
	}
	return r.when.eval(&exprPlace{regs: regs[:], uplink: f.direction != Downlink, left: -1}) != 0
}
