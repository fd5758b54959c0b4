package codec

import (
	"fmt"
)

// A plain definition is one header of fixed size and bodies of plain fields.  It compiles as every other one; the size
// of each frame is known, so that more of what cannot work is refused.

// fixedHeader drops the fields of the header that have no fixed size, and reports them.
func (c *compiler) fixedHeader(defs []fieldDef) (out []fieldDef) {
	for i := range defs {
		if defs[i].rest {
			c.src.problem(defs[i].path+".size", `"rest"`, "a number of bytes: the header has a fixed size")
			continue
		}
		out = append(out, defs[i])
	}
	return out
}

// plainMessage checks what a plain definition says of one message.
func (c *compiler) plainMessage(def *messageDef, f *family, s *shape) {
	rest := false
	for i := range def.fields {
		if def.fields[i].rest && rest {
			c.src.problem(def.fields[i].path+".size", `"rest" a second time`, "one field that takes what is left")
		}
		rest = rest || def.fields[i].rest
	}
	c.rolesOnce(def, s.layout.message)
}

// rolesOnce refuses two fields with one role in a message, except values and their names.
func (c *compiler) rolesOnce(def *messageDef, m *Message) {
	var seen [roleCount]string
	for _, f := range m.Fields {
		if f.Role == NoRole || f.Role == RoleValue || f.Role == RoleName {
			continue
		}
		if seen[f.Role] != "" {
			c.src.problem(def.path, fmt.Sprintf("role %s for %s and for %s", f.Role, seen[f.Role], f.Key), "one field of that role")
		}
		seen[f.Role] = f.Key
	}
}

// limits computes the smallest and the largest frame and what the length field can hold, and refuses messages that
// nothing tells apart.
func (c *compiler) limits(f *family) {
	src := c.src
	header, _ := c.p.span(f.header)
	least, largest := hardMaxFrame+1, 0
	for i, s := range f.shapes {
		if s.min, s.max = c.p.span(s.nodes); s.max < 0 {
			s.max = s.min + hardMaxFrame
		}
		if size := header + s.min; size > f.max {
			src.problem(c.d.messages[i].path, fmt.Sprintf("a frame of %d bytes", size), fmt.Sprintf("at most %d (frame.max)", f.max))
		}
		least, largest = min(least, header+s.min), max(largest, min(header+s.max, f.max))
	}
	if len(src.Problems) > 0 {
		return
	}
	f.max, f.sizes = largest, &sizes{header: header}
	last := f.commandOp
	if f.length != nil {
		f.sizes.length = c.lengthRule(f, header, least)
		last = max(last, f.sizes.length.op)
	}
	if last >= 0 {
		f.sizes.known = c.offset(last + 1)
	}
	c.tellApart(f)
}

// lengthRule bounds the length field by the sizes that a frame can have, and says how they follow from it.
func (c *compiler) lengthRule(f *family, header, least int) *lengthRule {
	l := &lengthRule{add: f.length.add}
	if f.length.mark < 0 {
		l.start = header
	}
	for _, n := range f.header {
		o := &c.p.ops[n.op]
		if o.reg > 0 && o.reg == f.length.reg {
			l.op, l.off = n.op, c.offset(n.op)
		}
		switch {
		case n.mark == 0:
		case n.mark == f.length.mark:
			l.start = c.offset(n.op)
		case n.mark+1 == f.length.mark:
			l.start = c.offset(n.op) + o.size
		}
	}
	o := &c.p.ops[l.op]
	beyond := l.add - l.start
	if _, most := o.bounds(); f.max+beyond > int(min(most, hardMaxFrame*2)) {
		f.max = int(most) - beyond
	}
	if least+beyond < 0 || f.max < least {
		c.src.problem(c.d.length.path, fmt.Sprintf("%s, which would say %d for the smallest frame", o.field.Key, least+beyond),
			fmt.Sprintf("a number that %s can hold", o.field.Key))
		return l
	}
	o.check, o.lo, o.hi = checkRange, l.value(least), l.value(f.max)
	o.field.Min, o.field.Max = float64(o.lo), float64(o.hi)
	return l
}

// tellApart refuses messages without a command, and two that take the same bytes.
func (c *compiler) tellApart(f *family) {
	src := c.src
	for i, s := range f.shapes {
		def := &c.d.messages[i]
		switch {
		case f.commandOp < 0 && def.fallback:
			src.problem(def.path+".command", "a command", "none: no field of the header has the role command")
		case f.commandOp < 0:
		case def.fallback && len(def.commands) > 0:
			src.problem(def.path+".default", "it beside command", "one of them")
		case !def.fallback && len(def.commands) == 0:
			src.problem(def.path+".command", "nothing", "the command of the message, or default = true")
		}
		if f.length == nil && s.min != s.max {
			src.problem(def.path, "a body of any size", "a frame.length, or bodies of fixed size: nothing else says where the frame ends")
		}
	}
	for i, s := range f.shapes {
		for n, other := range f.shapes[:i] {
			if !sameWay(s.layout, other.layout) || !meet(s.layout.commands, other.layout.commands) {
				continue
			}
			if s.min <= other.max && other.min <= s.max {
				src.problem(c.d.messages[i].path, fmt.Sprintf("the same direction, command and size as in message %s", other.layout.message.Name),
					"messages that their direction, command or size tells apart")
			} else if f.length == nil {
				src.problem(c.d.messages[i].path, fmt.Sprintf("the same direction and command as in message %s", c.d.messages[n].name),
					"other ones, because no length field tells the messages apart")
			}
		}
	}
}

func sameWay(a, b *layout) bool {
	return a.direction == b.direction || a.direction == Any || b.direction == Any
}

func meet(a, b commandSet) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	for _, r := range a {
		for _, s := range b {
			if r[0] <= s[1] && s[0] <= r[1] {
				return true
			}
		}
	}
	return false
}

// offset of a field of the header.
func (c *compiler) offset(i int) (off int) {
	for n := range c.p.ops[:i] {
		off += c.p.ops[n].size
	}
	return off
}
