package encode

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"trama/codec/internal/decode"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// request is the source of a reply: the values of a request, as the definition says.
type request struct {
	rule   *program.ReplyRule
	frame  *frame.Frame
	cells  []int // by value of the rule: the field of the request; -1: it has none
	filled []any // likewise, tables and arrays
}

// ask finds what the reply takes of the request.
func (r *request) ask(rule *program.ReplyRule, f *frame.Frame) error {
	p := f.Program
	r.rule, r.frame, r.cells, r.filled = rule, f, r.cells[:0], r.filled[:0]
	for i := range rule.Values {
		v, cell, filled := &rule.Values[i], -1, any(nil)
		switch v.Kind {
		case program.ReplySame:
			if cell = f.Named(v.Key, 0, len(f.Cells), 0); cell < 0 {
				break
			}
			switch o := &p.Ops[f.Cells[cell].Op]; {
			case o.Code == scalar.OpGroup:
				filled = tree(f)[v.Key]
			case o.Code >= scalar.OpList && o.Code != scalar.OpVarint, o.Check != scalar.CheckNone, p.Derived[o.Reg]:
				cell = -1
			case o.Flags&scalar.FlagCommand != 0 && (rule.Send.Message.Command != "" || !rule.Send.Commands.Has(f.Nums[cell])):
				cell = -1
			}
		case program.ReplyEcho:
			if cell = f.At(v.Key); cell < 0 {
				return &field.FieldError{Profile: p.Name, Frame: f.Body.Message.Name, Field: v.Key, Offset: -1, Err: field.ErrUnknownField}
			}
		case program.ReplyDeep:
			var err error
			if filled, err = (&filler{f}).fill(v.Key, v.Value, ""); err != nil {
				return err
			}
		}
		r.cells, r.filled = append(r.cells, cell), append(r.filled, filled)
	}
	return nil
}

func (r *request) Value(e *Encoder, op int) (Input, bool) {
	if o := &e.p.Ops[op]; o.Role == field.RoleResult && e.env.HasResult {
		if _, hi := o.Bounds(); bare(o) && e.env.Result <= hi && o.Allows(e.env.Result) {
			return Input{Kind: InputReady, Num: e.env.Result}, true
		}
		return Input{Any: e.env.Result}, true
	}
	i := int(r.rule.ByOp[op]) - 1
	if i < 0 {
		return Input{}, false
	}
	v, whole := &r.rule.Values[i], e.p.Ops[op].Code == scalar.OpGroup
	switch {
	case v.Kind == program.ReplySelf, v.Kind == program.ReplyNow && r.rule.Send == nil && e.env.Now.IsZero():
		return r.self(&e.p.Ops[op], op)
	case v.Kind == program.ReplyReady:
		return Input{Kind: InputReady, Num: v.Ready.Num, Bytes: v.Ready.Bytes}, true
	case v.Kind == program.ReplyGiven:
		return Input{Any: v.Value}, true
	case v.Kind == program.ReplyNow:
		return Input{Kind: inputNow}, true
	case r.filled[i] != nil:
		return Input{Any: r.filled[i]}, v.Kind == program.ReplyDeep || whole
	}
	return Input{Kind: inputCell, from: r.frame, cell: r.cells[i], plus: v.Plus},
		r.cells[i] >= 0 && !whole && e.p.Ops[op].Code != scalar.OpList
}

// self is the value of the same field of the request.
func (r *request) self(o *scalar.Op, i int) (Input, bool) {
	cells := r.frame.Cells
	at := min(i, len(cells)-1)
	if at < 0 || int(cells[at].Op) != i {
		at = slices.IndexFunc(cells, func(c program.Cell) bool { return int(c.Op) == i })
	}
	if o.Code == scalar.OpGroup || o.Code == scalar.OpList {
		return Input{Any: tree(r.frame)[o.Field.Key]}, at >= 0
	}
	return Input{Kind: inputCell, from: r.frame, cell: at}, at >= 0
}

func (r *request) Has(e *Encoder, op int) bool {
	_, ok := r.Value(e, op)
	return ok
}

// Surplus of what a request says is nothing.
func (r *request) Surplus(*Encoder) error { return nil }

// echo writes the value of a field of another frame: as it stands there where both are written alike.
func (e *Encoder) echo(n *program.Node, o *scalar.Op, v Input) (uint64, error) {
	from, missing := v.field()
	b := v.from.Bytes(v.cell)
	start := len(e.Out)
	switch {
	case n.Exponent != nil:
	case v.plus == 0 && alike(o, from) && !o.Parts && (o.Size == 0 || len(b) == o.Size) && e.fits(n, o, len(b)):
		num := v.from.Nums[v.cell]
		if o != from {
			var ok bool
			if num, _, ok = o.Read(b); !ok && o.Code != scalar.OpTime { // a time is copied whatever it is
				break
			}
		}
		e.Out = append(e.Out, b...)
		return num, nil
	case o == from && v.plus == 0 && !missing && o.Numeric():
		return v.from.Nums[v.cell], nil
	case !missing && bare(from) && bare(o):
		if num, ok := v.whole(o); ok {
			return num, nil
		}
	case v.plus == 0 && from.PlainDigits() && o.Code == scalar.OpASCII && (o.Size == 0 || o.Size == 2*len(b)) &&
		e.fits(n, o, 2*len(b)) && o.Form.Plain():
		e.Out = scalar.AppendDigits(e.Out, b)
		if num, _, ok := o.Read(e.Out[start:]); ok {
			return num, nil
		}
		e.Out = e.Out[:start]
	}
	return e.parseAny(n, o, v.handed(o))
}

// fits says that a field may have so many bytes.
func (e *Encoder) fits(n *program.Node, o *scalar.Op, size int) bool {
	if o.Size == 0 && o.Most > 0 && size > o.Most {
		return false
	}
	if n.Size == nil {
		return true
	}
	if reg := n.Size.Source(); reg > 0 && e.p.Derived[reg] { // which its value says
		return true
	}
	width, err := e.width(n, o)
	return err == nil && !n.Size.Looks && width == size
}

// bits is the value of a part of a field of bits.
func (e *Encoder) bits(part *scalar.Op, v Input) (uint64, error) {
	switch v.Kind {
	case InputReady:
		return v.Num, nil
	case inputCell:
		from, missing := v.field()
		if from == part && v.plus == 0 {
			return v.from.Nums[v.cell], nil
		}
		if !missing && bare(from) && bare(part) {
			if num, ok := v.whole(part); ok {
				return num, nil
			}
		}
		return part.ParsePart(v.handed(part))
	}
	return part.ParsePart(v.Any)
}

// field is that of the other frame; missing: it holds the sign for that.
func (v *Input) field() (o *scalar.Op, missing bool) {
	c := &v.from.Cells[v.cell]
	return &v.from.Program.Ops[c.Op], c.Exp == frame.NoValue
}

// whole is the value as a number for o; false: it does not fit.
func (v *Input) whole(o *scalar.Op) (num uint64, ok bool) {
	if num = v.from.Nums[v.cell]; v.plus != 0 {
		num = uint64(wrapped(o, int64(num)+v.plus))
	}
	_, hi := o.Bounds()
	return num, num <= hi && o.Allows(num)
}

// handed is the value as people write it.  A label that o does not have gives way to what it stands for.
func (v *Input) handed(o *scalar.Op) any {
	from, _ := v.field()
	it := v.from.ItemAt(v.cell, from)
	if v.plus != 0 {
		return wrapped(o, it.Int()+v.plus)
	}
	if label := it.Label(); label != "" && !it.V.Missing && !labels(o, label) {
		return it.V.Unlabelled()
	}
	return give(it.V)
}

// now writes the time of the environment.
func (e *Encoder) now(n *program.Node, o *scalar.Op) (uint64, error) {
	now := e.env.Now
	if now.IsZero() {
		now = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // which years of two digits have
	}
	if o.Code != scalar.OpTime || o.Form != nil {
		return e.parseAny(n, o, now)
	}
	start := len(e.Out)
	out, err := o.Time.Append(e.Out, now)
	if err != nil {
		return 0, err
	}
	e.Out = out
	return scalar.LoadBE(out[start:min(len(out), start+8)]), nil
}

// reply appends the reply to a frame that a rule says.
func reply(p *program.Program, r *program.ReplyRule, dst []byte, f *frame.Frame, env Env) ([]byte, error) {
	if out, ok := fastReply(r, dst, f, env); ok {
		return out, nil
	}
	way, l := field.Downlink, r.Send
	if f.Way == field.Downlink {
		way = field.Uplink
	}
	if l == nil {
		l = f.Body
	}
	e := NewEncoder(p, l, way, env)
	defer e.Free()
	e.reply = true
	if r.Send == nil && !r.Whole {
		e.head = program.Body{Message: l.Message, Direction: l.Direction, FrameKind: l.FrameKind, Commands: l.Commands}
		e.body = &e.head
	}
	if err := e.request.ask(r, f); err != nil {
		return dst, err
	}
	if err := e.Write(&e.request); err != nil {
		return dst, err
	}
	if e.unfit || e.again { // nobody decodes a reply
		return dst, e.fault("", fmt.Errorf("%w: its sizes and counts do not fit", field.ErrLength))
	}
	out, err := e.Wrapped(dst)
	if err == nil {
		e.counted(env.Session)
	}
	return out, err
}

// fastReply appends the reply by its fast path; false: it has none.
func fastReply(r *program.ReplyRule, dst []byte, f *frame.Frame, env Env) ([]byte, bool) {
	at := slices.IndexFunc(r.Fast, func(q program.FastReply) bool { return q.Body.FrameKind == f.Body.FrameKind })
	if at < 0 || env.HasResult || f.Bad != nil {
		return dst, false
	}
	q, start := &r.Fast[at], len(dst)
	dst = slices.Grow(dst, q.Total)[:start+q.Total]
	out := dst[start:]
	clear(out[copy(out, f.Data[:q.Header]):])
	for _, t := range q.Times {
		if env.Now.IsZero() {
			continue
		}
		if _, err := t.Layout.Append(out[:t.Off], env.Now); err != nil {
			return dst[:start], false
		}
	}
	for i := range q.Words {
		w := &q.Words[i]
		b := out[w.Off:]
		binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)&^w.Mask|w.Want)
	}
	for i := range q.Sums {
		s := &q.Sums[i]
		_ = s.Op.Write(out[s.Off:][:s.Op.Size], decode.Compute(s.Plan, out, s.Off, s.From, s.To))
	}
	return dst, true
}

// counted advances the counters of the session that the frame has used.
func (e *Encoder) counted(s *Session) {
	for _, c := range e.counts {
		s.advance(e.p, c.op, c.num)
	}
}

// ruleFor is the rule for a frame, damaged or not, of a peer for which commands wait or do not; nil when it is not
// acknowledged.
func ruleFor(p *program.Program, f *frame.Frame, damaged, waiting bool) *program.ReplyRule {
	var command uint64
	if i, _ := f.Role(field.RoleCommand); i >= 0 {
		command = f.Nums[i]
	}
	from := f.From()
	for i := range p.Replies {
		r := &p.Replies[i]
		if r.Damaged != damaged || r.Waiting && !waiting || r.Downlink != (f.Way == field.Downlink) && f.Way != field.Any ||
			r.From != field.Anyone && r.From != from {
			continue
		}
		anyFrame := damaged && r.Messages == nil && r.Commands == nil
		if !anyFrame && !slices.Contains(r.Messages, f.Body) && !(r.Commands.Has(command) && f.Roles[field.RoleCommand] > 0) {
			continue
		}
		if holds(r, f) {
			return r
		}
	}
	return nil
}

// holds says whether the condition of the reply, if it has one, is true for a request.
func holds(r *program.ReplyRule, f *frame.Frame) bool {
	if r.When == nil {
		return true
	}
	var regs [program.MaxReplyAsks]int64
	for i := 1; i < len(r.Asks); i++ {
		regs[i] = f.ValueAt(r.Asks[i])
	}
	return r.When.Eval(&expr.Place{Regs: regs[:], Uplink: f.Way != field.Downlink, Left: -1}) != 0
}
