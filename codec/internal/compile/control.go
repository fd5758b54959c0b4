package compile

import (
	"trama/codec/internal/expr"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// control finds the registers that decide which fields there are, and where.
func (c *compiler) control() {
	c.p.Control, c.p.NodeOf = make([]bool, c.p.Regs), make([]*program.Node, len(c.p.Ops))
	mark := func(all ...*expr.Expr) {
		for _, e := range all {
			for _, reg := range e.Fields(nil) {
				c.p.Control[reg] = true
			}
		}
	}
	var computed []*program.Node
	visit := func(n *program.Node) {
		for i := n.Op; n.Op >= 0 && i <= n.Op+n.Parts; i++ {
			c.p.NodeOf[i] = n
		}
		mark(n.When, n.Size, n.Exponent, n.Count, n.Stop, n.On)
		for i := range n.Cases {
			mark(n.Cases[i].When)
		}
		if n.Kind == program.NodeLeaf && c.p.Ops[n.Op].Code == scalar.OpComputed {
			computed = append(computed, n)
			if n.Value.Varies() {
				mark(n.Value)
			}
		} else {
			mark(n.Value)
		}
	}
	for _, f := range c.p.Kinds {
		if f.CommandOp >= 0 {
			c.p.Control[f.CommandReg] = true
		}
		if f.Length != nil {
			c.p.Control[f.Length.Reg] = true
		}
		program.Each(f.Header, visit)
		program.Each(f.Trailer, visit)
		for _, s := range f.Bodies {
			mark(s.When)
			program.Each(s.Nodes, visit)
		}
	}
	// What a value that decides is computed from decides too.
	for again := true; again; {
		again = false
		for _, n := range computed {
			if reg := c.p.Ops[n.Op].Reg; reg == 0 || !c.p.Control[reg] {
				continue
			}
			for _, e := range append([]*expr.Expr{n.Value}, rowExprs(n)...) {
				for _, reg := range e.Fields(nil) {
					again = again || !c.p.Control[reg]
					c.p.Control[reg] = true
				}
			}
		}
	}
}

func rowExprs(n *program.Node) (out []*expr.Expr) {
	for i := range n.Rows {
		out = append(out, n.Rows[i].Value)
	}
	return out
}
