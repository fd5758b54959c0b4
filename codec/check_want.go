package codec

import "maps"

// want is what some bits of a field must be.
type want struct{ value, mask int64 }

func (w want) and(v, mask int64) (want, bool) {
	return want{w.value&^mask | v&mask, w.mask | mask}, (w.value^v)&w.mask&mask == 0
}

// wants are what fields must be for a frame to go one way.  Only what follows directly is found: from a comparison of a
// field, or of some of its bits, with a number.
type wants struct {
	c    *checker
	regs map[int]want
	next want // of the byte that comes next
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
func (w *wants) truth(e *expr, yes bool) bool {
	switch {
	case e == nil:
		return true
	case e.code == exNot:
		return w.truth(e.a, !yes)
	case (e.code == exAnd || e.code == exOr) && (e.code == exAnd) == yes:
		return w.truth(e.a, yes) && w.truth(e.b, yes)
	case e.code == exAnd || e.code == exOr:
		return w.either(2, func(i int) bool { return w.truth([]*expr{e.a, e.b}[i], yes) })
	case e.sees() && !e.has(exNext):
		return true // the bytes to come decide, which decoding shows
	case e.code >= exEq && e.code <= exGe:
		return w.compare(e, yes)
	case !yes:
		return w.want(e, 0, -1)
	}
	some := []int64{1, 2, 4, 8, 16, 32, 64, 128}
	return w.either(len(some), func(i int) bool { return w.want(e, some[i], -1) })
}

// compare makes a comparison with a number hold, or not.
func (w *wants) compare(e *expr, yes bool) bool {
	side, other := e.a, e.b
	if !depends(side) {
		side, other = other, side
	}
	if depends(other) || e.a.kind == exprReal || e.b.kind == exprReal {
		return false
	}
	n := other.eval(&exprPlace{uplink: w.up})
	some := append(w.known(side), n, n+1, n-1, 0, 1)
	some = append(some, w.listed(side)...)
	return w.either(len(some), func(i int) bool {
		a, b := some[i], n
		if side == e.b {
			a, b = b, a
		}
		return ((&exprPlace{}).arithmetic(e.code, a, b) != 0) == yes && w.want(side, some[i], -1)
	})
}

// known is the value of an expression when all its fields are known already.
func (w *wants) known(e *expr) []int64 {
	at := exprPlace{regs: make([]int64, w.c.g.regs), uplink: w.up}
	for _, reg := range e.fields(nil) {
		if w.regs[reg].mask != -1 {
			return nil
		}
		at.regs[reg] = w.regs[reg].value
	}
	if e.sees() || e.has(exAt) || e.has(exIndex) {
		return nil
	}
	return []int64{e.eval(&at)}
}

// depends says that the value is not known beforehand.
func depends(e *expr) bool {
	return e.sees() || len(e.fields(nil)) > 0 || e.has(exAt) || e.has(exIndex)
}

// want makes the bits of an expression under a mask those of v.
func (w *wants) want(e *expr, v, mask int64) bool {
	if !depends(e) {
		return (e.eval(&exprPlace{uplink: w.up})^v)&mask == 0
	}
	if e.kind == exprReal || e.code == exNext && e.a != nil {
		return false
	}
	switch e.code {
	case exReg:
		return w.field(e.reg, v, mask)
	case exNext:
		var ok bool
		w.next, ok = w.next.and(v, mask)
		return ok && v&^255 == 0
	case exRemaining, exAhead:
		return true
	case exNot, exOr, exAnd, exEq, exNe, exLt, exLe, exGt, exGe:
		return w.truth(e, v != 0)
	}
	if e.a == nil || e.b == nil {
		return false
	}
	side, left := e.a, true
	n := int64(0)
	switch {
	case !depends(e.b):
		n = e.b.eval(&exprPlace{})
	case !depends(e.a):
		side, left, n = e.b, false, e.a.eval(&exprPlace{})
	default:
		return false
	}
	switch {
	case e.code == exBitAnd:
		return v&mask&^n == 0 && w.want(side, v, mask&n)
	case e.code == exShr && left && n >= 0 && n < 63:
		return w.want(side, v<<n, mask<<n)
	case e.code == exShl && left && n >= 0 && n < 63:
		return v&mask&(1<<n-1) == 0 && w.want(side, v>>n, mask>>n)
	case mask != -1:
		return false
	case e.code == exAdd:
		return w.want(side, v-n, -1)
	case e.code == exSub && left:
		return w.want(side, v+n, -1)
	case e.code == exSub:
		return w.want(side, n-v, -1)
	case e.code == exMul && n != 0:
		return v%n == 0 && w.want(side, v/n, -1)
	case e.code == exDiv && left && n > 0:
		return w.want(side, v*n, -1)
	case e.code == exMod && left && v >= 0 && v < n:
		return w.want(side, v, -1)
	}
	return false
}

// field notes what a field must be; for a computed one, those that it follows from.
func (w *wants) field(reg int, v, mask int64) bool {
	if n := w.c.computed[reg]; n != nil && n.on == nil && n.value != nil {
		return w.want(n.value, v, mask)
	} else if n != nil {
		return w.either(len(n.rows), func(i int) bool {
			r := &n.rows[i]
			return len(r.is) > 0 && r.value != nil && w.want(r.value, v, mask) && w.want(n.on, int64(r.is[0][0]), -1)
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
		if o.reg != reg {
			continue
		}
		if only != nil {
			return true // a name of several fields
		}
		only = &w.c.places[i]
		if o.code == opPart && v&^int64(o.mask) == 0 { // then of the field of bits that it is a part of, too
			if word := w.c.ops[only.node.op].reg; word > 0 && !w.field(word, v<<o.shift, mask&int64(o.mask)<<o.shift) {
				return false
			}
		}
	}
	return only == nil || w.stands(only)
}

// stands makes the conditions hold in which a field stands.
func (w *wants) stands(at *fieldPlace) bool {
	for _, d := range at.around {
		if d.of == aspectCase && !w.choose(d.n, d.k) || d.of == aspectThere && !w.truth(d.n.when, true) {
			return false
		}
	}
	return true
}

// choose makes the value that chooses one of a case.
func (w *wants) choose(n *node, k int) bool {
	b := &n.cases[k]
	if n.on == nil {
		return w.truth(b.when, true)
	}
	some := w.known(n.on)
	for _, r := range b.is {
		some = append(some, int64(r[0]), int64(r[1]))
	}
	if b.other {
		some = append(some, 0, 1, 2)
		for i := range n.cases {
			for _, r := range n.cases[i].is {
				some = append(some, int64(r[1])+1, int64(r[0])-1)
			}
		}
		some = append(some, w.listed(n.on)...)
	}
	return w.either(len(some), func(i int) bool {
		if !b.other && !b.is.has(uint64(some[i])) {
			return false
		}
		for j := range k {
			if o := &n.cases[j]; o.when == nil && (o.other || o.is.has(uint64(some[i]))) {
				return false
			}
		}
		return w.want(n.on, some[i], -1) && w.truth(b.when, true)
	})
}

// allowed says that some field with this register can have the value.
func (c *checker) allowed(reg int, v int64) bool {
	found := false
	for i := range c.ops {
		o := &c.ops[i]
		if o.reg != reg {
			continue
		}
		found = true
		if !o.numeric() {
			b := bytesOf(o, o.size, v)
			if _, _, ok := o.read(b); ok || o.size == 0 || len(b) != o.size {
				return true
			}
		} else if fits(o, v) {
			return true
		}
	}
	return !found
}

// fits says that a number field can have the value.
func fits(o *op, v int64) bool {
	lo, hi := o.bounds()
	inside := o.size == 0 && o.code != opPart || v >= lo && (v < 0 || uint64(v) <= hi) || !o.signed() && uint64(v) <= hi
	return inside && (o.check == checkNone || o.allows(uint64(v)))
}

// listed are the values at the ends of what a field may have.
func (w *wants) listed(e *expr) (out []int64) {
	if e.code != exReg {
		return nil
	}
	out = append(out, w.regs[e.reg].value)
	for i := range w.c.ops {
		o := &w.c.ops[i]
		if o.reg != e.reg {
			continue
		}
		for _, v := range least(o) {
			out = append(out, int64(v))
		}
		for _, b := range listedTexts(o) {
			out = append(out, int64(loadBE(b)))
		}
	}
	return out
}
