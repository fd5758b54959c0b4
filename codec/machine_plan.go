package codec

// walk follows a plan.  It accepts what the nodes accept; they are walked where the plan cannot say.
func (m *machine) walk(plan []stage) verdict {
	for i := range plan {
		s := &plan[i]
		if m.slow {
			if v := m.slowly(s); v != whole {
				return v
			}
			continue
		}
		if s.when != nil {
			v, known := m.eval(s.when)
			if !known {
				return begun
			}
			if v == 0 {
				for _, reg := range s.clear {
					m.regs[reg] = 0
				}
				continue
			}
		}
		var v verdict
		switch s.kind {
		case stageRun:
			if v = m.fields(s.run, 1); v == begun {
				v = m.slowly(s)
			}
		case stageSized:
			v = m.sized(s.node)
		case stageLeaf:
			v = m.leaf(s.node)
		case stageChecksum:
			v = m.checksum(s.node, &m.p.ops[s.node.op])
		case stageList:
			v = m.openList(s.node)
		case stageChoice:
			v = m.openChoice(s.node)
		case stageRegion:
			v = m.region(s.node)
		default:
			v = m.node(s.node)
		}
		if v != whole {
			return v
		}
	}
	return whole
}

// slowly walks the nodes of a stage.
func (m *machine) slowly(s *stage) verdict {
	if s.around >= 0 && m.f != nil {
		if v := m.cell(nil, cell{op: uint16(s.around), depth: m.depth - 1, off: uint32(m.off)}, 0, NoRole); v != whole {
			return v
		}
	}
	return m.nodes(s.nodes)
}

// sized reads a field of bytes whose size an expression says.
func (m *machine) sized(n *node) verdict {
	o := &m.p.ops[n.op]
	size, known := m.eval(n.size)
	if end := m.off + int(size); !known || size < 0 || end > len(m.data) || m.end >= 0 && end > m.end || o.most > 0 && int(size) > o.most {
		return m.leaf(n)
	}
	b := m.data[m.off : m.off+int(size)]
	num, missing, ok := o.read(b)
	if !ok {
		return refused
	}
	if o.reg > 0 || o.fold != nil || o.table > 0 {
		m.note(o, num, b)
	}
	at := m.off
	if m.off += int(size); m.f == nil {
		return whole
	}
	c := cell{op: uint16(n.op), depth: m.depth, off: uint32(at), size: uint32(size)}
	if missing {
		c.exp = noValue
	}
	return m.cell(n, c, num, o.role)
}

// openList walks a list that ends by its number of elements, or with the region.
func (m *machine) openList(n *node) verdict {
	cells, start := 0, m.off
	if m.f != nil {
		cells = len(m.f.cells)
		if v := m.open(n); v != whole {
			return v
		}
	}
	v := m.list(n)
	if m.f != nil && v == whole {
		m.f.cells[cells].size = uint32(m.off - start)
	}
	return v
}

// openChoice walks the branch that fits; its size may be said beforehand.
func (m *machine) openChoice(n *node) verdict {
	if n.size == nil {
		return m.branch(n)
	}
	outer := m.end
	size, known := m.eval(n.size)
	end := m.off + int(size)
	if !known || size < 0 || size > hardMaxFrame || outer >= 0 && end > outer {
		return m.bounded(n)
	}
	m.end = end
	v := m.branch(n)
	if v == whole && m.off != end {
		v = refused
	}
	m.end = outer
	return v
}

func (m *machine) branch(n *node) verdict {
	on := int64(0)
	if n.on != nil {
		var known bool
		if on, known = m.eval(n.on); !known {
			return begun
		}
	}
	for _, i := range n.byValue.find(uint64(on)) {
		b := &n.cases[i]
		if b.when != nil {
			v, known := m.eval(b.when)
			if !known {
				return begun
			}
			if v == 0 {
				continue
			}
		}
		m.absent(n)
		return m.walk(b.plan)
	}
	return refused
}
