package codec

// sees says whether the value depends on bytes that are not decoded yet; when encoding, such are not there.
func (e *expr) sees() bool {
	if e == nil {
		return false
	}
	return e.code == exRemaining || e.code == exNext || e.code == exAhead || e.a.sees() || e.b.sees()
}

// place is what an expression can ask for beside fields.
type exprPlace struct {
	regs   []int64
	data   []byte // from here to the end of what has arrived
	left   int    // bytes left in the region; -1 when not known
	uplink bool
	index  int
	tables [][]int64 // by exAt
	short  bool      // set when more bytes are needed to tell
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// eval computes the value.  Division by zero is zero, shifts are bounded: nothing panics.
func (e *expr) eval(at *exprPlace) int64 {
	switch e.code {
	case exConst:
		return e.value
	case exReg:
		return at.regs[e.reg]
	case exRemaining:
		return int64(at.left)
	case exNext:
		if len(at.data) == 0 {
			at.short = at.left != 0
			return -1
		}
		return int64(at.data[0])
	case exAhead:
		n := min(len(e.text), len(at.data))
		if string(at.data[:n]) != string(e.text[:n]) {
			return 0
		}
		if n < len(e.text) {
			at.short = at.left < 0 || at.left >= len(e.text)
			return 0
		}
		return 1
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
	case exNot:
		return truth(e.a.operand(at) == 0)
	case exNeg:
		return -e.a.operand(at)
	case exOr:
		return truth(e.a.eval(at) != 0 || e.b.eval(at) != 0)
	case exAnd:
		return truth(e.a.eval(at) != 0 && e.b.eval(at) != 0)
	}
	return arithmetic(e.code, e.a.operand(at), e.b.operand(at))
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

func arithmetic(code exprCode, a, b int64) int64 {
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
		return a + b
	case exSub:
		return a - b
	case exMul:
		return a * b
	case exBitOr:
		return a | b
	case exBitAnd:
		return a & b
	case exShl:
		return a << uint64(b&63)
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
