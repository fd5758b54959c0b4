package codec

import (
	"bytes"
	"fmt"
)

// region walks a group, a list or a choice, inside bounds of its own when it has them.
func (m *machine) region(n *node) verdict {
	if n.op < 0 || m.f == nil {
		return m.bounded(n)
	}
	i, start := len(m.f.cells), m.off
	if v := m.cell(n, cell{op: uint16(n.op), depth: m.depth, off: uint32(start)}, 0, n.field.role); v != whole {
		return v
	}
	v := m.bounded(n)
	if v == whole { // the bytes of a group are those of its fields
		size := m.off - start
		if n.transform != nil {
			size = m.inner
		}
		m.f.cells[i].size = uint32(size)
	}
	return v
}

// bounded walks what is inside, up to an end of its own when there is one.
func (m *machine) bounded(n *node) verdict {
	outer, start := m.end, m.off
	end, after := 0, 0 // of what is inside, and of the region
	switch {
	case n.kind == nodeChoice && n.on == nil && n.size == nil:
		return m.choice(n)
	case n.size != nil:
		size, known := m.eval(n.size)
		if !known {
			return begun
		}
		if size < 0 || size > hardMaxFrame {
			return m.fail(n, m.off, ErrLength, "%d bytes", size)
		}
		onWire := n.transform.sizeOnWire(int(size))
		if outer >= 0 && m.off+onWire > outer {
			return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(outer-m.off), int64(onWire))
		}
		end, after = m.off+int(size), m.off+onWire
	case n.rest:
		if outer < 0 {
			return m.refuse(n, m.off, errRegion)
		}
		end, after = outer-n.tail, outer-n.tail
	case n.until != nil:
		at, v := m.find(n.until)
		if v != whole {
			return m.lacking(n, v)
		}
		end, after = at, at+len(n.until)
	case n.kind == nodeList && n.count == nil && outer >= 0 && n.tail > 0:
		end, after = outer-n.tail, outer-n.tail
	default:
		return m.content(n)
	}
	if end < m.off {
		return m.fail(n, m.off, ErrShort, "%d bytes are missing", int64(m.off-outer))
	}
	if n.transform != nil {
		if after > len(m.data) {
			return m.starve(n, after-m.off)
		}
		plain, v := m.reveal(n, start, after-len(n.until))
		if v != whole {
			return v
		}
		end = start + plain
		m.inside++
		defer func() { m.inside-- }()
	}
	m.end = end
	v := m.content(n)
	if v == whole {
		if m.off != end {
			v = m.fail(n, m.off, errRegion, "%d bytes are left over", int64(end-m.off))
		}
		m.inner, m.off = end-start, after
	}
	m.end = outer
	return v
}

// reveal puts the plain bytes of a part in the place of those of the wire; what is behind them is no part of it.
func (m *machine) reveal(n *node, start, after int) (size int, v verdict) {
	m.hidden = append(m.hidden[:0], m.data[start:after]...)
	if m.sink != nil {
		return m.sink.reveal(m, n, start, m.data[start:after])
	}
	return m.transformed(n, start, m.data[start:after])
}

func (m *machine) transformed(n *node, start int, data []byte) (size int, v verdict) {
	size, ok := n.transform.decode(data, m.hidden)
	switch {
	case ok:
		return size, whole
	case n.transform.armour != nil:
		return 0, m.refuse(n, start, errArmour)
	}
	return 0, m.refuse(n, start, errSum)
}

// lacking is the verdict when a delimiter was not found.
func (m *machine) lacking(n *node, v verdict) verdict {
	if v == begun {
		return m.starve(n, len(m.data)-m.off+1)
	}
	if m.sink == nil {
		return refused
	}
	return m.refuse(n, m.off, fmt.Errorf("%w: no %q", errRegion, n.until))
}

// find looks for a delimiter; begun when it may still come.
func (m *machine) find(mark []byte) (at int, v verdict) {
	if at := bytes.Index(m.ahead(), mark); at >= 0 {
		return m.off + at, whole
	}
	if m.end >= 0 && len(m.data) >= m.end {
		return 0, refused
	}
	return 0, begun
}

// content walks what is inside a group, a list or a choice.
func (m *machine) content(n *node) (v verdict) {
	switch n.kind {
	case nodeList:
		return m.list(n)
	case nodeChoice:
		return m.choice(n)
	}
	if n.op >= 0 {
		m.depth++
	}
	if n.separator != nil {
		v = m.columns(n)
	} else {
		v = m.nodes(n.kids)
	}
	if n.op >= 0 {
		m.depth--
	}
	return v
}

// choice walks the first branch that fits.
func (m *machine) choice(n *node) verdict {
	on := int64(0)
	if n.on != nil {
		var known bool
		if on, known = m.eval(n.on); !known || m.awaited && m.awaits(n.on) {
			return begun
		}
	}
	for _, i := range n.byValue.find(uint64(on)) {
		b := &n.cases[i]
		if b.when != nil {
			there, known := m.holds(b.when)
			if !known {
				return begun
			}
			if !there {
				continue
			}
		}
		m.decide(n, aspectCase, int(i))
		m.absent(n)
		return m.nodes(b.kids)
	}
	if on > 9 {
		return m.fail(n, m.off, errNoCase, "%d (0x%02x)", on, on)
	}
	return m.fail(n, m.off, errNoCase, "%d", on)
}

// columns walks the fields of a group with a separator: they stand between separators, however deep in groups, lists and
// choices they are.
func (m *machine) columns(n *node) verdict {
	if m.end < 0 {
		return m.refuse(n, m.off, errRegion)
	}
	if len(m.data) < m.end { // where the last column ends is known only with all of them
		return m.starve(n, m.end-m.off)
	}
	table, begun := m.table, m.begun
	m.table, m.begun = n, false
	v := m.nodes(n.kids)
	m.table, m.begun = table, begun
	return v
}

// column walks one field up to the next separator.
func (m *machine) column(n *node) verdict {
	table, end := m.table, m.end
	next := m.data[m.off:end]
	if m.begun && !bytes.HasPrefix(next, table.separator) {
		next = nil // an optional column that begins with a text is not there
	} else if m.begun {
		next = next[len(table.separator):]
	}
	switch absent := m.off == end; {
	case n.optional && (n.before == nil && absent || n.before != nil && !bytes.HasPrefix(next, n.before)):
		m.decide(n, aspectThere, 0)
		m.absent(n)
		return whole
	case m.begun:
		if _, v := m.literal(n, table.separator, false); v != whole {
			return v
		}
	}
	column := end
	if at := bytes.Index(m.data[m.off:end], table.separator); at >= 0 {
		column = m.off + at
	}
	if n.optional && n.before == nil {
		m.decide(n, aspectThere, 1)
	}
	m.begun, m.table, m.end = true, nil, column
	v := whole
	if n.before != nil {
		v = m.announced(n)
	} else {
		v = m.node(n)
	}
	if v == whole && m.off != column {
		v = m.fail(n, m.off, errRegion, "%d bytes are left over", int64(column-m.off))
	}
	m.begun, m.table, m.end = true, table, end
	return v
}
