package decode

import (
	"bytes"
	"fmt"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// region walks a group, a list or a choice, and notes it as a field if it is one.
func (m *Walker) region(n *program.Node) program.Verdict {
	if n.Op < 0 {
		return m.bounded(n)
	}
	if m.F == nil {
		if v := m.count(n, 1); v != program.Complete {
			return v
		}
		return m.bounded(n)
	}
	i, start := len(m.F.Cells), m.Off
	if v := m.cell(n, n.Op, m.Depth, start, 0, 0, n.Field.Role); v != program.Complete {
		return v
	}
	v := m.bounded(n)
	if v == program.Complete { // the bytes of a group are those of its fields
		size := m.Off - start
		if n.Transform != nil {
			size = m.inner
		}
		m.F.Cells[i].Size = uint32(size)
	}
	return v
}

// bounded walks the content of a group, a list or a choice, up to an end of its own when it has one.
func (m *Walker) bounded(n *program.Node) program.Verdict {
	outer, start := m.End, m.Off
	end, after := 0, 0 // of the plain content, and of its bytes on the wire
	switch {
	case n.Kind == program.NodeChoice && n.On == nil && n.Size == nil:
		return m.choice(n)
	case n.Size != nil:
		size, known := m.eval(n.Size)
		if !known {
			return program.Incomplete
		}
		if size < 0 || size > field.HardMaxFrame {
			return m.fail(n, m.Off, field.ErrLength, "%d bytes", size)
		}
		onWire := n.Transform.SizeOnWire(int(size))
		if outer >= 0 && m.Off+onWire > outer {
			return m.fail(n, m.Off, field.ErrShort, "%d left, %d needed", int64(outer-m.Off), int64(onWire))
		}
		end, after = m.Off+int(size), m.Off+onWire
	case n.Rest:
		if outer < 0 {
			return m.Refuse(n, m.Off, field.ErrRegion)
		}
		end, after = outer-n.Tail, outer-n.Tail
	case n.Until != nil:
		at, v := m.find(n.Until)
		if v != program.Complete {
			return m.lacking(n, v)
		}
		end, after = at, at+len(n.Until)
	case n.Kind == program.NodeList && n.Count == nil && outer >= 0 && n.Tail > 0:
		end, after = outer-n.Tail, outer-n.Tail
	default:
		return m.content(n)
	}
	if end < m.Off {
		return m.fail(n, m.Off, field.ErrShort, "%d bytes are missing", int64(m.Off-outer))
	}
	if n.Transform != nil {
		if after > len(m.Data) {
			return m.starve(n, after-m.Off)
		}
		plain, v := m.reveal(n, start, after-len(n.Until))
		if v != program.Complete {
			return v
		}
		end = start + plain
		m.Inside++
		defer func() { m.Inside-- }()
	}
	m.End = end
	v := m.content(n)
	if v == program.Refused && m.spares && m.listed > 0 && n.Size != nil && after <= len(m.Data) { // the other elements are read
		m.Off, v = end, program.Complete
	}
	if v == program.Complete {
		if m.Off != end {
			v = m.fail(n, m.Off, field.ErrRegion, "%d bytes are left over", int64(end-m.Off))
		}
		m.inner, m.Off = end-start, after
	}
	m.End = outer
	return v
}

// reveal puts the plain bytes of a part in the place of its bytes on the wire; size is their number.
func (m *Walker) reveal(n *program.Node, start, after int) (size int, v program.Verdict) {
	m.Hidden = append(m.Hidden[:0], m.Data[start:after]...)
	if m.Sink != nil {
		return m.Sink.Reveal(m, n, start, m.Data[start:after])
	}
	return m.transformed(n, start, m.Data[start:after])
}

// transformed is reveal without a sink.
func (m *Walker) transformed(n *program.Node, start int, data []byte) (size int, v program.Verdict) {
	size, ok := n.Transform.Decode(data, m.Hidden)
	switch {
	case ok:
		m.Summed += n.Transform.Sum.Width
		return size, program.Complete
	case n.Transform.Armour != nil:
		return 0, m.Refuse(n, start, scalar.ErrArmour)
	}
	return 0, m.Refuse(n, start, field.ErrSum)
}

// lacking is the verdict when a delimiter was not found.
func (m *Walker) lacking(n *program.Node, v program.Verdict) program.Verdict {
	if v == program.Incomplete {
		return m.starve(n, len(m.Data)-m.Off+1)
	}
	if m.Sink == nil {
		return program.Refused
	}
	return m.Refuse(n, m.Off, fmt.Errorf("%w: no %q", field.ErrRegion, n.Until))
}

// find looks for a delimiter; incomplete when it may still come.
func (m *Walker) find(mark []byte) (at int, v program.Verdict) {
	if at := bytes.Index(m.ahead(), mark); at >= 0 {
		return m.Off + at, program.Complete
	}
	if m.End >= 0 && len(m.Data) >= m.End {
		return 0, program.Refused
	}
	return 0, program.Incomplete
}

// content walks the nodes inside a group, a list or a choice.
func (m *Walker) content(n *program.Node) (v program.Verdict) {
	switch n.Kind {
	case program.NodeList:
		return m.list(n)
	case program.NodeChoice:
		return m.choice(n)
	}
	if n.Op >= 0 {
		m.Depth++
	}
	if n.Separator != nil {
		v = m.columns(n)
	} else if v = m.Nodes(n.Kids); n.Packed && v == program.Complete {
		v = m.packed(n)
	}
	if n.Op >= 0 {
		m.Depth--
	}
	return v
}

// choice walks the first case that fits.
func (m *Walker) choice(n *program.Node) program.Verdict {
	on := int64(0)
	if n.On != nil {
		var known bool
		if on, known = m.eval(n.On); !known || m.awaited && m.awaits(n.On) {
			return program.Incomplete
		}
	}
	for _, i := range n.ByValue.Find(uint64(on)) {
		b := &n.Cases[i]
		if b.When != nil && b.When.Asks && m.Asked == nil {
			continue
		}
		if b.When != nil {
			there, known := m.holds(b.When)
			if !known {
				return program.Incomplete
			}
			if !there {
				continue
			}
		}
		m.decide(n, AspectCase, int(i))
		m.absent(n)
		return m.Nodes(b.Kids)
	}
	if on > 9 {
		return m.fail(n, m.Off, field.ErrNoCase, "%d (0x%02x)", on, on)
	}
	return m.fail(n, m.Off, field.ErrNoCase, "%d", on)
}

// columns walks the fields of a group with a separator.  Each field stands between separators, however deep in
// groups, lists and choices it is.
func (m *Walker) columns(n *program.Node) program.Verdict {
	if m.End < 0 {
		return m.Refuse(n, m.Off, field.ErrRegion)
	}
	if len(m.Data) < m.End { // where the last column ends is known only with all of them
		return m.starve(n, m.End-m.Off)
	}
	table, later := m.table, m.later
	m.table, m.later = n, false
	v := m.Nodes(n.Kids)
	m.table, m.later = table, later
	return v
}

// column walks one field up to the next separator.
func (m *Walker) column(n *program.Node) program.Verdict {
	table, end := m.table, m.End
	next := m.Data[m.Off:end]
	if m.later && !bytes.HasPrefix(next, table.Separator) {
		next = nil // an optional column that begins with a text is not there
	} else if m.later {
		next = next[len(table.Separator):]
	}
	switch absent := m.Off == end; {
	case n.Optional && (n.Before == nil && absent || n.Before != nil && !bytes.HasPrefix(next, n.Before)):
		m.decide(n, AspectThere, 0)
		m.absent(n)
		return program.Complete
	case m.later:
		if _, v := m.literal(n, table.Separator, false); v != program.Complete {
			return v
		}
	}
	column := end
	if at := bytes.Index(m.Data[m.Off:end], table.Separator); at >= 0 {
		column = m.Off + at
	}
	if n.Optional && n.Before == nil {
		m.decide(n, AspectThere, 1)
	}
	m.later, m.table, m.End = true, nil, column
	var v program.Verdict
	if n.Before != nil {
		v = m.announced(n)
	} else {
		v = m.node(n)
	}
	if v == program.Complete && m.Off != column {
		v = m.fail(n, m.Off, field.ErrRegion, "%d bytes are left over", int64(column-m.Off))
	}
	m.later, m.table, m.End = true, table, end
	return v
}
