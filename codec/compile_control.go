package codec

// control finds the registers that decide which fields there are, and where.
func (c *compiler) control() {
	c.p.control, c.p.nodeOf = make([]bool, c.p.regs), make([]*node, len(c.p.ops))
	mark := func(all ...*expr) {
		for _, e := range all {
			for _, reg := range e.fields(nil) {
				c.p.control[reg] = true
			}
		}
	}
	var computed []*node
	visit := func(n *node) {
		for i := n.op; n.op >= 0 && i <= n.op+n.parts; i++ {
			c.p.nodeOf[i] = n
		}
		mark(n.when, n.size, n.exponent, n.count, n.stop, n.on)
		for i := range n.cases {
			mark(n.cases[i].when)
		}
		if n.kind == nodeLeaf && c.p.ops[n.op].code == opComputed {
			computed = append(computed, n)
			if n.value.varies() {
				mark(n.value)
			}
		} else {
			mark(n.value)
		}
	}
	for _, f := range c.p.families {
		if f.commandOp >= 0 {
			c.p.control[f.commandReg] = true
		}
		if f.length != nil {
			c.p.control[f.length.reg] = true
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
			if reg := c.p.ops[n.op].reg; reg == 0 || !c.p.control[reg] {
				continue
			}
			for _, e := range append([]*expr{n.value}, rowExprs(n)...) {
				for _, reg := range e.fields(nil) {
					again = again || !c.p.control[reg]
					c.p.control[reg] = true
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
