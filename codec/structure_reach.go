package codec

import (
	"fmt"
	"math"
	"slices"
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
	before := len(v.findings)
	for _, f := range v.g.families {
		r.walk(f.header)
		for _, s := range f.shapes {
			undo := r.keep()
			r.assume(s.when)
			if l := s.layout.commands; len(l) > 0 && f.commandOp >= 0 {
				r.narrow(f.commandReg, commandSet(l))
			}
			r.walk(s.nodes)
			undo()
		}
		r.walk(f.trailer)
	}
	for _, path := range r.order {
		said := false
		for i := range before { // the branch is wrong wherever it stands
			said = said || v.findings[i].Key == path || v.findings[i].Key == path+".is" || v.findings[i].Key == path+".when"
		}
		if !r.alive[path] && !said {
			v.add(SeverityWarning, "unreachable", path, r.dead[path], "")
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

func (r *reach) walk(list []*node) {
	for _, n := range list {
		undo := r.keep()
		if n.when != nil {
			can := !r.never(n.when)
			if r.note(n.path, can, "a condition that is never true where it stands"); !can {
				continue
			}
			r.assume(n.when)
		}
		r.forget(n.kids)
		r.walk(n.kids)
		for i := range n.cases {
			r.branch(n, i)
		}
		undo()
		r.forget([]*node{n})
	}
}

// branch looks at one case, with what follows from its being taken.
func (r *reach) branch(n *node, i int) {
	b := &n.cases[i]
	undo := r.keep()
	defer undo()
	values := b.is
	if n.on != nil {
		domain := r.exact(n.on)
		if domain.lo < 0 || domain.hi == math.MaxInt64 {
			domain = extent{0, math.MaxInt64}
		}
		all := commandSet{{uint64(domain.lo), uint64(domain.hi)}}
		if b.other {
			values = all
		}
		_, values = all.without(values)
		for k := range i {
			if n.cases[k].when == nil && !n.cases[k].other {
				values, _ = values.without(n.cases[k].is)
			}
		}
		can := len(values) > 0 || r.exact(n.on).lo < 0
		text := fmt.Sprintf("a case that is never taken where it stands: the value is %s there", domain)
		if r.note(b.path, can, text); !can {
			return
		}
		if n.on.code == exReg {
			r.narrow(n.on.reg, values)
		}
	}
	if b.when != nil {
		can := !r.never(b.when)
		if r.note(b.path, can, "a case whose condition is never true where it stands"); !can {
			return
		}
		r.assume(b.when)
	}
	r.forget(b.kids)
	r.walk(b.kids)
}

// narrow leaves a register the values of a set.
func (r *reach) narrow(reg int, values commandSet) {
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
func (r *reach) assume(e *expr) {
	if e == nil {
		return
	}
	if e.code == exAnd {
		r.assume(e.a)
		r.assume(e.b)
		return
	}
	if e.a == nil || e.b == nil || e.a.code != exReg || e.b.code != exConst {
		return
	}
	switch c := e.b.value; e.code {
	case exEq:
		r.limit(e.a.reg, extent{c, c})
	case exLe:
		r.limit(e.a.reg, extent{math.MinInt64, c})
	case exLt:
		r.limit(e.a.reg, extent{math.MinInt64, c - 1})
	case exGe:
		r.limit(e.a.reg, extent{c, math.MaxInt64})
	case exGt:
		r.limit(e.a.reg, extent{c + 1, math.MaxInt64})
	}
}

// forget takes back what is known of fields that are read again: a name may mean several.
func (r *reach) forget(list []*node) {
	each(list, func(n *node) {
		for _, reg := range n.clear {
			r.extents[reg] = r.base[reg]
		}
		for i := n.op; n.kind == nodeLeaf && i <= n.op+n.parts; i++ {
			if o := &r.ops[i]; o.reg > 0 {
				r.extents[o.reg] = r.base[o.reg]
			}
		}
	})
}
