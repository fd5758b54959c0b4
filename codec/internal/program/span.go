package program

import (
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// Span is the least and the largest size of nodes in their order, in bytes; most is -1 when it is not bounded.
func (p *Program) Span(nodes []*Node) (least, most int) {
	for _, n := range nodes {
		lo, hi := p.SpanOf(n)
		least += lo
		if most >= 0 && hi >= 0 {
			most += hi
		} else {
			most = -1
		}
	}
	return least, most
}

// SpanOf is the Span of one node.
func (p *Program) SpanOf(n *Node) (lo, hi int) {
	switch {
	case n.Kind == NodeLeaf && p.Ops[n.Op].Code == scalar.OpVarint:
		lo, hi = 1, p.Ops[n.Op].Most
	case n.Kind == NodeLeaf && p.Ops[n.Op].Sized():
		lo, hi = 1, 8
	case n.Kind == NodeLeaf:
		o := &p.Ops[n.Op]
		lo, hi = o.Size, o.Size
		if o.Size == 0 && o.Code != scalar.OpComputed {
			if hi = -1; n.Rest && o.Most > 0 && o.Most < field.HardMaxFrame {
				hi = o.Most
			}
		}
	case n.Size != nil && n.Size.Code == expr.Const:
		lo = n.Transform.SizeOnWire(int(n.Size.Value))
		hi = lo
	case n.Kind == NodeChoice && n.Size == nil:
		lo, hi = -1, 0
		for i := range n.Cases {
			a, b := p.Span(n.Cases[i].Kids)
			if lo < 0 || a < lo {
				lo = a
			}
			if b < 0 || hi < 0 {
				hi = -1
			} else {
				hi = max(hi, b)
			}
		}
		if lo < 0 {
			lo = 0
		}
	case n.Kind == NodeGroup && n.Size == nil && n.Until == nil && n.Transform == nil && n.Separator == nil:
		lo, hi = p.Span(n.Kids)
	case n.Kind == NodeList && n.Count != nil && n.Count.Code == expr.Const && n.Separator == nil:
		lo, hi = p.Span(n.Kids)
		lo *= int(n.Count.Value)
		if hi >= 0 {
			hi *= int(n.Count.Value)
		}
	default:
		hi = -1
	}
	marks := len(n.Before) + len(n.Until)
	if lo += marks; hi >= 0 {
		hi += marks
	}
	if n.When != nil || n.Optional {
		lo = 0
	}
	return lo, hi
}

// CommandSet is a set of command values, as ranges.
type CommandSet [][2]uint64

// Has reports whether the set has a command.
func (s CommandSet) Has(v uint64) bool {
	for _, r := range s {
		if r[0] <= v && v <= r[1] {
			return true
		}
	}
	return false
}
