package expr

// Expressions say sizes, counts, conditions and computed values: numbers, names of fields decoded before, arithmetic and
// comparisons.  They have no loops and no effects, so they always end.  An expression in which a single field occurs can
// be inverted: that is how lengths and counts are filled when encoding.

// ExprCode is what a node of an expression does.
type ExprCode uint8

const (
	ExConst     ExprCode = iota
	ExReg                // value of a field
	ExRemaining          // bytes left in the region
	ExNext               // the next byte, or one behind it, not consumed
	ExAhead              // whether the next bytes, or those behind them, are text
	ExUplink             // whether the frame goes to the server
	ExIndex              // number of the element in the list around
	ExAt                 // value of a field in one element of a list
	ExOr
	ExAnd
	ExNot
	ExEq
	ExNe
	ExLt
	ExLe
	ExGt
	ExGe
	ExAdd
	ExSub
	ExBitOr
	ExMul
	ExDiv
	ExMod
	ExShl
	ExShr
	ExBitAnd
	ExNeg
)

// ExprKind is what the 64 bits of a value are.
type ExprKind uint8

const (
	ExprInt     ExprKind = iota // a whole number with its sign
	ExprNatural                 // a whole number without sign
	ExprReal                    // IEEE 754
	ExprText                    // bytes of any number: only compared with others, unless they are at most eight
)

// Expr is a node of an expression.
type Expr struct {
	Code  ExprCode
	Kind  ExprKind
	Mixed bool // an operand is no plain whole number
	Loose bool // stands behind a weaker operator of its row, which other languages would compute after it
	Looks bool // sees, told once for the whole expression
	A, B  *Expr
	Value int64  // exConst
	Reg   int    // exReg, exAt
	Text  []byte // exAhead
	Words string // the whole expression as it is written
}

// Constant is the expression of a number.
func Constant(v int64) *Expr { return &Expr{Code: ExConst, Value: v} }

// Done notes what evaluation wants to know of a whole expression.
func (e *Expr) Done() *Expr {
	e.Looks = e.Sees()
	return e
}

// AsReal is e as a real number.
func (e *Expr) AsReal() *Expr {
	if e == nil || e.Kind == ExprReal {
		return e
	}
	return (&Expr{Code: ExAdd, Kind: ExprReal, Mixed: true, A: e, B: &Expr{Code: ExConst}}).Done()
}

// Sees says whether the value depends on bytes that are not decoded yet; when encoding, such are not there.
func (e *Expr) Sees() bool {
	if e == nil {
		return false
	}
	return e.Code == ExRemaining || e.Code == ExNext || e.Code == ExAhead || e.A.Sees() || e.B.Sees()
}

// Varies says that the value depends on the place in the frame, and not on fields alone.
func (e *Expr) Varies() bool { return e.Sees() || e.Has(ExIndex) }

// Has says whether e has a node of one of these codes.
func (e *Expr) Has(codes ...ExprCode) bool {
	if e == nil {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return e.A.Has(codes...) || e.B.Has(codes...)
}

// Same says that two expressions are written alike.
func (e *Expr) Same(o *Expr) bool {
	if e == nil || o == nil {
		return e == o
	}
	return e.Code == o.Code && e.Value == o.Value && e.Reg == o.Reg && string(e.Text) == string(o.Text) && e.A.Same(o.A) && e.B.Same(o.B)
}

// Fields lists the registers of an expression, each as often as it occurs.
func (e *Expr) Fields(out []int) []int {
	if e == nil {
		return out
	}
	if e.Code == ExReg {
		return append(out, e.Reg)
	}
	return e.B.Fields(e.A.Fields(out))
}
