package codec

// span is the smallest and the largest size of nodes one after the other; most is -1 when it is not bounded.
func (p *program) span(nodes []*node) (least, most int) {
	for _, n := range nodes {
		lo, hi := p.spanOf(n)
		least += lo
		if most >= 0 && hi >= 0 {
			most += hi
		} else {
			most = -1
		}
	}
	return least, most
}

// spanOf is span of one node.
func (p *program) spanOf(n *node) (lo, hi int) {
	switch {
	case n.kind == nodeLeaf && p.ops[n.op].code == opVarint:
		lo, hi = 1, p.ops[n.op].most
	case n.kind == nodeLeaf:
		o := &p.ops[n.op]
		lo, hi = o.size, o.size
		if o.size == 0 && o.code != opComputed {
			if hi = -1; n.rest && o.most > 0 && o.most < hardMaxFrame {
				hi = o.most
			}
		}
	case n.size != nil && n.size.code == exConst:
		lo = n.transform.sizeOnWire(int(n.size.value))
		hi = lo
	case n.kind == nodeChoice && n.size == nil:
		lo, hi = -1, 0
		for i := range n.cases {
			a, b := p.span(n.cases[i].kids)
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
	case n.kind == nodeGroup && n.size == nil && n.until == nil && n.transform == nil && n.separator == nil:
		lo, hi = p.span(n.kids)
	case n.kind == nodeList && n.count != nil && n.count.code == exConst && n.separator == nil:
		lo, hi = p.span(n.kids)
		lo *= int(n.count.value)
		if hi >= 0 {
			hi *= int(n.count.value)
		}
	default:
		hi = -1
	}
	marks := len(n.before) + len(n.until)
	if lo += marks; hi >= 0 {
		hi += marks
	}
	if n.when != nil || n.optional {
		lo = 0
	}
	return lo, hi
}

// commandSet is a set of command values, as ranges.
type commandSet [][2]uint64

func (s commandSet) has(v uint64) bool {
	for _, r := range s {
		if r[0] <= v && v <= r[1] {
			return true
		}
	}
	return false
}
