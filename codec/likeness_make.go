package codec

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// recorder notes in a walk what a likeness needs.
type recorder struct {
	frozen    []bytesAt // bytes that were looked at before they were read
	sums      []likeSum
	rewritten bool // some bytes are not on the wire as they are read
	refused   bool // where the fields are follows from more than sizes and values
}

type bytesAt struct{ off, size int }

// look notes what an expression that looks ahead sees.
func (r *recorder) look(m *machine, e *expr) {
	if e == nil {
		return
	}
	n := 0
	switch e.code {
	case exNext:
		n = 1
	case exAhead:
		n = len(e.text)
	}
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	if n > 0 && m.off < end {
		r.frozen = append(r.frozen, bytesAt{m.off, min(n, end-m.off)})
	}
	r.look(m, e.a)
	r.look(m, e.b)
}

// keep makes a likeness of a frame that was walked, every few frames.
func (p *Profile) keep(raw []byte, f *Frame) {
	family := f.layout.shape.family
	all := family.likenesses
	if p.strange || !rare(all.missed.Add(1)) || len(f.cells) > likeCells || len(f.data) < wordBytes || all.count.Load() >= likeMost || p.grammar.rewrites {
		return
	}
	var again Frame
	m := &machine{slow: true, record: &recorder{}}
	if _, v := p.try(m, f.direction, &again, raw, true); v != whole || m.record.refused || again.layout != f.layout {
		return
	}
	if l := newLikeness(p, m, &again); l != nil {
		all.add(l)
	}
}

// rare picks 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on: at most 64 numbers in all.
func rare(n uint32) bool {
	n >>= bits.TrailingZeros32(n)
	return n == 1 || n == 3
}

func newLikeness(p *Profile, m *machine, f *Frame) *likeness {
	g := p.grammar
	l := &likeness{uplink: f.direction != Downlink, layout: f.layout, size: len(f.data), sums: m.record.sums, roles: f.roles}
	r := &l.fields
	r.size, r.cells = len(f.data), f.cells
	mask := make([]byte, len(f.data))
	for _, b := range m.record.frozen {
		for i := b.off; i < b.off+b.size; i++ {
			mask[i] = 0xff
		}
	}
	l.nums = f.nums
	constant := make([]bool, len(f.cells))
	asked := map[int]bool{}
	whole := 0 // the cell that parts belong to
	for i, c := range f.cells {
		o, n := &p.ops[c.op], g.nodeOf[c.op]
		s := newSlot(o, c, i)
		switch {
		case o.code == opGroup || o.code == opList:
			s = slot{cell: uint16(i)}
		case c.exp == noValue || o.fold != nil || o.table > 0 || o.code == opRun:
			return nil
		case o.code == opChecksum:
			s = slot{cell: uint16(i)}
			at := slices.IndexFunc(l.sums, func(s likeSum) bool { return s.off == int(c.off) && s.op == o })
			if at < 0 {
				return nil
			}
			l.sums[at].cell = i
		case o.code == opComputed:
			if o.field.Kind == KindTime || n.value == nil || n.on != nil {
				return nil
			}
			if n.value.varies() { // with what is frozen
				s = slot{code: slotConstant, cell: uint16(i), mask: f.nums[i], reg: int32(o.reg)}
				break
			}
			s.expr = n.value
			for _, reg := range n.value.fields(nil) {
				asked[reg] = true
			}
		}
		constant[i] = s.code == slotNone
		r.slots = append(r.slots, s)
		if o.code != opPart {
			whole = i
		}
		if at := f.cells[whole]; o.reg > 0 && g.control[o.reg] || n != nil && n.value != nil && o.code != opComputed {
			constant[i] = true
			freeze(mask[at.off:at.off+at.size], o, &p.ops[at.op])
		}
	}
	if r.seal(func(reg int) bool { return asked[reg] }); r.words != nil {
		r.slots = nil // never asked for: words have room
		r.words = slices.DeleteFunc(r.words, func(w word) bool { return constant[w.cell] })
	}
	want := make([]byte, len(f.data))
	copy(want, f.data)
	for at := 0; at < len(mask); at += wordBytes {
		from := min(at, len(mask)-wordBytes)
		w := wordCheck{off: from, mask: binary.BigEndian.Uint64(mask[from:]), want: binary.BigEndian.Uint64(want[from:])}
		if w.mask != 0 {
			l.frozen = append(l.frozen, w)
		}
	}
	return l
}

// freeze marks the bits of o, which is the field of these bytes or a part of it.
func freeze(mask []byte, o, whole *op) {
	if o.code != opPart || whole.form != nil || len(mask) > wordBytes {
		for i := range mask {
			mask[i] = 0xff
		}
		return
	}
	word := o.mask << o.shift
	if whole.little {
		storeLE(mask, word|loadLE(mask))
	} else {
		storeBE(mask, word|loadBE(mask))
	}
}

// add keeps one more; two frames of a kind may do that at once.
func (l *likenesses) add(k *likeness) {
	if l.count.Add(1) > likeMost {
		return
	}
	for {
		old := l.bySize.Load()
		var now [likeSizes][]*likeness
		if old != nil {
			now = *old
		}
		at := &now[k.size%likeSizes]
		*at = append((*at)[:len(*at):len(*at)], k)
		if l.bySize.CompareAndSwap(old, &now) {
			return
		}
	}
}
