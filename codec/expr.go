package codec

// Expressions say sizes, counts, conditions and computed values: numbers, names of fields decoded before, arithmetic and
// comparisons.  They have no loops and no effects, so they always end.  An expression in which a single field occurs can
// be inverted: that is how lengths and counts are filled when encoding.

// exprCode is what a node of an expression does.
type exprCode uint8

const (
	exConst     exprCode = iota
	exReg                // value of a field
	exRemaining          // bytes left in the region
	exNext               // the next byte, or one behind it, not consumed
	exAhead              // whether the next bytes, or those behind them, are text
	exUplink             // whether the frame goes to the server
	exIndex              // number of the element in the list around
	exAt                 // value of a field in one element of a list
	exOr
	exAnd
	exNot
	exEq
	exNe
	exLt
	exLe
	exGt
	exGe
	exAdd
	exSub
	exBitOr
	exMul
	exDiv
	exMod
	exShl
	exShr
	exBitAnd
	exNeg
)

// exprKind is what the 64 bits of a value are.
type exprKind uint8

const (
	exprInt     exprKind = iota // a whole number with its sign
	exprNatural                 // a whole number without sign
	exprReal                    // IEEE 754
	exprText                    // bytes of any number: only compared with others, unless they are at most eight
)

// expr is a node of an expression.
type expr struct {
	code  exprCode
	kind  exprKind
	mixed bool // an operand is no plain whole number
	loose bool // stands behind a weaker operator of its row, which other languages would compute after it
	looks bool // sees, told once for the whole expression
	a, b  *expr
	value int64  // exConst
	reg   int    // exReg, exAt
	text  []byte // exAhead
	words string // the whole expression as it is written
}

// constant is the expression of a number.
func constant(v int64) *expr { return &expr{code: exConst, value: v} }

// done notes what evaluation wants to know of a whole expression.
func (e *expr) done() *expr {
	e.looks = e.sees()
	return e
}

// asReal is e as a real number.
func (e *expr) asReal() *expr {
	if e == nil || e.kind == exprReal {
		return e
	}
	return (&expr{code: exAdd, kind: exprReal, mixed: true, a: e, b: &expr{code: exConst}}).done()
}

// sees says whether the value depends on bytes that are not decoded yet; when encoding, such are not there.
func (e *expr) sees() bool {
	if e == nil {
		return false
	}
	return e.code == exRemaining || e.code == exNext || e.code == exAhead || e.a.sees() || e.b.sees()
}

// varies says that the value depends on the place in the frame, and not on fields alone.
func (e *expr) varies() bool { return e.sees() || e.has(exIndex) }

// has says whether e has a node of one of these codes.
func (e *expr) has(codes ...exprCode) bool {
	if e == nil {
		return false
	}
	for _, c := range codes {
		if e.code == c {
			return true
		}
	}
	return e.a.has(codes...) || e.b.has(codes...)
}

// same says that two expressions are written alike.
func (e *expr) same(o *expr) bool {
	if e == nil || o == nil {
		return e == o
	}
	return e.code == o.code && e.value == o.value && e.reg == o.reg && string(e.text) == string(o.text) && e.a.same(o.a) && e.b.same(o.b)
}

// fields lists the registers of an expression, each as often as it occurs.
func (e *expr) fields(out []int) []int {
	if e == nil {
		return out
	}
	if e.code == exReg {
		return append(out, e.reg)
	}
	return e.b.fields(e.a.fields(out))
}
