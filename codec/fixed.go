package codec

import "encoding/binary"

// fixedPlan is the plan of a layout whose fields all have a fixed place.  Such a frame is verified a machine word
// at a time and its numbers are read without further checks.  It accepts exactly what the general plan (run)
// accepts, which is used for all other layouts and to say what is wrong with a frame that this one refuses.
type fixedPlan struct {
	total int
	words []wordCheck
	rest  []uint16 // cells whose restriction the words do not cover

	// What every frame of the layout has, and the values that differ, by kind, so that the common ones are plain
	// loops.
	bytes []byte       // of constants, the length among them
	nums  []uint64     // likewise
	small []smallPlace // one byte: a number or two BCD digits
	spans []place      // bytes: nothing to read, copied when written
	steps []step       // all others

	cells []cell // shared by all frames of the layout, never written
	roles [roleCount]uint16
}

// place of a cell's bytes in the frame.
type place struct{ cell, off uint16 }

// smallPlace of one byte: its high nibble counts 16 − less.
type smallPlace struct {
	place
	less uint8 // 0 for a plain byte, 6 for two digits
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
	place
	code stepCode
	size uint8
}

type stepCode uint8

const (
	stepBE2     stepCode = iota // 2 bytes
	stepBE4                     // 4 bytes
	stepBCD                     // 4 to 8 digits
	stepGeneral                 // anything else: op.load, op.store
)

// wordBytes is the size of what is verified at once; shorter frames have no fixed plan.
const wordBytes = 8

// verify says whether data, of plan.total bytes, is a frame of the layout.
func (plan *fixedPlan) verify(p *Profile, data []byte) bool {
	var wrong uint64
	for i := range plan.words {
		w := &plan.words[i]
		v := binary.BigEndian.Uint64(data[w.off:])
		wrong |= (v^w.want)&w.mask | v&(v<<1|v<<2)&w.bcd
	}
	if wrong != 0 {
		return false
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

// numbers reads the numbers that differ from frame to frame; the frame is verified.
func (plan *fixedPlan) numbers(p *Profile, data []byte, nums []uint64) {
	data, nums = data[:plan.total], nums[:len(plan.cells)]
	for _, s := range plan.small {
		b := data[s.off]
		nums[s.cell] = uint64(b - b>>4*s.less)
	}
	for i := range plan.steps {
		s := &plan.steps[i]
		switch s.code {
		case stepBE2:
			nums[s.cell] = uint64(binary.BigEndian.Uint16(data[s.off:]))
		case stepBE4:
			nums[s.cell] = uint64(binary.BigEndian.Uint32(data[s.off:]))
		case stepBCD:
			nums[s.cell] = unpackBCD(loadBE(data[s.off : s.off+uint16(s.size)]))
		default:
			o := &p.ops[plan.cells[s.cell].op]
			if o.code == opPart {
				nums[s.cell] = plan.part(p, int(s.cell), data)
			} else {
				nums[s.cell], _ = o.load(data[s.off : s.off+uint16(s.size)])
			}
		}
	}
}

// write fills out, of plan.total bytes, with the frame f.
func (plan *fixedPlan) write(p *Profile, f *Frame, out []byte) {
	out, nums := out[:plan.total], f.nums[:len(plan.cells)]
	copy(out, plan.bytes)
	for _, s := range plan.small {
		n := byte(nums[s.cell])
		out[s.off] = n + n/10*s.less
	}
	for _, s := range plan.spans {
		c := &f.cells[s.cell]
		src := f.data[c.off : c.off+c.size]
		dst := out[s.off:][:len(src)]
		for i := range src { //nolint:staticcheck // S1001: for the few bytes of most fields this is shorter than a call of copy
			dst[i] = src[i]
		}
	}
	for i := range plan.steps {
		s := &plan.steps[i]
		field := out[s.off : s.off+uint16(s.size)]
		switch s.code {
		case stepBE2:
			binary.BigEndian.PutUint16(field, uint16(nums[s.cell]))
		case stepBE4:
			binary.BigEndian.PutUint32(field, uint32(nums[s.cell]))
		case stepBCD:
			storeBE(field, packBCD(nums[s.cell]))
		default:
			if o := &p.ops[plan.cells[s.cell].op]; o.code == opASCII {
				storeBE(field, nums[s.cell])
			} else if o.code != opPart {
				o.store(field, nums[s.cell])
			}
		}
	}
}
