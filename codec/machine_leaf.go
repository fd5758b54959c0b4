package codec

import (
	"bytes"
	"fmt"
)

// leaf reads one field.
func (m *machine) leaf(n *node) verdict {
	o := &m.p.ops[n.op]
	if end := m.off + o.size; n.quick && end <= len(m.data) && (m.end < 0 || end <= m.end) {
		return m.quick(n, o, end)
	}
	switch o.code {
	case opComputed:
		return m.computed(n, o)
	case opChecksum:
		return m.checksum(n, o)
	}
	size, skip := o.size, 0
	switch {
	case n.size != nil:
		v, known := m.eval(n.size)
		if !known {
			return begun
		}
		if v < 0 || v > hardMaxFrame {
			return m.fail(n, m.off, ErrLength, "%d bytes", v)
		}
		size = int(v)
	case n.rest:
		if m.end < 0 || n.tail < 0 {
			return m.refuse(n, m.off, errRegion)
		}
		size = m.end - m.off - n.tail
		if size < 0 {
			return m.fail(n, m.off, ErrShort, "%d bytes are missing", int64(-size))
		}
	case n.until != nil:
		at, v := m.find(n.until)
		if v != whole {
			return m.lacking(n, v)
		}
		size, skip = at-m.off, len(n.until)
	case o.code == opRun:
		if v := m.run(n, o, &size); v != whole {
			return v
		}
	case o.code == opVarint:
		if v := m.varint(n, o, &size); v != whole {
			return v
		}
	}
	if n.column && o.form != nil && o.form.column && o.isMissing(m.data[m.off:m.end]) {
		size, skip = m.end-m.off, 0
	}
	if n.until != nil && o.size > 0 && size != o.size {
		return m.fail(n, m.off, ErrLength, "%d bytes, expected %d", int64(size), int64(o.size))
	}
	if size > o.most && o.size == 0 && o.most > 0 {
		return m.fail(n, m.off, ErrLong, "%d bytes, allowed %d", int64(size), int64(o.most))
	}
	if m.end >= 0 && size > m.end-m.off {
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(m.end-m.off), int64(size))
	}
	if size > len(m.data)-m.off {
		if m.off < len(m.data) && o.form == nil && o.size > 0 && !m.whole && !o.plausible(m.data[m.off:]) {
			return refused
		}
		return m.starve(n, size)
	}
	b := m.data[m.off : m.off+size]
	num, missing, ok := uint64(0), false, true
	if o.code == opRun {
		num = uint64(size)
	} else {
		num, missing, ok = o.read(b)
	}
	if !ok {
		if !m.loud {
			return refused
		}
		return m.refuse(n, m.off, o.explainForm(b))
	}
	c := cell{op: uint16(n.op), depth: m.depth, off: uint32(m.off), size: uint32(size)}
	m.off += size + skip
	return m.value(n, o, c, num, missing)
}

// quick reads an unsigned number of fixed size that nothing restricts, which most fields are.
func (m *machine) quick(n *node, o *op, end int) verdict {
	b := m.data[m.off:end]
	var num uint64
	if o.little {
		num = loadLE(b)
	} else {
		num = loadBE(b)
	}
	if o.reg > 0 {
		m.regs[o.reg] = int64(num)
	}
	at := m.off
	m.off = end
	if m.f != nil {
		return m.cell(n, cell{op: uint16(n.op), depth: m.depth, off: uint32(at), size: uint32(o.size)}, num, o.role)
	}
	return whole
}

// value notes the value of a field for expressions and in the frame.
func (m *machine) value(n *node, o *op, c cell, num uint64, missing bool) verdict {
	if n.value != nil && o.code != opComputed {
		if want, _ := m.eval(n.value); int64(num) != want {
			return m.fail(n, int(c.off), ErrConst, "found %d, expected %d", int64(num), want)
		}
	}
	if o.reg > 0 || o.fold != nil || o.table > 0 {
		m.note(o, num, m.data[c.off:c.off+c.size])
	}
	if n.exponent != nil {
		e, _ := m.eval(n.exponent)
		if e < -20 || e > 20 {
			return m.fail(n, int(c.off), ErrRange, "10^%d", e)
		}
		c.exp = int8(e)
	}
	if m.f != nil {
		if missing {
			c.exp = noValue
		}
		if v := m.cell(n, c, num, o.role); v != whole {
			return v
		}
	}
	for i := n.op + 1; i <= n.op+n.parts; i++ {
		part := &m.p.ops[i]
		bits := part.bits(num)
		if !part.accepts(bits) {
			if m.loud {
				m.refuse(n, int(c.off), part.explain(nil, bits))
				m.bad.op = part
			}
			return refused
		}
		if part.reg > 0 || part.fold != nil || part.table > 0 {
			m.note(part, bits, nil)
		}
		if m.f != nil {
			own := cell{op: uint16(i), depth: c.depth, off: c.off + c.size}
			if part.lacks(bits) {
				own.exp = noValue
			}
			if v := m.cell(n, own, bits, part.role); v != whole {
				return v
			}
		}
	}
	return whole
}

// note keeps a value for expressions.
func (m *machine) note(o *op, num uint64, b []byte) {
	if o.reg > 0 {
		num = o.noted(num, b)
		m.regs[o.reg] = int64(num)
	}
	if o.table > 0 {
		m.place.keep(o.table, int64(num))
	}
	if f := o.fold; f != nil {
		if at := m.regs[f.reg+1]; at < 64 {
			m.regs[f.reg] |= int64(num) << uint(at)
			m.regs[f.reg+1] = at + int64(f.bits)
		}
	}
}

// run counts how often a byte is repeated.
func (m *machine) run(n *node, o *op, size *int) verdict {
	m.irregular(true)
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	at := m.off
	for at < end && m.data[at] == o.form.fill && at-m.off < o.most {
		at++
	}
	*size = at - m.off
	if at == end && *size < o.most && (m.end < 0 || at < m.end) {
		return m.starve(n, *size+1)
	}
	return whole
}

func (m *machine) computed(n *node, o *op) verdict {
	e := n.value
	if n.on != nil {
		on, known := m.eval(n.on)
		if !known {
			return begun
		}
		for i := range n.rows {
			if r := &n.rows[i]; r.other || r.is.has(uint64(on)) {
				e = r.value
				break
			}
		}
	}
	if e == nil {
		m.tell(o.reg, 0)
		return whole
	}
	v, known := m.eval(e)
	if !known {
		return begun
	}
	if v == 0 && o.field.Kind == KindTime { // no part of it is there
		m.irregular(true)
		m.tell(o.reg, 0)
		return whole
	}
	if o.check != checkNone && !o.allows(uint64(v)) {
		if !m.loud {
			return refused
		}
		return m.refuse(n, m.off, fmt.Errorf("%w: %d, allowed %s", ErrRange, v, o.allowed()))
	}
	return m.value(n, o, cell{op: uint16(n.op), depth: m.depth, off: uint32(m.off)}, uint64(v), false)
}

func (m *machine) checksum(n *node, o *op) verdict {
	if m.end >= 0 && o.size > m.end-m.off {
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(m.end-m.off), int64(o.size))
	}
	if o.size > len(m.data)-m.off {
		return m.starve(n, o.size)
	}
	b := m.data[m.off : m.off+o.size]
	num, ok := n.check.read(o, b)
	if !ok {
		if !m.loud {
			return refused
		}
		return m.refuse(n, m.off, fmt.Errorf("%w: %s", ErrDigit, printable(b)))
	}
	if n.check.to < 0 {
		m.late = append(m.late, lateCheck{plan: n.check, op: o, off: m.off, num: num})
	} else if v := m.verify(n, n.check, o, m.off, num); v != whole {
		return v
	}
	c := cell{op: uint16(n.op), depth: m.depth, off: uint32(m.off), size: uint32(o.size)}
	m.off += o.size
	if m.f != nil {
		return m.cell(n, c, num, o.role)
	}
	return whole
}

// verify compares a checksum with the bytes it covers.
func (m *machine) verify(n *node, plan *checkPlan, o *op, off int, num uint64) verdict {
	from, to := m.marks[plan.from], off
	if plan.to > 0 {
		to = m.marks[plan.to]
	} else if plan.to < 0 {
		to = m.off
	}
	if plan.from == 0 {
		from = 0
	}
	over := m.wire
	if m.plain > 0 { // inside a part, the bytes are those that the part stands for
		over = m.data
	}
	if from < 0 || from > to || to > len(over) {
		return m.refuse(n, off, errSum)
	}
	if m.record != nil {
		m.record.sums = append(m.record.sums, likeSum{plan: plan, op: o, off: off, from: from, to: to})
	}
	want := plan.compute(over, off, from, to)
	if m.trace != nil {
		m.trace.checksum(m, o, plan, off, from, to, num, want)
		return whole
	}
	if want != num {
		if m.loud {
			m.refuse(n, off, fmt.Errorf("%w: found %0*x, computed %0*x", errSum, plan.sum.width/4, num, plan.sum.width/4, want))
			m.bad.op = o
		}
		return refused
	}
	return whole
}

// compute is the checksum that stands at off over the plain bytes b of a frame, from up to but without to.
func (c *checkPlan) compute(b []byte, off, from, to int) uint64 {
	if c.wired == nil {
		return c.sum.sum(b[from:to])
	}
	m := machines.Get().(*machine) // for its memory
	defer machines.Put(m)
	m.written = c.wired.stretch(m.written[:0], b[:off], from, to, c.back)
	return c.sum.sum(m.written)
}

// read is the number that the bytes of a checksum say.
func (c *checkPlan) read(o *op, b []byte) (num uint64, ok bool) {
	if c.hex {
		for _, d := range b {
			at := bytes.IndexByte([]byte(hexDigits), d|0x20)
			if at < 0 || d > '9' && at < 10 || d < '0' {
				return 0, false
			}
			num = num<<4 | uint64(at)
		}
		return num, true
	}
	if o.little {
		return loadLE(b), true
	}
	return loadBE(b), true
}
