package compile

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// frames compiles the kinds of frames and the messages.
func (c *compiler) frames() {
	d := c.d
	c.plain = !d.NeedsGrammar()
	if !c.few("frame", "kinds of frames", len(d.Families), mostFrames) ||
		!c.few("message", "messages", len(d.Messages), mostMessages) ||
		!c.few("reply", "replies", len(d.Replies), mostReplies) || !c.few("answer.by", "fields", len(d.AnswerBy), mostAnswers) || !c.few("answer.same", "fields", len(d.AnswerSame), mostAnswers) {
		return
	}
	scopes := map[string]*scope{}
	headers := map[string][]*field.Field{}
	for i := range d.Families {
		def := &d.Families[i]
		if c.plain {
			def.Name = ""
		}
		if len(d.Families) > 1 && def.Name == "" {
			c.src.Problem(def.Path+".name", "nothing", "a name: there are several frames")
		}
		if scopes[def.Name] != nil {
			c.src.Problem(def.Path+".name", field.Quote(def.Name)+" a second time", "names that differ")
			continue
		}
		scopes[def.Name], headers[def.Name] = c.frameKind(def)
	}
	if len(d.Messages) == 0 {
		c.src.Problem("message", "nothing", "at least one [[message]]")
	}
	if len(d.Families) == 0 {
		return // reported when it was read
	}
	for i := range d.Messages {
		def := &d.Messages[i]
		if def.Frame == "" && len(d.Families) > 0 {
			def.Frame = d.Families[0].Name
		}
		at := slices.IndexFunc(c.p.Kinds, func(f *program.FrameKind) bool { return f.Name == def.Frame })
		if at < 0 {
			names := slices.Sorted(maps.Keys(scopes))
			c.src.Problem(def.Path+".frame", field.Quote(def.Frame), "one of "+strings.Join(names, ", "), names...)
			continue
		}
		c.message(def, c.p.Kinds[at], scopes[def.Frame], headers[def.Frame])
	}
	for i := range d.Families {
		if i < len(c.p.Kinds) {
			c.trailer(&d.Families[i], c.p.Kinds[i], scopes[d.Families[i].Name])
		}
	}
	if len(c.src.Problems) == 0 && c.plain && len(c.p.Kinds) > 0 {
		c.limits(c.p.Kinds[0])
	}
	if len(c.src.Problems) > 0 {
		return // what follows would only repeat them in other words
	}
	for _, name := range slices.Sorted(maps.Keys(d.Layouts)) {
		if path := "layout." + name; !c.usedLayouts[name] && c.src.Knows(path) { // a part may have more than one profile needs
			c.p.Unused = append(c.p.Unused, path)
		}
	}
	c.security(d)
	c.finish()
	c.bind()
	c.points()
	c.p.Points.Place(c.p.Kinds, c.p.Ops)
	c.unusedPatterns()
	if len(c.src.Problems) > 0 {
		return
	}
	c.forwards(d)
	c.replies(d)
	c.answer(d)
	c.unanswered(d)
	for _, m := range c.p.Messages {
		if m.From == field.Server && m.Purpose == field.PurposeCommand {
			c.p.Commands = append(c.p.Commands, m)
		}
	}
	c.orders(d)
	for _, f := range c.p.Kinds {
		c.p.Max = max(c.p.Max, f.Max)
	}
}

func (c *compiler) settleLater() {
	for _, settle := range c.later {
		settle()
	}
	c.later = nil
}

// marker reads a delimiter: characters, or bytes as in "0x7e"; nil when there is none.
func (c *compiler) marker(path, text string) []byte {
	if text == "" {
		return nil
	}
	digits, isHex := strings.CutPrefix(text, "0x")
	if !isHex {
		return []byte(text)
	}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) == 0 {
		c.src.Problem(path, field.Quote(text), `characters, or bytes such as "0x0d0a"`)
	}
	return b
}

func (c *compiler) frameKind(def *schema.FamilyDef) (*scope, []*field.Field) {
	f := &program.FrameKind{Path: def.Path, Name: def.Name, From: field.Party(slices.Index(field.PartyWords, def.From)),
		Max: def.Max, CommandOp: -1}
	f.Direction = directionFrom[f.From]
	f.Start = c.marker(def.Path+".start", def.Start)
	s := newScope(nil, "")
	c.family, c.fields = f, nil
	f.EndMarks = c.closing(def, f, s)
	if f.Start != nil && f.EndMarks == nil {
		c.src.Problem(def.Path+".start", "it without end", "both; a mark at the beginning alone is a field with const")
	}
	if f.Armour = c.armour(def.Path, def.Armour); f.Armour != nil && (f.EndMarks == nil || len(def.Escapes) > 0) {
		c.src.Problem(def.Path+".armour", "it without an end, or beside escape",
			"the delimiters start and end; on a part of the frame it is a key of a group")
	}
	if len(def.Escapes) > 0 {
		f.Escape = c.escapes(def, f)
	}
	first := len(c.p.Ops)
	if c.plain {
		def.Header = c.fixedHeader(def.Header)
	}
	f.Header = c.packed(c.nodes(def.Header, s, false))
	c.settleLater()
	f.Body = &program.Node{Op: -1}
	if s.names["body"] == nil {
		s.define("body", nil).nodes = []*program.Node{f.Body}
	}
	for i := first; i < len(c.p.Ops); i++ {
		o := &c.p.Ops[i]
		if o.Role == field.RoleCommand {
			c.commandField(f, s, i)
		}
		if _, ok := c.header[o.Field.Key]; !ok {
			c.header[o.Field.Key] = i
		}
	}
	if def.Length != nil {
		f.Length = c.length(def, s)
	}
	c.silence(def, f)
	c.p.Kinds = append(c.p.Kinds, f)
	return s, c.fields
}

// commandField makes field i of the header the one that chooses the message.
func (c *compiler) commandField(f *program.FrameKind, s *scope, i int) {
	b, o, first := s.holding(i), &c.p.Ops[i], f.CommandOp
	at := slices.IndexFunc(f.Header, func(n *program.Node) bool { return n.Op > i })
	if at < 0 {
		at = len(f.Header)
	}
	path := f.Header[max(at-1, 0)].Path
	o.Flags |= scalar.FlagCommand
	switch f.CommandOp = i; {
	case b == nil || b.list != nil:
		c.src.Problem(path, "a field of role \"command\" in a list", "that role on one field outside lists")
		return
	case first >= 0 && c.register(b) != f.CommandReg:
		c.src.Problem(path, fmt.Sprintf("role \"command\" for %s and for %s", c.p.Ops[first].Field.Key, o.Field.Key),
			"one field of that role, or several with one key of which one is there")
	}
	f.CommandReg = c.register(b)
	b.adapt(c.word, c)
	if c.p.CommandOp < 0 {
		c.p.CommandOp = i
	}
}

// silence compiles what a silence tells of the frames of a kind.
func (c *compiler) silence(def *schema.FamilyDef, f *program.FrameKind) {
	if f.Totals = slices.Sorted(slices.Values(def.Sizes)); f.Totals != nil {
		slices.Reverse(f.Totals)
		if def.Length != nil || f.EndMarks != nil {
			c.src.Problem(def.Path+".sizes", "them beside length or end", "one of them: either says where the frame ends")
		}
		if f.Totals[0] > f.Max {
			c.src.Problem(def.Path+".sizes", strconv.Itoa(f.Totals[0]), fmt.Sprintf("at most %d (max of the frame)", f.Max))
		}
	}
	f.Paused = f.Totals != nil && def.Quiet > 0
	if f.Silent = f.Totals != nil || def.Quiet > 0; !f.Silent {
		return
	}
	quiet := def.Quiet
	if quiet == 0 {
		quiet = usualQuiet
	}
	if c.p.Quiet > 0 && c.p.Quiet != quiet {
		c.src.Problem(def.Path+".quiet", fmt.Sprintf("%v, and %v of a kind before it", quiet, c.p.Quiet),
			"one time for all kinds of frames that a silence ends")
	}
	c.p.Quiet = quiet
}

func (c *compiler) escapes(def *schema.FamilyDef, f *program.FrameKind) *program.EscapeTable {
	t := &program.EscapeTable{}
	for _, e := range def.Escapes {
		plain, coded := c.marker(e.Path, "0x"+strings.TrimPrefix(e.Plain, "0x")),
			c.marker(e.Path, "0x"+strings.TrimPrefix(e.Coded, "0x"))
		if len(plain) < 1 || len(coded) < 1 {
			c.src.Problem(e.Path, field.Quote(e.Plain)+" = "+field.Quote(e.Coded),
				`bytes and the sequence that stands for them, such as "7e" = "7d02"`)
			continue
		}
		pair := program.EscapePair{Plain: plain, Coded: coded}
		if len(plain) > 1 {
			t.Long = append(t.Long, pair)
		} else {
			t.Coded[plain[0]] = coded
		}
		t.Lead.Add(coded[0])
		t.Apart.Add(coded[0])
		t.Apart.Add(plain[0])
		t.Pairs = append(t.Pairs, pair)
	}
	slices.SortStableFunc(t.Long, func(a, b program.EscapePair) int { return len(b.Plain) - len(a.Plain) })
	for _, p := range t.Pairs {
		if t.Coded[p.Coded[0]] == nil {
			c.src.Problem(def.Path+".escape", fmt.Sprintf("%02x, with which %x begins, unescaped", p.Coded[0], p.Coded),
				"a sequence for it too")
		}
	}
	rest := t.Apart
	if c := f.EndMarks; c != nil {
		for _, m := range c.Marks {
			if c.Steps = c.Steps || t.Lead.Has(m[0]); len(m) == 1 && !t.Lead.Has(m[0]) && !c.Stuffed {
				rest.Remove(m[0]) // it ends the content
			}
		}
	}
	if b, only := rest.Only(); only && t.Lead == rest {
		t.Mark = []byte{b}
		t.Short()
	}
	if f.EndMarks == nil {
		c.src.Problem(def.Path+".escape", "it without an end", "the delimiters start and end")
	} else if f.EndMarks.Stuffed && len(t.Long) > 0 {
		c.src.Problem(def.Path+".escape", "several bytes together, beside bytes behind the mark that are stuffed", "single bytes")
	}
	return t
}

// length reads what the length field counts: "all", "body", "after KEY" or "from KEY", each up to the end of the
// frame or "to KEY" of the trailer.
func (c *compiler) length(def *schema.FamilyDef, s *scope) *program.LengthPlan {
	b := s.find(def.Length.Field)
	if b == nil || len(b.ops) == 0 { // body, or a group

		c.src.Problem(def.Length.Path+".field", field.Quote(def.Length.Field), "a field of the header", s.known()...)
		return nil
	}
	l := &program.LengthPlan{Add: def.Length.Add, Reg: c.register(b), Field: def.Length.Field, Counts: def.Length.Counts}
	o := &c.p.Ops[b.ops[0]]
	if c.plain && ((o.Code != scalar.OpUint && o.Code != scalar.OpBCD) || o.Scale != nil ||
		o.Check != scalar.CheckNone || o.Preset != nil) {
		c.src.Problem(def.Length.Path+".field", field.Quote(def.Length.Field)+" of type "+o.Field.Type,
			"an unsigned integer or a BCD number without scale, restriction or default")
		return nil
	}
	if !o.Integer() && o.Code != scalar.OpDecimal && !(o.Code == scalar.OpASCII) {
		c.src.Problem(def.Length.Path+".field", field.Quote(def.Length.Field)+" of type "+o.Field.Type, "a whole number")
	}
	c.derived = append(c.derived, l.Reg)
	if def.Length.Counts == "" {
		return l // reported when it was read
	}
	bad := func() *program.LengthPlan {
		want := `"all", "body", "after KEY" or "from KEY" with a field of the header`
		if !c.plain {
			want += `; then "to KEY" with "body" or a field of the trailer`
		}
		c.src.Problem(def.Length.Path+".counts", field.Quote(def.Length.Counts), want,
			append(s.known(), keysOfFields(def.Trailer)...)...)
		return l
	}
	counts, ok := stretchOf(def.Length.Counts)
	switch b := s.find(counts.key); {
	case !ok || counts.word == "" || counts.key != "" && b == nil:
		return bad()
	case counts.word == "body":
		if l.Mark = -1; counts.to == "" {
			counts.to = "body"
		}
	case counts.key != "":
		l.Mark = c.place(b) + int(expr.Truth(counts.word == "after"))
	}
	if counts.to != "" {
		at := slices.IndexFunc(def.Trailer, func(t schema.FieldDef) bool { return t.Key == counts.to })
		if at < 0 && counts.to != "body" {
			return bad()
		}
		l.Uncounted = len(def.Trailer) - at - 1
	}
	return l
}

func keysOfFields(defs []schema.FieldDef) (out []string) {
	for i := range defs {
		out = append(out, defs[i].Key)
	}
	return out
}

func (c *compiler) trailer(def *schema.FamilyDef, f *program.FrameKind, s *scope) {
	c.family, c.fields = f, nil
	f.Trailer = c.nodes(def.Trailer, s, false)
	if _, has := c.looseAll(f.Trailer); has {
		c.src.Problem(def.Path+".trailer", "size_bits", "fields of whole bytes")
	}
	c.settleClosing(def, f)
	least, most := c.p.Span(f.Trailer)
	if f.Tail = least; least != most {
		c.src.Problem(def.Path+".trailer", "a trailer whose size varies", "fields of fixed size")
	}
	if f.Length != nil && f.Length.Uncounted <= len(f.Trailer) {
		f.Length.After, _ = c.p.Span(f.Trailer[len(f.Trailer)-f.Length.Uncounted:])
	}
	for _, body := range f.Bodies {
		body.Message.Fields = append(body.Message.Fields, c.fields...)
	}
}

func (c *compiler) message(def *schema.MessageDef, f *program.FrameKind, s *scope, header []*field.Field) {
	p := c.p
	m := &field.Message{Name: def.Name, Title: def.Title, Forward: def.Forward, Subscribe: def.Subscribe, Repeat: def.Repeat}
	if m.From = field.Party(slices.Index(field.PartyWords, def.From)); m.From == field.Anyone {
		m.From = f.From
	}
	m.Purpose = defaultPurpose[m.From]
	if def.Purpose != "" {
		m.Purpose = field.Purpose(slices.Index(field.PurposeNames[:], def.Purpose))
	}
	for _, other := range p.Messages {
		if other.Name == m.Name && m.Name != "" {
			c.src.Problem(def.Path+".name", field.Quote(m.Name)+" a second time", "names that differ")
		}
	}
	body := &program.Body{Path: def.Path, Message: m, Direction: directionFrom[m.From], FrameKind: f,
		Fallback: def.Fallback, Said: def.When}
	m.Fields = append(m.Fields, header...)
	c.pattern(body, def.Path, def.Point)
	inner := newScope(s, "")
	inner.closed = true
	c.family = f
	body.When = c.expr(def.Path+".when", def.When, s)
	c.sets(def, body, s)
	c.fields = nil
	c.body = true
	body.Nodes = c.packed(c.nodes(def.Fields, inner, false))
	c.body = false
	c.settleLater()
	program.Each(body.Nodes, func(n *program.Node) { c.noCommand(n) })
	for _, names := range []map[string]*binding{s.names, inner.names} {
		for name := range names {
			if strings.Contains(name, ".") {
				c.paths[name] = true
			}
		}
	}
	m.Fields = append(m.Fields, c.fields...)
	c.commands(def, body)
	if c.plain {
		c.plainMessage(def, f, body)
	}
	f.Bodies = append(f.Bodies, body)
	p.Messages = append(p.Messages, m)
	p.Bodies = append(p.Bodies, body)
}

// commands compiles the commands that a message is for.
func (c *compiler) commands(def *schema.MessageDef, body *program.Body) {
	if len(def.Commands) == 0 {
		return
	}
	op := body.FrameKind.CommandOp
	if op < 0 {
		c.src.Problem(def.Path+".command", "a command", "none: no field of the header has the role command")
		return
	}
	o := &c.p.Ops[op]
	if !o.Integer() && o.Code != scalar.OpDecimal && o.Code != scalar.OpASCII {
		return // that is what is wrong
	}
	body.Commands = c.commandSet(def.Path+".command", def.Commands, o)
	if len(body.Commands) == 1 && body.Commands[0][0] == body.Commands[0][1] {
		body.Message.Command, _ = scalar.TextOf(def.Commands[0])
		if out, num, err := o.Parse(nil, body.Message.Command, 0, false); err == nil {
			body.Command = &scalar.Preset{Num: num, Bytes: out}
		}
	}
}

// noCommand refuses a field of role command in a body.
func (c *compiler) noCommand(n *program.Node) {
	for i := n.Op; n.Op >= 0 && i <= n.Op+n.Parts; i++ {
		o := &c.p.Ops[i]
		if o.Role != field.RoleCommand {
			continue
		}
		path := n.Path + ".role"
		if i > n.Op {
			path = fmt.Sprintf("%s.bits[%d].role", n.Path, i-n.Op-1)
		}
		c.src.Problem(path, field.Quote("command"), "that role in the header, because it chooses the message")
		o.Role, o.Field.Role = field.NoRole, field.NoRole
	}
}
