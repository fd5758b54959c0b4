package codec

import "fmt"

// mostTries bounds how many ways are tried to read values that do not decide a choice.
const mostTries = 256

// encode makes f the frame of l that values of people describe.  What was written is decoded, so that it is known to be
// that frame.
func (p *program) encode(f *Frame, l *layout, d Direction, b builder) error {
	if d == Any {
		d = l.direction
	}
	err := contradicts(p, l.shape, b.fields)
	if err != nil {
		f.reset(p, Any)
		return err
	}
	e := newEncoder(p, l, d, b.env)
	defer e.free()
	e.command, e.exact, e.edited = b.command, b.verbatim, b.edited
	var second []byte // a frame in which a given length is another
	for range mostTries {
		raw, wrong := p.made(e, f, d, b.fields)
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
		return p.readBack(e.shape.layout, d, second, f)
	}
	f.reset(p, Any)
	return err
}

// made makes f the frame of the values, in one of the ways in which they can be read.
func (p *program) made(e *encoder, f *Frame, d Direction, fields map[string]any) ([]byte, error) {
	if err := e.write(&givenValues{values: fields, used: map[string]bool{}}); err != nil {
		return nil, err
	}
	raw, err := e.wrapped(nil)
	if err != nil {
		return nil, err
	}
	l := e.shape.layout
	if err := p.readBack(l, d, raw, f); err != nil {
		return nil, err
	}
	if f.layout == l {
		return raw, nil
	}
	why := "these values make a " + f.layout.message.Name
	switch when := e.shape.when; {
	case when != nil && !when.looks && when.eval(&e.place) == 0:
		why += ", because the condition of " + l.message.Name + " does not hold: " + e.shape.said
	case f.layout.shape.said != "":
		why += ", which is for " + f.layout.shape.said
	}
	return nil, &FieldError{Profile: p.name, Frame: l.message.Name, Offset: -1, Err: fmt.Errorf("%w: %s", ErrValue, why)}
}

// readBack decodes what was made.  A message that was asked for by name is read as such, though a message of the other
// direction would be preferred.
func (p *program) readBack(l *layout, d Direction, raw []byte, f *Frame) error {
	err := p.decode(d, raw, f)
	if err != nil || d != Any || f.layout == l || l.direction != Any {
		return err
	}
	for _, way := range []Direction{Uplink, Downlink} {
		if p.decode(way, raw, f) == nil && f.layout == l {
			f.direction = Any
			return nil
		}
	}
	return p.decode(d, raw, f)
}

// contradicts is the error of a value that is given and is not that of the message.
func contradicts(p *program, s *shape, fields map[string]any) error {
	for i := range s.sets {
		set := &s.sets[i]
		v := valueAtPath(fields, set.key)
		if v == nil {
			continue
		}
		o := &p.ops[set.ops[0]]
		if _, num, err := o.parseForm(nil, v, 0, true); err == nil && num != set.num {
			return p.valueError(s.layout, o, fmt.Errorf("%w: %v, in this message it is %v", ErrValue, v, set.value))
		}
	}
	return nil
}
