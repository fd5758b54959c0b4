package codec

import "slices"

// finish computes what depends on the whole tree.
func (g *grammarCompiler) finish() {
	g.g.derived = make([]bool, g.g.regs)
	for _, reg := range g.derivedRegs {
		g.g.derived[reg] = true
	}
	for _, f := range g.g.families {
		g.tails(f.header, 0, "")
		g.tails(f.trailer, 0, "")
		least := -1
		for _, s := range f.shapes {
			g.tails(s.nodes, 0, s.layout.message.Name)
			s.min, s.max = g.g.span(g.p, s.nodes)
			if least < 0 || s.min < least {
				least = s.min
			}
		}
		// Fallbacks are tried last.
		slices.SortStableFunc(f.shapes, func(a, b *shape) int { return int(truth(a.fallback) - truth(b.fallback)) })
		header, _ := g.g.span(g.p, f.header)
		f.least = header + max(least, 0) + f.tail
		f.first = g.firstBytes(f)
		for _, nodes := range append([][]*node{f.header, f.trailer}, bodies(f)...) {
			each(nodes, func(n *node) {
				g.absent(n)
				g.bound(f, n)
			})
		}
	}
	g.g.prepare(g.p)
	g.control()
}

// bound marks the fields that follow from the rest of a frame.
func (g *grammarCompiler) bound(f *family, n *node) {
	if n.kind != nodeLeaf {
		return
	}
	for i := n.op; i <= n.op+n.parts; i++ {
		o := &g.p.ops[i]
		if o.code != opComputed && (o.reg > 0 && (g.g.derived[o.reg] || f.length != nil && f.length.reg == o.reg) || n.value != nil || o.code == opRun) {
			o.flags |= flagBound
		}
	}
}

func bodies(f *family) (out [][]*node) {
	for _, s := range f.shapes {
		out = append(out, s.nodes)
	}
	return out
}
