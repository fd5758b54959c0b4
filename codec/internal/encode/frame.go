package encode

import (
	"fmt"

	"trama/codec/internal/decode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// mostTries bounds how many ways are tried to read values that do not decide a choice.
const mostTries = 256

// encode makes f the frame of l that values of people describe.  What was written is decoded, so that it is known to be
// that frame.
func encode(p *program.Program, f *frame.Frame, l *program.Body, d field.Direction, b builder) error {
	if d == field.Any {
		d = l.Direction
	}
	err := contradicts(p, l, b.fields)
	if err != nil {
		f.Reset(p, field.Any)
		return err
	}
	e := NewEncoder(p, l, d, b.env)
	defer e.Free()
	e.command, e.exact, e.edited = b.command, b.verbatim, b.edited
	var second []byte // a frame in which a given length is another
	for range mostTries {
		raw, wrong := made(p, e, f, d, b.fields)
		if wrong == nil && !e.differs {
			e.counted(b.env.Session)
			return nil
		}
		if wrong == nil && second == nil {
			second = raw
		} else if err == nil {
			err = wrong
		}
		if !e.next() {
			break
		}
	}
	if second != nil {
		e.counted(b.env.Session)
		return readBack(p, e.body, d, second, f)
	}
	f.Reset(p, field.Any)
	return err
}

// made makes f the frame of the values, in one of the ways in which they can be read.
func made(p *program.Program, e *Encoder, f *frame.Frame, d field.Direction, fields map[string]any) ([]byte, error) {
	if err := e.Write(&givenValues{values: fields, used: map[string]bool{}}); err != nil {
		return nil, err
	}
	raw, err := e.Wrapped(nil)
	if err != nil {
		return nil, err
	}
	l := e.body
	if err := readBack(p, l, d, raw, f); err != nil {
		return nil, err
	}
	if f.Body == l {
		return raw, nil
	}
	why := "these values make a " + f.Body.Message.Name
	switch when := e.body.When; {
	case when != nil && !when.Looks && when.Eval(&e.place) == 0:
		why += ", because the condition of " + l.Message.Name + " does not hold: " + e.body.Said
	case f.Body.Said != "":
		why += ", which is for " + f.Body.Said
	}
	return nil, &field.FieldError{Profile: p.Name, Frame: l.Message.Name, Offset: -1, Err: fmt.Errorf("%w: %s", field.ErrValue, why)}
}

// readBack decodes what was made.  A message that was asked for by name is read as such, though a message of the other
// direction would be preferred.
func readBack(p *program.Program, l *program.Body, d field.Direction, raw []byte, f *frame.Frame) error {
	err := decode.Decode(p, d, raw, f)
	if err != nil || d != field.Any || f.Body == l || l.Direction != field.Any {
		return err
	}
	for _, way := range []field.Direction{field.Uplink, field.Downlink} {
		if decode.Decode(p, way, raw, f) == nil && f.Body == l {
			f.Way = field.Any
			return nil
		}
	}
	return decode.Decode(p, d, raw, f)
}

// contradicts is the error of a value that is given and is not that of the message.
func contradicts(p *program.Program, s *program.Body, fields map[string]any) error {
	for i := range s.Sets {
		set := &s.Sets[i]
		v := valueAtPath(fields, set.Key)
		if v == nil {
			continue
		}
		o := &p.Ops[set.Ops[0]]
		if _, num, err := o.Parse(nil, v, 0, true); err == nil && num != set.Num {
			return valueError(p, s, o, fmt.Errorf("%w: %v, in this message it is %v", field.ErrValue, v, set.Value))
		}
	}
	return nil
}
