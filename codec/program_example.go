package codec

import "time"

// example is one [[example]] of a definition: a frame, what it says and how it is answered.
type example struct {
	file      string
	line      int
	path      string
	title     string
	direction Direction
	frame     []byte
	expect    map[string]any
	reply     []byte
	request   []byte // the frame that this one answers
	now       time.Time
}
