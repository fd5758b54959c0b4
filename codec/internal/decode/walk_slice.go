package decode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/program"
)

// slice reads bits that need not begin with a byte.  A field has the bytes that no field before it has a part of.
func (m *Walker) slice(n *program.Node) program.Verdict {
	o, at := n.Field, m.Off
	size := (max(o.Width()-m.spare, 0) + 7) / 8
	switch {
	case m.End >= 0 && size > m.End-m.Off:
		return m.fail(n, m.Off, field.ErrShort, "%d left, %d needed", int64(m.End-m.Off), int64(size))
	case size > len(m.Data)-m.Off:
		return m.starve(n, size)
	case size == 0:
		at--
	}
	var num uint64
	num, m.Off, m.spare = o.Take(m.Data, m.Off, m.spare)
	if num, m.bitwise = o.Bits(num), o; !o.Accepts(num) {
		if m.Sink == nil {
			return program.Refused
		}
		return m.Refuse(n, at, o.RefusalOfBits(num))
	}
	return m.value(n, o, at, size, num, o.Lacks(num))
}

// packed ends a group of such fields with a whole byte.
func (m *Walker) packed(n *program.Node) program.Verdict {
	if m.spare == 0 {
		return program.Complete
	}
	rest := m.bitwise.Unused(m.Data[m.Off-1], m.spare)
	if m.spare = 0; rest != 0 {
		return m.fail(n, m.Off-1, field.ErrConst, "found %d in the bits up to the next byte, expected 0", int64(rest))
	}
	return program.Complete
}
