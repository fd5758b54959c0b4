package decode

import (
	"bytes"
	"fmt"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// has reports whether size more bytes have come and belong to the part around.
func (m *Walker) has(size int) bool {
	end := m.Off + size
	return end <= len(m.Data) && (m.End < 0 || end <= m.End)
}

// number reads an unsigned number of fixed size without restrictions; most fields are such.
func (m *Walker) number(n *program.Node) program.Verdict {
	o := n.Field
	if !m.has(o.Size) {
		return m.leaf(n)
	}
	at := m.Off
	m.Off += o.Size
	num := uint64(m.Data[at])
	if b := m.Data[at:m.Off]; o.Little {
		num = scalar.LoadLE(b)
	} else if len(b) > 1 {
		num = scalar.LoadBE(b)
	}
	if o.Reg > 0 {
		m.regs[o.Reg] = int64(num)
	}
	return m.cell(n, n.Op, m.Depth, at, o.Size, num, o.Role)
}

// leaf reads one field.
func (m *Walker) leaf(n *program.Node) program.Verdict {
	o := n.Field
	size, skip := o.Size, 0 // bytes of the field, and of the mark behind it
	if n.Varies {
		var v program.Verdict
		if size, skip, v = m.extent(n, o); v != program.Complete {
			return v
		}
	}
	if m.End >= 0 && size > m.End-m.Off {
		return m.fail(n, m.Off, field.ErrShort, "%d left, %d needed", int64(m.End-m.Off), int64(size))
	}
	if size > len(m.Data)-m.Off {
		if m.Off < len(m.Data) && o.Form == nil && o.Size > 0 && !m.AtEOF && !o.Plausible(m.Data[m.Off:]) {
			return program.Refused
		}
		return m.starve(n, size)
	}
	b := m.Data[m.Off : m.Off+size]
	num, missing, ok := uint64(size), false, true
	if o.Code != scalar.OpRun {
		num, missing, ok = o.Read(b)
	}
	if !ok && m.spares && !n.Noted && n.Parts == 0 && !o.Fixed() { // where the next field begins does not depend on it
		at := m.Off
		m.Off += size + skip
		if o.Code != scalar.OpTime || m.F == nil {
			return program.Complete
		}
		v := m.cell(n, n.Op, m.Depth, at, size, 0, field.NoRole) // an acknowledgement echoes it, whatever it is
		if v == program.Complete {
			m.F.Cells[len(m.F.Cells)-1].Exp = frame.NoValue
		}
		return v
	}
	if !ok {
		if m.Sink == nil {
			return program.Refused
		}
		return m.Refuse(n, m.Off, o.Refusal(b))
	}
	at := m.Off
	m.Off += size + skip
	return m.value(n, o, at, size, num, missing)
}

// extent finds the size of a field whose size is not fixed; skip is the size of the mark behind it.
func (m *Walker) extent(n *program.Node, o *scalar.Op) (size, skip int, v program.Verdict) {
	size = o.Size
	switch {
	case n.Size != nil:
		v, known := m.eval(n.Size)
		if !known {
			return 0, 0, program.Incomplete
		}
		if v < 0 || v > field.HardMaxFrame {
			return 0, 0, m.fail(n, m.Off, field.ErrLength, "%d bytes", v)
		}
		if o.Sized() && (v < 1 || v > 8) {
			return 0, 0, m.fail(n, m.Off, field.ErrLength, "%d bytes, allowed 1 to 8", v)
		}
		size = int(v)
	case n.Rest:
		if m.End < 0 || n.Tail < 0 {
			return 0, 0, m.Refuse(n, m.Off, field.ErrRegion)
		}
		if size = m.End - m.Off - n.Tail; size < 0 {
			return 0, 0, m.fail(n, m.Off, field.ErrShort, "%d bytes are missing", int64(-size))
		}
	case n.Until != nil:
		at, v := m.find(n.Until)
		if v != program.Complete {
			return 0, 0, m.lacking(n, v)
		}
		size, skip = at-m.Off, len(n.Until)
	case o.Code == scalar.OpRun:
		if size, v = m.run(n, o); v != program.Complete {
			return 0, 0, v
		}
	case o.Code == scalar.OpVarint:
		if size, v = m.varint(n, o); v != program.Complete {
			return 0, 0, v
		}
	}
	if n.Column && o.Form != nil && o.Form.Column && o.IsMissing(m.Data[m.Off:m.End]) {
		size, skip = m.End-m.Off, 0
	}
	if n.Until != nil && o.Size > 0 && size != o.Size {
		return 0, 0, m.fail(n, m.Off, field.ErrLength, "%d bytes, expected %d", int64(size), int64(o.Size))
	}
	if size > o.Most && o.Size == 0 && o.Most > 0 {
		return 0, 0, m.fail(n, m.Off, field.ErrLong, "%d bytes, allowed %d", int64(size), int64(o.Most))
	}
	return size, skip, program.Complete
}

// run finds the size of a field of repeated bytes.
func (m *Walker) run(n *program.Node, o *scalar.Op) (size int, v program.Verdict) {
	ahead := m.ahead()
	for size < len(ahead) && ahead[size] == o.Form.Fill && size < o.Most {
		size++
	}
	if size == len(ahead) && size < o.Most && (m.End < 0 || m.Off+size < m.End) {
		return 0, m.starve(n, size+1)
	}
	return size, program.Complete
}

// varint finds the size of a number of varying width.
func (m *Walker) varint(n *program.Node, o *scalar.Op) (size int, v program.Verdict) {
	ahead := m.ahead()
	size, ok := o.Form.Varint.Size(ahead, o.Most)
	switch {
	case ok && size > len(ahead) && m.End >= 0 && m.Off+len(ahead) == m.End:
		return 0, m.fail(n, m.Off, field.ErrShort, "%d left, %d needed", int64(len(ahead)), int64(size))
	case ok && size > len(ahead):
		return 0, m.starve(n, size)
	case !ok:
		return 0, m.fail(n, m.Off, field.ErrLength, "a number of more than %d bytes, or without a size", int64(o.Most))
	}
	return size, program.Complete
}

// value notes the value of the size bytes at off for expressions and in the frame.
func (m *Walker) value(n *program.Node, o *scalar.Op, off, size int, num uint64, missing bool) program.Verdict {
	if n.Value != nil && o.Code != scalar.OpComputed {
		if want, _ := m.eval(n.Value); int64(num) != want && !m.spares {
			return m.fail(n, off, field.ErrConst, "found %d, expected %d", int64(num), want)
		}
	}
	if n.Noted {
		m.note(o, num, m.Data[off:off+size])
	}
	exp := int64(0)
	if n.Exponent != nil {
		if exp, _ = m.eval(n.Exponent); exp < -20 || exp > 20 {
			return m.fail(n, off, field.ErrRange, "10^%d", exp)
		}
	}
	if v := m.cell(n, n.Op, m.Depth, off, size, num, o.Role); v != program.Complete {
		return v
	}
	if missing {
		exp = frame.NoValue
	}
	if exp != 0 && m.F != nil {
		m.F.Cells[len(m.F.Cells)-1].Exp = int8(exp)
	}
	if n.Parts > 0 {
		return m.parts(n, off, num)
	}
	return program.Complete
}

// parts reads the bits of the number at off.
func (m *Walker) parts(n *program.Node, off int, num uint64) program.Verdict {
	var cells []program.Cell
	var nums []uint64
	first := 0
	if m.F != nil {
		if first = len(m.F.Cells); first+len(n.Bits) > field.MaxGrammarCells {
			return m.fail(n, m.Off, field.ErrLong, "more than %d fields", int64(field.MaxGrammarCells))
		}
		cells, nums = m.F.Extend(len(n.Bits))
	} else if v := m.count(n, len(n.Bits)); v != program.Complete {
		return v
	}
	for i := range n.Bits {
		b := &n.Bits[i]
		bits, exp := num>>b.Shift&b.Mask, int8(0)
		if !b.Plain {
			bits = b.Op.Bits(num)
			if !b.Op.Accepts(bits) {
				if m.F != nil {
					m.F.Cells, m.F.Nums = m.F.Cells[:first+i], m.F.Nums[:first+i]
				}
				if m.Sink == nil {
					return program.Refused
				}
				return m.refuseOp(b.Op, off, b.Op.RefusalOfBits(bits))
			}
			m.note(b.Op, bits, nil)
			if b.Op.Lacks(bits) {
				exp = frame.NoValue
			}
		} else if b.Reg > 0 {
			m.regs[b.Reg] = int64(bits)
		}
		if cells == nil {
			continue
		}
		to := &cells[i]
		to.Op, to.Depth, to.Exp, to.Off, to.Size = uint16(n.Op+1+i), m.Depth, exp, uint32(off), 0
		nums[i] = bits
		if b.Role != field.NoRole {
			m.F.Note(b.Role, first+i)
		}
	}
	return program.Complete
}

// note keeps a value for expressions.
func (m *Walker) note(o *scalar.Op, num uint64, b []byte) {
	num = o.Noted(num, b)
	if o.Reg > 0 {
		m.regs[o.Reg] = int64(num)
	}
	if o.Table > 0 {
		m.place.Keep(o.Table, int64(num))
	}
	if f := o.Fold; f != nil {
		if at := m.regs[f.Reg+1]; at < 64 {
			m.regs[f.Reg] |= int64(num) << uint(at)
			m.regs[f.Reg+1] = at + int64(f.Bits)
		}
	}
}

// computed computes a field without bytes.
func (m *Walker) computed(n *program.Node) program.Verdict {
	o, e := n.Field, n.Value
	if n.On != nil {
		on, known := m.eval(n.On)
		if !known {
			return program.Incomplete
		}
		for i := range n.Rows {
			if r := &n.Rows[i]; r.Other || r.Is.Has(uint64(on)) {
				e = r.Value
				break
			}
		}
	}
	v, known := int64(0), true
	if e != nil {
		m.place.Over = false
		v, known = m.eval(e)
	}
	switch {
	case !known:
		return program.Incomplete
	case m.place.Over:
		return m.fail(n, m.Off, field.ErrRange, "the value does not fit 64 bits")
	case e == nil || v == 0 && o.Field.Kind == field.KindTime: // no part of it is there
		m.regs[o.Reg] = 0
		return program.Complete
	case o.Check != scalar.CheckNone && !o.Allows(uint64(v)):
		if m.Sink == nil {
			return program.Refused
		}
		return m.Refuse(n, m.Off, fmt.Errorf("%w: %d, allowed %s", field.ErrRange, v, o.Allowed()))
	}
	return m.value(n, o, m.Off, 0, uint64(v), false)
}

// checksum reads a checksum, and verifies it when the bytes that it covers have come.
func (m *Walker) checksum(n *program.Node) program.Verdict {
	o := n.Field
	if m.End >= 0 && o.Size > m.End-m.Off {
		return m.fail(n, m.Off, field.ErrShort, "%d left, %d needed", int64(m.End-m.Off), int64(o.Size))
	}
	if o.Size > len(m.Data)-m.Off {
		return m.starve(n, o.Size)
	}
	b := m.Data[m.Off : m.Off+o.Size]
	num, ok := read(n.Check, o, b)
	if !ok {
		if m.Sink == nil {
			return program.Refused
		}
		return m.Refuse(n, m.Off, fmt.Errorf("%w: %s", field.ErrDigit, scalar.Printable(b)))
	}
	if n.Check.To < 0 {
		m.Late = append(m.Late, lateCheck{Plan: n.Check, Op: o, Off: m.Off, Num: num})
	} else if v := m.Verify(n, n.Check, o, m.Off, num); v != program.Complete {
		return v
	}
	at := m.Off
	m.Off += o.Size
	return m.cell(n, n.Op, m.Depth, at, o.Size, num, o.Role)
}

// Verify compares a checksum with the bytes it covers.
func (m *Walker) Verify(
	n *program.Node, plan *program.ChecksumPlan, o *scalar.Op, off int, num uint64,
) program.Verdict {
	from, to := m.Marks[plan.From], off
	if plan.To > 0 {
		to = m.Marks[plan.To]
	} else if plan.To < 0 {
		to = m.Off
	}
	if plan.From == 0 {
		from = 0
	}
	m.Summed += plan.Sum.Width // or the frame is refused
	over := m.Wire
	if m.Inside > 0 { // inside a part with a block transform, its plain bytes are covered
		over = m.Data
	}
	if from < 0 || from > to || to > len(over) {
		return m.Refuse(n, off, field.ErrSum)
	}
	found := SumFound{Plan: plan, Off: off, From: from, To: to, Found: num, Computed: Compute(plan, over, off, from, to)}
	switch {
	case m.Sink == nil && found.Found != found.Computed:
		return program.Refused
	case m.Sink == nil || m.Sink.Sum(m, o, found) || found.Found == found.Computed:
		return program.Complete
	}
	digits := plan.Sum.Width / 4
	return m.refuseOp(o, off,
		fmt.Errorf("%w: found %0*x, computed %0*x", field.ErrSum, digits, found.Found, digits, found.Computed))
}

// verifyLate verifies the checksums that cover bytes behind them.
func (m *Walker) verifyLate() program.Verdict {
	for i := range m.Late {
		l := &m.Late[i]
		if v := m.Verify(nil, l.Plan, l.Op, l.Off, l.Num); v != program.Complete {
			return v
		}
	}
	return program.Complete
}

// Compute is the checksum at off over the plain bytes b[from:to] of a frame.
func Compute(c *program.ChecksumPlan, b []byte, off, from, to int) uint64 {
	if c.Wired == nil {
		return c.Sum.Sum(b[from:to])
	}
	m := Walkers.Get().(*Walker) // for its memory
	defer Walkers.Put(m)
	m.written = c.Wired.Stretch(m.written[:0], b[:off], from, to, c.Back)
	return c.Sum.Sum(m.written)
}

// read reads the number of a checksum from its bytes; false: a byte is no digit.
func read(c *program.ChecksumPlan, o *scalar.Op, b []byte) (num uint64, ok bool) {
	if c.Hex {
		for _, d := range b {
			at := bytes.IndexByte([]byte(scalar.HexDigits), d|0x20)
			if at < 0 || d > '9' && at < 10 || d < '0' {
				return 0, false
			}
			num = num<<4 | uint64(at)
		}
		return num, true
	}
	if o.Little {
		return scalar.LoadLE(b), true
	}
	return scalar.LoadBE(b), true
}
