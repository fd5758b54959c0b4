package program

import (
	"trama/codec/internal/scalar"
)

// Verdict is what the bytes so far say of a frame, a field or a mark.
type Verdict uint8

const (
	Refused    Verdict = iota // none begins here
	Incomplete                // it may begin here; more bytes are needed
	Complete                  // it is here
)

// Failure is a problem on its way to a FieldError; err is nil when there is none.
type Failure struct {
	Op  *scalar.Op
	Off int
	Err error
}
