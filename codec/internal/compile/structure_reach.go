package compile

import (
	"fmt"
	"math"
	"slices"

	"trama/codec/internal/expr"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// reach looks for branches that what stands around them rules out: a case inside a case for other values, a condition
// beside one that contradicts it.  A layout is used in several places; only what none of them can reach is reported.
type reach struct {
	*inspection
	base  []extent          // of the registers, wherever one stands
	dead  map[string]string // what is ruled out, and by what, by the path of the branch
	alive map[string]bool
	order []string
}

func (v *inspection) unreachable() {
	r := &reach{inspection: v, base: slices.Clone(v.extents), dead: map[string]string{}, alive: map[string]bool{}}
	before := len(v.Findings)
	for _, f := range v.g.Kinds {
		r.walk(f.Header)
		for _, s := range f.Bodies {
			undo := r.keep()
			r.assume(s.When)
			if l := s.Commands; len(l) > 0 && f.CommandOp >= 0 {
				r.narrow(f.CommandReg, l)
			}
			r.walk(s.Nodes)
			undo()
		}
		r.walk(f.Trailer)
	}
	for _, path := range r.order {
		said := false
		for i := range before { // the branch is wrong wherever it stands
			said = said || v.Findings[i].Key == path || v.Findings[i].Key == path+".is" || v.Findings[i].Key == path+".when"
		}
		if !r.alive[path] && !said {
			v.Add(schema.SeverityWarning, "unreachable", path, r.dead[path], "")
		}
	}
}

// keep returns what takes back all that is assumed from now on.
func (r *reach) keep() (undo func()) {
	extents := slices.Clone(r.extents)
	return func() { copy(r.extents, extents) }
}

func (r *reach) note(path string, can bool, why string) {
	if can {
		r.alive[path] = true
	} else if r.dead[path] == "" {
		r.dead[path] = why
		r.order = append(r.order, path)
	}
}

func (r *reach) walk(list []*program.Node) {
	for _, n := range list {
		undo := r.keep()
		if n.When != nil {
			can := !r.never(n.When)
			if r.note(n.Path, can, "a condition that is never true where it stands"); !can {
				continue
			}
			r.assume(n.When)
		}
		r.forget(n.Kids)
		r.walk(n.Kids)
		for i := range n.Cases {
			r.branch(n, i)
		}
		undo()
		r.forget([]*program.Node{n})
	}
}

// branch looks at one case, with what follows from its being taken.
func (r *reach) branch(n *program.Node, i int) {
	b := &n.Cases[i]
	undo := r.keep()
	defer undo()
	values := b.Is
	if n.On != nil {
		domain := r.exact(n.On)
		if domain.lo < 0 || domain.hi == math.MaxInt64 {
			domain = extent{0, math.MaxInt64}
		}
		all := program.CommandSet{{uint64(domain.lo), uint64(domain.hi)}}
		if b.Other {
			values = all
		}
		_, values = all.Without(values)
		for k := range i {
			if n.Cases[k].When == nil && !n.Cases[k].Other {
				values, _ = values.Without(n.Cases[k].Is)
			}
		}
		can := len(values) > 0 || r.exact(n.On).lo < 0
		text := fmt.Sprintf("a case that is never taken where it stands: the value is %s there", domain)
		if r.note(b.Path, can, text); !can {
			return
		}
		if n.On.Code == expr.Reg {
			r.narrow(n.On.Reg, values)
		}
	}
	if b.When != nil {
		can := !r.never(b.When)
		if r.note(b.Path, can, "a case whose condition is never true where it stands"); !can {
			return
		}
		r.assume(b.When)
	}
	r.forget(b.Kids)
	r.walk(b.Kids)
}

// narrow leaves a register the values of a set.
func (r *reach) narrow(reg int, values program.CommandSet) {
	if len(values) == 0 || r.extents[reg].lo < 0 {
		return
	}
	lo, hi := uint64(math.MaxInt64), uint64(0)
	for _, s := range values {
		lo, hi = min(lo, s[0]), max(hi, s[1])
	}
	r.limit(reg, extent{int64(min(lo, math.MaxInt64)), int64(min(hi, math.MaxInt64))})
}

func (r *reach) limit(reg int, to extent) {
	if e := (extent{max(r.extents[reg].lo, to.lo), min(r.extents[reg].hi, to.hi)}); e.lo <= e.hi {
		r.extents[reg] = e
	}
}

// assume takes a condition for true.
func (r *reach) assume(e *expr.Expr) {
	if e == nil {
		return
	}
	if e.Code == expr.And {
		r.assume(e.A)
		r.assume(e.B)
		return
	}
	if e.A == nil || e.B == nil || e.A.Code != expr.Reg || e.B.Code != expr.Const {
		return
	}
	switch c := e.B.Value; e.Code {
	case expr.Eq:
		r.limit(e.A.Reg, extent{c, c})
	case expr.Le:
		r.limit(e.A.Reg, extent{math.MinInt64, c})
	case expr.Lt:
		r.limit(e.A.Reg, extent{math.MinInt64, c - 1})
	case expr.Ge:
		r.limit(e.A.Reg, extent{c, math.MaxInt64})
	case expr.Gt:
		r.limit(e.A.Reg, extent{c + 1, math.MaxInt64})
	}
}

// forget takes back what is known of fields that are read again: a name may mean several.
func (r *reach) forget(list []*program.Node) {
	program.Each(list, func(n *program.Node) {
		for _, reg := range n.Clear {
			r.extents[reg] = r.base[reg]
		}
		for i := n.Op; n.Kind == program.NodeLeaf && i <= n.Op+n.Parts; i++ {
			if o := &r.ops[i]; o.Reg > 0 {
				r.extents[o.Reg] = r.base[o.Reg]
			}
		}
	})
}
