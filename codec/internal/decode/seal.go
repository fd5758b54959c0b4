package decode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// sealed finds whether refused data begins with a frame of n bytes whose marks, length and checksum are right all the
// same; n is 0 while it is incomplete.  A frame that reads as a command of the other direction is an echo, and no such frame.
func (m *Walker) sealed(p *program.Program, d field.Direction, data []byte) (n int, v program.Verdict) {
	for _, a := range p.Tries(d) {
		if a.Seal == nil || len(data) == 0 || !a.First.Has(data[0]) {
			continue
		}
		if n, v = m.seal(p, nil, a, data); v == program.Incomplete {
			return 0, v
		} else if v == program.Complete {
			var echo frame.Frame
			if Decode(p, field.Uplink+field.Downlink-a.Way, data[:n], &echo) == nil && Named(echo.Body, echo.Body.FrameKind) {
				return 0, program.Refused
			}
			return n, v
		}
	}
	return 0, program.Refused
}

// inside finds a whole frame with a checksum, of n bytes behind at, inside a sealed one of size bytes, or, when size is 0,
// inside what has come of it: what reads is a frame sooner than what does not.
func inside(p *program.Program, d field.Direction, data []byte, size int, f *frame.Frame) (at, n int) {
	if size == 0 {
		size = len(data)
	}
	at, n = Next(p, d, data[1:size], 0, f)
	if n == 0 || f.Body.FrameKind.Seal == nil {
		return 0, 0
	}
	return at + 1, n
}

// open makes f what can be read of the sealed frame raw, which was refused for the reason bad; f is left empty when
// raw is none.
func (m *Walker) open(p *program.Program, d field.Direction, f *frame.Frame, raw []byte, bad error) {
	m.AtEOF, m.Sink = true, nil
	for _, a := range p.Tries(d) {
		if a.Seal == nil || len(raw) == 0 || !a.First.Has(raw[0]) {
			continue
		}
		if n, v := m.seal(p, f, a, raw); v == program.Complete && n == len(raw) {
			f.Bad = bad
			return
		}
	}
	f.Body = nil
}

// seal walks what must be right of a frame, and with a frame to decode also what can be read of the rest.
func (m *Walker) seal(p *program.Program, f *frame.Frame, a program.Attempt, data []byte) (n int, v program.Verdict) {
	m.Start(p, f, a.Way)
	content, total, v := m.Delimit(a.FrameKind, data)
	if v != program.Complete {
		return 0, v
	}
	end := -1
	if m.Marked = total > 0; m.Marked {
		end = len(content)
	} else {
		content = content[:min(len(content), a.Max)] // more belongs to other frames
	}
	m.Begin(a.FrameKind, content, end)
	if v := m.Nodes(a.Header[:a.Seal.Header]); v != program.Complete {
		return 0, v
	}
	m.spares = true
	defer func() { m.spares = false }()
	header := m.Nodes(a.Header[a.Seal.Header:])
	late := len(m.Late)
	if header == program.Incomplete && !m.Marked {
		return 0, header
	} else if header != program.Complete && a.Length != nil && a.Length.Mark < 0 { // it counts from where the header ends
		return 0, program.Refused
	}
	body, v := m.BodyEnd()
	switch {
	case v != program.Complete:
		return 0, v
	case m.End > len(m.Data):
		return 0, m.starve(nil, m.End-m.Off)
	}
	start, frameEnd := m.Off, m.End
	if f != nil {
		m.read(header == program.Complete, body)
	}
	m.F, m.Late = nil, m.Late[:late]
	m.Off, m.End, m.Depth, m.Inside, m.table, m.later = body, frameEnd, 0, 0, nil, false
	if mark := a.Body.Mark; mark > 0 {
		m.Marks[mark], m.Marks[mark+1] = start, body
	}
	if v = m.Trailer(); v != program.Complete {
		return 0, v
	}
	if m.Marked {
		return total, v
	}
	return m.Off, v
}

// read reads what can be read of the body, up to end, behind a header that was read whole or not.
func (m *Walker) read(whole bool, end int) {
	m.F.Body = m.nearest()
	if !whole {
		return
	}
	m.End = end
	if s, v := m.choose(); v == program.Complete {
		m.F.Body = s
	}
	m.Nodes(m.F.Body.Nodes)
}

// nearest is the message that the command names, whatever the size of the body.
func (m *Walker) nearest() *program.Body {
	f, command := m.Kind, uint64(0)
	if f.CommandOp >= 0 {
		if i, _ := m.F.Role(field.RoleCommand); i < 0 {
			return f.Seal.Other
		}
		command = uint64(m.regs[f.CommandReg])
	}
	for _, s := range m.messagesOf(command) {
		if s.When == nil {
			return s
		}
		if there, _ := m.holds(s.When); there {
			return s
		}
	}
	return f.Seal.Other
}
