package codec

// plain is an expression in a form that needs no walk of its tree, which most have: a size, a count, a condition on
// one field, a number with its sign.  The tree stays beside it, for inverting.
type plain struct {
	kind plainKind
	linear
	other linear // plainProduct
}

// linear is a multiple of the value of a field, and a number.
type linear struct {
	reg      int // 0: no field
	mul, add int64
}

func (l *linear) at(regs []int64) int64 { return regs[l.reg]*l.mul + l.add }

type plainKind uint8

const (
	plainNone    plainKind = iota
	plainLinear            // the linear
	plainEqual             // whether the linear is 0
	plainProduct           // the linear times the other
)

// simplify finds the plain form of e.
func (e *expr) simplify() plain {
	if l, ok := e.linear(); ok {
		return plain{kind: plainLinear, linear: l}
	}
	switch e.code {
	case exEq:
		if l, ok := (&expr{code: exSub, a: e.a, b: e.b}).linear(); ok {
			return plain{kind: plainEqual, linear: l}
		}
	case exMul:
		a, okA := e.a.linear()
		b, okB := e.b.linear()
		if okA && okB {
			return plain{kind: plainProduct, linear: a, other: b}
		}
	}
	return plain{}
}

// linear is e as a multiple of one field and a number, if it is one.  It wraps round like the tree.
func (e *expr) linear() (l linear, ok bool) {
	switch e.code {
	case exConst:
		l.add = e.value
		return l, true
	case exReg:
		l.reg, l.mul = e.reg, 1
		return l, true
	case exNeg:
		a, ok := e.a.linear()
		a.mul, a.add = -a.mul, -a.add
		return a, ok
	case exAdd, exSub, exMul:
	default:
		return l, false
	}
	a, okA := e.a.linear()
	b, okB := e.b.linear()
	if !okA || !okB {
		return l, false
	}
	switch {
	case e.code == exMul && b.reg == 0:
		a.mul, a.add = a.mul*b.add, a.add*b.add
		return a, true
	case e.code == exMul && a.reg == 0:
		b.mul, b.add = b.mul*a.add, b.add*a.add
		return b, true
	case e.code == exMul:
		return l, false
	case e.code == exSub:
		b.mul, b.add = -b.mul, -b.add
	}
	if a.reg != 0 && b.reg != 0 && a.reg != b.reg {
		return l, false
	}
	return linear{max(a.reg, b.reg), a.mul + b.mul, a.add + b.add}, true
}

// same says that two expressions are written alike.
func (e *expr) same(o *expr) bool {
	if e == nil || o == nil {
		return e == o
	}
	return e.code == o.code && e.value == o.value && e.reg == o.reg && string(e.text) == string(o.text) && e.a.same(o.a) && e.b.same(o.b)
}

// varies says that the value depends on the place in the frame, and not on fields alone.
func (e *expr) varies() bool { return e.sees() || e.has(exIndex) }

// has says that e has a node of the code.
func (e *expr) has(code exprCode) bool {
	return e != nil && (e.code == code || e.a.has(code) || e.b.has(code))
}
