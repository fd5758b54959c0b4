package codec

import (
	"bytes"
	"fmt"
)

// has says that size more bytes have come and belong to the region.
func (m *machine) has(size int) bool {
	end := m.off + size
	return end <= len(m.data) && (m.end < 0 || end <= m.end)
}

// number reads an unsigned number of fixed size that nothing restricts, which most fields are.
func (m *machine) number(n *node) verdict {
	o := n.field
	if !m.has(o.size) {
		return m.leaf(n)
	}
	at := m.off
	m.off += o.size
	var num uint64
	if b := m.data[at:m.off]; o.little {
		num = loadLE(b)
	} else {
		num = loadBE(b)
	}
	if o.reg > 0 {
		m.regs[o.reg] = int64(num)
	}
	if m.f != nil {
		return m.cell(n, cell{op: uint16(n.op), depth: m.depth, off: uint32(at), size: uint32(o.size)}, num, o.role)
	}
	return whole
}

// leaf reads one field.
func (m *machine) leaf(n *node) verdict {
	o := n.field
	size, skip := o.size, 0 // bytes of the field, and of the mark behind it
	if n.varies {
		var v verdict
		if size, skip, v = m.extent(n, o); v != whole {
			return v
		}
	}
	if m.end >= 0 && size > m.end-m.off {
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(m.end-m.off), int64(size))
	}
	if size > len(m.data)-m.off {
		if m.off < len(m.data) && o.form == nil && o.size > 0 && !m.atEOF && !o.plausible(m.data[m.off:]) {
			return refused
		}
		return m.starve(n, size)
	}
	b := m.data[m.off : m.off+size]
	num, missing, ok := uint64(size), false, true
	if o.code != opRun {
		num, missing, ok = o.read(b)
	}
	if !ok {
		if m.sink == nil {
			return refused
		}
		return m.refuse(n, m.off, o.explainForm(b))
	}
	c := cell{op: uint16(n.op), depth: m.depth, off: uint32(m.off), size: uint32(size)}
	m.off += size + skip
	return m.value(n, o, c, num, missing)
}

// extent finds how many bytes a field has whose size is not fixed, and how many the mark behind it has.
func (m *machine) extent(n *node, o *op) (size, skip int, v verdict) {
	size = o.size
	switch {
	case n.size != nil:
		v, known := m.eval(n.size)
		if !known {
			return 0, 0, begun
		}
		if v < 0 || v > hardMaxFrame {
			return 0, 0, m.fail(n, m.off, ErrLength, "%d bytes", v)
		}
		size = int(v)
	case n.rest:
		if m.end < 0 || n.tail < 0 {
			return 0, 0, m.refuse(n, m.off, errRegion)
		}
		if size = m.end - m.off - n.tail; size < 0 {
			return 0, 0, m.fail(n, m.off, ErrShort, "%d bytes are missing", int64(-size))
		}
	case n.until != nil:
		at, v := m.find(n.until)
		if v != whole {
			return 0, 0, m.lacking(n, v)
		}
		size, skip = at-m.off, len(n.until)
	case o.code == opRun:
		if size, v = m.run(n, o); v != whole {
			return 0, 0, v
		}
	case o.code == opVarint:
		if size, v = m.varint(n, o); v != whole {
			return 0, 0, v
		}
	}
	if n.column && o.form != nil && o.form.column && o.isMissing(m.data[m.off:m.end]) {
		size, skip = m.end-m.off, 0
	}
	if n.until != nil && o.size > 0 && size != o.size {
		return 0, 0, m.fail(n, m.off, ErrLength, "%d bytes, expected %d", int64(size), int64(o.size))
	}
	if size > o.most && o.size == 0 && o.most > 0 {
		return 0, 0, m.fail(n, m.off, ErrLong, "%d bytes, allowed %d", int64(size), int64(o.most))
	}
	return size, skip, whole
}

// run counts how often a byte is repeated.
func (m *machine) run(n *node, o *op) (size int, v verdict) {
	ahead := m.ahead()
	for size < len(ahead) && ahead[size] == o.form.fill && size < o.most {
		size++
	}
	if size == len(ahead) && size < o.most && (m.end < 0 || m.off+size < m.end) {
		return 0, m.starve(n, size+1)
	}
	return size, whole
}

// varint finds how many bytes a number has.
func (m *machine) varint(n *node, o *op) (size int, v verdict) {
	ahead := m.ahead()
	size, ok := o.form.varint.size(ahead, o.most)
	switch {
	case ok && size > len(ahead) && m.end >= 0 && m.off+len(ahead) == m.end:
		return 0, m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(len(ahead)), int64(size))
	case ok && size > len(ahead):
		return 0, m.starve(n, size)
	case !ok:
		return 0, m.fail(n, m.off, ErrLength, "a number of more than %d bytes, or without a size", int64(o.most))
	}
	return size, whole
}

// value notes the value of a field for expressions and in the frame.
func (m *machine) value(n *node, o *op, c cell, num uint64, missing bool) verdict {
	if n.value != nil && o.code != opComputed {
		if want, _ := m.eval(n.value); int64(num) != want {
			return m.fail(n, int(c.off), ErrConst, "found %d, expected %d", int64(num), want)
		}
	}
	if n.noted {
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
	if n.parts > 0 {
		return m.parts(n, c, num)
	}
	return whole
}

// parts reads the bits of a number.
func (m *machine) parts(n *node, word cell, num uint64) verdict {
	var cells []cell
	var nums []uint64
	first := 0
	if m.f != nil {
		if first = len(m.f.cells); first+len(n.bits) > maxGrammarCells {
			return m.fail(n, m.off, ErrLong, "more than %d fields", int64(maxGrammarCells))
		}
		cells, nums = m.f.extend(len(n.bits))
	}
	for i := range n.bits {
		b := &n.bits[i]
		bits, exp := num>>b.shift&b.mask, int8(0)
		if !b.plain {
			bits = b.op.bits(num)
			if !b.op.accepts(bits) {
				if m.f != nil {
					m.f.cells, m.f.nums = m.f.cells[:first+i], m.f.nums[:first+i]
				}
				if m.sink == nil {
					return refused
				}
				return m.refuseOp(b.op, int(word.off), b.op.explain(nil, bits))
			}
			m.note(b.op, bits, nil)
			if b.op.lacks(bits) {
				exp = noValue
			}
		} else if b.reg > 0 {
			m.regs[b.reg] = int64(bits)
		}
		if cells == nil {
			continue
		}
		to := &cells[i]
		to.op, to.depth, to.exp, to.off, to.size = uint16(n.op+1+i), word.depth, exp, word.off, 0
		nums[i] = bits
		if b.role != NoRole {
			m.f.note(b.role, first+i)
		}
	}
	return whole
}

// note keeps a value for expressions.
func (m *machine) note(o *op, num uint64, b []byte) {
	num = o.noted(num, b)
	if o.reg > 0 {
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

func (m *machine) computed(n *node) verdict {
	o, e := n.field, n.value
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
	v, known := int64(0), true
	if e != nil {
		m.place.over = false
		v, known = m.eval(e)
	}
	switch {
	case !known:
		return begun
	case m.place.over:
		return m.fail(n, m.off, ErrRange, "the value does not fit 64 bits")
	case e == nil || v == 0 && o.field.Kind == KindTime: // no part of it is there
		m.regs[o.reg] = 0
		return whole
	case o.check != checkNone && !o.allows(uint64(v)):
		if m.sink == nil {
			return refused
		}
		return m.refuse(n, m.off, fmt.Errorf("%w: %d, allowed %s", ErrRange, v, o.allowed()))
	}
	return m.value(n, o, cell{op: uint16(n.op), depth: m.depth, off: uint32(m.off)}, uint64(v), false)
}

func (m *machine) checksum(n *node) verdict {
	o := n.field
	if m.end >= 0 && o.size > m.end-m.off {
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(m.end-m.off), int64(o.size))
	}
	if o.size > len(m.data)-m.off {
		return m.starve(n, o.size)
	}
	b := m.data[m.off : m.off+o.size]
	num, ok := n.check.read(o, b)
	if !ok {
		if m.sink == nil {
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
	if m.inside > 0 { // inside a part, the bytes are those that the part stands for
		over = m.data
	}
	if from < 0 || from > to || to > len(over) {
		return m.refuse(n, off, errSum)
	}
	found := sumFound{plan: plan, off: off, from: from, to: to, found: num, computed: plan.compute(over, off, from, to)}
	switch {
	case m.sink == nil && found.found != found.computed:
		return refused
	case m.sink == nil || m.sink.sum(m, o, found) || found.found == found.computed:
		return whole
	}
	return m.refuseOp(o, off, fmt.Errorf("%w: found %0*x, computed %0*x", errSum, plan.sum.width/4, found.found, plan.sum.width/4, found.computed))
}

// verifyLate compares the checksums that cover bytes behind them.
func (m *machine) verifyLate() verdict {
	for i := range m.late {
		l := &m.late[i]
		if v := m.verify(nil, l.plan, l.op, l.off, l.num); v != whole {
			return v
		}
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
