package codec

import (
	"encoding/binary"
	"sync/atomic"
)

// Frames that look alike.  Which fields a frame has, and where, follows from few of its bytes: lengths, counts, kinds,
// conditions.  What a walk found is kept as a likeness: a later frame of the same size that has the same in those
// bytes has the same fields in the same places, so its values are read straight from there (likeness_read.go).  Every
// check is made again; a frame that fits no likeness, or fails in one, is walked.

// likeness is the plan of all frames that look like one that was walked.  It never changes.
type likeness struct {
	family *family
	uplink bool
	layout *layout
	size   int         // of the content
	begins bool        // whatever follows, bytes that begin like this are such a frame
	frozen []wordCheck // what decides which fields there are, what is always the same, and what must be digits
	cells  []cell
	roles  [roleCount]uint16

	// The values of all fields, and behind them what expressions ask for beside them.  Those that differ are read by:
	nums     []uint64
	words    []word
	columns  []column
	others   []otherValue
	computed []computedValue
	sums     []likeSum
	picky    bool // a value that is read can be refused
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
	begin  atomic.Pointer[[]*likeness] // those that can be known by how a stream begins
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
		if k.uplink == uplink && k.has(content) {
			return k
		}
	}
	return nil
}

// findBegin returns the likeness of a frame that data begins with; nil when it has none.
func (l *likenesses) findBegin(data []byte, uplink bool) *likeness {
	all := l.begin.Load()
	if all == nil || len(data) < wordBytes {
		return nil
	}
	first := binary.BigEndian.Uint64(data)
	for _, k := range *all {
		if w := &k.frozen[0]; (first^w.want)&w.mask == 0 && k.size <= len(data) && k.uplink == uplink && k.has(data[:k.size]) {
			return k
		}
	}
	return nil
}

func (l *likeness) has(content []byte) bool {
	if l.size != len(content) {
		return false
	}
	var wrong uint64
	for i := range l.frozen {
		w := &l.frozen[i]
		v := binary.BigEndian.Uint64(content[w.off:])
		wrong |= (v^w.want)&w.mask | v&(v<<1|v<<2)&w.bcd
	}
	return wrong == 0
}

// familiar decodes a frame that looks like one that was walked; false: it must be walked.
func (p *Profile) familiar(f *Frame, family *family, way Direction, raw, content []byte) bool {
	// What was like the frame before is asked first, and is then all set up.
	l, up := f.alike, way == Uplink
	if l == nil || l.family != family || f.profile != p || l.uplink != up || !l.has(content) {
		if l = family.likenesses.find(content, up); l == nil {
			return false
		}
		f.resemble(p, l, way)
	}
	f.direction, f.data, f.raw, f.decoded = way, content, raw, true
	return l.read(content, f.nums[:len(l.nums)])
}

// first is the family that is tried first for data, and the way that the frame is taken to travel.
func (g *grammar) first(d Direction, data []byte) (*family, Direction) {
	if len(data) == 0 {
		return nil, d
	}
	for _, way := range [2]Direction{Uplink, Downlink} {
		if d != Any && d != way {
			continue
		}
		for _, f := range g.families {
			if (f.direction == Any || f.direction == way) && f.first.has(data[0]) {
				return f, way
			}
		}
	}
	return nil, d
}

// resemble makes f a frame of l.  What all frames of l have in common is set here, once.
func (f *Frame) resemble(p *Profile, l *likeness, way Direction) {
	f.reset(p, way)
	if n := len(l.nums); n > cap(f.nums) {
		f.nums = make([]uint64, 0, n)
	}
	copy(f.nums[:len(l.nums)], l.nums)
	f.layout, f.alike, f.cells, f.nums, f.roles = l.layout, l, l.cells, f.nums[:len(l.cells)], l.roles
}

// resembles reads content like frames that were read before; n is the size of the frame, 0 when it must be walked.
// More than the frame may stand in content when its end is not marked.
func (m *machine) resembles(f *family, content []byte, exact bool) (n int) {
	var l *likeness
	if m.slow || m.asked != nil {
		return 0
	}
	if exact {
		l = f.likenesses.find(content, m.place.uplink)
	} else {
		l = f.likenesses.findBegin(content, m.place.uplink)
	}
	switch {
	case l == nil:
		return 0
	case m.f == nil:
		content = content[:l.size]
		if !l.picky && !l.sealed(content, nil) {
			return 0
		} else if l.picky {
			if m.nums = append(m.nums[:0], l.nums...); !l.read(content, m.nums) {
				return 0
			}
		}
		return l.size
	}
	m.f.resemble(m.p, l, m.way())
	m.f.data, m.f.decoded = content, true
	if !l.read(content, m.f.nums[:len(l.nums)]) {
		m.f.reset(m.p, m.way())
		m.f.decoded = true
		return 0
	}
	return l.size
}

// cut is the size of the frame that data begins with, if it is like one that was walked and has no marks around it;
// 0: it must be walked.
func (g *grammar) cut(d Direction, data []byte) int {
	f, way := g.first(d, data)
	if f == nil || f.closing != nil {
		return 0
	}
	if l := f.likenesses.findBegin(data, way == Uplink); l != nil && !l.picky && l.sealed(data[:l.size], nil) {
		return l.size
	}
	return 0
}
