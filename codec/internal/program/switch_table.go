package program

import (
	"slices"

	"trama/codec/internal/field"
)

// SwitchTable is a switch table: it finds the messages or cases that a value chooses, in their order.
type SwitchTable struct {
	from  []uint64   // the first value of each class, ascending; all values of a class choose the same
	what  [][]uint16 // by class
	small []uint8    // class of the values below 256, when there are few classes
}

// Find returns the indices of the messages or cases that v chooses.
func (p *SwitchTable) Find(v uint64) []uint16 { return p.what[p.Class(v)] }

// Class is the class of a value.
func (p *SwitchTable) Class(v uint64) int {
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

// newSwitchTable makes the switch table of sets; has lists the indices that a value chooses.
func newSwitchTable(sets []CommandSet, has func(v uint64) []uint16) (p SwitchTable) {
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

// newBodyTable finds the bodies of a command that travel one way.
func newBodyTable(f *FrameKind, uplink bool) SwitchTable {
	var sets []CommandSet
	for _, s := range f.Bodies {
		sets = append(sets, s.Commands)
	}
	return newSwitchTable(sets, func(v uint64) (out []uint16) {
		known := false
		for i, s := range f.Bodies {
			l := s
			if l.Direction == field.Uplink && !uplink || l.Direction == field.Downlink && uplink ||
				len(l.Commands) > 0 && !l.Commands.Has(v) || s.Fallback && known {
				continue
			}
			known = known || !s.Fallback && len(l.Commands) > 0
			out = append(out, uint16(i))
		}
		return out
	})
}

// newCaseTable finds the branches of a choice.
func newCaseTable(n *Node) SwitchTable {
	var sets []CommandSet
	for i := range n.Cases {
		sets = append(sets, n.Cases[i].Is)
	}
	return newSwitchTable(sets, func(v uint64) (out []uint16) {
		for i := range n.Cases {
			if b := &n.Cases[i]; n.On == nil || b.Other || b.Is.Has(v) {
				out = append(out, uint16(i))
			}
		}
		return out
	})
}
