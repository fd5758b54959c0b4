package codec

import "encoding/binary"

// column is a row of unsigned numbers of the same size, one after the other in frame and cells.
type column struct {
	code         slotCode // slotByte, slotBE2 or slotBE4
	cell, number int
	off          int
}

// otherValue is a value that is no word.
type otherValue struct {
	kind      otherKind
	cell      int
	whole     int // otherPart: the cell of the number that it is a part of
	off, size int
	op        *op
}

type otherKind uint8

const (
	otherField otherKind = iota // read as its op says
	otherPart                   // bits of a number
	otherNoted                  // what expressions see of bytes that are no number
)

// computedValue follows from others, all of which are read before.
type computedValue struct {
	cell  int
	plain plain    // with places in nums for fields; none: the expression says
	expr  *expr    // its registers are numbered
	asked []uint16 // places in nums, by register; the first is never used
	op    *op      // nil when nothing restricts the value
}

// mostAsked bounds the fields that an expression of a likeness asks for.
const mostAsked = 8

// read reads the values of content, which has the likeness; false: the frame must be walked.
func (l *likeness) read(content []byte, nums []uint64) bool {
	content, nums = content[:l.size], nums[:len(l.nums)]
	for i := range l.words {
		w := &l.words[i]
		nums[w.cell] = w.read(content)
	}
	for i := range l.columns {
		c := &l.columns[i]
		c.code.numbers(nums[c.cell:c.cell+c.number], content[c.off:])
	}
	for i := range l.others {
		if v := &l.others[i]; !v.read(content, nums) {
			return false
		}
	}
	for i := range l.computed {
		c := &l.computed[i]
		v := c.value(nums, l.uplink)
		if nums[c.cell] = uint64(v); c.op != nil && !c.op.allows(uint64(v)) {
			return false
		}
	}
	return l.sealed(content, nums)
}

// sealed says that the checksums are right; nums is nil when nobody wants them.
func (l *likeness) sealed(content []byte, nums []uint64) bool {
	for i := range l.sums {
		s := &l.sums[i]
		num, ok := s.plan.read(s.op, content[s.off:s.off+s.op.size])
		if nums != nil {
			nums[s.cell] = num
		}
		if !ok || s.plan.compute(content, s.off, s.from, s.to) != num {
			return false
		}
	}
	return true
}

func (v *otherValue) read(content []byte, nums []uint64) bool {
	o := v.op
	if v.kind == otherPart {
		num := o.bits(nums[v.whole])
		nums[v.cell] = num
		return o.check == checkNone && o.form == nil || o.accepts(num) && !o.lacks(num)
	}
	b := content[v.off : v.off+v.size]
	if v.kind == otherNoted {
		nums[v.cell] = o.noted(0, b)
		return true
	}
	num, missing, ok := o.read(b)
	nums[v.cell] = num
	return ok && !missing // a value that is missing has another place
}

func (c *computedValue) value(nums []uint64, uplink bool) int64 {
	switch p := &c.plain; p.kind {
	case plainLinear:
		return p.over(nums)
	case plainEqual:
		return truth(p.over(nums) == 0)
	case plainProduct:
		return p.over(nums) * p.other.over(nums)
	}
	var regs [mostAsked + 1]int64
	for i, at := range c.asked {
		regs[i] = int64(nums[at])
	}
	return c.expr.eval(&exprPlace{regs: regs[:], left: -1, uplink: uplink})
}

// over is at for places in nums.
func (l *linear) over(nums []uint64) int64 { return int64(nums[l.reg])*l.mul + l.add }

// numbers reads unsigned numbers that stand one after the other.
func (c slotCode) numbers(nums []uint64, b []byte) {
	switch c {
	case slotByte:
		for i := range nums {
			nums[i] = uint64(b[i])
		}
	case slotBE2:
		for ; len(nums) > 0 && len(b) >= 2; b, nums = b[2:], nums[1:] {
			nums[0] = uint64(binary.BigEndian.Uint16(b))
		}
	case slotBE4:
		for ; len(nums) > 0 && len(b) >= 4; b, nums = b[4:], nums[1:] {
			nums[0] = uint64(binary.BigEndian.Uint32(b))
		}
	}
}
