package check

import (
	"maps"

	"trama/codec/internal/decode"
	"trama/codec/internal/expr"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// want is what some bits of a field must be.
type want struct{ value, mask int64 }

func (w want) and(v, mask int64) (want, bool) {
	return want{w.value&^mask | v&mask, w.mask | mask}, (w.value^v)&w.mask&mask == 0
}

// wants are what fields must be for a frame to go one way.  Only what follows directly is found: from a comparison of a
// field, or of some of its bits, with a number.
type wants struct {
	c    *checker
	regs map[int]want // by register; by -n of the field in all elements of a list that at() names
	next want         // of the byte that comes next
	up   bool
}

// either keeps what the first attempt that succeeds notes.
func (w *wants) either(n int, try func(i int) bool) bool {
	regs, next := maps.Clone(w.regs), w.next
	for i := range n {
		if try(i) {
			return true
		}
		w.regs, w.next = maps.Clone(regs), next
	}
	return false
}

// truth makes a condition hold, or not.
func (w *wants) truth(e *expr.Expr, yes bool) bool {
	switch {
	case e == nil:
		return true
	case e.Code == expr.Not:
		return w.truth(e.A, !yes)
	case (e.Code == expr.And || e.Code == expr.Or) && (e.Code == expr.And) == yes:
		return w.truth(e.A, yes) && w.truth(e.B, yes)
	case e.Code == expr.And || e.Code == expr.Or:
		return w.either(2, func(i int) bool { return w.truth([]*expr.Expr{e.A, e.B}[i], yes) })
	case e.Sees() && !e.Has(expr.Next):
		return true // the bytes to come decide, which decoding shows
	case e.Code >= expr.Eq && e.Code <= expr.Ge:
		return w.compare(e, yes)
	case !yes:
		return w.want(e, 0, -1)
	}
	some := []int64{1, 2, 4, 8, 16, 32, 64, 128}
	return w.either(len(some), func(i int) bool { return w.want(e, some[i], -1) })
}

// compare makes a comparison with a number hold, or not.
func (w *wants) compare(e *expr.Expr, yes bool) bool {
	side, other := e.A, e.B
	if !depends(side) {
		side, other = other, side
	}
	if depends(other) || e.A.Kind == expr.Real || e.B.Kind == expr.Real {
		return false
	}
	n := other.Eval(&expr.Place{Uplink: w.up})
	some := append(w.known(side), n, n+1, n-1, 0, 1)
	some = append(some, w.listed(side)...)
	return w.either(len(some), func(i int) bool {
		a, b := some[i], n
		if side == e.B {
			a, b = b, a
		}
		return ((&expr.Place{}).Arithmetic(e.Code, a, b) != 0) == yes && w.want(side, some[i], -1)
	})
}

// known is the value of an expression when all its fields are known already.
func (w *wants) known(e *expr.Expr) []int64 {
	at := expr.Place{Regs: make([]int64, w.c.g.Regs), Uplink: w.up}
	for _, reg := range e.Fields(nil) {
		if w.regs[reg].mask != -1 {
			return nil
		}
		at.Regs[reg] = w.regs[reg].value
	}
	if e.Sees() || e.Has(expr.At) || e.Has(expr.Index) {
		return nil
	}
	return []int64{e.Eval(&at)}
}

// depends says that the value is not known beforehand.
func depends(e *expr.Expr) bool {
	return e.Sees() || len(e.Fields(nil)) > 0 || e.Has(expr.At) || e.Has(expr.Index)
}

// want makes the bits of an expression under a mask those of v.
func (w *wants) want(e *expr.Expr, v, mask int64) bool {
	if !depends(e) {
		return (e.Eval(&expr.Place{Uplink: w.up})^v)&mask == 0
	}
	if e.Kind == expr.Real || e.Code == expr.Next && e.A != nil {
		return false
	}
	switch e.Code {
	case expr.Reg:
		return w.field(e.Reg, v, mask)
	case expr.Next:
		var ok bool
		w.next, ok = w.next.and(v, mask)
		return ok && v&^255 == 0
	case expr.At:
		var ok bool
		w.regs[-e.Reg], ok = w.regs[-e.Reg].and(v, mask)
		return ok
	case expr.Remaining, expr.Ahead:
		return true
	case expr.Not, expr.Or, expr.And, expr.Eq, expr.Ne, expr.Lt, expr.Le, expr.Gt, expr.Ge:
		return w.truth(e, v != 0)
	}
	if e.A == nil || e.B == nil {
		return false
	}
	side, left := e.A, true
	n := int64(0)
	switch {
	case !depends(e.B):
		n = e.B.Eval(&expr.Place{})
	case !depends(e.A):
		side, left, n = e.B, false, e.A.Eval(&expr.Place{})
	default:
		return false
	}
	switch {
	case e.Code == expr.BitAnd:
		return v&mask&^n == 0 && w.want(side, v, mask&n)
	case e.Code == expr.Shr && left && n >= 0 && n < 63:
		return w.want(side, v<<n, mask<<n)
	case e.Code == expr.Shl && left && n >= 0 && n < 63:
		return v&mask&(1<<n-1) == 0 && w.want(side, v>>n, mask>>n)
	case mask != -1:
		return false
	case e.Code == expr.Add:
		return w.want(side, v-n, -1)
	case e.Code == expr.Sub && left:
		return w.want(side, v+n, -1)
	case e.Code == expr.Sub:
		return w.want(side, n-v, -1)
	case e.Code == expr.Mul && n != 0:
		return v%n == 0 && w.want(side, v/n, -1)
	case e.Code == expr.Div && left && n > 0:
		return w.want(side, v*n, -1)
	case e.Code == expr.Mod && left && v >= 0 && v < n:
		return w.want(side, v, -1)
	}
	return false
}

// field notes what a field must be; for a computed one, those that it follows from.
func (w *wants) field(reg int, v, mask int64) bool {
	if n := w.c.computed[reg]; n != nil && n.On == nil && n.Value != nil {
		return w.want(n.Value, v, mask)
	} else if n != nil {
		return w.either(len(n.Rows), func(i int) bool {
			r := &n.Rows[i]
			return len(r.Is) > 0 && r.Value != nil && w.want(r.Value, v, mask) && w.want(n.On, int64(r.Is[0][0]), -1)
		})
	}
	all, ok := w.regs[reg].and(v, mask)
	if !ok || mask == -1 && !w.c.allowed(reg, v) {
		return false
	}
	if all == w.regs[reg] {
		return true
	}
	w.regs[reg] = all
	var only *fieldPlace
	for i := range w.c.ops {
		o := &w.c.ops[i]
		if o.Reg != reg {
			continue
		}
		if only != nil {
			return true // a name of several fields
		}
		only = &w.c.places[i]
		if o.Code == scalar.OpPart && v&^int64(o.Mask) == 0 { // then of the field of bits that it is a part of, too
			if word := w.c.ops[only.node.Op].Reg; word > 0 && !w.field(word, v<<o.Shift, mask&int64(o.Mask)<<o.Shift) {
				return false
			}
		}
	}
	return only == nil || w.stands(only)
}

// stands makes the conditions hold in which a field stands.
func (w *wants) stands(at *fieldPlace) bool {
	for _, d := range at.around {
		if d.of == decode.AspectCase && !w.choose(d.n, d.k) || d.of == decode.AspectThere && !w.truth(d.n.When, true) {
			return false
		}
	}
	return true
}

// choose makes the value that chooses one of a case.
func (w *wants) choose(n *program.Node, k int) bool {
	b := &n.Cases[k]
	if n.On == nil {
		return w.truth(b.When, true)
	}
	some := w.known(n.On)
	for _, r := range b.Is {
		some = append(some, int64(r[0]), int64(r[1]))
	}
	if b.Other {
		some = append(some, 0, 1, 2)
		for i := range n.Cases {
			for _, r := range n.Cases[i].Is {
				some = append(some, int64(r[1])+1, int64(r[0])-1)
			}
		}
		some = append(some, w.listed(n.On)...)
	}
	return w.either(len(some), func(i int) bool {
		if !b.Other && !b.Is.Has(uint64(some[i])) {
			return false
		}
		for j := range k {
			if o := &n.Cases[j]; o.When == nil && (o.Other || o.Is.Has(uint64(some[i]))) {
				return false
			}
		}
		return w.want(n.On, some[i], -1) && w.truth(b.When, true)
	})
}

// allowed says that some field with this register can have the value.
func (c *checker) allowed(reg int, v int64) bool {
	found := false
	for i := range c.ops {
		o := &c.ops[i]
		if o.Reg != reg {
			continue
		}
		found = true
		if !o.Numeric() {
			b := bytesOf(o, o.Size, v)
			if _, _, ok := o.Read(b); ok || o.Size == 0 || len(b) != o.Size {
				return true
			}
		} else if fits(o, v) {
			return true
		}
	}
	return !found
}

// fits says that a number field can have the value.
func fits(o *scalar.Op, v int64) bool {
	lo, hi := o.Bounds()
	inside := o.Size == 0 && !o.Bitwise() || v >= lo && (v < 0 || uint64(v) <= hi) || !o.Signed() && uint64(v) <= hi
	return inside && (o.Check == scalar.CheckNone || o.Allows(uint64(v)))
}

// listed are the values at the ends of what a field may have.
func (w *wants) listed(e *expr.Expr) (out []int64) {
	if e.Code != expr.Reg {
		return nil
	}
	out = append(out, w.regs[e.Reg].value)
	for i := range w.c.ops {
		o := &w.c.ops[i]
		if o.Reg != e.Reg {
			continue
		}
		for _, v := range least(o) {
			out = append(out, int64(v))
		}
		for _, b := range listedTexts(o) {
			out = append(out, int64(scalar.LoadBE(b)))
		}
	}
	return out
}
