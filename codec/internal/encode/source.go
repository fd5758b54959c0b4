package encode

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/scalar"
)

// ValueSource gives the encoder the values of one level: of the frame itself, or of a group or element in it.
type ValueSource interface {
	// value of the field with this op; ok is false when it is not given.
	Value(e *Encoder, op int) (v Input, ok bool)
	// has says whether it is given, to a field that is perhaps not there.
	Has(e *Encoder, op int) bool
	// surplus is the error of a value that no field took.
	Surplus(e *Encoder) error
}

// Input is the value of one field.
type Input struct {
	Kind  inputKind
	Any   any // inputAny
	Num   uint64
	Bytes []byte       // inputReady: what is written, or else the number
	from  *frame.Frame // inputCell: the frame, and the field in it
	cell  int
	plus  int64 // is added to it
}

type inputKind uint8

const (
	inputAny   inputKind = iota // as people or programs write it
	InputReady                  // as the field holds it
	inputNow                    // the time of the environment
	inputCell                   // that of a field of another frame
)

// givenValues are values as people give them: on the command line, or in the JSON of a frame.
type givenValues struct {
	values map[string]any
	used   map[string]bool
}

func (s *givenValues) Value(e *Encoder, op int) (Input, bool) {
	o := &e.p.Ops[op]
	v, ok := s.values[o.Field.Key]
	if ok || o.Code == scalar.OpGroup || o.Code == scalar.OpList {
		s.used[o.Field.Key] = true
	}
	return Input{Any: v}, ok
}

func (s *givenValues) Has(e *Encoder, op int) bool {
	_, ok := s.values[e.p.Ops[op].Field.Key]
	return ok
}

func (s *givenValues) Surplus(e *Encoder) error {
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
	err := field.ErrUnknownField
	if near := field.Nearest(unknown[0], slices.Sorted(maps.Keys(s.used))); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return e.fault(unknown[0], err)
}

// mistyped is err; when a field is missing, and a key was given that no field has and that is near it, it tells of that.
func (e *Encoder) mistyped(err error) error {
	var missing *field.FieldError
	given, isGiven := e.source.(*givenValues)
	if !isGiven || !errors.Is(err, field.ErrMissing) || !errors.As(err, &missing) {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(given.values)) {
		near := field.Nearest(key, []string{missing.Field})
		if near != "" && !slices.ContainsFunc(e.p.Ops, func(o scalar.Op) bool { return o.Field.Key == key }) {
			return e.fault(key, fmt.Errorf("%w; did you mean %q?", field.ErrUnknownField, near))
		}
	}
	return err
}
