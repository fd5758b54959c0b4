package expr

import "slices"

// Code is what a node of an expression does.
type Code uint8

// Codes of nodes.
const (
	Const     Code = iota
	Reg            // value of a field
	Remaining      // bytes left in the region
	Next           // the next byte, or one behind it, not consumed
	Ahead          // whether the next bytes, or those behind them, are text
	Uplink         // whether the frame goes to the server
	Index          // number of the element in the list around
	At             // value of a field in one element of a list
	Or
	And
	Not
	Eq
	Ne
	Lt
	Le
	Gt
	Ge
	Add
	Sub
	BitOr
	Mul
	Div
	Mod
	Shl
	Shr
	BitAnd
	Neg
)

// Kind is what the 64 bits of a value are.
type Kind uint8

// Kinds of values.
const (
	Int     Kind = iota // a whole number with its sign
	Natural             // a whole number without sign
	Real                // IEEE 754
	Text                // bytes of any number: only compared with others, unless they are at most eight
)

// Expr is a node of an expression.
type Expr struct {
	Code  Code
	Kind  Kind
	Mixed bool // an operand is no plain whole number
	Loose bool // stands behind a weaker operator of its row, which other languages would compute after it
	Looks bool // Sees, kept for the whole expression; or it asks
	Asks  bool // of the whole expression: it depends on the request that the frame answers
	A, B  *Expr
	Value int64  // Const
	Reg   int    // Reg, At
	Text  []byte // Ahead
	Words string // the whole expression as it is written
}

// Constant is the expression of a number.
func Constant(v int64) *Expr { return &Expr{Code: Const, Value: v} }

// Done notes what evaluation wants to know of a whole expression.
func (e *Expr) Done() *Expr {
	e.Looks = e.Sees()
	return e
}

// AsReal is e as a real number.
func (e *Expr) AsReal() *Expr {
	if e == nil || e.Kind == Real {
		return e
	}
	return (&Expr{Code: Add, Kind: Real, Mixed: true, A: e, B: &Expr{Code: Const}}).Done()
}

// Sees says whether the value depends on bytes that are not decoded yet; when encoding, such are not there.
func (e *Expr) Sees() bool { return e.Has(Remaining, Next, Ahead) }

// Varies says that the value depends on the place in the frame, and not on fields alone.
func (e *Expr) Varies() bool { return e.Sees() || e.Has(Index) }

// Has says whether e has a node of one of these codes.
func (e *Expr) Has(codes ...Code) bool {
	return e != nil && (slices.Contains(codes, e.Code) || e.A.Has(codes...) || e.B.Has(codes...))
}

// Same says that two expressions are written alike.
func (e *Expr) Same(o *Expr) bool {
	if e == nil || o == nil {
		return e == o
	}
	return e.Code == o.Code && e.Value == o.Value && e.Reg == o.Reg && string(e.Text) == string(o.Text) &&
		e.A.Same(o.A) && e.B.Same(o.B)
}

// Fields lists the registers of an expression, each as often as it occurs.
func (e *Expr) Fields(out []int) []int {
	if e == nil {
		return out
	}
	if e.Code == Reg {
		return append(out, e.Reg)
	}
	return e.B.Fields(e.A.Fields(out))
}
