package codec

import (
	"bytes"
	"encoding/binary"
)

// fixedPlan is the plan of a layout whose fields all have a fixed place.  Such a frame is verified a machine word
// at a time and its numbers are read without further checks.  It accepts exactly what the general plan (run)
// accepts, which is used for all other layouts and to say what is wrong with a frame that this one refuses.
type fixedPlan struct {
	total int
	words []wordCheck
	rest  []uint16 // cells whose restriction the words do not cover
	steps []step   // one for each cell
	cells []cell   // shared by all frames of the layout, never written
	roles [roleCount]uint16

	length      uint64 // what the length field says
	lengthBytes []byte
}

// wordCheck verifies eight bytes at once.
type wordCheck struct {
	off  int
	bcd  uint64 // 0x88 in each byte that holds two decimal digits
	mask uint64 // bits that must be as in want
	want uint64
}

// step says how the number of a cell is read and written.
type step struct {
	code stepCode
	size uint8
	off  uint16
}

type stepCode uint8

const (
	stepNone    stepCode = iota // bytes: the cell needs no number
	stepByte                    // one byte
	stepBE2                     // 2 bytes
	stepBE4                     // 4 bytes
	stepBCD1                    // two digits
	stepBCD2                    // 4 digits
	stepBCD4                    // 8 digits
	stepLength                  // the length field
	stepGeneral                 // anything else: op.load, op.store
)

// wordBytes is the size of what is verified at once; shorter frames have no fixed plan.
const wordBytes = 8

// newFixedPlan returns nil for a layout that has none.
func newFixedPlan(p *Profile, l *layout) *fixedPlan {
	total := p.headerSize + l.fixed
	if l.rest || total < wordBytes {
		return nil
	}
	plan := &fixedPlan{total: total}
	bcd, mask, want := make([]byte, total), make([]byte, total), make([]byte, total)
	off := 0
	var pattern [maxBCDNumber]byte
	add := func(i int, o *op) {
		c := cell{op: uint16(i), off: uint32(off), size: uint32(o.size)}
		if o.role != NoRole && plan.roles[o.role] == 0 {
			plan.roles[o.role] = uint16(len(plan.cells) + 1)
		}
		constant := o.want
		switch {
		case o.flags&flagLength != 0:
			constant = pattern[:o.size]
			o.store(constant, p.lengthValue(total))
			plan.length, plan.lengthBytes = p.lengthValue(total), bytes.Clone(constant)
		case o.flags&flagCommand != 0 && len(l.commands) == 1 && l.commands[0][0] == l.commands[0][1] && !o.little:
			if o.code == opUint || o.code == opBCD {
				constant = pattern[:o.size]
				o.store(constant, l.commands[0][0])
			} else if o.code == opASCII {
				constant = pattern[:o.size]
				storeBE(constant, l.commands[0][0])
			}
		case o.check == checkRange && o.lo == o.hi && o.size > 0:
			constant = pattern[:o.size]
			o.store(constant, o.key(o.lo))
		case o.check == checkRanges && len(o.ranges) == 1 && o.ranges[0][0] == o.ranges[0][1] && o.size > 0:
			constant = pattern[:o.size]
			o.store(constant, o.key(o.ranges[0][0]))
		case o.check != checkNone && o.check != checkBytes || o.chars != nil:
			plan.rest = append(plan.rest, uint16(len(plan.cells)))
		}
		if constant != nil {
			copy(want[off:], constant)
			for n := range constant {
				mask[off+n] = 0xff
			}
		}
		if o.code == opBCD || o.code == opDigits || o.code == opTime {
			for n := 0; n < o.size; n++ {
				bcd[off+n] = 0x88
			}
		}
		plan.cells = append(plan.cells, c)
		plan.steps = append(plan.steps, step{code: o.step(), size: uint8(min(o.size, 255)), off: uint16(off)})
		off += o.size
	}
	for i := range p.ops[:p.headerOps] {
		add(i, &p.ops[i])
	}
	for i := range l.ops {
		add(l.first+i, &l.ops[i])
	}
	for at := 0; at < total; at += wordBytes {
		from := min(at, total-wordBytes)
		w := wordCheck{off: from, bcd: binary.BigEndian.Uint64(bcd[from:]), mask: binary.BigEndian.Uint64(mask[from:]), want: binary.BigEndian.Uint64(want[from:])}
		if w.bcd != 0 || w.mask != 0 {
			plan.words = append(plan.words, w)
		}
	}
	return plan
}

// step of the op in a fixed plan.
func (o *op) step() stepCode {
	switch {
	case o.flags&flagLength != 0:
		return stepLength
	case o.code == opDigits || o.code == opHex || o.code == opTime || o.code == opASCII && o.size > 8:
		return stepNone
	case o.code == opBCD && o.size == 1:
		return stepBCD1
	case o.size == 1 && (o.code == opUint || o.code == opBits || o.code == opASCII):
		return stepByte
	case o.little:
	case o.code == opBCD && o.size == 2:
		return stepBCD2
	case o.code == opBCD && o.size == 4:
		return stepBCD4
	case o.size == 2 && (o.code == opUint || o.code == opBits):
		return stepBE2
	case o.size == 4 && (o.code == opUint || o.code == opBits || o.code == opFloat32):
		return stepBE4
	}
	return stepGeneral
}

// verify says whether data, of plan.total bytes, is a frame of the layout.
func (plan *fixedPlan) verify(p *Profile, data []byte) bool {
	for i := range plan.words {
		w := &plan.words[i]
		v := binary.BigEndian.Uint64(data[w.off:])
		if v&w.mask != w.want || v&(v<<1|v<<2)&w.bcd != 0 {
			return false
		}
	}
	for _, i := range plan.rest {
		c := &plan.cells[i]
		o := &p.ops[c.op]
		if o.code == opPart {
			if !o.allows(plan.part(p, int(i), data)) {
				return false
			}
		} else if _, ok := o.load(data[c.off : c.off+c.size]); !ok {
			return false
		}
	}
	return true
}

// part reads the bits of cell i, which belong to the field of bits before it.
func (plan *fixedPlan) part(p *Profile, i int, data []byte) uint64 {
	o := &p.ops[plan.cells[i].op]
	for ; p.ops[plan.cells[i].op].code == opPart; i-- {
	}
	c := &plan.cells[i]
	word, _ := p.ops[c.op].load(data[c.off : c.off+c.size])
	return word >> o.shift & o.mask
}

// numbers reads the number of every cell of a verified frame.
func (plan *fixedPlan) numbers(p *Profile, data []byte, nums []uint64) {
	steps := plan.steps
	nums = nums[:len(steps)]
	for i := range steps {
		s := &steps[i]
		switch s.code {
		case stepByte:
			nums[i] = uint64(data[s.off])
		case stepBCD1:
			b := uint64(data[s.off])
			nums[i] = b - b>>4*6
		case stepBE2:
			nums[i] = uint64(binary.BigEndian.Uint16(data[s.off:]))
		case stepBE4:
			nums[i] = uint64(binary.BigEndian.Uint32(data[s.off:]))
		case stepBCD2:
			v := uint64(binary.BigEndian.Uint16(data[s.off:]))
			v -= v >> 4 & 0x0f0f * 6
			nums[i] = v&0xff + v>>8*100
		case stepBCD4:
			nums[i] = unpackBCD(uint64(binary.BigEndian.Uint32(data[s.off:])))
		case stepLength:
			nums[i] = plan.length
		case stepNone:
			nums[i] = 0
		default:
			o := &p.ops[plan.cells[i].op]
			if o.code == opPart {
				nums[i] = plan.part(p, i, data)
			} else {
				nums[i], _ = o.load(data[s.off : int(s.off)+o.size])
			}
		}
	}
}

// write fills out, of plan.total bytes, with the frame f.
func (plan *fixedPlan) write(p *Profile, f *Frame, out []byte) {
	steps := plan.steps
	nums := f.nums[:len(steps)]
	for i := range steps {
		s := &steps[i]
		switch s.code {
		case stepByte:
			out[s.off] = byte(nums[i])
		case stepBCD1:
			out[s.off] = packed2(int(nums[i]))
		case stepBE2:
			binary.BigEndian.PutUint16(out[s.off:], uint16(nums[i]))
		case stepBE4:
			binary.BigEndian.PutUint32(out[s.off:], uint32(nums[i]))
		case stepBCD2, stepBCD4:
			storeBE(out[s.off:s.off+uint16(s.size)], packBCD(nums[i]))
		case stepLength:
			copy(out[s.off:], plan.lengthBytes)
		case stepNone:
			c := &f.cells[i]
			src, dst := f.data[c.off:c.off+c.size], out[s.off:]
			for n := range src {
				dst[n] = src[n]
			}
		default:
			if o := &p.ops[plan.cells[i].op]; o.code != opPart {
				o.store(out[s.off:int(s.off)+o.size], nums[i])
			}
		}
	}
}
