package codec

import (
	"errors"
	"fmt"
	"slices"
)

// frame walks one frame of a family from the first byte of data; n is its size.
func (m *machine) frame(p *program, f *Frame, a attempt, data []byte) (n int, v verdict) {
	m.start(p, f, a.way)
	content, total, v := m.delimit(a.family, data)
	if v != whole {
		return 0, v
	}
	if total == 0 && !m.atEOF {
		content = content[:min(len(content), a.max)] // more belongs to other frames
	}
	end := -1
	if m.marked = total > 0; m.marked {
		end = len(content)
	}
	m.begin(a.family, content, end)
	if v := m.nodes(a.header); v == begun {
		return 0, m.early()
	} else if v != whole {
		return 0, v
	}
	body, v := m.bodyEnd()
	if v != whole {
		return 0, v
	}
	if v := m.body(body); v != whole {
		return 0, v
	}
	if v := m.trailer(); v != whole {
		return 0, v
	}
	if total > 0 {
		return total, whole
	}
	return m.off, whole
}

// begin takes the plain bytes of a frame of f, which end at end; -1: that is not known yet.
func (m *machine) begin(f *family, content []byte, end int) {
	m.clear()
	m.family, m.data, m.wire, m.end = f, content, content, end
	if o := f.closing.tells(m.p.ops); o != nil {
		if m.awaited = end < 0; end >= 0 {
			at := m.end - f.closing.behind
			m.regs[o.reg] = int64(loadBE(content[at-f.closing.kept : at]))
		}
	}
	if m.p.rewrites { // parts change what the fields are read from
		m.copied = append(m.copied[:0], content...)
		if f.escape == nil && f.armour == nil {
			m.data = m.copied
		} else {
			m.wire = m.copied
		}
	}
	if m.f != nil {
		m.f.data = m.data
	}
}

// body walks the message up to end, where it must stop; -1: it ends where it ends.
func (m *machine) body(end int) verdict {
	f, start, frameEnd := m.family, m.off, m.end
	m.end = end
	s, v := m.choose()
	if v != whole {
		return v
	}
	if m.f != nil {
		m.f.layout = s.layout
	}
	if v := m.nodes(s.nodes); v != whole {
		return v
	}
	if end >= 0 && m.off != end {
		return m.fail(nil, m.off, ErrLong, "%d more than the layout has", int64(end-m.off))
	}
	if f.body.mark > 0 {
		m.marks[f.body.mark], m.marks[f.body.mark+1] = start, m.off
	}
	m.end = frameEnd
	return whole
}

// trailer walks what stands behind the body, up to the end of the frame.
func (m *machine) trailer() verdict {
	f := m.family
	if v := m.nodes(f.trailer); v != whole {
		return v
	}
	if v := m.verifyLate(); v != whole {
		return v
	}
	if m.end >= 0 && m.off != m.end {
		return m.fail(nil, m.off, ErrLong, "%d bytes are left over", int64(m.end-m.off))
	}
	if m.off > f.max || m.off == 0 {
		return m.fail(nil, 0, ErrLong, "frame of %d bytes, allowed %d", int64(m.off), int64(f.max))
	}
	return whole
}

// delimit finds the plain bytes of a frame: what stands between the marks, and what is kept of the last one and behind
// it.  total is the size of the frame with them, 0 when there are no marks.
func (m *machine) delimit(f *family, data []byte) (content []byte, total int, v verdict) {
	c := f.closing
	if c == nil {
		return data, 0, whole
	}
	m.data = data
	k := min(len(f.start), len(data))
	if string(data[:k]) != string(f.start[:k]) {
		if m.sink == nil {
			return nil, 0, refused
		}
		return nil, 0, m.refuse(nil, 0, fmt.Errorf("%w: found %x, expected %x", ErrConst, data[:k], f.start))
	}
	if k < len(f.start) {
		return nil, 0, m.starve(nil, len(f.start))
	}
	at, mark, v := f.findEnd(data[k:min(len(data), f.max)], m.sink == nil)
	if v == begun {
		if len(data) >= f.max {
			return nil, 0, m.fail(nil, 0, ErrLong, "no end within %d bytes", int64(f.max))
		}
		return nil, 0, m.starve(nil, len(data)+1)
	} else if v == refused {
		return nil, 0, refused
	}
	memory := &m.plain
	if m.f != nil {
		memory = &m.f.own
	}
	content, total, v = f.unwrap(data, at, mark, memory)
	switch {
	case v == begun:
		return nil, 0, m.starve(nil, total)
	case v == refused && total == 0 && f.armour != nil:
		return nil, 0, m.refuse(nil, k, errArmour)
	case v == refused:
		return nil, 0, m.fail(nil, total, ErrValue, "an escape sequence that is none")
	case total > f.max:
		return nil, 0, m.fail(nil, 0, ErrLong, "frame of %d bytes, allowed %d", int64(total), int64(f.max))
	}
	return content, total, whole
}

// bodyEnd is where the body ends; -1 when nothing but the body itself says so.
func (m *machine) bodyEnd() (end int, v verdict) {
	f := m.family
	if l := f.length; l != nil {
		from := 0
		switch {
		case l.mark < 0:
			from = m.off
		case l.mark > 0:
			from = m.marks[l.mark]
		}
		value := m.regs[l.reg]
		size := int64(from) + value - int64(l.add) + int64(l.after)
		if size > int64(f.max) || size < int64(m.off+f.tail) || value < 0 || value > 1<<40 {
			return 0, m.fail(nil, m.off, ErrLength, "it says %d", value)
		}
		m.size = int(size)
		if m.marked && m.size != m.end {
			return 0, m.fail(nil, m.off, ErrLength, "it says %d, the frame has %d bytes and not %d", value, int64(m.end), size)
		}
		m.end = m.size
	}
	if m.end < 0 {
		return -1, whole
	}
	if m.atEOF && m.end > len(m.data) {
		return 0, m.fail(nil, m.off, ErrLength, "%d bytes, expected %d", int64(len(m.data)), int64(m.end))
	}
	if end = m.end - f.tail; end < m.off {
		return 0, m.fail(nil, m.off, ErrShort, "%d bytes are missing", int64(m.off-end))
	}
	return end, whole
}

// choose finds the body: by direction, command, size and condition, in the order of the definition.
func (m *machine) choose() (*shape, verdict) {
	f, command := m.family, uint64(0)
	if f.commandOp >= 0 {
		command = uint64(m.regs[f.commandReg])
	}
	a := attempt{f, m.way()}
	size := m.end - m.off
	for _, i := range a.messages().find(command) {
		s := f.shapes[i]
		if m.end >= 0 && (size < s.min || s.max >= 0 && size > s.max) {
			continue
		}
		if s.when != nil {
			there, known := m.holds(s.when)
			if !known {
				return nil, begun
			}
			if !there {
				continue
			}
		}
		return s, whole
	}
	if m.sink == nil {
		return nil, refused
	}
	return nil, m.noMessage(command)
}

// noMessage says why no body fits.
func (m *machine) noMessage(command uint64) verdict {
	f := m.family
	known := f.commandOp < 0
	var all []*shape
	for _, s := range f.shapes {
		if l := s.layout; s.travels(m.way()) && (len(l.commands) == 0 || l.commands.has(command)) {
			all = append(all, s)
			known = known || !s.fallback && len(l.commands) > 0
		}
	}
	known = known && slices.ContainsFunc(f.shapes, func(s *shape) bool { return s.travels(m.way()) })
	switch {
	case !known && f.commandOp >= 0:
		return m.unknownCommand()
	case !known:
		return m.refuse(nil, m.off, ErrUnknownCommand)
	case m.end < 0:
		return m.refuse(nil, m.off, fmt.Errorf("%w: no message of this direction fits the conditions", ErrUnknownCommand))
	}
	if m.family.sizes != nil {
		all = m.messagesOf(command)
		m.near = all[0]
		return m.refuse(nil, m.off, fmt.Errorf("%w: body of %d bytes, expected %s", ErrLength, m.end-m.off, sizesOf(all)))
	}
	size, fit := m.end-m.off, "no message of this command has a body of %d bytes or fits the conditions"
	if f.commandOp < 0 {
		fit = "no message has a body of %d bytes or fits the conditions"
	}
	text := fmt.Sprintf(fit, size)
	if s := all[0]; len(all) == 1 && size < s.min {
		text = fmt.Sprintf("a body of %d bytes, message %s has at least %d", size, s.layout.message.Name, s.min)
	} else if len(all) == 1 && s.max >= 0 && size > s.max {
		text = fmt.Sprintf("a body of %d bytes, message %s has at most %d", size, s.layout.message.Name, s.max)
	}
	return m.refuse(nil, m.off, fmt.Errorf("%w: %s", ErrLength, text))
}

// awaits says that an expression depends on the mark at the end, which has not come.
func (m *machine) awaits(e *expr) bool {
	return slices.Contains(e.fields(nil), m.family.closing.node.field.reg)
}

func (m *machine) way() Direction {
	if m.place.uplink {
		return Uplink
	}
	return Downlink
}

// try walks the frame that data begins with; n is its size.  With a frame to decode, data must be that frame alone.
func (p *program) try(m *machine, d Direction, f *Frame, data []byte, atEOF bool) (n int, v verdict) {
	m.atEOF = atEOF
	tries, general, ranged := p.tries(d), -1, false
	for i, a := range tries {
		if len(data) > 0 && !a.first.has(data[0]) {
			continue
		}
		n, v = m.exactly(p, f, a, data)
		switch {
		case v == refused:
		case d != Any || f == nil || v == begun || f.layout.named(a.family):
			return n, v
		case general < 0 || !ranged && !f.layout.shape.fallback:
			general, ranged = i, !f.layout.shape.fallback
		}
	}
	if general >= 0 { // no message the other way names the command either
		return m.exactly(p, f, tries[general], data)
	}
	return 0, refused
}

// named says that the message is that of single commands, and not for whatever else there may be.
func (l *layout) named(f *family) bool {
	if f.commandOp < 0 {
		return true
	}
	for _, r := range l.commands {
		if r[0] != r[1] {
			return false
		}
	}
	return len(l.commands) > 0
}

// exactly is frame for data that must be no more than a frame when it is decoded.
func (m *machine) exactly(p *program, f *Frame, a attempt, data []byte) (n int, v verdict) {
	n, v = m.frame(p, f, a, data)
	if v == begun && len(data) >= a.max {
		v = refused
	}
	if v == whole && f != nil && n != len(data) {
		v = m.fail(nil, n, ErrLong, "%d after the end of the frame", int64(len(data)-n))
	}
	return n, v
}

// why is the fault of bytes that are no frame.  Of several attempts, the fault that lies furthest is told; that a message is
// known the other way says more than that none is this way.
func (p *program) why(m *machine, d Direction, f *Frame, data []byte) error {
	var bad failure
	var layout *layout
	m.atEOF = true
	for _, a := range p.tries(d) {
		var s faults
		m.sink, m.near = &s, nil
		if _, v := m.exactly(p, f, a, data); v == whole {
			return nil // its first byte is none that this kind begins with
		}
		if fault, is := p.lengthFault(s.bad, data); is {
			s.bad, f.layout = fault, nil
		} else if m.near != nil {
			f.layout = m.near.layout
		}
		if s.bad.err != nil && (bad.err == nil || s.bad.off > bad.off || errors.Is(bad.err, ErrUnknownCommand) && f.layout != nil) {
			bad, layout = s.bad, f.layout
		}
	}
	if f.layout = nil; bad.err == nil {
		bad.err = ErrUnknownCommand
		if len(data) == 0 {
			bad.err = ErrShort
		}
	}
	return p.fault(layout, bad)
}

// decodeAnswer decodes a whole frame that answers asked, if that is known.
func (p *program) decodeAnswer(d Direction, raw []byte, f, asked *Frame) error {
	m := machines.Get().(*machine)
	m.asked = asked
	var err error
	if _, v := p.try(m, d, f, raw, true); v != whole {
		err = p.why(m, d, f, raw)
	}
	if err == nil {
		if m.settle(f, raw); d == Any {
			f.direction = f.layout.direction
		}
	}
	m.release(f)
	return err
}
