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
	case o.code == opTime:
		return whatever
	case (o.code == opHex || o.code == opASCII || o.code == opDigits) && o.size > 0 && o.size < 8:
		e = extent{0, 1<<(8*o.size) - 1}
	}
	if o.numeric() && o.check == checkRange {
		e.lo, e.hi = max(e.lo, int64(o.key(o.lo))), min(e.hi, int64(min(o.key(o.hi), math.MaxInt64)))
		if o.signed() {
			e.lo, e.hi = int64(o.key(o.lo)), int64(o.key(o.hi))
		}
	}
	if o.numeric() && o.check == checkRanges && !o.signed() && len(o.ranges) > 0 && o.ranges[len(o.ranges)-1][1] < math.MaxInt64 {
		e.lo, e.hi = max(e.lo, int64(o.ranges[0][0])), min(e.hi, int64(o.ranges[len(o.ranges)-1][1]))
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
	case exAt:
		return whatever
	case exAhead, exUplink, exOr:
		return v.truthOf(e)
	}
	if e.mixed || e.kind == exprReal { // no ranges of whole numbers with a sign
		if e.code >= exEq && e.code <= exGe {
			return extent{0, 1}
		}
		return whatever
	}
	a := v.extent(e.a)
	switch e.code {
	case exNot:
		return extent{truth(a == extent{0, 0}), truth(a.meets(0, 0))}
	case exNeg:
		return subtract(extent{0, 0}, a)
	}
	b := v.extent(e.b)
	switch e.code {
	case exAnd:
		return v.truthOf(e)
	case exEq, exNe, exLt, exLe, exGt, exGe:
		return compare(e.code, a, b)
	case exAdd:
		return extent{addClamped(a.lo, b.lo), addClamped(a.hi, b.hi)}
	case exSub:
		return subtract(a, b)
	case exMul:
		return corners(a, b, mulClamped)
	case exDiv:
		if b.lo == b.hi && b.lo > 0 {
			return extent{a.lo / b.lo, a.hi / b.lo}
		}
	case exMod:
		if b.lo == b.hi && b.lo > 0 {
			if a.lo >= 0 {
				return extent{0, min(a.hi, b.lo-1)}
			}
			return extent{-b.lo + 1, b.lo - 1}
		}
	case exBitAnd:
		switch {
		case a.lo >= 0 && b.lo >= 0:
			return extent{0, min(a.hi, b.hi)}
		case b.lo >= 0:
			return extent{0, b.hi}
		case a.lo >= 0:
			return extent{0, a.hi}
		}
	case exBitOr:
		if a.lo >= 0 && b.lo >= 0 {
			return extent{max(a.lo, b.lo), 1<<min(62, max(bits.Len64(uint64(a.hi)), bits.Len64(uint64(b.hi)))) - 1 | a.hi | b.hi}
		}
	case exShl:
		if b.lo == b.hi && b.lo >= 0 && b.lo < 32 && a.lo >= 0 && a.hi < 1<<30 {
			return extent{a.lo << b.lo, a.hi << b.lo}
		}
	case exShr:
		if b.lo == b.hi && b.lo >= 0 && b.lo < 63 && a.lo >= 0 {
			return extent{a.lo >> b.lo, a.hi >> b.lo}
		}
	}
	return whatever
}

// truthOf is the extent of and, or and the words that are true or not.
func (v *inspection) truthOf(e *expr) extent {
	if e.code != exAnd && e.code != exOr {
		return extent{0, 1}
	}
	a, b := v.extent(e.a), v.extent(e.b)
	never := func(e extent) bool { return e == extent{0, 0} }
	always := func(e extent) bool { return !e.meets(0, 0) }
	if e.code == exAnd {
		return extent{truth(always(a) && always(b)), truth(!never(a) && !never(b))}
	}
	return extent{truth(always(a) || always(b)), truth(!never(a) || !never(b))}
}

func compare(code exprCode, a, b extent) extent {
	apart, same := !a.meets(b.lo, b.hi), a.lo == a.hi && a == b
	switch code {
	case exEq:
		return extent{truth(same), truth(!apart)}
	case exNe:
		return extent{truth(apart), truth(!same)}
	case exLt:
		return extent{truth(a.hi < b.lo), truth(a.lo < b.hi)}
	case exLe:
		return extent{truth(a.hi <= b.lo), truth(a.lo <= b.hi)}
	case exGt:
		return extent{truth(a.lo > b.hi), truth(a.hi > b.lo)}
	}
	return extent{truth(a.lo >= b.hi), truth(a.hi >= b.lo)}
}

// addClamped and mulClamped stop at the ends of the numbers; what is beyond wraps around when it is computed, so
// such an extent is everything.
func addClamped(a, b int64) int64 {
	switch s := a + b; {
	case a > 0 && b > 0 && s < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && s >= 0:
		return math.MinInt64
	default:
		return s
	}
}

func subtract(a, b extent) extent {
	if b.lo == math.MinInt64 {
		return whatever
	}
	return extent{addClamped(a.lo, -b.hi), addClamped(a.hi, -b.lo)}
}

func mulClamped(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	if s := a * b; s/b == a && (a != math.MinInt64 || b != -1) {
		return s
	}
	if (a > 0) == (b > 0) {
		return math.MaxInt64
	}
	return math.MinInt64
}

func corners(a, b extent, f func(a, b int64) int64) extent {
	out := extent{math.MaxInt64, math.MinInt64}
	for _, x := range []int64{a.lo, a.hi} {
		for _, y := range []int64{b.lo, b.hi} {
			out.lo, out.hi = min(out.lo, f(x, y)), max(out.hi, f(x, y))
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
