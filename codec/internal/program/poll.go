package program

import "trama/codec/internal/field"

// Poll is what a [[poll]] asks of masters of one profile.  Read-only.
type Poll struct {
	*field.Poll
	Message string         // name of the request
	Fields  map[string]any // of it
	Values  string         // key of the registers in the answer; empty: none are asked for
	Bits    bool           // they are bits
	Count   int            // of them
	Points  []field.PollPoint
}
