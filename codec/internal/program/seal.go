package program

import (
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// Seal says when a frame is one though what is between its marks cannot be read: its marks, its length and its checksum
// are right.
type Seal struct {
	Header int   // nodes of the header that must read: constants, the length, what it and the checksum count from
	Other  *Body // of frames whose message is not known
}

// seals finds whether frames of the kind have a mark, an end that does not depend on the body, and a checksum over it.
func (p *Program) seals(f *FrameKind) *Seal {
	if f.EndMarks == nil && f.Length == nil {
		return nil
	}
	var counted []int // places that lengths and checksums count from
	note := func(mark int) {
		if mark > 0 && mark != f.Body.Mark {
			counted = append(counted, mark)
		}
	}
	summed := false
	for _, n := range slices.Concat(f.Header, f.Trailer) {
		if c := n.Check; c != nil && n.When == nil && p.covers(f, c) {
			summed = true
			note(c.From)
		}
	}
	if !summed {
		return nil
	}
	if f.Length != nil {
		note(f.Length.Mark)
	}
	s, marked := &Seal{}, f.EndMarks != nil
	for i, top := range f.Header {
		Each([]*Node{top}, func(n *Node) {
			fixed := p.fixed(n)
			marked = marked || fixed
			if fixed || n.Check != nil || f.Length != nil && p.holds(n, f.Length.Reg) ||
				n.Mark > 0 && (slices.Contains(counted, n.Mark) || slices.Contains(counted, n.Mark+1)) {
				s.Header = i + 1
			}
		})
	}
	if !marked {
		return nil
	}
	s.Other = &Body{Message: &field.Message{Name: "unreadable", From: f.From}, Direction: f.Direction, FrameKind: f, Max: -1}
	return s
}

// covers reports whether a checksum covers the body of every frame: from somewhere before it to somewhere behind it.
func (p *Program) covers(f *FrameKind, c *ChecksumPlan) bool {
	marked := func(mark int, lists ...[]*Node) (is bool) {
		for _, nodes := range lists {
			Each(nodes, func(n *Node) { is = is || n.Mark > 0 && (mark == n.Mark || mark == n.Mark+1) })
		}
		return is
	}
	before := c.From == 0 || c.From == f.Body.Mark || marked(c.From, f.Header)
	return before && (c.To <= 0 || f.Body.Mark > 0 && c.To == f.Body.Mark+1 || marked(c.To, f.Trailer))
}

// holds reports whether a node writes a register.
func (p *Program) holds(n *Node, reg int) bool {
	if n.Op < 0 {
		return false
	}
	return slices.ContainsFunc(p.Ops[n.Op:n.Op+1+n.Parts], func(o scalar.Op) bool { return o.Reg == reg })
}

// fixed reports whether bytes of a node are constant.
func (p *Program) fixed(n *Node) bool {
	if n.Op < 0 || n.Kind != NodeLeaf {
		return false
	}
	return slices.ContainsFunc(p.Ops[n.Op:n.Op+1+n.Parts], func(o scalar.Op) bool { return o.Fixed() })
}
