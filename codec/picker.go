package codec

import "slices"

// picker finds, of several things that each stand for some values, those that stand for one value, in their order.
type picker struct {
	from  []uint64   // the first value of each class, ascending; all values of a class have the same things
	what  [][]uint16 // by class
	small []uint8    // class of the values below 256, when there are few classes
}

// find returns the indices of what stands for v.
func (p *picker) find(v uint64) []uint16 { return p.what[p.class(v)] }

// class of a value.
func (p *picker) class(v uint64) int {
	if v < uint64(len(p.small)) {
		return int(p.small[v])
	}
	lo, hi := 0, len(p.from) // from[lo] ≤ v < from[hi]
	for hi-lo > 1 {
		if mid := int(uint(lo+hi) >> 1); p.from[mid] <= v {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// newPicker makes the classes of sets; has lists what stands for a value.
func newPicker(sets []commandSet, has func(v uint64) []uint16) (p picker) {
	p.from = []uint64{0}
	for _, s := range sets {
		for _, r := range s {
			p.from = append(p.from, r[0])
			if r[1]+1 != 0 {
				p.from = append(p.from, r[1]+1)
			}
		}
	}
	slices.Sort(p.from)
	p.from = slices.Compact(p.from)
	for _, v := range p.from {
		p.what = append(p.what, has(v))
	}
	if len(p.from) <= 256 {
		p.small = make([]uint8, 256)
		class := 0
		for v := range p.small {
			if class+1 < len(p.from) && p.from[class+1] == uint64(v) {
				class++
			}
			p.small[v] = uint8(class)
		}
	}
	return p
}

// newShapePicker finds the bodies of a command that travel one way.
func newShapePicker(f *family, uplink bool) picker {
	var sets []commandSet
	for _, s := range f.shapes {
		sets = append(sets, s.layout.commands)
	}
	return newPicker(sets, func(v uint64) (out []uint16) {
		known := false
		for i, s := range f.shapes {
			l := s.layout
			if l.direction == Uplink && !uplink || l.direction == Downlink && uplink ||
				len(l.commands) > 0 && !l.commands.has(v) || s.fallback && known {
				continue
			}
			known = known || !s.fallback && len(l.commands) > 0
			out = append(out, uint16(i))
		}
		return out
	})
}

// newCasePicker finds the branches of a choice.
func newCasePicker(n *node) picker {
	var sets []commandSet
	for i := range n.cases {
		sets = append(sets, n.cases[i].is)
	}
	return newPicker(sets, func(v uint64) (out []uint16) {
		for i := range n.cases {
			if b := &n.cases[i]; n.on == nil || b.other || b.is.has(v) {
				out = append(out, uint16(i))
			}
		}
		return out
	})
}
