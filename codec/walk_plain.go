package codec

import (
	"fmt"
	"slices"
	"strings"
)

// The size of each frame of a plain definition is known: what cannot be is refused before its header has come whole, and
// a fault of the size is told at the length field.

// early says of a header that has not come whole whether a message has its command and its size.
func (m *machine) early() verdict {
	f, body := m.family, -1
	if f.sizes == nil {
		return begun
	}
	if l := f.sizes.length; l != nil && m.off >= l.off+m.p.ops[l.op].size {
		m.size = int(m.regs[f.length.reg]) + l.start - l.add
		body = m.size - f.sizes.header
	}
	if f.sizes.known == 0 || m.off < f.sizes.known {
		return begun
	}
	command := uint64(0)
	if f.commandOp >= 0 {
		command = uint64(m.regs[f.commandReg])
	}
	all := m.messagesOf(command)
	for _, s := range all {
		if body < 0 || s.min <= body && body <= s.max {
			if m.f != nil {
				m.f.layout = s.layout
			}
			return begun
		}
	}
	if m.sink == nil {
		return refused
	}
	if len(all) == 0 {
		return m.unknownCommand()
	}
	return m.refuse(nil, m.off, fmt.Errorf("%w: body of %d bytes, expected %s", ErrLength, body, sizesOf(all)))
}

// messagesOf are those of a command this way: fallbacks when no other one has it.
func (m *machine) messagesOf(command uint64) (all []*shape) {
	for _, s := range m.family.shapes {
		if s.travels(m.way()) && (len(s.layout.commands) == 0 || s.layout.commands.has(command)) && !(s.fallback && len(all) > 0) {
			all = append(all, s)
		}
	}
	return all
}

// unknownCommand tells of a command that no message has at the command field, where that has a place.
func (m *machine) unknownCommand() verdict {
	at, off := m.family.commandOp, m.off
	if m.family.sizes != nil {
		off = 0
		for i := range at {
			off += m.p.ops[i].size
		}
	}
	return m.refuseOp(&m.p.ops[at], off, ErrUnknownCommand)
}

// sizesOf lists the sizes of bodies.
func sizesOf(all []*shape) string {
	var sizes []string
	for _, s := range all {
		size := fmt.Sprint(s.min)
		if s.max != s.min {
			size += " and more"
		}
		if !slices.Contains(sizes, size) {
			sizes = append(sizes, size)
		}
	}
	return strings.Join(sizes, " or ")
}

// lengthFault is the fault of a length field that does not fit a frame of this size, when nothing before it is wrong.
func (p *program) lengthFault(bad failure, data []byte) (failure, bool) {
	sizes := p.families[0].sizes
	if sizes == nil || sizes.length == nil {
		return bad, false
	}
	l := sizes.length
	if bad.off <= l.off && bad.off < len(data) && bad.op != nil {
		return bad, false
	}
	o := &p.ops[l.op]
	if l.off+o.size > len(data) {
		return bad, false
	}
	want := uint64(max(0, int64(l.value(len(data)))))
	num, ok := o.load(data[l.off : l.off+o.size])
	if !ok || num == want {
		return bad, false
	}
	return failure{o, l.off, fmt.Errorf("%w: says %d, found %d", ErrLength, num, want)}, true
}
