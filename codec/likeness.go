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
	for i := range l.sums {
		s := &l.sums[i]
		num, ok := s.plan.read(s.op, content[s.off:s.off+s.op.size])
		if !ok || s.plan.sum.sum(content[s.from:s.to]) != num {
			return false
		}
	}
	m.data, m.off, m.strict = content, 0, true
	out, n, ok := m.f, len(l.fields.cells), true
	if out == nil {
		ok = m.slots(l.fields.needed, content, nil, nil)
	} else {
		if n > cap(out.nums) {
			out.nums = make([]uint64, n)
		}
		out.nums = out.nums[:n]
		ok = m.values(&l.fields, out.nums, nil)
	}
	if m.strict = false; !ok {
		if clear(m.regs); out != nil {
			out.nums = out.nums[:0]
		}
		return false
	}
	if out == nil {
		return true
	}
	for i := range l.sums {
		s := &l.sums[i]
		out.nums[s.cell], _ = s.plan.read(s.op, content[s.off:s.off+s.op.size])
	}
	out.data, out.layout, out.cells, out.roles, out.shared = content, l.layout, l.fields.cells, l.roles, true
	return true
}
