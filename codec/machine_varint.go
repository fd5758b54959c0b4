package codec

// varint finds how many bytes a number has.
func (m *machine) varint(n *node, o *op, size *int) verdict {
	m.irregular(o.reg == 0 || !m.p.grammar.control[o.reg]) // else its bytes are what they are in all that look alike
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	need, ok := o.form.varint.size(m.data[min(m.off, end):end], o.most)
	switch left := end - m.off; {
	case ok && need > left && m.end >= 0 && end == m.end:
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(left), int64(need))
	case ok && need > left:
		return m.starve(n, need)
	case !ok:
		return m.fail(n, m.off, ErrLength, "a number of more than %d bytes, or without a size", int64(o.most))
	}
	*size = need
	return whole
}
