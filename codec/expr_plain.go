package codec

import "math"

// plain is an expression in a form that needs no walk of its tree, which most have: a size, a count, a condition on one
// field, a number with its sign.  The tree stays beside it, for inverting and for numbers that do not fit.
type plain struct {
	kind plainKind
	linear
	other linear // plainProduct
}

type plainKind uint8

const (
	plainNone    plainKind = iota
	plainLinear            // the linear
	plainEqual             // whether the linear is 0
	plainProduct           // the linear times the other
)

// linear is a multiple of the value of a field, and a number.
type linear struct {
	reg      int // 0: no field
	mul, add int64
}

// at is the value; ok is false where it might not fit.
func (l *linear) at(regs []int64) (v int64, ok bool) {
	v = regs[l.reg]
	return v*l.mul + l.add, v == int64(int32(v))
}

// quick computes a plain expression; ok is false when eval must.
func (e *expr) quick(regs []int64) (v int64, ok bool) {
	switch p := &e.plain; p.kind {
	case plainLinear:
		return p.at(regs)
	case plainEqual:
		v, ok = p.at(regs)
		return truth(v == 0), ok
	case plainProduct:
		a, okA := p.at(regs)
		b, okB := p.other.at(regs)
		return a * b, okA && okB && a == int64(int32(a)) && b == int64(int32(b))
	}
	return 0, false
}

// simplify finds the plain form of e.
func (e *expr) simplify() plain {
	if l, ok := e.linear(); ok {
		return plain{kind: plainLinear, linear: l}
	}
	switch {
	case e.mixed || e.kind != exprInt:
	case e.code == exEq:
		if l, ok := (&expr{code: exSub, a: e.a, b: e.b}).linear(); ok {
			return plain{kind: plainEqual, linear: l}
		}
	case e.code == exMul:
		a, okA := e.a.linear()
		b, okB := e.b.linear()
		if okA && okB {
			return plain{kind: plainProduct, linear: a, other: b}
		}
	}
	return plain{}
}

// linear is e as a multiple of one field and a number, if it is one and its numbers are small.
func (e *expr) linear() (l linear, ok bool) {
	switch {
	case e.mixed || e.kind != exprInt:
		return l, false
	case e.code == exConst:
		l.add = e.value
	case e.code == exReg:
		l.reg, l.mul = e.reg, 1
	case e.code == exNeg:
		if l, ok = e.a.linear(); !ok {
			return l, false
		}
		l.mul, l.add = -l.mul, -l.add
	case e.code == exAdd || e.code == exSub || e.code == exMul:
		a, okA := e.a.linear()
		b, okB := e.b.linear()
		if !okA || !okB || !a.with(b, e.code) {
			return l, false
		}
		l = a
	default:
		return l, false
	}
	return l, max(l.mul, -l.mul) < math.MaxInt32 && max(l.add, -l.add) < math.MaxInt32
}

// with makes a the sum, the difference or the product of a and b, if that is linear.
func (a *linear) with(b linear, code exprCode) bool {
	switch {
	case code == exMul && b.reg == 0:
		a.mul, a.add = a.mul*b.add, a.add*b.add
		return true
	case code == exMul && a.reg == 0:
		*a = linear{b.reg, b.mul * a.add, b.add * a.add}
		return true
	case code == exMul || a.reg != 0 && b.reg != 0 && a.reg != b.reg:
		return false
	case code == exSub:
		b.mul, b.add = -b.mul, -b.add
	}
	*a = linear{max(a.reg, b.reg), a.mul + b.mul, a.add + b.add}
	return true
}
