package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// expr compiles an expression in the scope; nil, and a problem reported, when it is none.
func (c *compiler) expr(path, text string, s *scope) *expr.Expr {
	if text == "" || len(text) > mostExpression && !c.few(path, "characters", len(text), mostExpression) {
		return nil
	}
	defer func(outer bool) { c.asked = c.asked || outer }(c.asked)
	c.asked = false
	e, err := expr.Parse(text, expr.Scope{
		Has:   func(name string) bool { return s.find(name) != nil },
		Field: func(name string) (*expr.Expr, error) { return c.fieldExpr(path, name, s) },
		Fold:  func(name string, bits int64) (*expr.Expr, error) { return c.foldExpr(name, bits, s) },
		Table: func(name string) (*expr.Expr, error) { return c.tableExpr(name, s) },
		Label: func(name, label string) (int64, bool, error) { return c.labelled(name, label, s) },
		Count: func(e *expr.Expr) error { return c.countBytes(e, s) },
		Words: strings.HasSuffix(path, ".on"),
	})
	if err == nil && e.Kind == expr.Real && !(c.computing && strings.HasSuffix(path, ".value")) {
		if e = e.Nonzero().Done(); !strings.HasSuffix(path, ".when") && !strings.HasSuffix(path, ".stop") {
			err = fmt.Errorf("a real number, and a whole one is needed")
		}
	}
	if err != nil {
		c.src.Problem(path, field.Quote(text)+" ("+err.Error()+")", "an expression of numbers and fields that stand before")
		return nil
	}
	e.Asks, e.Looks = c.asked, e.Looks || c.asked
	return e
}

// fieldExpr is the value of a field, of a part of a time, or of a field of the request.
func (c *compiler) fieldExpr(path, name string, s *scope) (*expr.Expr, error) {
	if key, ok := strings.CutPrefix(name, "request."); ok {
		reg, err := c.ask(path, key)
		return &expr.Expr{Code: expr.Reg, Reg: reg}, err
	}
	if e := c.timePart(name, s); e != nil {
		return e, nil
	}
	b := s.find(name)
	if b == nil {
		err := fmt.Errorf("no field %q before this one", name)
		if near := field.Nearest(name, s.known()); near != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return nil, err
	}
	if len(b.ops) == 0 {
		return nil, fmt.Errorf("%q has no value of its own, its fields have", name)
	}
	if slices.ContainsFunc(b.nodes, func(n *program.Node) bool { return n.Asks }) {
		if err := c.mayAsk(path, name); err != nil {
			return nil, err
		}
	}
	kind, err := c.seen(name, b)
	return &expr.Expr{Code: expr.Reg, Reg: c.register(b), Kind: kind}, err
}

// seen is what expressions see of the fields of one name.
func (c *compiler) seen(name string, b *binding) (kind expr.Kind, err error) {
	for i, k := range b.ops {
		o := &c.p.Ops[k]
		own := expr.Int
		if o.Form != nil && o.Form.Composed != nil {
			return kind, fmt.Errorf("%s is a text made of fields", name)
		}
		switch {
		case o.Float():
			own = expr.Real
		case o.Wide() && o.Code != scalar.OpTime || o.Code == scalar.OpASCII:
			if own = expr.Text; o.Size > 0 && o.Size <= 8 {
				own = expr.Int
			}
			if o.Size > 8 {
				return kind, fmt.Errorf("%s has %d bytes: up to 8 count as a number", name, o.Size)
			}
		}
		if _, hi := o.Bounds(); own == expr.Int && !o.Signed() && (hi > 1<<63-1 || o.Size == 8 && o.Code != scalar.OpBCD) {
			own = expr.Natural
		}
		switch {
		case i == 0 || own == expr.Text && kind != expr.Real:
			kind = own
		case (own == expr.Real) != (kind == expr.Real): // in one branch: then all count as real numbers
			kind = expr.Real
		case own == expr.Int && o.Signed() && kind == expr.Natural:
			kind = expr.Int
		case own == expr.Natural && kind == expr.Int:
			kind = expr.Natural
		}
	}
	switch kind {
	case expr.Real:
		b.adapt((*scalar.Op).CountReal, c)
	case expr.Text:
		b.adapt(c.word, c)
	}
	return kind, nil
}

// word lets words of any length be compared with a field.
func (c *compiler) word(o *scalar.Op) {
	if o.Size == 0 && (o.Code == scalar.OpASCII || o.Wide()) {
		o.Special().Long = c.long
	}
}

// adapt applies a change to all fields of a name, and to those that get the name later.
func (b *binding) adapt(change func(o *scalar.Op), c *compiler) {
	b.later = append(b.later, change)
	for _, i := range b.ops {
		change(&c.p.Ops[i])
	}
}

// countBytes limits the fields of a text that is used as a number to eight bytes.
func (c *compiler) countBytes(e *expr.Expr, s *scope) error {
	for ; s != nil; s = s.parent {
		for _, b := range s.names {
			if b.reg != e.Reg || e.Code != expr.Reg {
				continue
			}
			b.adapt((*scalar.Op).Bound, c)
		}
	}
	return nil
}

// foldExpr is some bits of a field in all elements of a list.
func (c *compiler) foldExpr(name string, bits int64, s *scope) (*expr.Expr, error) {
	b := s.find(name)
	if b == nil || b.list == nil || !strings.Contains(name, ".") {
		return nil, fmt.Errorf("no field %q of a list before this one", name)
	}
	if b.folds[bits] == 0 {
		if b.folds == nil {
			b.folds = map[int64]int{}
		}
		reg := c.p.Regs
		c.p.Regs += 2 // the value and the bits it has so far
		b.folds[bits] = reg
		b.list.Folds = append(b.list.Folds, reg, reg+1)
		for _, i := range b.ops {
			c.p.Ops[i].Fold = &scalar.Fold{Reg: reg, Bits: int(bits)}
		}
	}
	return &expr.Expr{Code: expr.Reg, Reg: b.folds[bits]}, nil
}

// tableExpr is a field in one element of a list.
func (c *compiler) tableExpr(name string, s *scope) (*expr.Expr, error) {
	b := s.find(name)
	if b == nil || b.list == nil || !strings.Contains(name, ".") {
		return nil, fmt.Errorf("no field %q of a list before this one", name)
	}
	if b.table == 0 {
		c.p.Tables++
		b.table = c.p.Tables
		b.list.Tables = append(b.list.Tables, b.table)
		for _, i := range b.ops {
			c.p.Ops[i].Table = b.table
		}
	}
	kind, err := c.seen(name, b)
	if kind == expr.Text {
		b.adapt((*scalar.Op).Bound, c)
		kind = expr.Natural
	}
	return &expr.Expr{Code: expr.At, Reg: b.table, Kind: kind}, err
}

// labelled is the number of a text in quotes that is a label of the field it is compared with.
func (c *compiler) labelled(name, label string, s *scope) (int64, bool, error) {
	b := s.find(name)
	if b == nil {
		return 0, false, nil
	}
	return c.labelOf(name, label, b.ops)
}

// labelOf is the number of a label of fields of one name.
func (c *compiler) labelOf(name, label string, ops []int) (int64, bool, error) {
	var known []string
	for _, i := range ops {
		o := &c.p.Ops[i]
		if v, ok := o.Enum[label]; ok {
			return int64(v), true, nil
		}
		text := o.Code == scalar.OpASCII && o.Form != nil
		if text && (o.Form.Words[label] != "" || o.Form.Long != nil && len(label) > 8) {
			v, _, err := o.ParseRange(label)
			return int64(v), true, err
		}
		if len(label) > max(o.Size, 1) && !(text && o.Size == 0) { // it cannot be the characters themselves
			known = append(known, slices.Sorted(maps.Keys(o.Enum))...)
			if text {
				known = append(known, slices.Sorted(maps.Keys(o.Form.Words))...)
			}
		}
	}
	if len(known) == 0 {
		return 0, false, nil
	}
	err := fmt.Errorf("'%s' is no label of %s", label, name)
	if near := field.Nearest(label, known); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return 0, false, err
}

// result settles what kind of number a computed field is.
func (c *compiler) result(n *program.Node, def *schema.FieldDef, o *scalar.Op) {
	values := []*expr.Expr{n.Value}
	for i := range n.Rows {
		values = append(values, n.Rows[i].Value)
	}
	kind := expr.Int
	for _, e := range values {
		if e != nil && (e.Kind == expr.Real || e.Kind == expr.Natural && kind == expr.Int) {
			kind = e.Kind
		}
	}
	if kind == expr.Int {
		return
	}
	if o.Check != scalar.CheckNone || o.Scale != nil || len(def.Enum) > 0 || def.Form != "" || o.Form != nil && o.Form.Clock != nil {
		if kind == expr.Real {
			c.src.Problem(def.Path+".value", field.Quote(def.Value)+", a real number",
				"a whole number beside scale, enum, const, in, min, max or form")
		}
		return
	}
	f := o.Special()
	if f.Natural, f.Real = kind == expr.Natural, kind == expr.Real; kind == expr.Natural {
		o.Field.Kind = field.KindUint
		return
	}
	o.Field.Kind = field.KindFloat
	n.Value = n.Value.AsReal()
	for i := range n.Rows {
		n.Rows[i].Value = n.Rows[i].Value.AsReal()
	}
}
