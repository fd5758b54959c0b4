package compile

import (
	"math"
	"math/bits"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// extent is the range of values that something can have.  It may be too wide, never too narrow.
type extent struct{ lo, hi int64 }

var whatever = extent{math.MinInt64, math.MaxInt64}

func (e extent) and(o extent) extent { return extent{min(e.lo, o.lo), max(e.hi, o.hi)} }

func (e extent) meets(lo, hi int64) bool { return e.lo <= hi && lo <= e.hi }

// registers finds what each register can hold.
func (v *inspection) registers() {
	v.extents = make([]extent, v.g.Regs)
	known := make([]bool, v.g.Regs)
	put := func(reg int, e extent) {
		if reg <= 0 {
			return
		}
		if known[reg] {
			e = e.and(v.extents[reg])
		}
		v.extents[reg], known[reg] = e, true
	}
	var visit func(nodes []*program.Node, sure bool)
	visit = func(nodes []*program.Node, sure bool) {
		for _, n := range nodes {
			here := sure && n.When == nil && !n.Optional
			if n.Kind == program.NodeList && n.ListReg > 0 {
				put(n.ListReg, extent{0, field.HardMaxFrame})
			}
			if n.Kind == program.NodeLeaf {
				for i := n.Op; i <= n.Op+n.Parts; i++ {
					o := &v.ops[i]
					e := v.fieldExtent(n, o)
					if !here { // it is zero when it is absent
						e = e.and(extent{0, 0})
					}
					put(o.Reg, e)
					if o.Fold != nil {
						put(o.Fold.Reg, whatever)
						put(o.Fold.Reg+1, whatever)
					}
				}
			}
			visit(n.Kids, here && n.Kind == program.NodeGroup)
			for i := range n.Cases {
				visit(n.Cases[i].Kids, false)
			}
		}
	}
	for range 2 { // the second time with what the first has found: a name may mean several fields
		for _, f := range v.g.Kinds {
			visit(f.Header, true)
			for _, s := range f.Bodies {
				visit(s.Nodes, true)
			}
			visit(f.Trailer, true)
		}
	}
	for reg := range v.extents {
		if !known[reg] {
			v.extents[reg] = whatever
		}
	}
}

// fieldExtent is what expressions can see of a field.
func (v *inspection) fieldExtent(n *program.Node, o *scalar.Op) extent {
	switch { // then the bytes stand for themselves
	case o.Form != nil && o.Form.Missing != nil:
		return whatever
	case o.Form != nil && o.Form.None != nil:
		lo, hi := o.Bounds()
		return extent{lo, int64(min(hi, math.MaxInt64))}
	}
	e := whatever
	switch {
	case o.Code == scalar.OpComputed:
		if n.Value != nil && n.On == nil && v.known(n.Value) {
			e = v.extent(n.Value)
		}
	case o.Integer() && (o.Size > 0 || o.Bitwise() || o.Code == scalar.OpRun || o.Code == scalar.OpVarint):
		lo, hi := o.Bounds()
		e = extent{lo, int64(min(hi, math.MaxInt64))}
		if hi > math.MaxInt64 {
			e = whatever
		}
	case o.Code == scalar.OpDecimal && o.Size > 0 && o.Size < 16 && (o.Form == nil || o.Form.Places == 0):
		e = extent{-(1 << (4 * (o.Size - 1))), 1<<(4*o.Size) - 1} // of hexadecimal digits
		if o.Form == nil || o.Form.Base != 16 {
			e = extent{-int64(math.Pow10(o.Size - 1)), int64(math.Pow10(o.Size)) - 1}
		}
	case (o.Code == scalar.OpHex || o.Code == scalar.OpASCII || o.Code == scalar.OpDigits) && o.Size > 0 && o.Size < 8:
		e = extent{0, 1<<(8*o.Size) - 1}
	}
	if o.Numeric() && o.Check == scalar.CheckRange {
		e.lo, e.hi = max(e.lo, int64(o.Key(o.Lo))), min(e.hi, int64(min(o.Key(o.Hi), math.MaxInt64)))
		if o.Signed() {
			e.lo, e.hi = int64(o.Key(o.Lo)), int64(o.Key(o.Hi))
		}
	}
	if n := len(o.Ranges); o.Numeric() && o.Check == scalar.CheckRanges && !o.Signed() && n > 0 && o.Ranges[n-1][1] < math.MaxInt64 {
		e.lo, e.hi = max(e.lo, int64(o.Ranges[0][0])), min(e.hi, int64(o.Ranges[n-1][1]))
	}
	return e
}

// known says that the registers of an expression have been looked at: fields stand before what uses them.
func (v *inspection) known(e *expr.Expr) bool {
	for _, reg := range e.Fields(nil) {
		if v.extents[reg] == (extent{}) {
			return false
		}
	}
	return true
}

// extent of an expression.
func (v *inspection) extent(e *expr.Expr) extent {
	switch e.Code {
	case expr.Const:
		return extent{e.Value, e.Value}
	case expr.Reg:
		return v.extents[e.Reg]
	case expr.Remaining:
		return extent{-1, field.HardMaxFrame}
	case expr.Next:
		return extent{-1, 255}
	case expr.Index:
		return extent{0, field.HardMaxFrame}
	case expr.Ahead, expr.Uplink:
		return extent{0, 1}
	case expr.At:
		return whatever
	}
	if e.Mixed || e.Kind == expr.Real { // no ranges of whole numbers with a sign
		if e.Code >= expr.Eq && e.Code <= expr.Ge {
			return extent{0, 1}
		}
		return whatever
	}
	a, b := v.extent(e.A), extent{}
	if e.B != nil {
		b = v.extent(e.B)
	}
	given := b.lo == b.hi && b.lo >= 0
	switch e.Code {
	case expr.Not:
		return extent{1 - a.truth().hi, 1 - a.truth().lo}
	case expr.Neg:
		return corners(expr.Sub, extent{}, a)
	case expr.And, expr.Or:
		return corners(e.Code, a.truth(), b.truth())
	case expr.Eq, expr.Ne:
		same := extent{expr.Truth(a.lo == a.hi && a == b), expr.Truth(a.meets(b.lo, b.hi))}
		if e.Code == expr.Ne {
			same = extent{1 - same.hi, 1 - same.lo}
		}
		return same
	case expr.Lt, expr.Le, expr.Gt, expr.Ge, expr.Add, expr.Sub, expr.Mul:
		return corners(e.Code, a, b)
	case expr.Div, expr.Shr:
		if given && (e.Code == expr.Shr && b.lo < 63 || e.Code == expr.Div && b.lo > 0) {
			return corners(e.Code, a, b)
		}
	case expr.Shl:
		if given && b.lo < 32 && a.lo >= 0 && a.hi < 1<<30 {
			return corners(e.Code, a, b)
		}
	case expr.Mod:
		if given && b.lo > 0 && a.lo >= 0 {
			return extent{0, min(a.hi, b.lo-1)}
		}
	case expr.BitAnd:
		if hi := min(positive(a), positive(b)); hi < math.MaxInt64 {
			return extent{0, hi}
		}
	case expr.BitOr:
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
func (e extent) truth() extent { return extent{expr.Truth(!e.meets(0, 0)), expr.Truth(e != extent{})} }

// corners is the extent of an operator that only grows, or only shrinks, with each side.
func corners(code expr.Code, a, b extent) extent {
	out := extent{math.MaxInt64, math.MinInt64}
	for _, x := range []int64{a.lo, a.hi} {
		for _, y := range []int64{b.lo, b.hi} {
			e := expr.Expr{Code: code, A: &expr.Expr{Value: x}, B: &expr.Expr{Value: y}}
			r := e.Eval(&expr.Place{})
			out.lo, out.hi = min(out.lo, r), max(out.hi, r)
		}
	}
	return out
}

// enumerated are the most values for which an expression is computed one by one.
const enumerated = 4096

// values calls visit with each value that an expression can have; false when they are too many or not known.
func (v *inspection) values(e *expr.Expr, visit func(value int64)) bool {
	if e.Sees() || e.Has(expr.Index) || e.Has(expr.Uplink) || e.Has(expr.At) {
		return false
	}
	var regs []int
	seen := map[int]bool{}
	all := int64(1)
	for _, reg := range e.Fields(nil) {
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
	at := expr.Place{Regs: make([]int64, v.g.Regs)}
	var walk func(i int)
	walk = func(i int) {
		if i == len(regs) {
			visit(e.Eval(&at))
			return
		}
		for x := v.extents[regs[i]].lo; x <= v.extents[regs[i]].hi; x++ {
			at.Regs[regs[i]] = x
			walk(i + 1)
		}
	}
	walk(0)
	return true
}

// exact is extent, by computing where that is possible.
func (v *inspection) exact(e *expr.Expr) extent {
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
func (v *inspection) never(e *expr.Expr) bool {
	if x := v.extent(e); x == (extent{0, 0}) {
		return true
	}
	any := false
	return v.values(e, func(x int64) { any = any || x != 0 }) && !any
}

func (v *inspection) always(e *expr.Expr) bool {
	if x := v.extent(e); !x.meets(0, 0) {
		return true
	}
	all := true
	return v.values(e, func(x int64) { all = all && x != 0 }) && all
}
