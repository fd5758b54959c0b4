package expr

// Source is the one field of an expression that can be inverted; -1 when there is none.
func (e *Expr) Source() int {
	if reg, n := e.field(); n == 1 && e.invertible() && !e.Sees() {
		return reg
	}
	return -1
}

// field is the last field of an expression, and n how many occur in it.
func (e *Expr) field() (reg, n int) {
	if e == nil {
		return 0, 0
	}
	if e.Code == Reg {
		return e.Reg, 1
	}
	reg, n = e.A.field()
	if other, more := e.B.field(); more > 0 {
		reg, n = other, n+more
	}
	return reg, n
}

func (e *Expr) invertible() bool {
	switch {
	case e.Kind == Real:
		return false
	case e.Code == Reg || e.Code == Const:
		return true
	case e.Code == Add || e.Code == Sub || e.Code == Mul || e.Code == Div || e.Code == Shl || e.Code == Shr:
		return e.A.invertible() && e.B.invertible()
	}
	return false
}

// Invert finds the value of the single field for which the expression is want; ok is false when there is none.
// Of several (division) the smallest is taken.
func (e *Expr) Invert(want int64) (int64, bool) {
	if e.Code == Reg {
		return want, true
	}
	if e.A == nil || e.B == nil {
		return 0, false
	}
	_, n := e.A.field()
	left := n == 1 // the side that holds the field
	inner, other := e.A, e.B
	if !left {
		inner, other = e.B, e.A
	}
	by := other.Eval(&Place{})
	switch {
	case e.Code == Add:
		return inner.Invert(want - by)
	case e.Code == Sub && left:
		return inner.Invert(want + by)
	case e.Code == Sub:
		return inner.Invert(by - want)
	case e.Code == Mul && by != 0:
		if want%by != 0 {
			return 0, false
		}
		return inner.Invert(want / by)
	case e.Code == Div && left && by > 0:
		return inner.Invert(want * by)
	case e.Code == Shl && left:
		if want&(1<<uint64(by&63)-1) != 0 {
			return 0, false
		}
		return inner.Invert(want >> uint64(by&63))
	case e.Code == Shr && left:
		return inner.Invert(want << uint64(by&63))
	}
	return 0, false
}
