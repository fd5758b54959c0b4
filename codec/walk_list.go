package codec

// maxElements bounds a list whose elements may have no bytes.
const maxElements = 4096

// list walks the elements: so many, or up to a condition, or up to the end of the region.
func (m *machine) list(n *node) verdict {
	for _, reg := range n.folds {
		m.regs[reg] = 0
	}
	for _, t := range n.tables {
		m.place.clearTable(t)
	}
	count := int64(-1)
	if n.count != nil {
		var known bool
		if count, known = m.eval(n.count); !known {
			return begun
		}
		if count < 0 || count > hardMaxFrame {
			return m.fail(n, m.off, ErrLength, "%d elements", count)
		}
	} else if m.end < 0 && n.stop == nil {
		return m.refuse(n, m.off, errRegion)
	}
	outer := m.place.index
	v := m.elements(n, count)
	m.place.index = outer
	return v
}

func (m *machine) elements(n *node, count int64) verdict {
	i, again := int64(0), false
	if n.numbers && m.sink == nil {
		i = m.numbers(n, count)
	}
	for ; ; i++ {
		m.place.index = int(i)
		if count >= 0 && i >= count || count < 0 && m.end >= 0 && m.off >= m.end && !again && n.stop == nil {
			break
		}
		if n.stop != nil && i > 0 {
			if v, known := m.eval(n.stop); !known {
				return begun
			} else if v != 0 {
				break
			}
		}
		if i >= maxElements && count < 0 || i > maxGrammarCells {
			return m.fail(n, m.off, ErrLong, "more than %d elements", int64(maxElements))
		}
		before := m.off
		var v verdict
		if n.separator != nil {
			v, again = m.separated(n)
		} else {
			v = m.element(n)
		}
		if v != whole {
			return v
		}
		if m.off == before && count < 0 && n.separator == nil {
			return m.fail(n, m.off, errRegion, "an element without bytes")
		}
	}
	m.decide(n, aspectCount, int(min(i, 2)))
	if n.listReg > 0 {
		m.regs[n.listReg] = i
	}
	return whole
}

// numbers walks the elements of a list of plain numbers that have come.
func (m *machine) numbers(n *node, count int64) int64 {
	kid, end := n.kids[0], len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	size := kid.field.size
	times := max(min((end-m.off)/size, maxElements), 0)
	if count >= 0 {
		times = min(times, int(count))
	}
	if m.f != nil {
		if len(m.f.cells)+times > maxGrammarCells || m.depth > 30 {
			return 0
		}
		if role := kid.field.role; times > 0 && role != NoRole {
			m.f.note(role, len(m.f.cells))
		}
		cells, nums := m.f.extend(times)
		for i := range cells {
			to, at := &cells[i], m.off+i*size
			to.op, to.depth, to.exp, to.off, to.size = uint16(kid.op), m.depth+1, 0, uint32(at), uint32(size)
			nums[i] = kid.field.word(m.data[at : at+size])
		}
	}
	m.off += times * size
	return int64(times)
}

// separated walks one element up to the separator; again: another one follows.
func (m *machine) separated(n *node) (v verdict, again bool) {
	outer := m.end
	at, found := m.find(n.separator)
	switch {
	case found == whole:
		m.end, again = at, true
	case found == begun && (outer < 0 || len(m.data) < outer):
		return m.starve(n, len(m.data)-m.off+1), false
	}
	if m.off == m.end && (n.element >= 0 || n.kids[0].kind != nodeLeaf) {
		v = m.empty(n)
	} else if v = m.element(n); v == whole && m.off != m.end {
		v = m.fail(n, m.off, errRegion, "%d bytes are left over", int64(m.end-m.off))
	}
	m.end = outer
	if again && v == whole {
		m.off += len(n.separator)
	}
	return v, again
}

// empty notes an element between two separators that has nothing in it.
func (m *machine) empty(n *node) verdict {
	for _, kid := range n.kids {
		if kid.kind == nodeList {
			m.decide(kid, aspectCount, 0)
		}
	}
	i := n.element
	if i < 0 {
		i = n.kids[0].op
	}
	if m.f != nil && i >= 0 {
		return m.cell(n, cell{op: uint16(i), depth: m.depth + 1, off: uint32(m.off)}, 0, NoRole)
	}
	return whole
}

// element walks one element; when it is a group of its own, its fields are that much deeper.
func (m *machine) element(n *node) (v verdict) {
	depth := m.depth
	if m.depth += n.deeper(); m.depth > 31 {
		return m.fail(n, m.off, ErrLong, "too deep")
	}
	if n.element >= 0 && m.f != nil {
		v = m.cell(nil, cell{op: uint16(n.element), depth: m.depth - 1, off: uint32(m.off)}, 0, NoRole)
	} else {
		v = whole
	}
	if v == whole {
		v = m.nodes(n.kids)
	}
	m.depth = depth
	return v
}

// deeper is how much deeper than a list the fields of its elements are.
func (n *node) deeper() uint8 { return 1 + uint8(truth(n.element >= 0)) }
