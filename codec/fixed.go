package codec

import "encoding/binary"

// fixedPlan is the fast path of a message whose fields all have fixed places: its frames are verified a machine word at
// a time, and their numbers are read without further checks.  It accepts what the walk accepts, and nothing else; a frame
// that it does not accept is walked.
type fixedPlan struct {
	layout  *layout
	total   int         // bytes
	words   []wordCheck // constants, and digits
	checked []fixedRead // fields with restrictions that words do not cover
	sums    []fixedSum
	reads   []fixedRead // numbers that differ from frame to frame

	// What all frames have in common; never written.
	cells []cell
	nums  []uint64
	roles [roleCount]uint16
}

// wordCheck verifies eight bytes at once.
type wordCheck struct {
	off  int
	bcd  uint64 // 0x88 in each byte that holds two decimal digits
	mask uint64 // bits that must be as in want
	want uint64
}

// wordBytes is the size of what is verified at once; shorter frames have no plan.
const wordBytes = 8

// fixedRead says how the number of a cell is read.
type fixedRead struct {
	code readCode
	size uint8
	off  uint16
	cell uint16
	word uint16 // readPart: the cell whose bits it is
	op   *op
	part *op // readPart
}

type readCode uint8

const (
	readByte  readCode = iota
	readPair           // two digits
	readBE2            //
	readBE4            //
	readMany           // four to eight digits
	readPart           // bits of a number before it
	readOther          // op.read
)

// fixedSum is a checksum at off over the bytes from, up to but without to.
type fixedSum struct {
	plan          *checkPlan
	op            *op
	cell          int
	off, from, to int
}

// fixed is the plan of the frame that data begins with; nil: it must be walked.
func (a *attempt) fixed(data []byte) *fixedPlan {
	at := a.fast
	if at == nil || len(data) < at.off+at.size {
		return nil
	}
	command := uint64(0)
	switch {
	case at.op == nil:
	case at.plain:
		command = uint64(data[at.off])
	default:
		b := data[at.off : at.off+at.size]
		num, _, ok := at.op.read(b)
		if !ok {
			return nil
		}
		command = at.op.noted(num, b)
	}
	for _, plan := range at.plans[a.way&1][a.messages().class(command)] {
		if plan.total <= len(data) && plan.verify(data[:plan.total]) {
			return plan
		}
	}
	return nil
}

// fixed is the plan of the frame that data begins with, and the way it travels; nil: it must be walked.
func (p *program) fixed(d Direction, data []byte) (*fixedPlan, Direction) {
	if len(data) >= wordBytes {
		tries := p.tries(d)
		for i := range tries {
			if a := &tries[i]; a.first.has(data[0]) {
				return a.fixed(data), a.way
			}
		}
	}
	return nil, Any
}

// verify says whether data, of plan.total bytes, is such a frame.
func (plan *fixedPlan) verify(data []byte) bool {
	var wrong uint64
	for i := range plan.words {
		w := &plan.words[i]
		v := binary.BigEndian.Uint64(data[w.off:])
		wrong |= (v^w.want)&w.mask | v&(v<<1|v<<2)&w.bcd
	}
	if wrong != 0 {
		return false
	}
	for i := range plan.checked {
		r := &plan.checked[i]
		num, _, ok := r.op.read(data[r.off : r.off+uint16(r.size)])
		if r.code == readPart {
			ok = r.part.accepts(r.part.bits(num))
		}
		if !ok {
			return false
		}
	}
	for i := range plan.sums {
		s := &plan.sums[i]
		num, ok := s.plan.read(s.op, data[s.off:s.off+s.op.size])
		if !ok || num != s.plan.compute(data, s.off, s.from, s.to) {
			return false
		}
	}
	return true
}

// fill makes f the frame that data is, which is verified.
func (plan *fixedPlan) fill(p *program, f *Frame, d Direction, data []byte) {
	if f.plan != plan || f.program != p {
		f.adopt(p, plan)
	}
	f.direction, f.data, f.raw, f.decoded = d, data, data, true
	nums := f.nums[:len(plan.cells)]
	for i := range plan.reads {
		r := &plan.reads[i]
		switch r.code {
		case readByte:
			nums[r.cell] = uint64(data[r.off])
		case readPair:
			b := data[r.off]
			nums[r.cell] = uint64(b - b>>4*6)
		case readBE2:
			nums[r.cell] = uint64(binary.BigEndian.Uint16(data[r.off:]))
		case readBE4:
			nums[r.cell] = uint64(binary.BigEndian.Uint32(data[r.off:]))
		case readMany:
			nums[r.cell] = unpackBCD(loadBE(data[r.off : r.off+uint16(r.size)]))
		case readPart:
			nums[r.cell] = r.part.bits(nums[r.word])
		default:
			nums[r.cell], _, _ = r.op.read(data[r.off : r.off+uint16(r.size)])
		}
	}
	for i := range plan.sums {
		s := &plan.sums[i]
		nums[s.cell], _ = s.plan.read(s.op, data[s.off:s.off+s.op.size])
	}
}
