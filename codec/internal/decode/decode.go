package decode

import (
	"errors"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// Around says what is known of the stream around the bytes that are cut; 0: nothing.
type Around uint8

// Hints of the caller.
const (
	Behind Around = 1 << iota // a frame ended where the bytes begin
	Quiet                     // no byte has come behind them for the quiet time of the profile
	Ended                     // no byte will come for the frame begun
	Weak                      // protected frames of suites 10 and 11 are looked for too
	Sealed                    // a frame that cannot be read is one too, when its marks, length and checksum are right
)

// Decode decodes the frame raw into f; errors are *field.FieldError.  After an error f is empty, or holds what of a sealed
// frame can be read.
func Decode(p *program.Program, d field.Direction, raw []byte, f *frame.Frame) error {
	plan, way := findFast(p, d, raw)
	if plan == nil || plan.Total != len(raw) || d == field.Any && !Named(plan.Body, plan.Body.FrameKind) {
		return DecodeAnswer(p, d, raw, f, nil)
	}
	if fill(plan, p, f, way, raw); d == field.Any {
		f.Way = plan.Body.Direction
	}
	return nil
}

// DecodeAnswer decodes a frame that answers the request asked; nil: the request is not known.
func DecodeAnswer(p *program.Program, d field.Direction, raw []byte, f, asked *frame.Frame) error {
	m := Walkers.Get().(*Walker)
	m.Asked = asked
	var err error
	if _, v := Try(p, m, d, f, raw, true); v != program.Complete {
		if err = why(p, m, d, f, raw); err != nil {
			m.open(p, d, f, raw, err)
		}
	}
	if f.Body != nil {
		if m.settle(f, raw); d == field.Any {
			f.Way = f.Body.Direction
		}
	}
	m.release(f)
	return err
}

// Next finds the next frame of n bytes in a stream, behind at bytes of noise, and decodes it into f, unless f is nil.
// Without a frame, n is 0.  A frame that shares its mark with the one before begins there: at is below 0.
func Next(p *program.Program, d field.Direction, data []byte, around Around, f *frame.Frame) (at, n int) {
	if p.Shares && around&Behind != 0 && len(data) > 0 && !p.Begins[d].Has(data[0]) {
		if lead, n, v := shared(p, d, data, around, f); v != program.Refused {
			return -lead, n
		}
	}
	var m *Walker
	doubt := -1 // the beginning of a frame, behind which another one is looked for
	for ; at < len(data); at++ {
		if !p.Begins[d].Has(data[at]) {
			continue
		}
		rest := data[at:]
		if plan, way := findFast(p, d, rest); plan != nil && (doubt < 0 || plan.Proven()) {
			if n = plan.Total; f != nil {
				fill(plan, p, f, way, rest[:n])
			}
			break
		}
		if m == nil {
			m = Walkers.Get().(*Walker)
			m.Silent = around&(Quiet|Ended) != 0
		}
		v := program.Refused
		if p.Security != nil {
			if n, v = closed(p, d, rest, around&Weak != 0); v == program.Complete {
				if doubt >= 0 && p.Security.Weak(rest) { // no checksum tells it from what the frame begun holds
					n = 0
					continue
				}
				if f != nil {
					f.Close(p, d, rest[:n])
				}
				break
			}
		}
		if v == program.Refused {
			n, v = Try(p, m, d, f, rest, false)
		}
		if v == program.Complete && (doubt < 0 || m.Kind.Proven(m.Summed)) {
			m.settle(f, rest[:n])
			break
		}
		if v == program.Refused && around&Sealed != 0 {
			m.AtEOF = around&Ended != 0
			if n, v = m.sealed(p, d, rest); v != program.Refused {
				if skip, whole := inside(p, d, rest, n, f); whole > 0 {
					at, n = at+skip, whole
					break
				}
			}
			if v == program.Complete {
				_ = DecodeAnswer(p, d, rest[:n], f, nil) // the frame tells
				break
			}
		}
		if v == program.Refused && p.Lines[d] {
			at += max(p.LineEnd(d, rest)-1, 0) // the rest of a line is no frame of its own
		}
		if n = 0; v == program.Incomplete && doubt < 0 && around&Ended == 0 {
			if doubt = at; around&Quiet == 0 {
				break
			}
		}
	}
	if n == 0 && doubt >= 0 {
		at = doubt
	}
	if m != nil {
		m.release(f)
	}
	return at, n
}

// Try walks the frame that data begins with; n is its size.  With a frame to decode, at the end of a stream, data
// must be this frame alone.
func Try(p *program.Program, m *Walker, d field.Direction, f *frame.Frame, data []byte, atEOF bool) (
	n int, v program.Verdict,
) {
	m.AtEOF = atEOF
	tries, general, ranged := p.Tries(d), -1, false
	for i, a := range tries {
		if len(data) > 0 && !a.First.Has(data[0]) {
			continue
		}
		n, v = m.Exactly(p, f, a, data)
		switch {
		case v == program.Refused:
		case d != field.Any || f == nil || v == program.Incomplete || Named(f.Body, a.FrameKind):
			return n, v
		case general < 0 || !ranged && !f.Body.Fallback:
			general, ranged = i, !f.Body.Fallback
		}
	}
	if general >= 0 { // no message the other way names the command either
		return m.Exactly(p, f, tries[general], data)
	}
	return 0, program.Refused
}

// Named reports whether the message has single commands, and no range of commands; true where frames have no command.
func Named(l *program.Body, f *program.FrameKind) bool {
	if f.CommandOp < 0 {
		return true
	}
	for _, r := range l.Commands {
		if r[0] != r[1] {
			return false
		}
	}
	return len(l.Commands) > 0
}

// Exactly walks one frame of a frame kind.  With a frame to decode, at the end of a stream, data must be this frame
// alone.
func (m *Walker) Exactly(p *program.Program, f *frame.Frame, a program.Attempt, data []byte) (
	n int, v program.Verdict,
) {
	if a.Totals != nil {
		n, v = m.sized(p, f, a, data)
	} else if n, v = m.frame(p, f, a, data); v == program.Incomplete && m.Silent && a.Silent && !m.AtEOF {
		n, v = m.ended(p, f, a, data)
	}
	if v == program.Incomplete && len(data) >= a.Max {
		v = program.Refused
	}
	if v == program.Complete && f != nil && m.AtEOF && n != len(data) {
		v = m.fail(nil, n, field.ErrLong, "%d after the end of the frame", int64(len(data)-n))
	}
	return n, v
}

// why is the error for bytes that are no frame.  Of several attempts, it tells the failure that lies furthest.  A
// failure in a known message of the other direction is told before an unknown command in this one.
func why(p *program.Program, m *Walker, d field.Direction, f *frame.Frame, data []byte) error {
	var bad program.Failure
	var layout *program.Body
	m.AtEOF = true
	for _, a := range p.Tries(d) {
		var s Faults
		m.Sink, m.Near, m.Kind = &s, nil, nil
		n, v := m.Exactly(p, f, a, data)
		if v == program.Complete {
			return nil // its first byte is none that this kind begins with
		}
		if c := a.EndMarks; c != nil && m.Kind != nil && n == 0 { // the walk has begun: the place is one of the plain bytes
			places := a.Places(m.Wire, max(len(m.Wire)-c.Kept-c.Behind, 0), data)
			s.Bad.Off = places[min(s.Bad.Off, len(places)-1)]
		}
		if fault, is := lengthFault(p, s.Bad, data); is {
			s.Bad, f.Body = fault, nil
		} else if m.Near != nil {
			f.Body = m.Near
		}
		if s.Bad.Err != nil && (bad.Err == nil || s.Bad.Off > bad.Off ||
			errors.Is(bad.Err, field.ErrUnknownCommand) && f.Body != nil) {
			bad, layout = s.Bad, f.Body
		}
	}
	if f.Body = nil; bad.Err == nil {
		bad.Err = field.ErrUnknownCommand
		if len(data) == 0 {
			bad.Err = field.ErrShort
		}
	}
	return Fault(p, layout, bad)
}

// Fault is the error for a failure in a frame; b is its message body, nil when that is not known.
func Fault(p *program.Program, l *program.Body, bad program.Failure) error {
	e := &field.FieldError{Profile: p.Name, Offset: bad.Off, Err: bad.Err}
	if l != nil {
		e.Frame = l.Message.Name
	}
	if bad.Op != nil {
		e.Field = bad.Op.Field.Key
	}
	return e
}

// settle gives the frame f, which was walked, its bytes.
func (m *Walker) settle(f *frame.Frame, raw []byte) {
	if f == nil {
		return
	}
	f.Wire = raw
	if m.Kind.EndMarks == nil {
		f.Data = f.Data[:m.Off]
	}
	if m.P.Rewrites { // the frame gets a copy: the bytes of the walker are another goroutine's next
		f.Own = append(f.Own[:0], f.Data...)
		f.Data = f.Own
	}
}

// release returns the walker to its pool.
func (m *Walker) release(f *frame.Frame) {
	if f != nil && f.Plan == nil {
		f.Memory = f.Cells[:0]
	}
	m.F, m.Asked, m.Sink, m.Near, m.Silent = nil, nil, nil, nil, false
	Walkers.Put(m)
}
