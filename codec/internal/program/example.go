package program

import (
	"time"

	"trama/codec/internal/field"
)

// Example is one [[example]] of a definition: a frame, its expected fields and its acknowledgement.
type Example struct {
	File      string
	Line      int
	Path      string
	Title     string
	Direction field.Direction
	Frame     []byte
	Expect    map[string]any
	Samples   map[string]any // by point: a value, or those of several records
	Reply     []byte
	Request   []byte // the frame that this one answers
	Now       time.Time
	Command   *Command // that makes the frame,
	Arguments map[string]any
}
