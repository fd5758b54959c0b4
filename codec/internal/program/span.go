package program

import (
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// Span is the least and the largest size of nodes in their order, in bytes; most is -1 when it is not bounded.
func (p *Program) Span(nodes []*Node) (least, most int) { return inBytes(p.bits(nodes)) }

// SpanOf is the Span of one node.
func (p *Program) SpanOf(n *Node) (least, most int) { return inBytes(p.bitsOf(n)) }

// inBytes makes bytes of bits; -1 stays what it is.
func inBytes(lo, hi int) (least, most int) {
	if hi > 0 {
		hi = (hi + 7) / 8
	}
	return (lo + 7) / 8, hi
}

// bits is Span in bits.
func (p *Program) bits(nodes []*Node) (least, most int) {
	for _, n := range nodes {
		lo, hi := p.bitsOf(n)
		least += lo
		if most >= 0 && hi >= 0 {
			most += hi
		} else {
			most = -1
		}
	}
	return least, most
}

func (p *Program) bitsOf(n *Node) (lo, hi int) {
	switch {
	case n.Kind == NodeLeaf:
		lo, hi = p.bitsOfField(n, &p.Ops[n.Op])
	case n.Size != nil && n.Size.Code == expr.Const:
		lo = 8 * n.Transform.SizeOnWire(int(n.Size.Value))
		hi = lo
	case n.Kind == NodeChoice && n.Size == nil:
		lo, hi = -1, 0
		for i := range n.Cases {
			a, b := p.bits(n.Cases[i].Kids)
			if lo < 0 || a < lo {
				lo = a
			}
			if b < 0 || hi < 0 {
				hi = -1
			} else {
				hi = max(hi, b)
			}
		}
		lo = max(lo, 0)
	case n.Kind == NodeGroup && n.Size == nil && n.Until == nil && n.Transform == nil && n.Separator == nil:
		if lo, hi = p.bits(n.Kids); n.Packed {
			lo, hi = inBytes(lo, hi)
			lo, hi = 8*lo, max(8*hi, -1)
		}
	case n.Kind == NodeList && n.Count != nil && n.Count.Code == expr.Const && n.Separator == nil:
		lo, hi = p.bits(n.Kids)
		lo *= int(n.Count.Value)
		if hi >= 0 {
			hi *= int(n.Count.Value)
		}
	default:
		hi = -1
	}
	marks := 8 * (len(n.Before) + len(n.Until))
	if lo += marks; hi >= 0 {
		hi += marks
	}
	if n.When != nil || n.Optional {
		lo = 0
	}
	return lo, hi
}

// bitsOfField are those of a field without what stands around it.
func (p *Program) bitsOfField(n *Node, o *scalar.Op) (lo, hi int) {
	switch {
	case o.Code == scalar.OpSlice:
		return o.Width(), o.Width()
	case o.Code == scalar.OpVarint:
		return 8, 8 * o.Most
	case o.Sized():
		return 8, 64
	case o.Size > 0 || o.Code == scalar.OpComputed:
		return 8 * o.Size, 8 * o.Size
	case n.Rest && o.Most > 0 && o.Most < field.HardMaxFrame:
		return 0, 8 * o.Most
	}
	return 0, -1
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
