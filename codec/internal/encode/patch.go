package encode

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/decode"
	"trama/codec/internal/expr"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Derived fields: their places are remembered while a frame is written, and filled in when what they measure is.

// derivedField is one of them.
type derivedField struct {
	node     *program.Node
	op       *scalar.Op
	at, size int   // in the plain bytes; at -1: they are no longer plain
	value    int64 // as it is written
	given    bool  // by the source
	empty    bool  // nobody gave it a value
	asked    bool  // an expression has asked for it
	set      bool  // what it measures is written
}

// pendingSum is a checksum that is not filled in yet.
type pendingSum struct {
	node     *program.Node
	op       *scalar.Op
	off      int
	from, to int
	given    string // as the source has it
}

// expect remembers a derived field that is about to be written.  known: the walk before has found its value.
func (e *Encoder) expect(n *program.Node, o *scalar.Op, given bool) (i int, value int64, known bool) {
	i = len(e.fields)
	e.fields = append(e.fields, derivedField{node: n, op: o, at: len(e.Out), given: given})
	if i < len(e.known) && e.known[i].set {
		return i, e.known[i].value, true
	}
	return i, 0, false
}

// unfilled is the first derived field that is neither given nor measured; -1 when there is none.
func (e *Encoder) unfilled() int {
	for i := range e.fields {
		if e.fields[i].empty && !e.fields[i].set {
			return i
		}
	}
	return -1
}

// Eval computes an expression.
func (e *Encoder) Eval(x *expr.Expr) int64 {
	if len(e.fields) > 0 {
		e.ask(x)
	}
	return x.Eval(&e.place)
}

// ask notes the derived fields that an expression asks for before they are filled in.
func (e *Encoder) ask(x *expr.Expr) {
	if x == nil {
		return
	}
	if x.Code == expr.Reg {
		if i := e.owners[x.Reg] - 1; i >= 0 && !e.fields[i].set {
			e.fields[i].asked = true
		}
		return
	}
	e.ask(x.A)
	e.ask(x.B)
}

// measure fills in the field of x so that x is v.  Where several values do, the one that is there stays.
func (e *Encoder) measure(x *expr.Expr, v int64) {
	reg := x.Source()
	if reg <= 0 || !e.p.Derived[reg] {
		e.unfit = e.unfit || !x.Looks && x.Eval(&e.place) != v
		return
	}
	if (e.owners[reg] > 0 || e.via[reg] != nil) && x.Eval(&e.place) == v {
		v = e.regs[reg]
	} else if at, ok := x.Invert(v); ok {
		v = at
	} else {
		e.unfit = true
		return
	}
	if through := e.via[reg]; through != nil {
		e.measure(through, v)
		v = through.Eval(&e.place)
		e.regs[reg] = v
		return
	}
	e.derive(reg, v)
}

// derive fills in the field that holds a register.
func (e *Encoder) derive(reg int, v int64) {
	i := e.owners[reg] - 1
	if i < 0 {
		return
	}
	f := &e.fields[i]
	was := f.value
	if f.set && was != v {
		e.again = true // two measures of one field: the last is tried
	}
	f.set, f.value = true, v
	e.regs[reg] = v
	if was == v {
		return
	}
	e.differs = e.differs || f.given
	if f.asked || !e.patch(f, uint64(v)) {
		e.again = true
	}
}

// patch writes a derived field anew; false: the walk has to be repeated, which also tells what is wrong with the value.
func (e *Encoder) patch(f *derivedField, num uint64) bool {
	o := f.op
	if f.at < 0 || o.Table > 0 || o.Fold != nil || o.Code == scalar.OpRun || o.Code == scalar.OpSlice || o.Parts {
		return false
	}
	if !o.Numeric() {
		if f.node.Size != nil {
			return false
		}
		text := e.scratch[:0]
		for rest, place := num, 0; place < o.Size; rest, place = rest/10, place+1 {
			text = append(text, byte('0'+rest%10))
		}
		slices.Reverse(text)
		if is, _, ok := o.Read(text); o.Code != scalar.OpDecimal || !ok || is != num { // it is written in another way
			var err error
			if text, _, err = o.Parse(text[:0], digitsOf(o, int64(num)), 0, false); err != nil {
				return false
			}
		}
		e.scratch = text
		e.splice(f.at, f.size, text)
		return true
	}
	if lo, hi := o.BoundsIn(f.size); int64(num) < lo || int64(num) >= 0 && num > hi || !o.Allows(num) {
		return false
	}
	switch field := e.Out[f.at : f.at+f.size]; o.Code {
	case scalar.OpPart:
		word := &e.p.Ops[f.node.Op]
		if o.Lacks(num) || word.Reg > 0 {
			return false
		}
		return word.Write(field, o.Put(word.Word(field), num)) == nil
	case scalar.OpVarint:
		e.scratch = o.Form.Varint.Append(e.scratch[:0], num)
		e.splice(f.at, f.size, e.scratch)
	default:
		return o.Write(field, num) == nil
	}
	return true
}

// splice puts b in the place of size bytes, and moves what stands behind them.
func (e *Encoder) splice(at, size int, b []byte) {
	end, by := at+size, len(b)-size
	if by > 0 {
		e.Out = append(e.Out, b[:by]...)
	}
	copy(e.Out[at+len(b):], e.Out[end:len(e.Out)-max(by, 0)])
	if by < 0 {
		e.Out = e.Out[:len(e.Out)+by]
	}
	copy(e.Out[at:], b)
	if by == 0 {
		return
	}
	move := func(place *int) {
		if *place >= end {
			*place += by
		}
	}
	for i := range e.marks {
		move(&e.marks[i])
	}
	for i := range e.Starts {
		move(&e.Starts[i])
	}
	for i := range e.sums {
		move(&e.sums[i].off)
		move(&e.sums[i].from)
		move(&e.sums[i].to)
	}
	for i := range e.fields {
		f := &e.fields[i]
		if f.at == at {
			f.size = len(b)
		}
		move(&f.at)
	}
}

// sealed notes that the bytes from start on are no longer plain.
func (e *Encoder) sealed(start int) {
	for i := range e.fields {
		if f := &e.fields[i]; f.at >= start {
			f.at = -1
		}
	}
}

// checksumAt is a checksum that stands at off: of the bytes between two marks, as far as they are known.
func checksumAt(n *program.Node, o *scalar.Op, off int, marks []int, given string) pendingSum {
	s := pendingSum{node: n, op: o, off: off, to: off, given: given}
	if n.Check.From > 0 {
		s.from = marks[n.Check.From]
	}
	if n.Check.To > 0 {
		s.to = marks[n.Check.To]
	}
	return s
}

// fillSums fills in the checksums that stand at start and behind, and returns those before.
func fillSums(out []byte, sums []pendingSum, start int, marks []int) ([]byte, []pendingSum) {
	kept := sums[:0]
	for _, s := range sums {
		if s.off < start {
			kept = append(kept, s)
			continue
		}
		if plan := s.node.Check; plan.To < 0 { // up to the end
			if s.to = len(out); plan.From > 0 {
				s.from = marks[plan.From]
			}
		}
		if s.from <= s.to && s.to <= len(out) { // else who reads it says what is wrong
			s.fill(out)
		}
	}
	return out, kept
}

// fill computes the checksum.
func (s *pendingSum) fill(out []byte) {
	num, field := decode.Compute(s.node.Check, out, s.off, s.from, s.to), out[s.off:s.off+s.op.Size]
	switch {
	case s.node.Check.Hex:
		const digits = "0123456789ABCDEF"
		for i := len(field) - 1; i >= 0; i-- {
			field[i] = digits[num&15]
			num >>= 4
		}
		if len(s.given) == len(field) && strings.EqualFold(string(field), s.given) {
			copy(field, s.given)
		}
	case s.op.Little:
		scalar.StoreLE(field, num)
	default:
		scalar.StoreBE(field, num)
	}
}

// digitsOf is a number in as many digits as the field has.
func digitsOf(o *scalar.Op, v int64) string { return fmt.Sprintf("%0*d", o.Size, v) }
