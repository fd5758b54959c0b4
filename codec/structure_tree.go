package codec

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// nodes looks at fields and parts that stand one after the other, and at all inside.
func (v *inspection) nodes(list []*node) {
	each(list, func(n *node) {
		v.condition(n.path+".when", n.when)
		for i := range n.cases {
			v.condition(n.cases[i].path+".when", n.cases[i].when)
		}
		size := v.measure(n.path+".size", "a size", n.size)
		v.measure(n.path+".count", "a count", n.count)
		switch {
		case n.kind == nodeLeaf:
			v.leaf(n, size)
		case n.kind == nodeChoice:
			v.branches(n.on, n.cases)
		}
		if n.kind != nodeLeaf && n.size != nil && size.hi >= 0 {
			v.holds(n, size)
		}
		v.operators(n.path+".stop", n.stop)
		v.operators(n.path+".value", n.value)
		v.operators(n.path+".exponent", n.exponent)
		v.operators(n.path+".on", n.on)
		for i := range n.rows {
			v.operators(fmt.Sprintf("%s.cases[%d].value", n.path, i), n.rows[i].value)
		}
	})
}

// measure looks at a size or a count.
func (v *inspection) measure(path, what string, e *expr) extent {
	if e == nil {
		return extent{}
	}
	v.operators(path, e)
	x := v.exact(e)
	if x.hi < 0 {
		v.add(SeverityError, "size", path, what+" that is always negative", "one that can be 0 or more")
	} else if x.hi == 0 {
		v.add(SeverityWarning, "size", path, what+" that is always 0", "")
	}
	return x
}

// condition of a field, a part, a case or a message.
func (v *inspection) condition(path string, e *expr) {
	switch {
	case e == nil:
	case v.never(e):
		v.add(SeverityError, "never", path, "a condition that is never true",
			"one that the values of its fields can make true")
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
		text := "operators of one rank, which are computed from left to right"
		v.add(SeverityWarning, "precedence", path, text, "parentheses")
	}
	if (e.code == exDiv || e.code == exMod) && e.b.code == exConst && e.b.value == 0 {
		v.add(SeverityError, "division", path, "a division by 0", "another divisor")
	}
	v.operators(path, e.a)
	v.operators(path, e.b)
}

func (v *inspection) leaf(n *node, size extent) {
	o := &v.ops[n.op]
	if n.size != nil && o.numeric() && o.code != opBCD && size.lo > 8 {
		v.add(SeverityError, "size", n.path+".size", fmt.Sprintf("a number of %d bytes or more", size.lo), "at most 8")
	}
	if n.value != nil && o.code != opComputed && o.integer() {
		x, own := v.exact(n.value), v.fieldExtent(n, o)
		if !x.meets(own.lo, own.hi) {
			text := fmt.Sprintf("a value of %s, where the field can hold %s", x, own)
			v.add(SeverityError, "value", n.path+".value", text, "one that it can hold")
		}
	}
	if o.code == opComputed {
		v.computed(n, o)
	}
	if o.scale != nil && !o.scale.exact {
		text := "a scale without finite decimal form: values are rounded to the nearest step when a frame is made"
		v.add(SeverityNote, "rounds", n.path+".scale", text, "")
	}
	v.gaps(n, o)
}

// computed values must be allowed, and each row reachable.
func (v *inspection) computed(n *node, o *op) {
	if o.role == RoleIdentity {
		text := "an identity that is computed: a command needs the fields that it is made of"
		v.add(SeverityNote, "identity", n.path, text, "")
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
	var names []string
	for free != 0 {
		hi := bits.Len64(free) - 1
		lo := bits.Len64(^free & (1<<hi - 1))
		text := fmt.Sprint(hi)
		if lo < hi {
			text = fmt.Sprintf("%d-%d", hi, lo)
		}
		names, free = append(names, text), free&(1<<lo-1)
	}
	v.add(SeverityNote, "gap", n.path+".bits", "bits without a name: "+strings.Join(names, ", "), "")
}

// holds says whether a part can hold what is in it.
func (v *inspection) holds(n *node, size extent) {
	inner := *n
	inner.size, inner.when, inner.optional, inner.transform, inner.until, inner.before = nil, nil, false, nil, nil, nil
	least, most := v.g.spanOf(&inner)
	switch {
	case int64(least) > size.hi:
		v.add(SeverityError, "holds", n.path+".size", fmt.Sprintf("a size of at most %d", size.hi),
			fmt.Sprintf("%d or more, which is what stands in it", least))
	case most >= 0 && int64(most) < size.lo:
		v.add(SeverityError, "holds", n.path+".size", fmt.Sprintf("a size of at least %d", size.lo),
			fmt.Sprintf("%d or less, which is what stands in it", most))
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
