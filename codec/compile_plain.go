package codec

import (
	"fmt"
	"slices"
)

// A plain definition is one header of fixed size and bodies of plain fields.  It compiles as every other one; the size
// of each frame is known, so that more of what cannot work is refused.

// fixedHeader drops the fields of the header that have no fixed size, and reports them.
func (g *grammarCompiler) fixedHeader(defs []fieldDef) (out []fieldDef) {
	for i := range defs {
		if defs[i].rest {
			g.c.src.problem(defs[i].path+".size", `"rest"`, "a number of bytes: the header has a fixed size")
			continue
		}
		out = append(out, defs[i])
	}
	return out
}

// plainMessage checks what a plain definition says of one message.
func (g *grammarCompiler) plainMessage(def *messageDef, f *family, s *shape) {
	rest := false
	for i := range def.fields {
		if def.fields[i].rest && rest {
			g.c.src.problem(def.fields[i].path+".size", `"rest" a second time`, "one field that takes what is left")
		}
		rest = rest || def.fields[i].rest
	}
	g.rolesOnce(def, s.layout.message)
}

// rolesOnce refuses two fields with one role in a message, except values and their names.
func (g *grammarCompiler) rolesOnce(def *messageDef, m *Message) {
	var seen [roleCount]string
	for _, f := range m.Fields {
		if f.Role == NoRole || f.Role == RoleValue || f.Role == RoleName {
			continue
		}
		if seen[f.Role] != "" {
			g.c.src.problem(def.path, fmt.Sprintf("role %s for %s and for %s", f.Role, seen[f.Role], f.Key), "one field of that role")
		}
		seen[f.Role] = f.Key
	}
}

// limits computes the smallest and the largest frame and what the length field can hold, and refuses messages that
// nothing tells apart.
func (g *grammarCompiler) limits(f *family) {
	src := g.c.src
	header, _ := g.g.span(g.p, f.header)
	least, largest := hardMaxFrame+1, 0
	for i, s := range f.shapes {
		if s.min, s.max = g.g.span(g.p, s.nodes); s.max < 0 {
			s.max = s.min + hardMaxFrame
		}
		if size := header + s.min; size > f.max {
			src.problem(g.d.messages[i].path, fmt.Sprintf("a frame of %d bytes", size), fmt.Sprintf("at most %d (frame.max)", f.max))
		}
		least, largest = min(least, header+s.min), max(largest, min(header+s.max, f.max))
	}
	if len(src.problems) > 0 {
		return
	}
	f.max, g.p.length.op = largest, -1
	if f.length != nil {
		g.lengthRange(f, header, least)
	}
	g.tellApart(f)
	g.p.headerSize = header
	if at := max(f.commandOp, g.p.length.op); at >= 0 {
		f.known = g.offset(at + 1)
	}
}

// lengthRange bounds the length field by the sizes that a frame can have.
func (g *grammarCompiler) lengthRange(f *family, header, least int) {
	start := 0
	switch l := f.length; {
	case l.mark < 0:
		start = header
	case l.mark > 0:
		for _, n := range f.header {
			if n.mark == l.mark {
				start = g.offset(n.op)
			} else if n.mark > 0 && n.mark+1 == l.mark {
				start = g.offset(n.op) + g.p.ops[n.op].size
			}
		}
	}
	at := slices.IndexFunc(f.header, func(n *node) bool { return g.p.ops[n.op].reg == f.length.reg })
	o := &g.p.ops[f.header[at].op]
	beyond := f.length.add - start
	if _, most := o.bounds(); f.max+beyond > int(min(most, hardMaxFrame*2)) {
		f.max = int(most) - beyond
	}
	if least+beyond < 0 || f.max < least {
		g.c.src.problem(g.d.length.path, fmt.Sprintf("%s, which would say %d for the smallest frame", o.field.Key, least+beyond),
			fmt.Sprintf("a number that %s can hold", o.field.Key))
		return
	}
	g.p.length = lengthRule{op: f.header[at].op, off: g.offset(f.header[at].op), start: start, add: f.length.add}
	o.check, o.lo, o.hi = checkRange, uint64(least+beyond), uint64(f.max+beyond)
	o.field.Min, o.field.Max = float64(o.lo), float64(o.hi)
}

// tellApart refuses messages without a command, and two that take the same bytes.
func (g *grammarCompiler) tellApart(f *family) {
	src := g.c.src
	for i, s := range f.shapes {
		def := &g.d.messages[i]
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
				src.problem(g.d.messages[i].path, fmt.Sprintf("the same direction, command and size as in message %s", other.layout.message.Name),
					"messages that their direction, command or size tells apart")
			} else if f.length == nil {
				src.problem(g.d.messages[i].path, fmt.Sprintf("the same direction and command as in message %s", g.d.messages[n].name),
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

// echoes compiles the replies that give the header of a request, or all of it, back.
func (g *grammarCompiler) echoes(d *definition) {
	p, c := g.p, g.c
	if i := slices.IndexFunc(p.ops[:p.headerOps], func(o op) bool { return o.role == RoleResult && o.integer() && o.code != opPart }); i >= 0 {
		p.resultOp, p.resultOff = i, g.offset(i)
	}
	for _, def := range d.replies {
		if !contains(sendWords, def.send) {
			c.src.choice(def.path+".send", def.send, sendWords)
			continue
		}
		if p.commandOp < 0 {
			c.src.problem(def.path+".to", "a command", "no reply: no field of the header has the role command")
			continue
		}
		r := replyRule{from: Party(slices.Index(partyWords, def.from)), whole: def.send == "frame"}
		r.downlink = r.from == Server
		r.commands = c.commandSet(def.path+".to", def.to)
		for _, set := range def.set {
			i, ok := c.header[set.key]
			if !ok {
				c.src.problem(set.path, quote(set.key), "a field of the header", keysOf(c.header)...)
				continue
			}
			o := &p.ops[i]
			if set.value == "now" && o.code == opTime {
				r.ops = append(r.ops, replyOp{op: i, off: g.offset(i), source: sourceNow})
				continue
			}
			out, num, err := o.parse(nil, set.value, false)
			if err != nil || i == p.length.op || o.code == opPart {
				c.src.problem(set.path, describe(set.value), `a value that the field can hold, or "now" for a time`)
				continue
			}
			r.ops = append(r.ops, replyOp{op: i, off: g.offset(i), source: sourceValue, value: &preset{num: num, bytes: out}})
		}
		p.replies = append(p.replies, r)
	}
}

// offset of a field of the header.
func (g *grammarCompiler) offset(i int) (off int) {
	for n := range g.p.ops[:i] {
		off += g.p.ops[n].size
	}
	return off
}
