package codec

// source is the one field of an expression that can be inverted; -1 when there is none.
func (e *expr) source() int {
	if reg, n := e.field(); n == 1 && e.invertible() && !e.sees() {
		return reg
	}
	return -1
}

// field is the last field of an expression, and n how many occur in it.
func (e *expr) field() (reg, n int) {
	if e == nil {
		return 0, 0
	}
	if e.code == exReg {
		return e.reg, 1
	}
	reg, n = e.a.field()
	if other, more := e.b.field(); more > 0 {
		reg, n = other, n+more
	}
	return reg, n
}

func (e *expr) invertible() bool {
	switch {
	case e.kind == exprReal:
		return false
	case e.code == exReg || e.code == exConst:
		return true
	case e.code == exAdd || e.code == exSub || e.code == exMul || e.code == exDiv || e.code == exShl || e.code == exShr:
		return e.a.invertible() && e.b.invertible()
	}
	return false
}

// invert finds the value of the single field for which the expression is want; ok is false when there is none.
// Of several (division) the smallest is taken.
func (e *expr) invert(want int64) (int64, bool) {
	if e.code == exReg {
		return want, true
	}
	if e.a == nil || e.b == nil {
		return 0, false
	}
	_, n := e.a.field()
	left := n == 1 // the side that holds the field
	inner, other := e.a, e.b
	if !left {
		inner, other = e.b, e.a
	}
	by := other.eval(&exprPlace{})
	switch {
	case e.code == exAdd:
		return inner.invert(want - by)
	case e.code == exSub && left:
		return inner.invert(want + by)
	case e.code == exSub:
		return inner.invert(by - want)
	case e.code == exMul && by != 0:
		if want%by != 0 {
			return 0, false
		}
		return inner.invert(want / by)
	case e.code == exDiv && left && by > 0:
		return inner.invert(want * by)
	case e.code == exShl && left:
		if want&(1<<uint64(by&63)-1) != 0 {
			return 0, false
		}
		return inner.invert(want >> uint64(by&63))
	case e.code == exShr && left:
		return inner.invert(want << uint64(by&63))
	}
	return 0, false
}
