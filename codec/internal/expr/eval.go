package expr

import (
	"math"
	"math/bits"
)

// Place is what an expression can ask for beside constants.
type Place struct {
	Regs   []int64
	Data   []byte // from here to the end of what has arrived
	Left   int    // bytes left in the region; -1 when not known
	Uplink bool
	Index  int
	Tables [][]int64 // by the Reg of At
	Short  bool      // set when more bytes are needed to tell
	Over   bool      // set when a number does not fit 64 bits; the value is then the nearest that does
}

// ClearTable makes room for the values of a list that begins.
func (at *Place) ClearTable(t int) {
	for len(at.Tables) <= t {
		at.Tables = append(at.Tables, nil)
	}
	at.Tables[t] = at.Tables[t][:0]
}

// Keep notes the value of a field of one element.
func (at *Place) Keep(t int, num int64) {
	if t < len(at.Tables) {
		at.Tables[t] = append(at.Tables[t], num)
	}
}

// Truth is 1 or 0.
func Truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Eval computes the value, of a real number its bits.  Division by zero is zero, shifts are bounded, sums and products
// that do not fit are cut off and noted: nothing panics.
func (e *Expr) Eval(at *Place) int64 {
	switch e.Code {
	case Const:
		return e.Value
	case Reg:
		return at.Regs[e.Reg]
	case Remaining:
		return int64(at.Left)
	case Next:
		rest, inside := e.ahead(at, 1)
		if len(rest) > 0 {
			return int64(rest[0])
		}
		at.Short = at.Short || inside
		return -1
	case Ahead:
		rest, inside := e.ahead(at, len(e.Text))
		n := min(len(e.Text), len(rest))
		if string(rest[:n]) != string(e.Text[:n]) {
			return 0
		}
		at.Short = at.Short || n < len(e.Text) && inside
		return Truth(n == len(e.Text))
	case Uplink:
		return Truth(at.Uplink)
	case Index:
		return int64(at.Index)
	case At:
		i := e.A.Eval(at)
		if e.Reg >= len(at.Tables) || i < 0 || i >= int64(len(at.Tables[e.Reg])) {
			return 0
		}
		return at.Tables[e.Reg][i]
	case Or:
		return Truth(e.A.Eval(at) != 0 || e.B.Eval(at) != 0)
	case And:
		return Truth(e.A.Eval(at) != 0 && e.B.Eval(at) != 0)
	case Not:
		return Truth(e.A.Eval(at) == 0)
	}
	if e.Kind == Real {
		return int64(math.Float64bits(e.real(at)))
	}
	if e.Mixed {
		return e.compared(at)
	}
	if e.Code == Neg {
		return at.Arithmetic(Sub, 0, e.A.operand(at))
	}
	return at.Arithmetic(e.Code, e.A.operand(at), e.B.operand(at))
}

// operand is eval, quickly for what most operands are.
func (e *Expr) operand(at *Place) int64 {
	if e.Code == Reg {
		return at.Regs[e.Reg]
	}
	if e.Code == Const {
		return e.Value
	}
	return e.Eval(at)
}

// ahead is the bytes from the place that e looks at; inside says that n bytes from there may still come.
func (e *Expr) ahead(at *Place, n int) (rest []byte, inside bool) {
	skip := 0
	if e.A != nil {
		skip = int(min(max(e.A.Eval(at), 0), math.MaxInt32))
	}
	return at.Data[min(skip, len(at.Data)):], at.Left < 0 || at.Left >= skip+n
}

// real computes the value as a real number.
func (e *Expr) real(at *Place) float64 {
	if e.Kind != Real || e.Code == Reg || e.Code == Const || e.Code == At {
		switch v := e.Eval(at); e.Kind {
		case Real:
			return math.Float64frombits(uint64(v))
		case Natural:
			return float64(uint64(v))
		default:
			return float64(v)
		}
	}
	a := e.A.real(at)
	if e.Code == Neg {
		return -a
	}
	switch b := e.B.real(at); e.Code {
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		if b != 0 {
			return a / b
		}
	}
	return 0
}

// compared computes a node with an operand that is real or has no sign.
func (e *Expr) compared(at *Place) int64 {
	if e.A.Kind == Real || e.B.Kind == Real {
		a, b := e.A.real(at), e.B.real(at)
		switch e.Code {
		case Eq:
			return Truth(a == b)
		case Ne:
			return Truth(a != b)
		case Lt:
			return Truth(a < b)
		case Le:
			return Truth(a <= b)
		case Gt:
			return Truth(a > b)
		}
		return Truth(a >= b)
	}
	a, b := e.A.operand(at), e.B.operand(at)
	x, y := uint64(a), uint64(b)
	below, above := e.A.Kind == Int && a < 0, e.B.Kind == Int && b < 0 // 0; they compare as such
	switch e.Code {
	case Eq, Ne:
		return Truth((x == y && !below && !above) == (e.Code == Eq))
	case Lt, Ge:
		return Truth((below || !above && x < y) == (e.Code == Lt))
	case Gt, Le:
		return Truth((above || !below && x > y) == (e.Code == Gt))
	case BitAnd, BitOr:
		return at.Arithmetic(e.Code, a, b)
	case Shr:
		if e.A.Kind == Natural {
			return int64(x >> (y & 63))
		}
	case Div:
		if !below && !above && y != 0 {
			return int64(x / y)
		}
	case Mod:
		if !below && !above && y != 0 {
			return int64(x % y)
		}
	}
	// A sum, a difference, a product: exact while the operands fit 63 bits.
	if e.A.Kind == Natural && a < 0 || e.B.Kind == Natural && b < 0 {
		at.Over = true
		return math.MaxInt64
	}
	return at.Arithmetic(e.Code, a, b)
}

// Arithmetic computes an operator of two whole numbers.
func (at *Place) Arithmetic(code Code, a, b int64) int64 {
	switch code {
	case Eq:
		return Truth(a == b)
	case Ne:
		return Truth(a != b)
	case Lt:
		return Truth(a < b)
	case Le:
		return Truth(a <= b)
	case Gt:
		return Truth(a > b)
	case Ge:
		return Truth(a >= b)
	case Add:
		if sum := a + b; (sum > a) == (b > 0) {
			return sum
		}
		return at.cut(b < 0)
	case Sub:
		if d := a - b; (d < a) == (b > 0) {
			return d
		}
		return at.cut(b > 0)
	case Mul:
		return at.product(a, b)
	case BitOr:
		return a | b
	case BitAnd:
		return a & b
	case Shl:
		return at.product(a, 1<<uint64(b&63))
	case Shr:
		return a >> uint64(b&63)
	case Div:
		if b != 0 {
			return a / b
		}
	case Mod:
		if b != 0 {
			return a % b
		}
	}
	return 0
}

// cut notes that a number does not fit, and is the nearest that does.
func (at *Place) cut(negative bool) int64 {
	at.Over = true
	if negative {
		return math.MinInt64
	}
	return math.MaxInt64
}

func (at *Place) product(a, b int64) int64 {
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
