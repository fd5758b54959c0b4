package codec

import (
	"fmt"
	"slices"
	"strings"
)

// scope is where a field can be named: by its key inside its own group, by "group.key" around it.
type scope struct {
	parent *scope
	prefix string // name of the group in the parent; empty: the same names
	names  map[string]*binding
	closed bool // nothing inside is seen around: the body of one message
}

// binding is what a name stands for: one field, or several of which one is there (branches of a choice).
type binding struct {
	ops   []int
	nodes []*node
	list  *node // the innermost list around
	reg   int
	mark  int
	folds map[int64]int
	table int
}

func newScope(parent *scope, prefix string) *scope {
	return &scope{parent: parent, prefix: prefix, names: map[string]*binding{}}
}

func (s *scope) define(name string, list *node) *binding {
	b := s.names[name]
	if b == nil {
		b = &binding{}
		s.names[name] = b
	}
	b.list = list
	for inner, outer := s, s.parent; outer != nil && !inner.closed; inner, outer = outer, outer.parent {
		if inner.prefix != "" {
			name = inner.prefix + "." + name
		}
		if outer.names[name] == nil || inner.prefix == "" {
			outer.names[name] = b
		}
	}
	return b
}

func (s *scope) find(name string) *binding {
	for ; s != nil; s = s.parent {
		if b := s.names[name]; b != nil {
			return b
		}
	}
	return nil
}

func (s *scope) known() (out []string) {
	for ; s != nil; s = s.parent {
		out = append(out, keysOf(s.names)...)
	}
	return out
}

// register of a field, so that expressions can ask for its value.
func (c *compiler) register(b *binding) int {
	if b.reg == 0 {
		c.p.regs++
		b.reg = c.p.regs - 1
		for _, i := range b.ops {
			c.p.ops[i].reg = b.reg
		}
		for _, n := range b.nodes {
			if n.kind == nodeList {
				n.listReg = b.reg
			}
		}
	}
	return b.reg
}

// place of a field in the frame, so that lengths and checksums can count from it.
func (c *compiler) place(b *binding) int {
	if b.mark == 0 {
		b.mark = c.p.marks
		c.p.marks += 2
		for _, n := range b.nodes {
			n.mark = b.mark
		}
	}
	return b.mark
}

// expr compiles an expression in the scope; nil, and a problem reported, when it is none.
func (c *compiler) expr(path, text string, s *scope) *expr {
	if text == "" {
		return nil
	}
	p := &exprParser{text: text}
	p.field = func(name string) (int, error) {
		if key, ok := strings.CutPrefix(name, "request."); ok {
			return c.ask(path, key)
		}
		b := s.find(name)
		if b == nil {
			err := fmt.Errorf("no field %q before this one", name)
			if near := nearest(name, s.known()); near != "" {
				err = fmt.Errorf("%w; did you mean %q?", err, near)
			}
			return 0, err
		}
		if len(b.ops) == 0 {
			return 0, fmt.Errorf("%q has no value of its own, its fields have", name)
		}
		if slices.ContainsFunc(b.nodes, func(n *node) bool { return n.asks }) {
			if c.asked = true; !c.computing {
				return 0, fmt.Errorf("%s follows from the request: only computed fields may depend on it", name)
			}
		}
		return c.register(b), nil
	}
	p.part = func(name string) *expr { return c.timePart(name, s) }
	p.fold = func(name string, bits int64) (int, error) {
		b := s.find(name)
		if b == nil || b.list == nil || !strings.Contains(name, ".") {
			return 0, fmt.Errorf("no field %q of a list before this one", name)
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
		return b.folds[bits], nil
	}
	p.table = func(name string) (int, error) {
		b := s.find(name)
		if b == nil || b.list == nil || !strings.Contains(name, ".") {
			return 0, fmt.Errorf("no field %q of a list before this one", name)
		}
		if b.table == 0 {
			c.p.tables++
			b.table = c.p.tables
			b.list.tables = append(b.list.tables, b.table)
			for _, i := range b.ops {
				c.p.ops[i].table = b.table
			}
		}
		return b.table, nil
	}
	p.label = func(name, label string) (int64, bool, error) {
		b := s.find(name)
		if b == nil {
			return 0, false, nil
		}
		var known []string
		for _, i := range b.ops {
			o := &c.p.ops[i]
			if v, ok := o.enum[label]; ok {
				return int64(v), true, nil
			}
			if len(label) > max(o.size, 1) { // it cannot be the characters themselves
				known = append(known, keysOf(o.enum)...)
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
	e, err := p.parse()
	if err != nil {
		c.src.problem(path, quote(text)+" ("+err.Error()+")", "an expression of numbers and fields that stand before")
		return nil
	}
	e.words = text
	return e
}

// ask is the register of a field of the request that a frame answers.
func (c *compiler) ask(path, key string) (int, error) {
	if !c.computing {
		return 0, fmt.Errorf("request.%s: where a frame ends and what is in it must not depend on another one; only computed fields may", key)
	}
	c.asked = true
	for _, a := range c.p.asks {
		if a.key == key {
			return a.reg, nil
		}
	}
	c.p.regs++
	c.p.asks = append(c.p.asks, asked{key, path, c.p.regs - 1})
	return c.p.regs - 1, nil
}

// derive notes that the weaver fills a field by turning e round.
func (c *compiler) derive(e *expr) {
	if e == nil {
		return
	}
	if reg := e.source(); reg > 0 {
		c.derived = append(c.derived, reg)
	}
}
