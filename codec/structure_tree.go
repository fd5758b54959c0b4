package codec

import (
	"fmt"
	"math"
	"strings"
)

// nodes looks at fields and parts that stand one after the other, and at all inside.
func (v *inspection) nodes(list []*node) {
	each(list, func(n *node) {
		v.condition(n.path+".when", n.when)
		switch n.kind {
		case nodeLeaf:
			v.leaf(n)
		case nodeList:
			v.list(n)
		case nodeChoice:
			for i := range n.cases {
				v.condition(n.cases[i].path+".when", n.cases[i].when)
			}
			v.branches(n.on, n.cases)
		}
		if n.kind != nodeLeaf {
			v.sized(n)
		}
		for _, at := range []struct {
			key string
			e   *expr
		}{{"size", n.size}, {"count", n.count}, {"stop", n.stop}, {"value", n.value}, {"exponent", n.exponent}, {"on", n.on}} {
			v.operators(join(n.path, at.key), at.e)
		}
		for i := range n.rows {
			v.operators(fmt.Sprintf("%s.cases[%d].value", n.path, i), n.rows[i].value)
		}
	})
}

// condition of a field, a part, a case or a message.
func (v *inspection) condition(path string, e *expr) {
	switch {
	case e == nil:
	case v.never(e):
		v.add(SeverityError, "never", path, "a condition that is never true", "one that the values of its fields can make true")
	case v.always(e):
		v.add(SeverityWarning, "always", path, "a condition that is always true", "")
	}
	v.operators(path, e)
}

// operators that nobody can mean: a division by nothing is zero; and those that are computed left to right, where
// nearly every other language does not.
func (v *inspection) operators(path string, e *expr) {
	if e == nil {
		return
	}
	if e.loose {
		v.add(SeverityWarning, "precedence", path, "operators of one rank, which are computed from left to right", "parentheses")
	}
	if (e.code == exDiv || e.code == exMod) && e.b.code == exConst && e.b.value == 0 {
		v.add(SeverityError, "division", path, "a division by 0", "another divisor")
	}
	v.operators(path, e.a)
	v.operators(path, e.b)
}

func (v *inspection) leaf(n *node) {
	o := &v.ops[n.op]
	if n.size != nil {
		x := v.exact(n.size)
		switch {
		case x.hi < 0:
			v.add(SeverityError, "size", n.path+".size", "a size that is always negative", "one that can be 0 or more")
		case o.numeric() && o.code != opBCD && x.lo > 8:
			v.add(SeverityError, "size", n.path+".size", fmt.Sprintf("a number of %d bytes or more", x.lo), "at most 8")
		case x.hi == 0:
			v.add(SeverityWarning, "size", n.path+".size", "a size that is always 0", "")
		}
	}
	if n.value != nil && o.code != opComputed && o.integer() {
		x, own := v.exact(n.value), v.fieldExtent(n, o)
		if !x.meets(own.lo, own.hi) {
			v.add(SeverityError, "value", n.path+".value", fmt.Sprintf("a value of %s, where the field can hold %s", x, own), "one that it can hold")
		}
	}
	if o.code == opComputed {
		v.computed(n, o)
	}
	if o.scale != nil && !o.scale.exact {
		v.add(SeverityNote, "rounds", n.path+".scale", "a scale without finite decimal form: values are rounded to the nearest step when a frame is made", "")
	}
	v.gaps(n, o)
}

// computed values must be allowed, and each row reachable.
func (v *inspection) computed(n *node, o *op) {
	if o.role == RoleIdentity {
		v.add(SeverityNote, "identity", n.path, "an identity that is computed: a command needs the fields that it is made of", "")
	}
	if n.value != nil && n.on == nil && o.check == checkRange {
		allowed, never := extent{int64(o.key(o.lo)), int64(o.key(o.hi))}, "min and max never allow"
		if allowed.lo == allowed.hi {
			never = "const never allows"
		}
		if x := v.exact(n.value); !x.meets(allowed.lo, allowed.hi) {
			v.add(SeverityError, "value", n.path+".value", fmt.Sprintf("a value of %s, which %s", x, never), allowed.String())
		}
	}
	if n.on == nil {
		return
	}
	rows := make([]branch, len(n.rows))
	for i := range n.rows {
		rows[i] = branch{path: fmt.Sprintf("%s.cases[%d]", n.path, i), is: n.rows[i].is, other: n.rows[i].other}
	}
	v.branches(n.on, rows)
}

// gaps are bits that no part names.
func (v *inspection) gaps(n *node, o *op) {
	if o.code != opBits || n.parts == 0 || o.size == 0 {
		return
	}
	free := ^uint64(0) >> (64 - 8*o.size)
	for i := n.op + 1; i <= n.op+n.parts; i++ {
		free &^= v.ops[i].mask << v.ops[i].shift
	}
	if free == 0 {
		return
	}
	var bits []string
	for hi := 8*o.size - 1; hi >= 0; hi-- {
		if free>>hi&1 == 0 {
			continue
		}
		lo := hi
		for lo > 0 && free>>(lo-1)&1 == 1 {
			lo--
		}
		text := fmt.Sprint(hi)
		if lo < hi {
			text = fmt.Sprintf("%d-%d", hi, lo)
		}
		bits, hi = append(bits, text), lo
	}
	v.add(SeverityNote, "gap", n.path+".bits", "bits without a name: "+strings.Join(bits, ", "), "")
}

func (v *inspection) list(n *node) {
	if n.count == nil {
		return
	}
	switch x := v.exact(n.count); {
	case x.hi < 0:
		v.add(SeverityError, "size", n.path+".count", "a count that is always negative", "one that can be 0 or more")
	case x.hi == 0:
		v.add(SeverityWarning, "size", n.path+".count", "a count that is always 0", "")
	}
}

// sized parts must be able to hold what is in them.
func (v *inspection) sized(n *node) {
	if n.size == nil {
		return
	}
	x := v.exact(n.size)
	if x.hi < 0 {
		v.add(SeverityError, "size", n.path+".size", "a size that is always negative", "one that can be 0 or more")
		return
	}
	inner := *n
	inner.size, inner.when, inner.optional, inner.transform, inner.until, inner.before = nil, nil, false, nil, nil, nil
	least, most := v.g.spanOf(&inner)
	switch {
	case int64(least) > x.hi:
		v.add(SeverityError, "holds", n.path+".size", fmt.Sprintf("a size of at most %d", x.hi), fmt.Sprintf("%d or more, which is what stands in it", least))
	case most >= 0 && int64(most) < x.lo:
		v.add(SeverityError, "holds", n.path+".size", fmt.Sprintf("a size of at least %d", x.lo), fmt.Sprintf("%d or less, which is what stands in it", most))
	}
}

func (e extent) String() string {
	switch {
	case e.lo == e.hi:
		return fmt.Sprint(e.lo)
	case e == whatever:
		return "anything"
	case e.lo == math.MinInt64:
		return fmt.Sprintf("%d or less", e.hi)
	case e.hi == math.MaxInt64:
		return fmt.Sprintf("%d or more", e.lo)
	}
	return fmt.Sprintf("%d to %d", e.lo, e.hi)
}

// branches are tried in order: each must have something left that those before it do not take.
func (v *inspection) branches(on *expr, all []branch) {
	domain := whatever
	if on != nil {
		domain = v.exact(on)
	}
	var taken commandSet // by cases without condition
	for i := range all {
		b := &all[i]
		if i > 0 {
			if before := v.closing(all[:i]); before >= 0 {
				v.add(SeverityError, "shadowed", b.path, fmt.Sprintf("a case after number %d, which takes everything that is left", before+1), "that one last")
				continue
			}
		}
		if on == nil {
			v.twiceTheSame(all[:i], b)
			continue
		}
		if b.other {
			if b.when == nil && domain.lo >= 0 && domain != whatever && taken.covers(uint64(domain.lo), uint64(domain.hi)) {
				v.add(SeverityNote, "covered", b.path, "a case for everything else, where the others have every value", "")
			}
			continue
		}
		v.outside(b, domain)
		left, shared := b.is.without(taken)
		switch {
		case len(left) == 0:
			v.add(SeverityError, "shadowed", b.path+".is", "values that cases before it take: "+b.is.String(), "values of its own, or a condition on the case before")
			continue
		case len(shared) > 0:
			v.add(SeverityWarning, "overlap", b.path+".is", "values that a case before it takes: "+shared.String(), "")
		default:
			v.twiceTheSame(all[:i], b)
		}
		if b.when == nil {
			taken = append(taken, b.is...)
		}
	}
}

// closing is the first case that takes everything; -1 when there is none.
func (v *inspection) closing(all []branch) int {
	for i := range all {
		if b := &all[i]; (b.other || len(b.is) == 0) && (b.when == nil || v.always(b.when)) {
			return i
		}
	}
	return -1
}

// twiceTheSame reports a case whose condition stands on one before it, for no fewer values.
func (v *inspection) twiceTheSame(before []branch, b *branch) {
	for i := range before {
		o := &before[i]
		left, _ := b.is.without(o.is)
		if b.when.same(o.when) && b.when != nil && (o.other || len(o.is) == 0 || len(b.is) > 0 && len(left) == 0) {
			v.add(SeverityError, "shadowed", b.path+".when", fmt.Sprintf("the condition of case number %d", i+1), "another one")
			return
		}
	}
}

// outside reports values that what chooses can never have.
func (v *inspection) outside(b *branch, domain extent) {
	var gone commandSet
	for _, r := range b.is {
		if domain.lo < 0 || domain == whatever { // signed
			return
		}
		if r[0] > uint64(domain.hi) || r[1] < uint64(domain.lo) {
			gone = append(gone, r)
		}
	}
	switch {
	case len(gone) == 0:
	case len(gone) == len(b.is):
		v.add(SeverityError, "never", b.path+".is", "values that it cannot have: "+gone.String(), "some of "+domain.String())
	default:
		v.add(SeverityWarning, "never", b.path+".is", "values that it cannot have: "+gone.String(), "some of "+domain.String())
	}
}
