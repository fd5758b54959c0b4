package codec

import (
	"math"
	"math/bits"
)

// extent is the range of values that something can have.  It may be too wide, never too narrow.
type extent struct{ lo, hi int64 }

var whatever = extent{math.MinInt64, math.MaxInt64}

func (e extent) and(o extent) extent { return extent{min(e.lo, o.lo), max(e.hi, o.hi)} }

func (e extent) meets(lo, hi int64) bool { return e.lo <= hi && lo <= e.hi }

// registers finds what each register can hold.
func (v *inspection) registers() {
	v.extents = make([]extent, v.g.regs)
	known := make([]bool, v.g.regs)
	put := func(reg int, e extent) {
		if reg <= 0 {
			return
		}
		if known[reg] {
			e = e.and(v.extents[reg])
		}
		v.extents[reg], known[reg] = e, true
	}
	var visit func(nodes []*node, sure bool)
	visit = func(nodes []*node, sure bool) {
		for _, n := range nodes {
			here := sure && n.when == nil && !n.optional
			if n.kind == nodeList && n.listReg > 0 {
				put(n.listReg, extent{0, hardMaxFrame})
			}
			if n.kind == nodeLeaf {
				for i := n.op; i <= n.op+n.parts; i++ {
					o := &v.ops[i]
					e := v.fieldExtent(n, o)
					if !here { // it is zero when it is absent
						e = e.and(extent{0, 0})
					}
					put(o.reg, e)
					if o.fold != nil {
						put(o.fold.reg, whatever)
						put(o.fold.reg+1, whatever)
					}
				}
			}
			visit(n.kids, here && n.kind == nodeGroup)
			for i := range n.cases {
				visit(n.cases[i].kids, false)
			}
		}
	}
	for range 2 { // the second time with what the first has found: a name may mean several fields
		for _, f := range v.g.families {
			visit(f.header, true)
			for _, s := range f.shapes {
				visit(s.nodes, true)
			}
			visit(f.trailer, true)
		}
	}
	for reg := range v.extents {
		if !known[reg] {
			v.extents[reg] = whatever
		}
	}
}

// fieldExtent is what expressions can see of a field.
func (v *inspection) fieldExtent(n *node, o *op) extent {
	switch { // then the bytes stand for themselves
	case o.form != nil && o.form.missing != nil:
		return whatever
	case o.form != nil && o.form.none != nil:
		lo, hi := o.bounds()
		return extent{lo, int64(min(hi, math.MaxInt64))}
	}
	e := whatever
	switch {
	case o.code == opComputed:
		if n.value != nil && n.on == nil && v.known(n.value) {
			e = v.extent(n.value)
		}
	case o.integer() && (o.size > 0 || o.code == opPart || o.code == opRun || o.code == opVarint):
		lo, hi := o.bounds()
		e = extent{lo, int64(min(hi, math.MaxInt64))}
		if hi > math.MaxInt64 {
			e = whatever
		}
	case o.code == opDecimal && o.size > 0 && o.size < 16 && (o.form == nil || o.form.places == 0):
		e = extent{-(1 << (4 * (o.size - 1))), 1<<(4*o.size) - 1} // of hexadecimal digits
		if o.form == nil || o.form.base != 16 {
			e = extent{-int64(math.Pow10(o.size - 1)), int64(math.Pow10(o.size)) - 1}
		}
	case (o.code == opHex || o.code == opASCII || o.code == opDigits) && o.size > 0 && o.size < 8:
		e = extent{0, 1<<(8*o.size) - 1}
	}
	if o.numeric() && o.check == checkRange {
		e.lo, e.hi = max(e.lo, int64(o.key(o.lo))), min(e.hi, int64(min(o.key(o.hi), math.MaxInt64)))
		if o.signed() {
			e.lo, e.hi = int64(o.key(o.lo)), int64(o.key(o.hi))
		}
	}
	if n := len(o.ranges); o.numeric() && o.check == checkRanges && !o.signed() && n > 0 && o.ranges[n-1][1] < math.MaxInt64 {
		e.lo, e.hi = max(e.lo, int64(o.ranges[0][0])), min(e.hi, int64(o.ranges[n-1][1]))
	}
	return e
}

// known says that the registers of an expression have been looked at: fields stand before what uses them.
func (v *inspection) known(e *expr) bool {
	for _, reg := range e.fields(nil) {
		if v.extents[reg] == (extent{}) {
			return false
		}
	}
	return true
}

// extent of an expression.
func (v *inspection) extent(e *expr) extent {
	switch e.code {
	case exConst:
		return extent{e.value, e.value}
	case exReg:
		return v.extents[e.reg]
	case exRemaining:
		return extent{-1, hardMaxFrame}
	case exNext:
		return extent{-1, 255}
	case exIndex:
		return extent{0, hardMaxFrame}
	case exAhead, exUplink:
		return extent{0, 1}
	case exAt:
		return whatever
	}
	if e.mixed || e.kind == exprReal { // no ranges of whole numbers with a sign
		if e.code >= exEq && e.code <= exGe {
			return extent{0, 1}
		}
		return whatever
	}
	a, b := v.extent(e.a), extent{}
	if e.b != nil {
		b = v.extent(e.b)
	}
	given := b.lo == b.hi && b.lo >= 0
	switch e.code {
	case exNot:
		return extent{1 - a.truth().hi, 1 - a.truth().lo}
	case exNeg:
		return corners(exSub, extent{}, a)
	case exAnd, exOr:
		return corners(e.code, a.truth(), b.truth())
	case exEq, exNe:
		same := extent{truth(a.lo == a.hi && a == b), truth(a.meets(b.lo, b.hi))}
		if e.code == exNe {
			same = extent{1 - same.hi, 1 - same.lo}
		}
		return same
	case exLt, exLe, exGt, exGe, exAdd, exSub, exMul:
		return corners(e.code, a, b)
	case exDiv, exShr:
		if given && (e.code == exShr && b.lo < 63 || e.code == exDiv && b.lo > 0) {
			return corners(e.code, a, b)
		}
	case exShl:
		if given && b.lo < 32 && a.lo >= 0 && a.hi < 1<<30 {
			return corners(e.code, a, b)
		}
	case exMod:
		if given && b.lo > 0 && a.lo >= 0 {
			return extent{0, min(a.hi, b.lo-1)}
		}
	case exBitAnd:
		if hi := min(positive(a), positive(b)); hi < math.MaxInt64 {
			return extent{0, hi}
		}
	case exBitOr:
		if a.lo >= 0 && b.lo >= 0 {
			return extent{max(a.lo, b.lo), 1<<min(62, bits.Len64(uint64(a.hi|b.hi))) - 1 | a.hi | b.hi}
		}
	}
	return whatever
}

// positive is the largest value of what has no sign.
func positive(e extent) int64 {
	if e.lo < 0 {
		return math.MaxInt64
	}
	return e.hi
}

// truth is the extent of whether the value is not 0.
func (e extent) truth() extent { return extent{truth(!e.meets(0, 0)), truth(e != extent{})} }

// corners is the extent of an operator that only grows, or only shrinks, with each side.
func corners(code exprCode, a, b extent) extent {
	out := extent{math.MaxInt64, math.MinInt64}
	for _, x := range []int64{a.lo, a.hi} {
		for _, y := range []int64{b.lo, b.hi} {
			e := expr{code: code, a: &expr{value: x}, b: &expr{value: y}}
			r := e.eval(&exprPlace{})
			out.lo, out.hi = min(out.lo, r), max(out.hi, r)
		}
	}
	return out
}

// enumerated are the most values for which an expression is computed one by one.
const enumerated = 4096

// values calls visit with each value that an expression can have; false when they are too many or not known.
func (v *inspection) values(e *expr, visit func(value int64)) bool {
	if e.sees() || e.has(exIndex) || e.has(exUplink) || e.has(exAt) {
		return false
	}
	var regs []int
	seen := map[int]bool{}
	all := int64(1)
	for _, reg := range e.fields(nil) {
		if seen[reg] {
			continue
		}
		seen[reg] = true
		x := v.extents[reg]
		if x == whatever || x.hi-x.lo < 0 || x.hi-x.lo >= enumerated {
			return false
		}
		if all *= x.hi - x.lo + 1; all > enumerated {
			return false
		}
		regs = append(regs, reg)
	}
	at := exprPlace{regs: make([]int64, v.g.regs)}
	var walk func(i int)
	walk = func(i int) {
		if i == len(regs) {
			visit(e.eval(&at))
			return
		}
		for x := v.extents[regs[i]].lo; x <= v.extents[regs[i]].hi; x++ {
			at.regs[regs[i]] = x
			walk(i + 1)
		}
	}
	walk(0)
	return true
}

// exact is extent, by computing where that is possible.
func (v *inspection) exact(e *expr) extent {
	rough := v.extent(e)
	if rough.lo == rough.hi {
		return rough
	}
	out := extent{math.MaxInt64, math.MinInt64}
	if !v.values(e, func(x int64) { out.lo, out.hi = min(out.lo, x), max(out.hi, x) }) {
		return rough
	}
	return out
}

// never and always say whether a condition can be told without any frame.
func (v *inspection) never(e *expr) bool {
	if x := v.extent(e); x == (extent{0, 0}) {
		return true
	}
	any := false
	return v.values(e, func(x int64) { any = any || x != 0 }) && !any
}

func (v *inspection) always(e *expr) bool {
	if x := v.extent(e); !x.meets(0, 0) {
		return true
	}
	all := true
	return v.values(e, func(x int64) { all = all && x != 0 }) && all
}
