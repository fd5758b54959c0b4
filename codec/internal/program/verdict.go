package program

import (
	"trama/codec/internal/scalar"
)

// Verdict is the verdict about a candidate: a frame, a field or a mark.
type Verdict uint8

// The three verdicts.
const (
	Refused    Verdict = iota // not at this place
	Incomplete                // possible; more bytes are needed
	Complete                  // found at this place
)

// Failure is a fault in a frame, before it is a FieldError; Err is nil when there is none.
type Failure struct {
	Op  *scalar.Op
	Off int
	Err error
}
