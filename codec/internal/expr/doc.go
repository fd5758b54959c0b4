// Package expr reads, computes and inverts the expressions of definitions: sizes, counts, conditions, computed values.
//
//	"words * 2 + 4"
//	      │ Parse, with a Scope that knows the names
//	      ▼
//	     Add                 Eval(Place)   value in a frame: registers, bytes to come, element
//	    ╱   ╲                Invert(20)    register for a value: words = 8, to fill lengths and counts
//	  Mul    4               Fields        registers that it reads
//	 ╱   ╲
//	words 2                  each field is a register that the walk or the encoder fills
//
// A value has 64 bits.  Kind says what they are: a whole number with or without a sign, a real number, or bytes.  The
// kind of a node follows from its operands when it is read, so that nothing is decided while a frame is decoded.  Whole
// numbers are exact; a sum or product that does not fit sets Place.Over.
//
// Expressions have no loops and no effects: they end, and never panic.  An Expr is immutable once it is read.
package expr
