package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
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
	nodes []*program.Node
	list  *program.Node // the innermost list around
	reg   int
	mark  int
	folds map[int64]int
	table int
	later []func(o *scalar.Op) // what expressions want of every field of the name
}

func newScope(parent *scope, prefix string) *scope {
	return &scope{parent: parent, prefix: prefix, names: map[string]*binding{}}
}

func (s *scope) define(name string, list *program.Node) *binding {
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
		c.p.Regs++
		b.reg = c.p.Regs - 1
		for _, i := range b.ops {
			c.p.Ops[i].Reg = b.reg
		}
		for _, n := range b.nodes {
			if n.Kind == program.NodeList {
				n.ListReg = b.reg
			}
		}
	}
	return b.reg
}

// place of a field in the frame, so that lengths and checksums can count from it.
func (c *compiler) place(b *binding) int {
	if b.mark == 0 {
		b.mark = c.p.Marks
		c.p.Marks += 2
		for _, n := range b.nodes {
			n.Mark = b.mark
		}
	}
	return b.mark
}

// ask is the register of a field of the request that a frame answers.
func (c *compiler) ask(path, key string) (int, error) {
	if err := c.mayAsk(path, "request."+key); err != nil {
		return 0, err
	}
	for _, a := range c.p.Asks {
		if a.Key == key {
			return a.Reg, nil
		}
	}
	c.p.Regs++
	c.p.Asks = append(c.p.Asks, program.Asked{Key: key, Path: path, Reg: c.p.Regs - 1})
	return c.p.Regs - 1, nil
}

// mayAsk notes that an expression depends on the request that a frame answers.  Without it the frame must be found and
// read as well: so computed values may, and conditions, and the sizes in what such a condition chooses.
func (c *compiler) mayAsk(path, name string) error {
	c.asked = true
	_, key, _ := strings.Cut(path[strings.LastIndexByte(path, ']')+1:], ".")
	switch {
	case c.computing, c.body && key == "when":
		return nil
	case c.answering && slices.Contains([]string{"size", "count", "stop"}, key):
		return nil
	case c.body && slices.Contains([]string{"size", "count", "stop"}, key):
		return fmt.Errorf("%s: a size may depend on the request in a part or case whose when does", name)
	}
	return fmt.Errorf("%s: the request may be asked in computed values and in the conditions of a message's fields", name)
}

// derive notes that the encoder finds a field by inverting e.
func (c *compiler) derive(e *expr.Expr) {
	if e == nil || e.Asks {
		return
	}
	if reg := e.Source(); reg > 0 {
		c.derived = append(c.derived, reg)
	}
}
