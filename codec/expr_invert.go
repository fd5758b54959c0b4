package codec

// source is the one field of an expression that can be inverted; -1 when there is none.
func (e *expr) source() int {
	if regs := e.fields(nil); len(regs) == 1 && e.invertible() && !e.sees() {
		return regs[0]
	}
	return -1
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
	left := len(e.a.fields(nil)) == 1 // the side that holds the field
	inner, other := e.a, e.b
	if !left {
		inner, other = e.b, e.a
	}
	n := other.eval(&exprPlace{})
	switch {
	case e.code == exAdd:
		return inner.invert(want - n)
	case e.code == exSub && left:
		return inner.invert(want + n)
	case e.code == exSub:
		return inner.invert(n - want)
	case e.code == exMul && n != 0:
		if want%n != 0 {
			return 0, false
		}
		return inner.invert(want / n)
	case e.code == exDiv && left && n > 0:
		return inner.invert(want * n)
	case e.code == exShl && left:
		if want&(1<<uint64(n&63)-1) != 0 {
			return 0, false
		}
		return inner.invert(want >> uint64(n&63))
	case e.code == exShr && left:
		return inner.invert(want << uint64(n&63))
	}
	return 0, false
}
