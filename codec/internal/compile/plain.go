package compile

import (
	"fmt"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// A plain definition is one header of fixed size and bodies of plain fields.  It compiles as every other one; the size
// of each frame is known, so that more of what cannot work is refused.

// fixedHeader drops the fields of the header that have no fixed size, and reports them.
func (c *compiler) fixedHeader(defs []schema.FieldDef) (out []schema.FieldDef) {
	for i := range defs {
		if defs[i].Rest {
			c.src.Problem(defs[i].Path+".size", `"rest"`, "a number of bytes: the header has a fixed size")
			continue
		}
		out = append(out, defs[i])
	}
	return out
}

// plainMessage checks what a plain definition says of one message.
func (c *compiler) plainMessage(def *schema.MessageDef, f *program.FrameKind, s *program.Body) {
	rest := false
	for i := range def.Fields {
		if def.Fields[i].Rest && rest {
			c.src.Problem(def.Fields[i].Path+".size", `"rest" a second time`, "one field that takes what is left")
		}
		rest = rest || def.Fields[i].Rest
	}
	c.rolesOnce(def, s.Message)
}

// rolesOnce refuses two fields with one role in a message, except values and their names.
func (c *compiler) rolesOnce(def *schema.MessageDef, m *field.Message) {
	var seen [field.RoleCount]string
	for _, f := range m.Fields {
		if f.Role == field.NoRole || f.Role == field.RoleValue || f.Role == field.RoleName {
			continue
		}
		if seen[f.Role] != "" {
			c.src.Problem(def.Path, fmt.Sprintf("role %s for %s and for %s", f.Role, seen[f.Role], f.Key), "one field of that role")
		}
		seen[f.Role] = f.Key
	}
}

// limits computes the smallest and the largest frame and what the length field can hold, and refuses messages that
// nothing tells apart.
func (c *compiler) limits(f *program.FrameKind) {
	src := c.src
	header, _ := c.p.Span(f.Header)
	least, largest := field.HardMaxFrame+1, 0
	for i, s := range f.Bodies {
		if s.Min, s.Max = c.p.Span(s.Nodes); s.Max < 0 {
			s.Max = s.Min + field.HardMaxFrame
		}
		if size := header + s.Min; size > f.Max {
			src.Problem(c.d.Messages[i].Path, fmt.Sprintf("a frame of %d bytes", size), fmt.Sprintf("at most %d (frame.max)", f.Max))
		}
		least, largest = min(least, header+s.Min), max(largest, min(header+s.Max, f.Max))
	}
	if len(src.Problems) > 0 {
		return
	}
	f.Max, f.Sizes = largest, &program.Sizes{Header: header}
	last := f.CommandOp
	if f.Length != nil {
		f.Sizes.Length = c.lengthRule(f, header, least)
		last = max(last, f.Sizes.Length.Op)
	}
	if last >= 0 {
		f.Sizes.Known = c.offset(last + 1)
	}
	c.tellApart(f)
}

// lengthRule bounds the length field by the sizes that a frame can have, and says how they follow from it.
func (c *compiler) lengthRule(f *program.FrameKind, header, least int) *program.LengthRule {
	l := &program.LengthRule{Add: f.Length.Add}
	if f.Length.Mark < 0 {
		l.Start = header
	}
	for _, n := range f.Header {
		o := &c.p.Ops[n.Op]
		if o.Reg > 0 && o.Reg == f.Length.Reg {
			l.Op, l.Off = n.Op, c.offset(n.Op)
		}
		switch {
		case n.Mark == 0:
		case n.Mark == f.Length.Mark:
			l.Start = c.offset(n.Op)
		case n.Mark+1 == f.Length.Mark:
			l.Start = c.offset(n.Op) + o.Size
		}
	}
	o := &c.p.Ops[l.Op]
	beyond := l.Add - l.Start
	if _, most := o.Bounds(); f.Max+beyond > int(min(most, field.HardMaxFrame*2)) {
		f.Max = int(most) - beyond
	}
	if least+beyond < 0 || f.Max < least {
		c.src.Problem(c.d.Length.Path, fmt.Sprintf("%s, which would say %d for the smallest frame", o.Field.Key, least+beyond),
			fmt.Sprintf("a number that %s can hold", o.Field.Key))
		return l
	}
	o.Check, o.Lo, o.Hi = scalar.CheckRange, l.Value(least), l.Value(f.Max)
	o.Field.Min, o.Field.Max = float64(o.Lo), float64(o.Hi)
	return l
}

// tellApart refuses messages without a command, and two that take the same bytes.
func (c *compiler) tellApart(f *program.FrameKind) {
	src := c.src
	for i, s := range f.Bodies {
		def := &c.d.Messages[i]
		switch {
		case f.CommandOp < 0 && def.Fallback:
			src.Problem(def.Path+".command", "a command", "none: no field of the header has the role command")
		case f.CommandOp < 0:
		case def.Fallback && len(def.Commands) > 0:
			src.Problem(def.Path+".default", "it beside command", "one of them")
		case !def.Fallback && len(def.Commands) == 0:
			src.Problem(def.Path+".command", "nothing", "the command of the message, or default = true")
		}
		if f.Length == nil && s.Min != s.Max {
			src.Problem(def.Path, "a body of any size", "a frame.length, or bodies of fixed size: nothing else says where the frame ends")
		}
	}
	for i, s := range f.Bodies {
		for n, other := range f.Bodies[:i] {
			if !sameWay(s, other) || !meet(s.Commands, other.Commands) {
				continue
			}
			if s.Min <= other.Max && other.Min <= s.Max {
				src.Problem(c.d.Messages[i].Path, fmt.Sprintf("the same direction, command and size as in message %s", other.Message.Name),
					"messages that their direction, command or size tells apart")
			} else if f.Length == nil {
				src.Problem(c.d.Messages[i].Path, fmt.Sprintf("the same direction and command as in message %s", c.d.Messages[n].Name),
					"other ones, because no length field tells the messages apart")
			}
		}
	}
}

func sameWay(a, b *program.Body) bool {
	return a.Direction == b.Direction || a.Direction == field.Any || b.Direction == field.Any
}

func meet(a, b program.CommandSet) bool {
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
	for n := range c.p.Ops[:i] {
		off += c.p.Ops[n].Size
	}
	return off
}
