package codec

import (
	"errors"
	"fmt"
	"slices"
)

// frame walks one frame of a family from the first byte of data; n is its size.
func (m *machine) frame(f *family, data []byte) (n int, v verdict) {
	content, total := m.content, 0
	if m.unlike == f {
		if m.unlike = nil; f.closing != nil {
			total = len(data)
		}
	} else {
		var v verdict
		content, total, v = m.delimit(f, data)
		if v == begun && m.trace != nil {
			content, v = m.trace.open(f, data)
		}
		if v != whole {
			return 0, v
		}
		if n := m.resembles(f, content, total > 0 || m.whole); n > 0 {
			return max(total, n), whole
		}
	}
	m.fresh()
	m.data, m.wire, m.end = content, content, -1
	if total > 0 {
		m.end = len(content)
	} else if m.trace != nil && m.trace.closed {
		m.end = m.trace.inner + f.closing.kept + f.closing.behind
	}
	if o := f.closing.tells(m.p); o != nil {
		m.family = f
		if m.awaited = m.end < 0; !m.awaited {
			at := m.end - f.closing.behind
			m.regs[o.reg] = int64(loadBE(content[at-f.closing.kept : at]))
		}
	}
	if m.p.grammar.rewrites && f.escape == nil && f.armour == nil { // the fields are read from a copy that parts may change
		m.hash = append(m.hash[:0], content...)
		m.data = m.hash
	} else if m.p.grammar.rewrites {
		m.hash = append(m.hash[:0], content...)
		m.wire = m.hash
	}
	if m.f != nil {
		m.f.data = m.data
	}
	if v := m.walk(f.headerPlan); v != whole {
		if m.trace != nil && v == refused {
			m.trace.salvageHeader(m, f, total)
		}
		return 0, v
	}
	body, v := m.bodyEnd(f, total)
	if v != whole {
		return 0, v
	}
	frameEnd := m.end
	m.end = body
	start := m.off
	if v := m.body(f, body); v != whole {
		if m.trace != nil && v == refused {
			m.trace.salvage(m, f, start, body, frameEnd)
		}
		return 0, v
	}
	if f.body.mark > 0 {
		m.marks[f.body.mark], m.marks[f.body.mark+1] = start, m.off
	}
	m.end = frameEnd
	if v := m.walk(f.trailerPlan); v != whole {
		return 0, v
	}
	for i := range m.late {
		l := &m.late[i]
		if v := m.verify(nil, l.plan, l.op, l.off, l.num); v != whole {
			return 0, v
		}
	}
	if m.end >= 0 && m.off != m.end {
		return 0, m.fail(nil, m.off, ErrLong, "%d bytes are left over", int64(m.end-m.off))
	}
	if m.off > f.max || m.off == 0 {
		return 0, m.fail(nil, 0, ErrLong, "frame of %d bytes, allowed %d", int64(m.off), int64(f.max))
	}
	if total > 0 {
		return total, whole
	}
	return m.off, whole
}

// body walks the message up to end, where it must stop; -1: it ends where it ends.
func (m *machine) body(f *family, end int) verdict {
	s, v := m.choose(f)
	if v != whole {
		return v
	}
	if m.f != nil {
		m.f.layout = s.layout
	}
	if v := m.walk(s.plan); v != whole {
		return v
	}
	if end >= 0 && m.off != end {
		return m.fail(nil, m.off, ErrLong, "%d more than the layout has", int64(end-m.off))
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
	k := min(len(f.start), len(data))
	if string(data[:k]) != string(f.start[:k]) {
		if !m.loud {
			return nil, 0, refused
		}
		return nil, 0, m.refuse(nil, 0, fmt.Errorf("%w: found %x, expected %x", ErrConst, data[:k], f.start))
	}
	if k < len(f.start) {
		return nil, 0, m.starve(nil, len(f.start))
	}
	at, mark, v := f.findEnd(data[k:min(len(data), f.max)], !m.loud)
	if v == begun {
		if len(data) >= f.max {
			return nil, 0, m.fail(nil, 0, ErrLong, "no end within %d bytes", int64(f.max))
		}
		return nil, 0, m.starve(nil, len(data)+1)
	} else if v == refused {
		return nil, 0, refused
	}
	memory := &m.scratch
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
func (m *machine) bodyEnd(f *family, total int) (end int, v verdict) {
	if f.length != nil {
		l, from := f.length, 0
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
		if m.trace != nil {
			m.trace.size = int(size)
		}
		if total > 0 && int(size) != m.end {
			return 0, m.fail(nil, m.off, ErrLength, "it says %d, the frame has %d bytes and not %d", value, int64(m.end), size)
		}
		m.end = int(size)
	}
	if m.end < 0 {
		return -1, whole
	}
	if m.whole && m.end > len(m.data) {
		return 0, m.fail(nil, m.off, ErrLength, "%d bytes, expected %d", int64(len(m.data)), int64(m.end))
	}
	if end = m.end - f.tail; end < m.off {
		return 0, m.fail(nil, m.off, ErrShort, "%d bytes are missing", int64(m.off-end))
	}
	return end, whole
}

// choose finds the body: by direction, command, size and condition, in the order of the definition.
func (m *machine) choose(f *family) (*shape, verdict) {
	command := uint64(0)
	if f.commandOp >= 0 {
		command = uint64(m.regs[f.commandReg])
	}
	if !m.slow {
		return m.pick(f, command)
	}
	known := false
	for _, s := range f.shapes {
		l := s.layout
		if l.direction == Uplink && !m.place.uplink || l.direction == Downlink && m.place.uplink {
			continue
		}
		if len(l.commands) > 0 && !l.commands.has(command) {
			continue
		}
		if s.fallback && known {
			continue // the command has messages, and this frame is none of them
		}
		known = known || !s.fallback && len(l.commands) > 0
		if size := m.end - m.off; m.end >= 0 && (size < s.min || s.max >= 0 && size > s.max) {
			continue
		}
		if s.when != nil {
			v, told := m.eval(s.when)
			if !told || m.awaits(f, s.when) {
				return nil, begun
			}
			if v == 0 {
				continue
			}
		}
		return s, whole
	}
	if !m.loud {
		return nil, refused
	}
	err := ErrUnknownCommand
	if f.commandOp < 0 {
		known = slices.ContainsFunc(f.shapes, func(s *shape) bool { return s.travels(m.way()) })
	}
	if known && m.end < 0 {
		err = fmt.Errorf("%w: no message of this direction fits the conditions", ErrUnknownCommand)
	} else if known {
		err = fmt.Errorf("%w: %s", ErrLength, m.unfit(f, command))
	}
	v := m.refuse(nil, m.off, err)
	if m.bad.op == nil && f.commandOp >= 0 && !known {
		m.bad.op = &m.p.ops[f.commandOp]
	}
	return nil, v
}

// unfit says why no message of a command takes the body.
func (m *machine) unfit(f *family, command uint64) string {
	var all []*shape
	for _, s := range f.shapes {
		if l := s.layout; s.travels(m.way()) && (len(l.commands) == 0 || l.commands.has(command)) {
			all = append(all, s)
		}
	}
	if size := m.end - m.off; len(all) == 1 && size < all[0].min {
		return fmt.Sprintf("a body of %d bytes, message %s has at least %d", size, all[0].layout.message.Name, all[0].min)
	} else if len(all) == 1 && all[0].max >= 0 && size > all[0].max {
		return fmt.Sprintf("a body of %d bytes, message %s has at most %d", size, all[0].layout.message.Name, all[0].max)
	}
	if f.commandOp < 0 {
		return fmt.Sprintf("no message has a body of %d bytes or fits the conditions", m.end-m.off)
	}
	return fmt.Sprintf("no message of this command has a body of %d bytes or fits the conditions", m.end-m.off)
}

// awaits says that an expression depends on the mark at the end, which has not come.
func (m *machine) awaits(f *family, e *expr) bool {
	return m.awaited && slices.Contains(e.fields(nil), m.p.ops[f.closing.node.op].reg)
}

func (m *machine) way() Direction {
	if m.place.uplink {
		return Uplink
	}
	return Downlink
}

// pick is choose by a table.
func (m *machine) pick(f *family, command uint64) (*shape, verdict) {
	p := &f.byCommand[0]
	if !m.place.uplink {
		p = &f.byCommand[1]
	}
	for _, i := range p.find(command) {
		s := f.shapes[i]
		if size := m.end - m.off; m.end >= 0 && (size < s.min || s.max >= 0 && size > s.max) {
			continue
		}
		if s.when != nil {
			v, told := m.eval(s.when)
			if !told {
				return nil, begun
			}
			if v == 0 {
				continue
			}
		}
		return s, whole
	}
	return nil, refused
}

// tries are the families and directions that a stream can hold, in order.
func (p *Profile) try(m *machine, d Direction, f *Frame, data []byte, done bool) (n int, v verdict) {
	var bad failure
	var layout *layout
	for _, way := range [2]Direction{Uplink, Downlink} {
		if d != Any && d != way {
			continue
		}
		for _, family := range p.grammar.families {
			if family.direction != Any && family.direction != way || len(data) > 0 && !m.loud && !family.first.has(data[0]) {
				continue
			}
			if f != nil {
				f.reset(p, way)
				f.decoded = true
			}
			m.start(p, f, way == Uplink)
			m.whole = done
			n, v = m.frame(family, data)
			if v == begun && len(data) >= family.max {
				v = refused
			}
			if v == whole && f != nil && n != len(data) {
				v = m.fail(nil, n, ErrLong, "%d after the end of the frame", int64(len(data)-n))
			}
			if v != refused {
				return n, v
			}
			// The fault that lies furthest is told; that a message is known the other way says more than that none is this way.
			if m.bad.err != nil && (bad.err == nil || m.bad.off > bad.off || errors.Is(bad.err, ErrUnknownCommand) && f != nil && f.layout != nil) {
				bad, layout = m.bad, f.layout
			}
		}
	}
	m.bad = bad
	if f != nil {
		f.layout = layout
	}
	return 0, refused
}

func (p *Profile) grammarSplitter(d Direction) func(data []byte, atEOF bool) (int, []byte, error) {
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		if n := p.grammar.cut(d, data); n > 0 {
			return n, data[:n], nil
		}
		m := machines.Get().(*machine)
		defer machines.Put(m)
		for i := 0; i < len(data); i++ {
			n, v := p.try(m, d, nil, data[i:], false)
			if v == whole {
				return i + n, data[i : i+n], nil
			}
			if v == begun && !atEOF {
				return i, nil, nil
			}
		}
		return len(data), nil, nil
	}
}

// decodeGrammar decodes a whole frame.
func (p *Profile) decodeGrammar(d Direction, raw []byte, f *Frame) error {
	return p.decodeAnswer(d, raw, f, nil)
}

// decodeAnswer decodes a whole frame that answers asked, if that is known.
func (p *Profile) decodeAnswer(d Direction, raw []byte, f, asked *Frame) error {
	var unlike *family
	var content []byte
	if family, way := p.grammar.first(d, raw); asked == nil && family != nil {
		var ok bool
		if content, ok = family.content(raw, &f.own); ok {
			if p.familiar(f, family, way, raw, content) {
				if d == Any {
					f.direction = f.layout.direction
				}
				return nil
			}
			unlike = family
		}
	}
	m := machines.Get().(*machine)
	m.asked, m.unlike, m.content = asked, unlike, content
	_, v := p.try(m, d, f, raw, true)
	m.unlike, m.content = nil, nil
	if v != whole {
		m.loud, m.slow = true, true
		_, v = p.try(m, d, f, raw, true)
		m.loud, m.slow = false, false
	}
	bad := m.bad
	if f.alike == nil {
		f.memory = f.cells[:0]
	}
	if v == whole {
		if f.alike == nil && asked == nil {
			p.keep(raw, f)
		}
		if p.grammar.rewrites {
			f.own = append(f.own[:0], f.data...)
			f.data = f.own
		}
	}
	m.f, m.asked = nil, nil
	machines.Put(m) // the frame has had its copy of the machine's bytes: they are another goroutine's now
	if v == whole {
		f.raw = raw
		if d == Any {
			f.direction = f.layout.direction
		}
		return nil
	}
	l := f.layout
	if bad.err == nil {
		bad.err = ErrUnknownCommand
		if len(raw) == 0 {
			bad.err = ErrShort
		}
	}
	f.layout = nil
	return p.fault(l, bad)
}
