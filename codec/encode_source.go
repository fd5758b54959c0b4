package codec

import (
	"fmt"
	"maps"
	"slices"
)

// valueSource gives the encoder the values of one level: of the frame itself, or of a group or element in it.
type valueSource interface {
	// value of the field with this op; ok is false when it is not given.
	value(e *encoder, op int) (v input, ok bool)
	// has says whether it is given, to a field that is perhaps not there.
	has(e *encoder, op int) bool
	// surplus is the error of a value that no field took.
	surplus(e *encoder) error
}

// input is the value of one field.
type input struct {
	kind  inputKind
	any   any // inputAny
	num   uint64
	bytes []byte // inputReady: what is written, or else the number
	from  *Frame // inputCell: the frame, and the field in it
	cell  int
	plus  int64 // is added to it
}

type inputKind uint8

const (
	inputAny   inputKind = iota // as people or programs write it
	inputReady                  // as the field holds it
	inputNow                    // the time of the environment
	inputCell                   // that of a field of another frame
)

// givenValues are values as people give them: on the command line, or in the JSON of a frame.
type givenValues struct {
	values map[string]any
	used   map[string]bool
}

func (s *givenValues) value(e *encoder, op int) (input, bool) {
	o := &e.p.ops[op]
	v, ok := s.values[o.field.Key]
	if ok || o.code == opGroup || o.code == opList {
		s.used[o.field.Key] = true
	}
	return input{any: v}, ok
}

func (s *givenValues) has(e *encoder, op int) bool {
	_, ok := s.values[e.p.ops[op].field.Key]
	return ok
}

func (s *givenValues) surplus(e *encoder) error {
	var unknown []string
	for key := range s.values {
		if !s.used[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	err := ErrUnknownField
	if near := nearest(unknown[0], slices.Sorted(maps.Keys(s.used))); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return e.fault(unknown[0], err)
}
