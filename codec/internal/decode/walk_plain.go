package decode

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
)

// The size of each frame of a plain definition is known: a frame of another size is refused before its header is
// complete, and a fault of the size is told at the length field.

// Early is the verdict about a frame with an incomplete header: refused when no message has its command and size.
func (m *Walker) Early() program.Verdict {
	f, body := m.Kind, -1
	if f.Sizes == nil {
		return program.Incomplete
	}
	if l := f.Sizes.Length; l != nil && m.Off >= l.Off+m.P.Ops[l.Op].Size {
		m.Size = int(m.regs[f.Length.Reg]) + l.Start - l.Add
		body = m.Size - f.Sizes.Header
	}
	if f.Sizes.Known == 0 || m.Off < f.Sizes.Known {
		return program.Incomplete
	}
	command := uint64(0)
	if f.CommandOp >= 0 {
		command = uint64(m.regs[f.CommandReg])
	}
	all := m.messagesOf(command)
	for _, s := range all {
		if body < 0 || s.Min <= body && body <= s.Max {
			if m.F != nil {
				m.F.Body = s
			}
			return program.Incomplete
		}
	}
	if m.Sink == nil {
		return program.Refused
	}
	if len(all) == 0 {
		return m.unknownCommand()
	}
	return m.Refuse(nil, m.Off, fmt.Errorf("%w: body of %d bytes, expected %s", field.ErrLength, body, sizesOf(all)))
}

// messagesOf lists the bodies of a command in this direction; a fallback only when no other body has the command.
func (m *Walker) messagesOf(command uint64) (all []*program.Body) {
	for _, s := range m.Kind.Bodies {
		if s.Travels(m.way()) && (len(s.Commands) == 0 || s.Commands.Has(command)) && !(s.Fallback && len(all) > 0) {
			all = append(all, s)
		}
	}
	return all
}

// unknownCommand refuses a command that no message has, at the place of the command field if that is fixed.
func (m *Walker) unknownCommand() program.Verdict {
	i, o := m.F.Role(field.RoleCommand)
	if i < 0 {
		return m.refuseOp(&m.P.Ops[m.Kind.CommandOp], m.Off, field.ErrUnknownCommand)
	}
	return m.refuseOp(o, int(m.F.Cells[i].Off), field.ErrUnknownCommand)
}

// sizesOf lists the sizes of bodies.
func sizesOf(all []*program.Body) string {
	var sizes []string
	for _, s := range all {
		size := fmt.Sprint(s.Min)
		if s.Max != s.Min {
			size += " and more"
		}
		if !slices.Contains(sizes, size) {
			sizes = append(sizes, size)
		}
	}
	return strings.Join(sizes, " or ")
}

// lengthFault is the failure of a length field that does not fit the size of the frame, when no field before it is
// wrong.
func lengthFault(p *program.Program, bad program.Failure, data []byte) (program.Failure, bool) {
	sizes := p.Kinds[0].Sizes
	if sizes == nil || sizes.Length == nil {
		return bad, false
	}
	l := sizes.Length
	if bad.Off <= l.Off && bad.Off < len(data) && bad.Op != nil {
		return bad, false
	}
	o := &p.Ops[l.Op]
	if l.Off+o.Size > len(data) {
		return bad, false
	}
	want := uint64(max(0, int64(l.Value(len(data)))))
	num, ok := o.Load(data[l.Off : l.Off+o.Size])
	if !ok || num == want {
		return bad, false
	}
	return program.Failure{Op: o, Off: l.Off, Err: fmt.Errorf("%w: says %d, found %d", field.ErrLength, num, want)}, true
}
