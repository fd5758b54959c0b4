package expr

import (
	"math"
	"math/bits"
)

// ExprPlace is what an expression can ask for beside constants.
type ExprPlace struct {
	Regs   []int64
	Data   []byte // from here to the end of what has arrived
	Left   int    // bytes left in the region; -1 when not known
	Uplink bool
	Index  int
	Tables [][]int64 // by exAt
	Short  bool      // set when more bytes are needed to tell
	Over   bool      // set when a number does not fit 64 bits; the value is then the nearest that does
}

// ClearTable makes room for the values of a list that begins.
func (at *ExprPlace) ClearTable(t int) {
	for len(at.Tables) <= t {
		at.Tables = append(at.Tables, nil)
	}
	at.Tables[t] = at.Tables[t][:0]
}

// Keep notes the value of a field of one element.
func (at *ExprPlace) Keep(t int, num int64) {
	if t < len(at.Tables) {
		at.Tables[t] = append(at.Tables[t], num)
	}
}

func Truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Eval computes the value, of a real number its bits.  Division by zero is zero, shifts are bounded, sums and products
// that do not fit are cut off and noted: nothing panics.
func (e *Expr) Eval(at *ExprPlace) int64 {
	switch e.Code {
	case ExConst:
		return e.Value
	case ExReg:
		return at.Regs[e.Reg]
	case ExRemaining:
		return int64(at.Left)
	case ExNext:
		rest, inside := e.ahead(at, 1)
		if len(rest) > 0 {
			return int64(rest[0])
		}
		at.Short = at.Short || inside
		return -1
	case ExAhead:
		rest, inside := e.ahead(at, len(e.Text))
		n := min(len(e.Text), len(rest))
		if string(rest[:n]) != string(e.Text[:n]) {
			return 0
		}
		at.Short = at.Short || n < len(e.Text) && inside
		return Truth(n == len(e.Text))
	case ExUplink:
		return Truth(at.Uplink)
	case ExIndex:
		return int64(at.Index)
	case ExAt:
		i := e.A.Eval(at)
		if e.Reg >= len(at.Tables) || i < 0 || i >= int64(len(at.Tables[e.Reg])) {
			return 0
		}
		return at.Tables[e.Reg][i]
	case ExOr:
		return Truth(e.A.Eval(at) != 0 || e.B.Eval(at) != 0)
	case ExAnd:
		return Truth(e.A.Eval(at) != 0 && e.B.Eval(at) != 0)
	case ExNot:
		return Truth(e.A.Eval(at) == 0)
	}
	if e.Kind == ExprReal {
		return int64(math.Float64bits(e.real(at)))
	}
	if e.Mixed {
		return e.compared(at)
	}
	if e.Code == ExNeg {
		return at.Arithmetic(ExSub, 0, e.A.operand(at))
	}
	return at.Arithmetic(e.Code, e.A.operand(at), e.B.operand(at))
}

// operand is eval, quickly for what most operands are.
func (e *Expr) operand(at *ExprPlace) int64 {
	if e.Code == ExReg {
		return at.Regs[e.Reg]
	}
	if e.Code == ExConst {
		return e.Value
	}
	return e.Eval(at)
}

// ahead is the bytes from the place that e looks at; inside says that n bytes from there may still come.
func (e *Expr) ahead(at *ExprPlace, n int) (rest []byte, inside bool) {
	skip := 0
	if e.A != nil {
		skip = int(min(max(e.A.Eval(at), 0), math.MaxInt32))
	}
	return at.Data[min(skip, len(at.Data)):], at.Left < 0 || at.Left >= skip+n
}

// real computes the value as a real number.
func (e *Expr) real(at *ExprPlace) float64 {
	if e.Kind != ExprReal || e.Code == ExReg || e.Code == ExConst || e.Code == ExAt {
		switch v := e.Eval(at); e.Kind {
		case ExprReal:
			return math.Float64frombits(uint64(v))
		case ExprNatural:
			return float64(uint64(v))
		default:
			return float64(v)
		}
	}
	a := e.A.real(at)
	if e.Code == ExNeg {
		return -a
	}
	switch b := e.B.real(at); e.Code {
	case ExAdd:
		return a + b
	case ExSub:
		return a - b
	case ExMul:
		return a * b
	case ExDiv:
		if b != 0 {
			return a / b
		}
	}
	return 0
}

// compared computes a node with an operand that is real or has no sign.
func (e *Expr) compared(at *ExprPlace) int64 {
	if e.A.Kind == ExprReal || e.B.Kind == ExprReal {
		a, b := e.A.real(at), e.B.real(at)
		switch e.Code {
		case ExEq:
			return Truth(a == b)
		case ExNe:
			return Truth(a != b)
		case ExLt:
			return Truth(a < b)
		case ExLe:
			return Truth(a <= b)
		case ExGt:
			return Truth(a > b)
		}
		return Truth(a >= b)
	}
	a, b := e.A.operand(at), e.B.operand(at)
	x, y := uint64(a), uint64(b)
	below, above := e.A.Kind == ExprInt && a < 0, e.B.Kind == ExprInt && b < 0 // 0; they compare as such
	switch e.Code {
	case ExEq, ExNe:
		return Truth((x == y && !below && !above) == (e.Code == ExEq))
	case ExLt, ExGe:
		return Truth((below || !above && x < y) == (e.Code == ExLt))
	case ExGt, ExLe:
		return Truth((above || !below && x > y) == (e.Code == ExGt))
	case ExBitAnd, ExBitOr:
		return at.Arithmetic(e.Code, a, b)
	case ExShr:
		if e.A.Kind == ExprNatural {
			return int64(x >> (y & 63))
		}
	case ExDiv:
		if !below && !above && y != 0 {
			return int64(x / y)
		}
	case ExMod:
		if !below && !above && y != 0 {
			return int64(x % y)
		}
	}
	// A sum, a difference, a product: exact while the operands fit 63 bits.
	if e.A.Kind == ExprNatural && a < 0 || e.B.Kind == ExprNatural && b < 0 {
		at.Over = true
		return math.MaxInt64
	}
	return at.Arithmetic(e.Code, a, b)
}

func (at *ExprPlace) Arithmetic(code ExprCode, a, b int64) int64 {
	switch code {
	case ExEq:
		return Truth(a == b)
	case ExNe:
		return Truth(a != b)
	case ExLt:
		return Truth(a < b)
	case ExLe:
		return Truth(a <= b)
	case ExGt:
		return Truth(a > b)
	case ExGe:
		return Truth(a >= b)
	case ExAdd:
		if sum := a + b; (sum > a) == (b > 0) {
			return sum
		}
		return at.cut(b < 0)
	case ExSub:
		if d := a - b; (d < a) == (b > 0) {
			return d
		}
		return at.cut(b > 0)
	case ExMul:
		return at.product(a, b)
	case ExBitOr:
		return a | b
	case ExBitAnd:
		return a & b
	case ExShl:
		return at.product(a, 1<<uint64(b&63))
	case ExShr:
		return a >> uint64(b&63)
	case ExDiv:
		if b != 0 {
			return a / b
		}
	case ExMod:
		if b != 0 {
			return a % b
		}
	}
	return 0
}

// cut notes that a number does not fit, and is the nearest that does.
func (at *ExprPlace) cut(negative bool) int64 {
	at.Over = true
	if negative {
		return math.MinInt64
	}
	return math.MaxInt64
}

func (at *ExprPlace) product(a, b int64) int64 {
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
