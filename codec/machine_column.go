package codec

import "bytes"

// Columns: the fields of a group with a separator stand between separators, however deep in groups, lists and
// choices they are.

// columns walks the fields of a group with a separator.
func (m *machine) columns(n *node) verdict {
	m.irregular(true)
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
	if m.begun {
		if n.optional && (m.off == end || n.before != nil && !bytes.HasPrefix(m.data[m.off:end], append(table.separator[:len(table.separator):len(table.separator)], n.before...))) {
			m.decide(n, aspectThere, 0)
			m.absent(n)
			return whole
		}
		if _, v := m.literal(n, table.separator, false); v != whole {
			return v
		}
	} else if n.optional && (m.off == end && n.before == nil || !bytes.HasPrefix(m.data[m.off:end], n.before)) {
		m.decide(n, aspectThere, 0)
		m.absent(n)
		return whole
	}
	column := end
	if at := bytes.Index(m.data[m.off:end], table.separator); at >= 0 {
		column = m.off + at
	}
	if n.optional && n.before == nil {
		m.decide(n, aspectThere, 1)
	}
	m.begun, m.table, m.end = true, nil, column
	v := m.there(n)
	if v == whole && m.off != column {
		v = m.fail(n, m.off, errRegion, "%d bytes are left over", int64(column-m.off))
	}
	m.begun, m.table, m.end = true, table, end
	return v
}
