package codec

import (
	"math"
	"math/bits"
)

// exprPlace is what an expression can ask for beside constants.
type exprPlace struct {
	regs   []int64
	data   []byte // from here to the end of what has arrived
	left   int    // bytes left in the region; -1 when not known
	uplink bool
	index  int
	tables [][]int64 // by exAt
	short  bool      // set when more bytes are needed to tell
	over   bool      // set when a number does not fit 64 bits; the value is then the nearest that does
}

// clearTable makes room for the values of a list that begins.
func (at *exprPlace) clearTable(t int) {
	for len(at.tables) <= t {
		at.tables = append(at.tables, nil)
	}
	at.tables[t] = at.tables[t][:0]
}

// keep notes the value of a field of one element.
func (at *exprPlace) keep(t int, num int64) {
	if t < len(at.tables) {
		at.tables[t] = append(at.tables[t], num)
	}
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// eval computes the value, of a real number its bits.  Division by zero is zero, shifts are bounded, sums and products
// that do not fit are cut off and noted: nothing panics.
func (e *expr) eval(at *exprPlace) int64 {
	switch e.code {
	case exConst:
		return e.value
	case exReg:
		return at.regs[e.reg]
	case exRemaining:
		return int64(at.left)
	case exNext:
		rest, inside := e.ahead(at, 1)
		if len(rest) > 0 {
			return int64(rest[0])
		}
		at.short = at.short || inside
		return -1
	case exAhead:
		rest, inside := e.ahead(at, len(e.text))
		n := min(len(e.text), len(rest))
		if string(rest[:n]) != string(e.text[:n]) {
			return 0
		}
		at.short = at.short || n < len(e.text) && inside
		return truth(n == len(e.text))
	case exUplink:
		return truth(at.uplink)
	case exIndex:
		return int64(at.index)
	case exAt:
		i := e.a.eval(at)
		if e.reg >= len(at.tables) || i < 0 || i >= int64(len(at.tables[e.reg])) {
			return 0
		}
		return at.tables[e.reg][i]
	case exOr:
		return truth(e.a.eval(at) != 0 || e.b.eval(at) != 0)
	case exAnd:
		return truth(e.a.eval(at) != 0 && e.b.eval(at) != 0)
	case exNot:
		return truth(e.a.eval(at) == 0)
	}
	if e.kind == exprReal {
		return int64(math.Float64bits(e.real(at)))
	}
	if e.mixed {
		return e.compared(at)
	}
	if e.code == exNeg {
		return at.arithmetic(exSub, 0, e.a.operand(at))
	}
	return at.arithmetic(e.code, e.a.operand(at), e.b.operand(at))
}

// operand is eval, quickly for what most operands are.
func (e *expr) operand(at *exprPlace) int64 {
	if e.code == exReg {
		return at.regs[e.reg]
	}
	if e.code == exConst {
		return e.value
	}
	return e.eval(at)
}

// ahead is the bytes from the place that e looks at; inside says that n bytes from there may still come.
func (e *expr) ahead(at *exprPlace, n int) (rest []byte, inside bool) {
	skip := 0
	if e.a != nil {
		skip = int(min(max(e.a.eval(at), 0), math.MaxInt32))
	}
	return at.data[min(skip, len(at.data)):], at.left < 0 || at.left >= skip+n
}

// real computes the value as a real number.
func (e *expr) real(at *exprPlace) float64 {
	if e.kind != exprReal || e.code == exReg || e.code == exConst || e.code == exAt {
		switch v := e.eval(at); e.kind {
		case exprReal:
			return math.Float64frombits(uint64(v))
		case exprNatural:
			return float64(uint64(v))
		default:
			return float64(v)
		}
	}
	a := e.a.real(at)
	if e.code == exNeg {
		return -a
	}
	switch b := e.b.real(at); e.code {
	case exAdd:
		return a + b
	case exSub:
		return a - b
	case exMul:
		return a * b
	case exDiv:
		if b != 0 {
			return a / b
		}
	}
	return 0
}

// compared computes a node with an operand that is real or has no sign.
func (e *expr) compared(at *exprPlace) int64 {
	if e.a.kind == exprReal || e.b.kind == exprReal {
		a, b := e.a.real(at), e.b.real(at)
		switch e.code {
		case exEq:
			return truth(a == b)
		case exNe:
			return truth(a != b)
		case exLt:
			return truth(a < b)
		case exLe:
			return truth(a <= b)
		case exGt:
			return truth(a > b)
		}
		return truth(a >= b)
	}
	a, b := e.a.operand(at), e.b.operand(at)
	x, y := uint64(a), uint64(b)
	below, above := e.a.kind == exprInt && a < 0, e.b.kind == exprInt && b < 0 // 0; they compare as such
	switch e.code {
	case exEq, exNe:
		return truth((x == y && !below && !above) == (e.code == exEq))
	case exLt, exGe:
		return truth((below || !above && x < y) == (e.code == exLt))
	case exGt, exLe:
		return truth((above || !below && x > y) == (e.code == exGt))
	case exBitAnd, exBitOr:
		return at.arithmetic(e.code, a, b)
	case exShr:
		if e.a.kind == exprNatural {
			return int64(x >> (y & 63))
		}
	case exDiv:
		if !below && !above && y != 0 {
			return int64(x / y)
		}
	case exMod:
		if !below && !above && y != 0 {
			return int64(x % y)
		}
	}
	// A sum, a difference, a product: exact while the operands fit 63 bits.
	if e.a.kind == exprNatural && a < 0 || e.b.kind == exprNatural && b < 0 {
		at.over = true
		return math.MaxInt64
	}
	return at.arithmetic(e.code, a, b)
}

func (at *exprPlace) arithmetic(code exprCode, a, b int64) int64 {
	switch code {
	case exEq:
		return truth(a == b)
	case exNe:
		return truth(a != b)
	case exLt:
		return truth(a < b)
	case exLe:
		return truth(a <= b)
	case exGt:
		return truth(a > b)
	case exGe:
		return truth(a >= b)
	case exAdd:
		if sum := a + b; (sum > a) == (b > 0) {
			return sum
		}
		return at.cut(b < 0)
	case exSub:
		if d := a - b; (d < a) == (b > 0) {
			return d
		}
		return at.cut(b > 0)
	case exMul:
		return at.product(a, b)
	case exBitOr:
		return a | b
	case exBitAnd:
		return a & b
	case exShl:
		return at.product(a, 1<<uint64(b&63))
	case exShr:
		return a >> uint64(b&63)
	case exDiv:
		if b != 0 {
			return a / b
		}
	case exMod:
		if b != 0 {
			return a % b
		}
	}
	return 0
}

// cut notes that a number does not fit, and is the nearest that does.
func (at *exprPlace) cut(negative bool) int64 {
	at.over = true
	if negative {
		return math.MinInt64
	}
	return math.MaxInt64
}

func (at *exprPlace) product(a, b int64) int64 {
	negative := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return at.cut(negative)
	}
	if negative {
		return -int64(lo)
	}
	return int64(lo)
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}
