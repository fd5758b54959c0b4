package decode

import (
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
)

// maxElements bounds a list whose elements may have no bytes.
const maxElements = 4096

// list walks the elements of a list: by a count, up to a condition, or up to the end of the part around.
func (m *Walker) list(n *program.Node) program.Verdict {
	for _, reg := range n.Folds {
		m.regs[reg] = 0
	}
	for _, t := range n.Tables {
		m.place.ClearTable(t)
	}
	count := int64(-1)
	if n.Count != nil {
		var known bool
		if count, known = m.eval(n.Count); !known {
			return program.Incomplete
		}
		if count < 0 || count > field.HardMaxFrame {
			return m.fail(n, m.Off, field.ErrLength, "%d elements", count)
		}
	} else if m.End < 0 && n.Stop == nil {
		return m.Refuse(n, m.Off, field.ErrRegion)
	}
	outer := m.place.Index
	m.listed++
	v := m.elements(n, count)
	m.listed--
	m.place.Index = outer
	return v
}

// elements walks the elements of a list; count is -1 when it is not known.
func (m *Walker) elements(n *program.Node, count int64) program.Verdict {
	i, again := int64(0), false
	for ; ; i++ {
		m.place.Index = int(i)
		if count >= 0 && i >= count || count < 0 && m.End >= 0 && m.Off >= m.End && !again && n.Stop == nil {
			break
		}
		if n.Stop != nil && i > 0 {
			if v, known := m.eval(n.Stop); !known {
				return program.Incomplete
			} else if v != 0 {
				break
			}
		}
		if i >= maxElements && count < 0 || i > field.MaxGrammarCells {
			return m.fail(n, m.Off, field.ErrLong, "more than %d elements", int64(maxElements))
		}
		before, spare := m.Off, m.spare
		var v program.Verdict
		if n.Separator != nil {
			v, again = m.separated(n)
		} else {
			v = m.element(n)
		}
		if v != program.Complete {
			return v
		}
		if m.Off == before && m.spare == spare && count < 0 && n.Separator == nil {
			return m.fail(n, m.Off, field.ErrRegion, "an element without bytes")
		}
	}
	m.decide(n, AspectCount, int(min(i, 2)))
	if n.ListReg > 0 {
		m.regs[n.ListReg] = i
	}
	return program.Complete
}

// separated walks one element up to the separator; again: another element follows.
func (m *Walker) separated(n *program.Node) (v program.Verdict, again bool) {
	outer := m.End
	at, found := m.find(n.Separator)
	switch {
	case found == program.Complete:
		m.End, again = at, true
	case found == program.Incomplete && (outer < 0 || len(m.Data) < outer):
		return m.starve(n, len(m.Data)-m.Off+1), false
	}
	if m.Off == m.End && (n.Element >= 0 || n.Kids[0].Kind != program.NodeLeaf) {
		v = m.empty(n)
	} else if v = m.element(n); v == program.Complete && m.Off != m.End {
		v = m.fail(n, m.Off, field.ErrRegion, "%d bytes are left over", int64(m.End-m.Off))
	}
	m.End = outer
	if again && v == program.Complete {
		m.Off += len(n.Separator)
	}
	return v, again
}

// empty notes an element without bytes between two separators.
func (m *Walker) empty(n *program.Node) program.Verdict {
	for _, kid := range n.Kids {
		if kid.Kind == program.NodeList {
			m.decide(kid, AspectCount, 0)
		}
	}
	i := n.Element
	if i < 0 {
		i = n.Kids[0].Op
	}
	if i >= 0 {
		return m.cell(n, i, m.Depth+1, m.Off, 0, 0, field.NoRole)
	}
	return program.Complete
}

// element walks one element; the fields of a group are one level deeper.
func (m *Walker) element(n *program.Node) (v program.Verdict) {
	depth := m.Depth
	if m.Depth += deeper(n); m.Depth > 31 {
		return m.fail(n, m.Off, field.ErrLong, "too deep")
	}
	if n.Element >= 0 {
		v = m.cell(nil, n.Element, m.Depth-1, m.Off, 0, 0, field.NoRole)
	} else {
		v = program.Complete
	}
	if v == program.Complete {
		v = m.Nodes(n.Kids)
	}
	m.Depth = depth
	return v
}

// deeper is the number of levels between a list and the fields of its elements.
func deeper(n *program.Node) uint8 { return 1 + uint8(expr.Truth(n.Element >= 0)) }
