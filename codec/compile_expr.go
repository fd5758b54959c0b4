package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// expr compiles an expression in the scope; nil, and a problem reported, when it is none.
func (c *compiler) expr(path, text string, s *scope) *expr {
	if text == "" || len(text) > mostExpression && !c.few(path, "characters", len(text), mostExpression) {
		return nil
	}
	p := &exprParser{text: text, exprScope: exprScope{
		has:   func(name string) bool { return s.find(name) != nil },
		field: func(name string) (*expr, error) { return c.fieldExpr(path, name, s) },
		fold:  func(name string, bits int64) (*expr, error) { return c.foldExpr(name, bits, s) },
		table: func(name string) (*expr, error) { return c.tableExpr(name, s) },
		label: func(name, label string) (int64, bool, error) { return c.labelled(name, label, s) },
	}}
	p.count = func(e *expr) error { return c.countBytes(e, s) }
	e, err := p.parse()
	if err == nil && e.kind == exprReal && !(c.computing && strings.HasSuffix(path, ".value")) {
		if e = e.nonzero().done(); !strings.HasSuffix(path, ".when") && !strings.HasSuffix(path, ".stop") {
			err = fmt.Errorf("a real number, and a whole one is needed")
		}
	}
	if err != nil {
		c.src.problem(path, quote(text)+" ("+err.Error()+")", "an expression of numbers and fields that stand before")
		return nil
	}
	return e
}

// fieldExpr is the value of a field, of a part of a time, or of a field of the request.
func (c *compiler) fieldExpr(path, name string, s *scope) (*expr, error) {
	if key, ok := strings.CutPrefix(name, "request."); ok {
		reg, err := c.ask(path, key)
		return &expr{code: exReg, reg: reg}, err
	}
	if e := c.timePart(name, s); e != nil {
		return e, nil
	}
	b := s.find(name)
	if b == nil {
		err := fmt.Errorf("no field %q before this one", name)
		if near := nearest(name, s.known()); near != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return nil, err
	}
	if len(b.ops) == 0 {
		return nil, fmt.Errorf("%q has no value of its own, its fields have", name)
	}
	if slices.ContainsFunc(b.nodes, func(n *node) bool { return n.asks }) {
		if c.asked = true; !c.computing {
			return nil, fmt.Errorf("%s follows from the request: only computed fields may depend on it", name)
		}
	}
	kind, err := c.seen(name, b)
	return &expr{code: exReg, reg: c.register(b), kind: kind}, err
}

// seen is what expressions see of the fields of one name.
func (c *compiler) seen(name string, b *binding) (kind exprKind, err error) {
	for i, k := range b.ops {
		o := &c.p.ops[k]
		own := exprInt
		switch {
		case o.float():
			own = exprReal
		case o.wide() && o.code != opTime || o.code == opASCII:
			if own = exprText; o.size > 0 && o.size <= 8 {
				own = exprInt
			}
			if o.size > 8 {
				return kind, fmt.Errorf("%s has %d bytes: up to 8 count as a number", name, o.size)
			}
		}
		if _, hi := o.bounds(); own == exprInt && !o.signed() && (hi > 1<<63-1 || o.size == 8 && o.code != opBCD) {
			own = exprNatural
		}
		switch {
		case i == 0 || own == exprText && kind != exprReal:
			kind = own
		case (own == exprReal) != (kind == exprReal): // in one branch: then all count as real numbers
			kind = exprReal
		case own == exprInt && o.signed() && kind == exprNatural:
			kind = exprInt
		case own == exprNatural && kind == exprInt:
			kind = exprNatural
		}
	}
	if kind == exprReal {
		b.adapt((*op).countReal, c)
	}
	return kind, nil
}

// adapt applies a change to all fields of a name, and to those that get the name later.
func (b *binding) adapt(change func(o *op), c *compiler) {
	b.later = append(b.later, change)
	for _, i := range b.ops {
		change(&c.p.ops[i])
	}
}

// countBytes limits the fields of a text that is used as a number to eight bytes.
func (c *compiler) countBytes(e *expr, s *scope) error {
	for ; s != nil; s = s.parent {
		for _, b := range s.names {
			if b.reg != e.reg || e.code != exReg {
				continue
			}
			b.adapt((*op).bound, c)
		}
	}
	return nil
}

// foldExpr is some bits of a field in all elements of a list.
func (c *compiler) foldExpr(name string, bits int64, s *scope) (*expr, error) {
	b := s.find(name)
	if b == nil || b.list == nil || !strings.Contains(name, ".") {
		return nil, fmt.Errorf("no field %q of a list before this one", name)
	}
	if b.folds[bits] == 0 {
		if b.folds == nil {
			b.folds = map[int64]int{}
		}
		reg := c.p.regs
		c.p.regs += 2 // the value and the bits it has so far
		b.folds[bits] = reg
		b.list.folds = append(b.list.folds, reg, reg+1)
		for _, i := range b.ops {
			c.p.ops[i].fold = &fold{reg: reg, bits: int(bits)}
		}
	}
	return &expr{code: exReg, reg: b.folds[bits]}, nil
}

// tableExpr is a field in one element of a list.
func (c *compiler) tableExpr(name string, s *scope) (*expr, error) {
	b := s.find(name)
	if b == nil || b.list == nil || !strings.Contains(name, ".") {
		return nil, fmt.Errorf("no field %q of a list before this one", name)
	}
	if b.table == 0 {
		c.p.tables++
		b.table = c.p.tables
		b.list.tables = append(b.list.tables, b.table)
		for _, i := range b.ops {
			c.p.ops[i].table = b.table
		}
	}
	kind, err := c.seen(name, b)
	if kind == exprText {
		b.adapt((*op).bound, c)
		kind = exprNatural
	}
	return &expr{code: exAt, reg: b.table, kind: kind}, err
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
		o := &c.p.ops[i]
		if v, ok := o.enum[label]; ok {
			return int64(v), true, nil
		}
		if len(label) > max(o.size, 1) { // it cannot be the characters themselves
			known = append(known, slices.Sorted(maps.Keys(o.enum))...)
		}
	}
	if len(known) == 0 {
		return 0, false, nil
	}
	err := fmt.Errorf("'%s' is no label of %s", label, name)
	if near := nearest(label, known); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return 0, false, err
}

// result settles what kind of number a computed field is.
func (c *compiler) result(n *node, def *fieldDef, o *op) {
	values := []*expr{n.value}
	for i := range n.rows {
		values = append(values, n.rows[i].value)
	}
	kind := exprInt
	for _, e := range values {
		if e != nil && (e.kind == exprReal || e.kind == exprNatural && kind == exprInt) {
			kind = e.kind
		}
	}
	if kind == exprInt {
		return
	}
	if o.check != checkNone || o.scale != nil || len(def.enum) > 0 || def.form != "" || o.form != nil && o.form.clock != nil {
		if kind == exprReal {
			c.src.problem(def.path+".value", quote(def.value)+", a real number", "a whole number beside scale, enum, const, in, min, max or form")
		}
		return
	}
	if o.form == nil {
		o.form = &form{filler: -1}
	}
	if o.form.natural, o.form.real = kind == exprNatural, kind == exprReal; kind == exprNatural {
		o.field.Kind = KindUint
		return
	}
	o.field.Kind = KindFloat
	n.value = n.value.asReal()
	for i := range n.rows {
		n.rows[i].value = n.rows[i].value.asReal()
	}
}
