package codec

import (
	"encoding/binary"
	"sync/atomic"
)

// Frames that look alike.  Which fields a frame has, and where, follows from few of its bytes: lengths, counts, kinds,
// conditions.  What a walk found is kept as a likeness: a later frame of the same size that has the same in those
// bytes has the same fields in the same places, so its values are read straight from there.  Every check is made
// again; a frame that fits no likeness, or fails in one, is walked.

// likeness is the plan of all frames that look like one that was walked.
type likeness struct {
	uplink bool
	layout *layout
	size   int         // of the content
	frozen []wordCheck // what decides which fields there are
	nums   []uint64    // values of all fields; those that differ are read by
	fields run         // of the whole frame
	sums   []likeSum
	roles  [roleCount]uint16
}

// likeSum is a checksum: its cell, its place, and the bytes that it covers.
type likeSum struct {
	plan                *checkPlan
	op                  *op
	cell, off, from, to int
}

// likenesses are those of one kind of frame, by size.  They are made of frames that were walked, the more rarely the
// more there were, and never thrown away; there are few.
type likenesses struct {
	bySize atomic.Pointer[[likeSizes][]*likeness]
	missed atomic.Uint32
	count  atomic.Int32
}

const (
	likeSizes = 64 // different sizes can share a place
	likeMost  = 32 // of one kind of frame
	likeCells = 96 // larger frames are walked
)

// find returns the likeness that content has; nil when it has none.
func (l *likenesses) find(content []byte, uplink bool) *likeness {
	all := l.bySize.Load()
	if all == nil {
		return nil
	}
	for _, k := range all[len(content)%likeSizes] {
		if k.size == len(content) && k.uplink == uplink && k.has(content) {
			return k
		}
	}
	return nil
}

func (l *likeness) has(content []byte) bool {
	var wrong uint64
	for i := range l.frozen {
		w := &l.frozen[i]
		wrong |= (binary.BigEndian.Uint64(content[w.off:]) ^ w.want) & w.mask
	}
	return wrong == 0
}

// resembles reads content like frames that were read before; false: it must be walked.
func (m *machine) resembles(f *family, content []byte) bool {
	l := f.likenesses.find(content, m.place.uplink)
	if l == nil {
		return false
	}
	m.data, m.off, m.strict = content, 0, true
	var nums []uint64
	var ok bool
	out := m.f
	if out == nil {
		ok = m.slots(l.fields.needed, content, nil, nil)
	} else {
		if n := len(l.nums); n > cap(out.nums) {
			out.nums = make([]uint64, 0, n)
		}
		nums = out.nums[:len(l.nums)]
		copy(nums, l.nums)
		ok = m.values(&l.fields, nums, nil)
	}
	m.strict = false
	for i := 0; ok && i < len(l.sums); i++ {
		s := &l.sums[i]
		var num uint64
		if num, ok = s.plan.read(s.op, content[s.off:s.off+s.op.size]); nums != nil {
			nums[s.cell] = num
		}
		ok = ok && s.plan.sum.sum(content[s.from:s.to]) == num
	}
	if !ok {
		clear(m.regs)
		return false
	}
	if out != nil {
		out.data, out.layout, out.cells, out.nums, out.roles, out.shared = content, l.layout, l.fields.cells, nums, l.roles, true
	}
	return true
}
