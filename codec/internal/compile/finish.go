package compile

import (
	"slices"
	"time"

	"trama/codec/internal/expr"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// finish computes what depends on the whole tree.
func (c *compiler) finish() {
	c.p.Derived = make([]bool, c.p.Regs)
	for _, reg := range c.derived {
		c.p.Derived[reg] = true
	}
	c.through()
	users := make([]int, c.p.Regs)
	for i := range c.p.Ops {
		users[c.p.Ops[i].Reg]++
	}
	for _, f := range c.p.Kinds {
		c.tails(f.Header, 0, "")
		c.tails(f.Trailer, 0, "")
		least := -1
		for _, s := range f.Bodies {
			c.tails(s.Nodes, 0, s.Message.Name)
			s.Min, s.Max = c.p.Span(s.Nodes)
			if least < 0 || s.Min < least {
				least = s.Min
			}
		}
		// Fallbacks are tried last.
		slices.SortStableFunc(f.Bodies, func(a, b *program.Body) int { return int(expr.Truth(a.Fallback) - expr.Truth(b.Fallback)) })
		header, _ := c.p.Span(f.Header)
		f.Least = header + max(least, 0) + f.Tail
		f.First = c.firstBytes(f)
		f.Each(func(n *program.Node) {
			c.absent(n, users)
			c.boundFields(f, n)
			if n.Packed {
				c.unmarked(n)
			}
		})
	}
	c.p.Prepare()
	for _, f := range c.p.Kinds {
		f.Shares = f.Start != nil && f.EndMarks.Behind == 0 &&
			slices.ContainsFunc(f.EndMarks.Marks, func(m []byte) bool { return string(m) == string(f.Start) })
		c.p.Shares = c.p.Shares || f.Shares
	}
	if c.p.Quiet == 0 && (c.p.HasChecksum() || c.p.Shares) {
		c.p.Quiet = usualQuiet
	}
}

// usualQuiet is the silence after which a frame is looked for behind a beginning.
const usualQuiet = 300 * time.Millisecond

// through lets a length, count or size be found through a computed field: what it is computed from follows too.
func (c *compiler) through() {
	for again := true; again; {
		again = false
		for _, f := range c.p.Kinds {
			f.Each(func(n *program.Node) {
				if n.Kind != program.NodeLeaf || c.p.Ops[n.Op].Code != scalar.OpComputed || !c.p.Derived[c.p.Ops[n.Op].Reg] {
					return
				}
				for _, x := range append([]*expr.Expr{n.Value}, rowExprs(n)...) {
					if x == nil {
						continue
					}
					if reg := x.Source(); reg > 0 && !c.p.Derived[reg] {
						c.p.Derived[reg], again = true, true
					}
				}
			})
		}
	}
}

// boundFields marks the fields that follow from the rest of a frame.
func (c *compiler) boundFields(f *program.FrameKind, n *program.Node) {
	if n.Kind != program.NodeLeaf {
		return
	}
	for i := n.Op; i <= n.Op+n.Parts; i++ {
		o := &c.p.Ops[i]
		if o.Code != scalar.OpComputed && (o.Reg > 0 &&
			(c.p.Derived[o.Reg] || f.Length != nil && f.Length.Reg == o.Reg) || n.Value != nil ||
			o.Code == scalar.OpRun) {
			o.Flags |= scalar.FlagBound
		}
	}
}

// rowExprs are the expressions of a computed value with cases.
func rowExprs(n *program.Node) (out []*expr.Expr) {
	for i := range n.Rows {
		out = append(out, n.Rows[i].Value)
	}
	return out
}
