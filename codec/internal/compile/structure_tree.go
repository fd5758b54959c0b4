package compile

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// nodes looks at fields and parts that stand one after the other, and at all inside.
func (v *inspection) nodes(list []*program.Node) {
	program.Each(list, func(n *program.Node) {
		v.condition(n.Path+".when", n.When)
		for i := range n.Cases {
			v.condition(n.Cases[i].Path+".when", n.Cases[i].When)
		}
		size := v.measure(n.Path+".size", "a size", n.Size)
		v.measure(n.Path+".count", "a count", n.Count)
		switch {
		case n.Kind == program.NodeLeaf:
			v.leaf(n, size)
		case n.Kind == program.NodeChoice:
			v.branches(n.On, n.Cases)
		}
		if n.Kind != program.NodeLeaf && n.Size != nil && size.hi >= 0 {
			v.holds(n, size)
		}
		v.operators(n.Path+".stop", n.Stop)
		v.operators(n.Path+".value", n.Value)
		v.operators(n.Path+".exponent", n.Exponent)
		v.operators(n.Path+".on", n.On)
		for i := range n.Rows {
			v.operators(fmt.Sprintf("%s.cases[%d].value", n.Path, i), n.Rows[i].Value)
		}
	})
}

// measure looks at a size or a count.
func (v *inspection) measure(path, what string, e *expr.Expr) extent {
	if e == nil {
		return extent{}
	}
	v.operators(path, e)
	x := v.exact(e)
	if x.hi < 0 {
		v.Add(schema.SeverityError, "size", path, what+" that is always negative", "one that can be 0 or more")
	} else if x.hi == 0 {
		v.Add(schema.SeverityWarning, "size", path, what+" that is always 0", "")
	}
	return x
}

// condition of a field, a part, a case or a message.
func (v *inspection) condition(path string, e *expr.Expr) {
	switch {
	case e == nil:
	case v.never(e):
		v.Add(schema.SeverityError, "never", path, "a condition that is never true",
			"one that the values of its fields can make true")
	case v.always(e):
		v.Add(schema.SeverityWarning, "always", path, "a condition that is always true", "")
	}
	v.operators(path, e)
}

// operators that nobody can mean: a division by nothing is zero; and those that are computed left to right, where
// nearly every other language does not.
func (v *inspection) operators(path string, e *expr.Expr) {
	if e == nil {
		return
	}
	if e.Loose {
		text := "operators of one rank, which are computed from left to right"
		v.Add(schema.SeverityWarning, "precedence", path, text, "parentheses")
	}
	if (e.Code == expr.Div || e.Code == expr.Mod) && e.B.Code == expr.Const && e.B.Value == 0 {
		v.Add(schema.SeverityError, "division", path, "a division by 0", "another divisor")
	}
	v.operators(path, e.A)
	v.operators(path, e.B)
}

func (v *inspection) leaf(n *program.Node, size extent) {
	o := &v.ops[n.Op]
	if n.Size != nil && o.Numeric() && o.Code != scalar.OpBCD && size.lo > 8 {
		v.Add(schema.SeverityError, "size", n.Path+".size", fmt.Sprintf("a number of %d bytes or more", size.lo), "at most 8")
	}
	if n.Value != nil && o.Code != scalar.OpComputed && o.Integer() {
		x, own := v.exact(n.Value), v.fieldExtent(n, o)
		if !x.meets(own.lo, own.hi) {
			text := fmt.Sprintf("a value of %s, where the field can hold %s", x, own)
			v.Add(schema.SeverityError, "value", n.Path+".value", text, "one that it can hold")
		}
	}
	if o.Code == scalar.OpComputed {
		v.computed(n, o)
	}
	if o.Scale != nil && !o.Scale.Exact {
		text := "a scale without finite decimal form: values are rounded to the nearest step when a frame is made"
		v.Add(schema.SeverityNote, "rounds", n.Path+".scale", text, "")
	}
	v.gaps(n, o)
}

// computed values must be allowed, and each row reachable.
func (v *inspection) computed(n *program.Node, o *scalar.Op) {
	if o.Role == field.RoleIdentity {
		text := "an identity that is computed: a command needs the fields that it is made of"
		v.Add(schema.SeverityNote, "identity", n.Path, text, "")
	}
	if n.Value != nil && n.On == nil && o.Check == scalar.CheckRange {
		allowed, never := extent{int64(o.Key(o.Lo)), int64(o.Key(o.Hi))}, "min and max never allow"
		if allowed.lo == allowed.hi {
			never = "const never allows"
		}
		if x := v.exact(n.Value); !x.meets(allowed.lo, allowed.hi) {
			v.Add(schema.SeverityError, "value", n.Path+".value", fmt.Sprintf("a value of %s, which %s", x, never), allowed.String())
		}
	}
	if n.On == nil {
		return
	}
	rows := make([]program.Branch, len(n.Rows))
	for i := range n.Rows {
		rows[i] = program.Branch{Path: fmt.Sprintf("%s.cases[%d]", n.Path, i), Is: n.Rows[i].Is, Other: n.Rows[i].Other}
	}
	v.branches(n.On, rows)
}

// gaps are bits that no part names.
func (v *inspection) gaps(n *program.Node, o *scalar.Op) {
	if o.Code != scalar.OpBits || n.Parts == 0 || o.Size == 0 {
		return
	}
	free := ^uint64(0) >> (64 - 8*o.Size)
	for i := n.Op + 1; i <= n.Op+n.Parts; i++ {
		free &^= v.ops[i].Mask << v.ops[i].Shift
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
	v.Add(schema.SeverityNote, "gap", n.Path+".bits", "bits without a name: "+strings.Join(names, ", "), "")
}

// holds says whether a part can hold what is in it.
func (v *inspection) holds(n *program.Node, size extent) {
	inner := *n
	inner.Size, inner.When, inner.Optional, inner.Transform, inner.Until, inner.Before = nil, nil, false, nil, nil, nil
	least, most := v.g.SpanOf(&inner)
	switch {
	case int64(least) > size.hi:
		v.Add(schema.SeverityError, "holds", n.Path+".size", fmt.Sprintf("a size of at most %d", size.hi),
			fmt.Sprintf("%d or more, which is what stands in it", least))
	case most >= 0 && int64(most) < size.lo:
		v.Add(schema.SeverityError, "holds", n.Path+".size", fmt.Sprintf("a size of at least %d", size.lo),
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
