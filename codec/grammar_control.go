package codec

// control finds the registers that decide which fields there are, and where.
func (g *grammarCompiler) control() {
	g.g.control, g.g.nodeOf = make([]bool, g.g.regs), make([]*node, len(g.p.ops))
	mark := func(all ...*expr) {
		for _, e := range all {
			for _, reg := range e.fields(nil) {
				g.g.control[reg] = true
			}
		}
	}
	var computed []*node
	visit := func(n *node) {
		for i := n.op; n.op >= 0 && i <= n.op+n.parts; i++ {
			g.g.nodeOf[i] = n
		}
		mark(n.when, n.size, n.exponent, n.count, n.stop, n.on)
		for i := range n.cases {
			mark(n.cases[i].when)
		}
		if n.kind == nodeLeaf && g.p.ops[n.op].code == opComputed {
			computed = append(computed, n)
			if n.value.varies() {
				mark(n.value)
			}
		} else {
			mark(n.value)
		}
	}
	for _, f := range g.g.families {
		if f.commandOp >= 0 {
			g.g.control[f.commandReg] = true
		}
		if f.length != nil {
			g.g.control[f.length.reg] = true
		}
		each(f.header, visit)
		each(f.trailer, visit)
		for _, s := range f.shapes {
			mark(s.when)
			each(s.nodes, visit)
		}
	}
	// What a value that decides is computed from decides too.
	for again := true; again; {
		again = false
		for _, n := range computed {
			if reg := g.p.ops[n.op].reg; reg == 0 || !g.g.control[reg] {
				continue
			}
			for _, e := range append([]*expr{n.value}, rowExprs(n)...) {
				for _, reg := range e.fields(nil) {
					again = again || !g.g.control[reg]
					g.g.control[reg] = true
				}
			}
		}
	}
}

func rowExprs(n *node) (out []*expr) {
	for i := range n.rows {
		out = append(out, n.rows[i].value)
	}
	return out
}
