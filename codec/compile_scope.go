package codec

import (
	"fmt"
	"maps"
	"slices"
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
	later []func(o *op) // what expressions want of every field of the name
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

// holding is what names field i; nil when nothing does.
func (s *scope) holding(i int) *binding {
	for _, name := range slices.Sorted(maps.Keys(s.names)) {
		if b := s.names[name]; slices.Contains(b.ops, i) {
			return b
		}
	}
	return nil
}

func (s *scope) known() (out []string) {
	for ; s != nil; s = s.parent {
		out = append(out, slices.Sorted(maps.Keys(s.names))...)
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
