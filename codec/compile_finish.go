package codec

import "slices"

// finish computes what depends on the whole tree.
func (c *compiler) finish() {
	c.p.derived = make([]bool, c.p.regs)
	for _, reg := range c.derived {
		c.p.derived[reg] = true
	}
	c.through()
	users := make([]int, c.p.regs)
	for i := range c.p.ops {
		users[c.p.ops[i].reg]++
	}
	for _, f := range c.p.families {
		c.tails(f.header, 0, "")
		c.tails(f.trailer, 0, "")
		least := -1
		for _, s := range f.shapes {
			c.tails(s.nodes, 0, s.layout.message.Name)
			s.min, s.max = c.p.span(s.nodes)
			if least < 0 || s.min < least {
				least = s.min
			}
		}
		// Fallbacks are tried last.
		slices.SortStableFunc(f.shapes, func(a, b *shape) int { return int(truth(a.fallback) - truth(b.fallback)) })
		header, _ := c.p.span(f.header)
		f.least = header + max(least, 0) + f.tail
		f.first = c.firstBytes(f)
		for _, nodes := range append([][]*node{f.header, f.trailer}, bodies(f)...) {
			each(nodes, func(n *node) {
				c.absent(n, users)
				c.boundFields(f, n)
			})
		}
	}
	c.p.prepare()
	c.control()
}

// through lets a length, count or size be found through a computed field: what it is computed from follows too.
func (c *compiler) through() {
	for again := true; again; {
		again = false
		for _, f := range c.p.families {
			for _, nodes := range append([][]*node{f.header, f.trailer}, bodies(f)...) {
				each(nodes, func(n *node) {
					if n.kind != nodeLeaf || c.p.ops[n.op].code != opComputed || !c.p.derived[c.p.ops[n.op].reg] {
						return
					}
					for _, x := range append([]*expr{n.value}, rowExprs(n)...) {
						if x == nil {
							continue
						}
						if reg := x.source(); reg > 0 && !c.p.derived[reg] {
							c.p.derived[reg], again = true, true
						}
					}
				})
			}
		}
	}
}

// boundFields marks the fields that follow from the rest of a frame.
func (c *compiler) boundFields(f *family, n *node) {
	if n.kind != nodeLeaf {
		return
	}
	for i := n.op; i <= n.op+n.parts; i++ {
		o := &c.p.ops[i]
		if o.code != opComputed && (o.reg > 0 && (c.p.derived[o.reg] || f.length != nil && f.length.reg == o.reg) || n.value != nil || o.code == opRun) {
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
