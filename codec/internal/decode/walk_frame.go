package decode

import (
	"fmt"
	"slices"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// frame walks one frame of a frame kind from the first byte of data; n is its size.
func (m *Walker) frame(p *program.Program, f *frame.Frame, a program.Attempt, data []byte) (n int, v program.Verdict) {
	m.Start(p, f, a.Way)
	content, total, v := m.Delimit(a.FrameKind, data)
	if v != program.Complete {
		return 0, v
	}
	if total == 0 && !m.AtEOF {
		content = content[:min(len(content), a.Max)] // more belongs to other frames
	}
	end := -1
	if m.Marked = total > 0; m.Marked {
		end = len(content)
	} else if m.total > 0 {
		end = m.total
	}
	m.Begin(a.FrameKind, content, end)
	if v := m.Nodes(a.Header); v == program.Incomplete {
		return 0, m.Early()
	} else if v != program.Complete {
		return 0, v
	}
	body, v := m.BodyEnd()
	if v != program.Complete {
		return 0, v
	}
	if v := m.Body(body); v != program.Complete {
		return 0, v
	}
	if v := m.Trailer(); v != program.Complete {
		return 0, v
	}
	if total > 0 {
		return total, program.Complete
	}
	return m.Off, program.Complete
}

// Begin takes the plain bytes of a frame of f; end is their end, -1 when that is not known yet.
func (m *Walker) Begin(f *program.FrameKind, content []byte, end int) {
	m.clear()
	m.Kind, m.Data, m.Wire, m.End = f, content, content, end
	if o := f.EndMarks.Tells(m.P.Ops); o != nil {
		if m.awaited = end < 0; end >= 0 {
			at := m.End - f.EndMarks.Behind
			m.regs[o.Reg] = int64(scalar.LoadBE(content[at-f.EndMarks.Kept : at]))
		}
	}
	if m.P.Rewrites { // parts change what the fields are read from
		m.copied = append(m.copied[:0], content...)
		if f.Escape == nil && f.Armour == nil {
			m.Data = m.copied
		} else {
			m.Wire = m.copied
		}
	}
	if m.F != nil {
		m.F.Data = m.Data
	}
}

// Body walks the message body, which must stop at end; -1: it ends where its fields do.
func (m *Walker) Body(end int) program.Verdict {
	f, start, frameEnd := m.Kind, m.Off, m.End
	m.End = end
	s, v := m.choose()
	if v != program.Complete {
		return v
	}
	if m.F != nil {
		m.F.Body = s
	}
	if v := m.Nodes(s.Nodes); v != program.Complete {
		return v
	}
	if end >= 0 && m.Off != end {
		return m.fail(nil, m.Off, field.ErrLong, "%d more than the layout has", int64(end-m.Off))
	}
	if f.Body.Mark > 0 {
		m.Marks[f.Body.Mark], m.Marks[f.Body.Mark+1] = start, m.Off
	}
	m.End = frameEnd
	return program.Complete
}

// Trailer walks the trailer, up to the end of the frame.
func (m *Walker) Trailer() program.Verdict {
	f := m.Kind
	if v := m.Nodes(f.Trailer); v != program.Complete {
		return v
	}
	if v := m.verifyLate(); v != program.Complete {
		return v
	}
	if m.End >= 0 && m.Off != m.End {
		return m.fail(nil, m.Off, field.ErrLong, "%d bytes are left over", int64(m.End-m.Off))
	}
	if m.Off > f.Max || m.Off == 0 {
		return m.fail(nil, 0, field.ErrLong, "frame of %d bytes, allowed %d", int64(m.Off), int64(f.Max))
	}
	return program.Complete
}

// Delimit finds the plain bytes of a frame: the content between the marks, the kept bytes of the mark at the end and
// the bytes behind it.  total is the size of the frame with its marks, 0 when there are none.
func (m *Walker) Delimit(f *program.FrameKind, data []byte) (content []byte, total int, v program.Verdict) {
	c := f.EndMarks
	if c == nil {
		return data, 0, program.Complete
	}
	m.Data = data
	k := min(len(f.Start), len(data))
	if string(data[:k]) != string(f.Start[:k]) {
		if m.Sink == nil {
			return nil, 0, program.Refused
		}
		return nil, 0, m.Refuse(nil, 0, fmt.Errorf("%w: found %x, expected %x", field.ErrConst, data[:k], f.Start))
	}
	if k < len(f.Start) {
		return nil, 0, m.starve(nil, len(f.Start))
	}
	at, mark, v := f.FindEnd(data[k:min(len(data), f.Max)], m.Sink == nil)
	if v == program.Incomplete {
		if len(data) >= f.Max {
			return nil, 0, m.fail(nil, 0, field.ErrLong, "no end within %d bytes", int64(f.Max))
		}
		return nil, 0, m.starve(nil, len(data)+1)
	} else if v == program.Refused {
		return nil, 0, program.Refused
	}
	memory := &m.plain
	if m.F != nil {
		memory = &m.F.Own
	}
	content, total, v = f.Unwrap(data, at, mark, memory)
	switch {
	case v == program.Incomplete:
		return nil, 0, m.starve(nil, total)
	case v == program.Refused && total == 0 && f.Armour != nil:
		return nil, 0, m.Refuse(nil, k, scalar.ErrArmour)
	case v == program.Refused:
		return nil, 0, m.fail(nil, total, field.ErrValue, "an escape sequence that is none")
	case total > f.Max:
		return nil, 0, m.fail(nil, 0, field.ErrLong, "frame of %d bytes, allowed %d", int64(total), int64(f.Max))
	}
	return content, total, program.Complete
}

// BodyEnd is the end of the body; -1 when only its fields tell.
func (m *Walker) BodyEnd() (end int, v program.Verdict) {
	f := m.Kind
	if l := f.Length; l != nil {
		from := 0
		switch {
		case l.Mark < 0:
			from = m.Off
		case l.Mark > 0:
			from = m.Marks[l.Mark]
		}
		value := m.regs[l.Reg]
		size := int64(from) + value - int64(l.Add) + int64(l.After)
		if size > int64(f.Max) || size < int64(m.Off+f.Tail) || value < 0 || value > 1<<40 {
			return 0, m.fail(nil, m.Off, field.ErrLength, "it says %d", value)
		}
		m.Size = int(size)
		if m.Marked && m.Size != m.End {
			return 0, m.fail(nil, m.Off, field.ErrLength, "it says %d, the frame has %d bytes and not %d",
				value, int64(m.End), size)
		}
		m.End = m.Size
	}
	if m.End < 0 {
		return -1, program.Complete
	}
	if m.AtEOF && m.End > len(m.Data) {
		return 0, m.fail(nil, m.Off, field.ErrLength, "%d bytes, expected %d", int64(len(m.Data)), int64(m.End))
	}
	if end = m.End - f.Tail; end < m.Off {
		return 0, m.fail(nil, m.Off, field.ErrShort, "%d bytes are missing", int64(m.Off-end))
	}
	return end, program.Complete
}

// choose finds the body: by direction, command, size and condition, in the order of the definition.
func (m *Walker) choose() (*program.Body, program.Verdict) {
	f, command := m.Kind, uint64(0)
	if f.CommandOp >= 0 {
		command = uint64(m.regs[f.CommandReg])
	}
	size := m.End - m.Off
	for _, i := range f.ByCommand[m.way()-field.Uplink].Find(command) {
		s := f.Bodies[i]
		if m.End >= 0 && (size < s.Min || s.Max >= 0 && size > s.Max) {
			continue
		}
		if s.When != nil {
			there, known := m.holds(s.When)
			if !known {
				return nil, program.Incomplete
			}
			if !there {
				continue
			}
		}
		return s, program.Complete
	}
	if m.Sink == nil {
		return nil, program.Refused
	}
	return nil, m.noMessage(command)
}

// noMessage refuses a frame that no body fits, with the reason.
func (m *Walker) noMessage(command uint64) program.Verdict {
	f := m.Kind
	known := f.CommandOp < 0
	var all []*program.Body
	for _, s := range f.Bodies {
		if s.Travels(m.way()) && (len(s.Commands) == 0 || s.Commands.Has(command)) {
			all = append(all, s)
			known = known || !s.Fallback && len(s.Commands) > 0
		}
	}
	known = known && slices.ContainsFunc(f.Bodies, func(s *program.Body) bool { return s.Travels(m.way()) })
	switch {
	case !known && f.CommandOp >= 0:
		return m.unknownCommand()
	case !known:
		return m.Refuse(nil, m.Off, field.ErrUnknownCommand)
	case m.End < 0:
		return m.Refuse(nil, m.Off,
			fmt.Errorf("%w: no message of this direction fits the conditions", field.ErrUnknownCommand))
	}
	if m.Kind.Sizes != nil {
		all = m.messagesOf(command)
		m.Near = all[0]
		return m.Refuse(nil, m.Off,
			fmt.Errorf("%w: body of %d bytes, expected %s", field.ErrLength, m.End-m.Off, sizesOf(all)))
	}
	size, fit := m.End-m.Off, "no message of this command has a body of %d bytes or fits the conditions"
	if f.CommandOp < 0 {
		fit = "no message has a body of %d bytes or fits the conditions"
	}
	text := fmt.Sprintf(fit, size)
	if s := all[0]; len(all) == 1 && size < s.Min {
		text = fmt.Sprintf("a body of %d bytes, message %s has at least %d", size, s.Message.Name, s.Min)
	} else if len(all) == 1 && s.Max >= 0 && size > s.Max {
		text = fmt.Sprintf("a body of %d bytes, message %s has at most %d", size, s.Message.Name, s.Max)
	}
	return m.Refuse(nil, m.Off, fmt.Errorf("%w: %s", field.ErrLength, text))
}

// awaits reports whether an expression depends on the mark at the end.
func (m *Walker) awaits(e *expr.Expr) bool {
	return slices.Contains(e.Fields(nil), m.Kind.EndMarks.Node.Field.Reg)
}

// way is the direction of the frame.
func (m *Walker) way() field.Direction {
	if m.place.Uplink {
		return field.Uplink
	}
	return field.Downlink
}
