package codec

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// frames compiles the kinds of frames and the messages.
func (c *compiler) frames() {
	d := c.d
	c.plain = !d.needsGrammar()
	if !c.few("frame", "kinds of frames", len(d.families), mostFrames) || !c.few("message", "messages", len(d.messages), mostMessages) ||
		!c.few("reply", "replies", len(d.replies), mostReplies) || !c.few("answer.by", "fields", len(d.answerBy), mostAnswers) {
		return
	}
	scopes := map[string]*scope{}
	headers := map[string][]*Field{}
	for i := range d.families {
		def := &d.families[i]
		if c.plain {
			def.name = ""
		}
		if len(d.families) > 1 && def.name == "" {
			c.src.problem(def.path+".name", "nothing", "a name: there are several frames")
		}
		if scopes[def.name] != nil {
			c.src.problem(def.path+".name", quote(def.name)+" a second time", "names that differ")
			continue
		}
		scopes[def.name], headers[def.name] = c.frameKind(def)
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
		at := slices.IndexFunc(c.p.families, func(f *family) bool { return f.name == def.frame })
		if at < 0 {
			names := slices.Sorted(maps.Keys(scopes))
			c.src.problem(def.path+".frame", quote(def.frame), "one of "+strings.Join(names, ", "), names...)
			continue
		}
		c.message(def, c.p.families[at], scopes[def.frame], headers[def.frame])
	}
	for i := range d.families {
		if i < len(c.p.families) {
			c.trailer(&d.families[i], c.p.families[i], scopes[d.families[i].name])
		}
	}
	if len(c.src.Problems) == 0 && c.plain && len(c.p.families) > 0 {
		c.limits(c.p.families[0])
	}
	if len(c.src.Problems) > 0 {
		return // what follows would only repeat them in other words
	}
	for _, name := range slices.Sorted(maps.Keys(d.layouts)) {
		if path := "layout." + name; !c.usedLayouts[name] && c.src.Knows(path) { // a part may have more than one profile needs
			c.p.unused = append(c.p.unused, path)
		}
	}
	c.finish()
	c.bind()
	if len(c.src.Problems) > 0 {
		return
	}
	c.forwards(d)
	c.replies(d)
	c.answer(d)
	for _, m := range c.p.messages {
		if m.From == Server && m.Purpose == PurposeCommand {
			c.p.commands = append(c.p.commands, m)
		}
	}
	for _, f := range c.p.families {
		c.p.max = max(c.p.max, f.max)
	}
}

func (c *compiler) settleLater() {
	for _, settle := range c.later {
		settle()
	}
	c.later = nil
}

// marker reads a delimiter: characters, or bytes as in "0x7e".
func (c *compiler) marker(path, text string) []byte {
	digits, isHex := strings.CutPrefix(text, "0x")
	if !isHex {
		return []byte(text)
	}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) == 0 {
		c.src.problem(path, quote(text), `characters, or bytes such as "0x0d0a"`)
	}
	return b
}

func (c *compiler) frameKind(def *familyDef) (*scope, []*Field) {
	f := &family{path: def.path, name: def.name, from: Party(slices.Index(partyWords, def.from)), max: def.max, commandOp: -1}
	f.direction = directionFrom[f.from]
	if f.start = c.marker(def.path+".start", def.start); len(f.start) == 0 {
		f.start = nil
	}
	s := newScope(nil, "")
	c.family, c.fields = f, nil
	f.closing = c.closing(def, f, s)
	if f.start != nil && f.closing == nil {
		c.src.problem(def.path+".start", "it without end", "both; a mark at the beginning alone is a field with const")
	}
	if f.armour = c.armour(def.path, def.armour); f.armour != nil && (f.closing == nil || len(def.escapes) > 0) {
		c.src.problem(def.path+".armour", "it without an end, or beside escape", "the delimiters start and end; on a part of the frame it is a key of a group")
	}
	if len(def.escapes) > 0 {
		f.escape = c.escapes(def, f)
	}
	first := len(c.p.ops)
	if c.plain {
		def.header = c.fixedHeader(def.header)
	}
	f.header = c.nodes(def.header, s, false)
	c.settleLater()
	f.body = &node{op: -1}
	if s.names["body"] == nil {
		s.define("body", nil).nodes = []*node{f.body}
	}
	for i := first; i < len(c.p.ops); i++ {
		o := &c.p.ops[i]
		if o.role == RoleCommand {
			c.commandField(f, s, i)
		}
		if _, ok := c.header[o.field.Key]; !ok {
			c.header[o.field.Key] = i
		}
	}
	if def.length != nil {
		f.length = c.length(def, s)
	}
	c.p.families = append(c.p.families, f)
	return s, c.fields
}

// commandField makes field i of the header the one that chooses the message.
func (c *compiler) commandField(f *family, s *scope, i int) {
	b, o, first := s.holding(i), &c.p.ops[i], f.commandOp
	at := slices.IndexFunc(f.header, func(n *node) bool { return n.op > i })
	if at < 0 {
		at = len(f.header)
	}
	path := f.header[max(at-1, 0)].path
	o.flags |= flagCommand
	switch f.commandOp = i; {
	case b == nil || b.list != nil:
		c.src.problem(path, "a field of role \"command\" in a list", "that role on one field outside lists")
		return
	case first >= 0 && c.register(b) != f.commandReg:
		c.src.problem(path, fmt.Sprintf("role \"command\" for %s and for %s", c.p.ops[first].field.Key, o.field.Key), "one field of that role, or several with one key of which one is there")
	}
	f.commandReg = c.register(b)
	if c.p.commandOp < 0 {
		c.p.commandOp = i
	}
}

func (c *compiler) escapes(def *familyDef, f *family) *escapeTable {
	t := &escapeTable{}
	for _, e := range def.escapes {
		plain, coded := c.marker(e.path, "0x"+strings.TrimPrefix(e.plain, "0x")), c.marker(e.path, "0x"+strings.TrimPrefix(e.coded, "0x"))
		if len(plain) != 1 || len(coded) < 1 {
			c.src.problem(e.path, quote(e.plain)+" = "+quote(e.coded), `one byte and what stands for it, such as "7e" = "7d02"`)
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
			c.src.problem(def.path+".escape", fmt.Sprintf("%02x, with which %x begins, unescaped", p.coded[0], p.coded), "a sequence for it too")
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
		c.src.problem(def.path+".escape", "it without an end", "the delimiters start and end")
	}
	return t
}

// length reads what the length field counts: "all", "body", "after KEY" or "from KEY", each up to the end of the
// frame or "to KEY" of the trailer.
func (c *compiler) length(def *familyDef, s *scope) *lengthPlan {
	b := s.find(def.length.field)
	if b == nil || len(b.ops) == 0 { // body, or a group

		c.src.problem(def.length.path+".field", quote(def.length.field), "a field of the header", s.known()...)
		return nil
	}
	l := &lengthPlan{add: def.length.add, reg: c.register(b), field: def.length.field, counts: def.length.counts}
	o := &c.p.ops[b.ops[0]]
	if c.plain && ((o.code != opUint && o.code != opBCD) || o.scale != nil || o.check != checkNone || o.preset != nil) {
		c.src.problem(def.length.path+".field", quote(def.length.field)+" of type "+o.field.Type,
			"an unsigned integer or a BCD number without scale, restriction or default")
		return nil
	}
	if !o.integer() && o.code != opDecimal && !(o.code == opASCII) {
		c.src.problem(def.length.path+".field", quote(def.length.field)+" of type "+o.field.Type, "a whole number")
	}
	c.derived = append(c.derived, l.reg)
	if def.length.counts == "" {
		return l // reported when it was read
	}
	words := strings.Fields(def.length.counts)
	bad := func() *lengthPlan {
		want := `"all", "body", "after KEY" or "from KEY" with a field of the header`
		if !c.plain {
			want += `; then "to KEY" with "body" or a field of the trailer`
		}
		c.src.problem(def.length.path+".counts", quote(def.length.counts), want,
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
		if l.mark = c.place(b); words[0] == "after" {
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

func (c *compiler) trailer(def *familyDef, f *family, s *scope) {
	c.family, c.fields = f, nil
	f.trailer = c.nodes(def.trailer, s, false)
	c.settleClosing(def, f)
	least, most := c.p.span(f.trailer)
	if f.tail = least; least != most {
		c.src.problem(def.path+".trailer", "a trailer whose size varies", "fields of fixed size")
	}
	if f.length != nil && f.length.uncounted <= len(f.trailer) {
		f.length.after, _ = c.p.span(f.trailer[len(f.trailer)-f.length.uncounted:])
	}
	for _, shape := range f.shapes {
		shape.layout.message.Fields = append(shape.layout.message.Fields, c.fields...)
	}
}

func (c *compiler) message(def *messageDef, f *family, s *scope, header []*Field) {
	p := c.p
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
	c.family = f
	shape.when = c.expr(def.path+".when", def.when, s)
	c.sets(def, shape, s)
	shape.condition = shape.when.sees()
	c.fields = nil
	shape.nodes = c.nodes(def.fields, inner, false)
	c.settleLater()
	each(shape.nodes, func(n *node) { c.noCommand(n) })
	for _, names := range []map[string]*binding{s.names, inner.names} {
		for name := range names {
			if strings.Contains(name, ".") {
				c.paths[name] = true
			}
		}
	}
	m.Fields = append(m.Fields, c.fields...)
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
				if out, num, err := p.ops[f.commandOp].parseForm(nil, m.Command, 0, false); err == nil {
					shape.command = &preset{num: num, bytes: out}
				}
			}
		}
	}
	if c.plain {
		c.plainMessage(def, f, shape)
	}
	f.shapes = append(f.shapes, shape)
	p.messages = append(p.messages, m)
	p.layouts = append(p.layouts, l)
}

// noCommand refuses a field of role command in a body.
func (c *compiler) noCommand(n *node) {
	for i := n.op; n.op >= 0 && i <= n.op+n.parts; i++ {
		o := &c.p.ops[i]
		if o.role != RoleCommand {
			continue
		}
		path := n.path + ".role"
		if i > n.op {
			path = fmt.Sprintf("%s.bits[%d].role", n.path, i-n.op-1)
		}
		c.src.problem(path, quote("command"), "that role in the header, because it chooses the message")
		o.role, o.field.Role = NoRole, NoRole
	}
}
