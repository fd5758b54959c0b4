package codec

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// grammarCompiler turns a definition into a grammar.
type grammarCompiler struct {
	c           *compiler
	p           *Profile
	g           *grammar
	d           *definition
	derivedRegs []int
	using       []string // layouts being compiled, against recursion
	usedNames   map[string]bool
	fields      []*Field // of the message being compiled
	list        *node    // the innermost list around
	later       []func() // what can be told when all fields are there
	asked       bool     // an expression named something that follows from the request
	computing   bool     // expressions may name fields of the request
	plain       bool     // the definition is a header and bodies of plain fields: see compile_plain.go
	columns     bool     // what is compiled stands between separators
	family      *family  // being compiled
	marks       map[string]markField
}

func (c *compiler) grammar(d *definition) {
	g := &grammarCompiler{c: c, p: c.p, d: d, plain: !d.needsGrammar(), usedNames: map[string]bool{}, marks: map[string]markField{}, g: &grammar{regs: 1, marks: 1}}
	c.p.grammar, c.p.length.op, g.g.plain = g.g, -1, g.plain
	c.header = map[string]int{}
	scopes := map[string]*scope{}
	headers := map[string][]*Field{}
	for i := range d.families {
		def := &d.families[i]
		if g.plain {
			def.name = ""
		}
		if len(d.families) > 1 && def.name == "" {
			c.src.problem(def.path+".name", "nothing", "a name: there are several frames")
		}
		if scopes[def.name] != nil {
			c.src.problem(def.path+".name", quote(def.name)+" a second time", "names that differ")
			continue
		}
		scopes[def.name], headers[def.name] = g.kind(def)
	}
	if len(d.messages) == 0 {
		c.src.problem("message", "nothing", "at least one [[message]]")
	}
	if len(d.families) == 0 {
		return // reported when it was read
	}
	for i := range d.messages {
		def := &d.messages[i]
		if def.frame == "" && len(d.families) > 0 {
			def.frame = d.families[0].name
		}
		at := slices.IndexFunc(g.g.families, func(f *family) bool { return f.name == def.frame })
		if at < 0 {
			names := keysOf(scopes)
			c.src.problem(def.path+".frame", quote(def.frame), "one of "+strings.Join(names, ", "), names...)
			continue
		}
		g.message(def, g.g.families[at], scopes[def.frame], headers[def.frame])
	}
	for i := range d.families {
		if i < len(g.g.families) {
			g.trailer(&d.families[i], g.g.families[i], scopes[d.families[i].name])
		}
	}
	if len(c.src.problems) == 0 && g.plain && len(g.g.families) > 0 {
		g.limits(g.g.families[0])
	}
	if len(c.src.problems) > 0 {
		return // what follows would only repeat them in other words
	}
	for _, name := range keysOf(d.layouts) {
		if path := "layout." + name; !g.usedNames[name] && c.src.lines[path] > 0 { // a part may have more than one profile needs
			g.g.unused = append(g.g.unused, path)
		}
	}
	g.finish()
	g.bind()
	if len(c.src.problems) > 0 {
		return
	}
	c.forwards(d)
	if g.plain {
		g.echoes(d)
	} else {
		g.replies(d)
	}
	g.answer(d)
	c.examples(d)
	for _, m := range c.p.messages {
		if m.From == Server && m.Purpose == PurposeCommand {
			c.p.commands = append(c.p.commands, m)
		}
	}
	c.p.maxFrame = 0
	for _, f := range g.g.families {
		c.p.maxFrame = max(c.p.maxFrame, f.max)
	}
	c.p.length.hi, c.p.length.lo = c.p.maxFrame, 1
	for _, way := range []Direction{Any, Uplink, Downlink} {
		c.p.split[way] = bufio.SplitFunc(c.p.grammarSplitter(way))
	}
}

func (g *grammarCompiler) settleLater() {
	for _, settle := range g.later {
		settle()
	}
	g.later = nil
}

// marker reads a delimiter: characters, or bytes as in "0x7e".
func (g *grammarCompiler) marker(path, text string) []byte {
	digits, isHex := strings.CutPrefix(text, "0x")
	if !isHex {
		return []byte(text)
	}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) == 0 {
		g.c.src.problem(path, quote(text), `characters, or bytes such as "0x0d0a"`)
	}
	return b
}

func (g *grammarCompiler) kind(def *familyDef) (*scope, []*Field) {
	f := &family{path: def.path, name: def.name, from: Party(slices.Index(partyWords, def.from)), max: def.max, commandOp: -1}
	f.direction = directionFrom[f.from]
	if f.start = g.marker(def.path+".start", def.start); len(f.start) == 0 {
		f.start = nil
	}
	s := newScope(nil, "")
	g.family, g.fields = f, nil
	f.closing = g.closing(def, f, s)
	if f.start != nil && f.closing == nil {
		g.c.src.problem(def.path+".start", "it without end", "both; a mark at the beginning alone is a field with const")
	}
	if f.armour = g.armour(def.path, def.armour); f.armour != nil && (f.closing == nil || len(def.escapes) > 0) {
		g.c.src.problem(def.path+".armour", "it without an end, or beside escape", "the delimiters start and end; on a part of the frame it is a key of a group")
	}
	if len(def.escapes) > 0 {
		f.escape = g.escapes(def, f)
	}
	first := len(g.p.ops)
	if g.plain {
		def.header = g.fixedHeader(def.header)
	}
	f.header = g.nodes(def.header, s, false)
	g.settleLater()
	if g.plain {
		g.p.headerOps = len(g.p.ops) - first
	}
	f.body = &node{op: -1}
	if s.names["body"] == nil {
		s.define("body", nil).nodes = []*node{f.body}
	}
	for i := first; i < len(g.p.ops); i++ {
		o := &g.p.ops[i]
		if o.role == RoleCommand {
			f.commandOp = i
			o.flags |= flagCommand
			f.commandReg = g.register(s.find(o.field.Key))
			if g.p.commandOp < 0 {
				g.p.commandOp = i
			}
		}
		if _, ok := g.c.header[o.field.Key]; !ok {
			g.c.header[o.field.Key] = i
		}
	}
	if def.length != nil {
		f.length = g.length(def, s)
	}
	g.g.families = append(g.g.families, f)
	return s, g.fields
}

func (g *grammarCompiler) escapes(def *familyDef, f *family) *escapeTable {
	t := &escapeTable{}
	for _, e := range def.escapes {
		plain, coded := g.marker(e.path, "0x"+strings.TrimPrefix(e.plain, "0x")), g.marker(e.path, "0x"+strings.TrimPrefix(e.coded, "0x"))
		if len(plain) != 1 || len(coded) < 1 {
			g.c.src.problem(e.path, quote(e.plain)+" = "+quote(e.coded), `one byte and what stands for it, such as "7e" = "7d02"`)
			continue
		}
		t.coded[plain[0]] = coded
		t.lead.add(coded[0])
		t.apart.add(coded[0])
		t.apart.add(plain[0])
		t.pairs = append(t.pairs, escapePair{plain[0], coded})
	}
	for _, p := range t.pairs {
		if t.coded[p.coded[0]] == nil {
			g.c.src.problem(def.path+".escape", fmt.Sprintf("%02x, with which %x begins, unescaped", p.coded[0], p.coded), "a sequence for it too")
		}
	}
	rest := t.apart
	if c := f.closing; c != nil {
		for _, m := range c.marks {
			if c.steps = c.steps || t.lead.has(m[0]); len(m) == 1 && !t.lead.has(m[0]) && !c.stuffed {
				rest.remove(m[0]) // it ends the content
			}
		}
	}
	if b, only := rest.only(); only && t.lead == rest {
		t.mark = []byte{b}
		t.short()
	}
	if f.closing == nil {
		g.c.src.problem(def.path+".escape", "it without an end", "the delimiters start and end")
	}
	return t
}

// length reads what the length field counts: "all", "body", "after KEY" or "from KEY", each up to the end of the
// frame or "to KEY" of the trailer.
func (g *grammarCompiler) length(def *familyDef, s *scope) *lengthPlan {
	b := s.find(def.length.field)
	if b == nil || len(b.ops) == 0 { // body, or a group

		g.c.src.problem(def.length.path+".field", quote(def.length.field), "a field of the header", s.known()...)
		return nil
	}
	l := &lengthPlan{add: def.length.add, reg: g.register(b), field: def.length.field, counts: def.length.counts}
	o := &g.p.ops[b.ops[0]]
	if g.plain && ((o.code != opUint && o.code != opBCD) || o.scale != nil || o.check != checkNone || o.preset != nil) {
		g.c.src.problem(def.length.path+".field", quote(def.length.field)+" of type "+o.field.Type,
			"an unsigned integer or a BCD number without scale, restriction or default")
		return nil
	}
	if !o.integer() && o.code != opDecimal && !(o.code == opASCII) {
		g.c.src.problem(def.length.path+".field", quote(def.length.field)+" of type "+o.field.Type, "a whole number")
	}
	g.derivedRegs = append(g.derivedRegs, l.reg)
	if def.length.counts == "" {
		return l // reported when it was read
	}
	words := strings.Fields(def.length.counts)
	bad := func() *lengthPlan {
		want := `"all", "body", "after KEY" or "from KEY" with a field of the header`
		if !g.plain {
			want += `; then "to KEY" with "body" or a field of the trailer`
		}
		g.c.src.problem(def.length.path+".counts", quote(def.length.counts), want,
			append(s.known(), keysOfFields(def.trailer)...)...)
		return l
	}
	last := ""
	if len(words) > 2 && words[len(words)-2] == "to" {
		last = words[len(words)-1]
		words = words[:len(words)-2]
	}
	switch {
	case len(words) == 1 && words[0] == "all":
	case len(words) == 1 && words[0] == "body":
		l.mark = -1
		if last == "" {
			last = "body"
		}
	case len(words) == 2 && (words[0] == "after" || words[0] == "from"):
		b := s.find(words[1])
		if b == nil {
			return bad()
		}
		if l.mark = g.place(b); words[0] == "after" {
			l.mark++
		}
	default:
		return bad()
	}
	if last != "" {
		at := slices.IndexFunc(def.trailer, func(t fieldDef) bool { return t.key == last })
		if at < 0 && last != "body" {
			return bad()
		}
		l.uncounted = len(def.trailer) - at - 1
	}
	return l
}

func keysOfFields(defs []fieldDef) (out []string) {
	for i := range defs {
		out = append(out, defs[i].key)
	}
	return out
}

func (g *grammarCompiler) trailer(def *familyDef, f *family, s *scope) {
	g.family, g.fields = f, nil
	f.trailer = g.nodes(def.trailer, s, false)
	g.settleClosing(def, f)
	least, most := g.g.span(g.p, f.trailer)
	if f.tail = least; least != most {
		g.c.src.problem(def.path+".trailer", "a trailer whose size varies", "fields of fixed size")
	}
	if f.length != nil && f.length.uncounted <= len(f.trailer) {
		f.length.after, _ = g.g.span(g.p, f.trailer[len(f.trailer)-f.length.uncounted:])
	}
	for _, shape := range f.shapes {
		shape.layout.message.Fields = append(shape.layout.message.Fields, g.fields...)
	}
}

func (g *grammarCompiler) message(def *messageDef, f *family, s *scope, header []*Field) {
	c, p := g.c, g.p
	m := &Message{Name: def.name, Title: def.title, Forward: def.forward, Repeat: def.repeat}
	if m.From = Party(slices.Index(partyWords, def.from)); m.From == Anyone {
		m.From = f.from
	}
	m.Purpose = defaultPurpose[m.From]
	if def.purpose != "" {
		m.Purpose = Purpose(slices.Index(purposeNames[:], def.purpose))
	}
	for _, other := range p.messages {
		if other.Name == m.Name && m.Name != "" {
			c.src.problem(def.path+".name", quote(m.Name)+" a second time", "names that differ")
		}
	}
	l := &layout{message: m, direction: directionFrom[m.From], first: len(p.ops)}
	shape := &shape{path: def.path, said: def.when, layout: l, family: f, fallback: def.fallback}
	l.shape = shape
	m.Fields = append(m.Fields, header...)
	inner := newScope(s, "")
	inner.closed = true
	g.family = f
	shape.when = g.expr(def.path+".when", def.when, s)
	g.sets(def, shape, s)
	shape.condition = shape.when.sees()
	g.fields = nil
	shape.nodes = g.nodes(def.fields, inner, false)
	g.settleLater()
	each(shape.nodes, func(n *node) { g.noCommand(n) })
	m.Fields = append(m.Fields, g.fields...)
	if len(def.commands) > 0 {
		if f.commandOp < 0 {
			c.src.problem(def.path+".command", "a command", "none: no field of the header has the role command")
		} else if o := &p.ops[f.commandOp]; o.integer() || o.code == opDecimal || o.code == opASCII { // else that is what is wrong
			saved := p.commandOp
			p.commandOp = f.commandOp
			l.commands = c.commandSet(def.path+".command", def.commands)
			p.commandOp = saved
			if len(l.commands) == 1 && l.commands[0][0] == l.commands[0][1] {
				m.Command, _ = textOf(def.commands[0])
			}
		}
	}
	if g.plain {
		g.plainMessage(def, f, shape)
	}
	f.shapes = append(f.shapes, shape)
	p.messages = append(p.messages, m)
	p.layouts = append(p.layouts, l)
}

// noCommand refuses a field of role command in a body.
func (g *grammarCompiler) noCommand(n *node) {
	for i := n.op; n.op >= 0 && i <= n.op+n.parts; i++ {
		o := &g.p.ops[i]
		if o.role != RoleCommand {
			continue
		}
		path := n.path + ".role"
		if i > n.op {
			path = fmt.Sprintf("%s.bits[%d].role", n.path, i-n.op-1)
		}
		g.c.src.problem(path, quote("command"), "that role in the header, because it chooses the message")
		o.role, o.field.Role = NoRole, NoRole
	}
}
