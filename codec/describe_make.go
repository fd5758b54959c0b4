package codec

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Describe returns the description of a profile.
func Describe(p *Profile) *Description {
	g, ops := p.program, p.ops
	d := &describer{g: g, ops: ops, folds: map[int]bool{}}
	for i := range ops {
		if f := ops[i].fold; f != nil {
			d.folds[f.reg] = true
		}
	}
	root := newSource("", nil).parseTOML(p.sources[0].Text)
	out := &Description{Name: p.name, Title: p.title, Zone: "Local", Order: "big"}
	d.words(out, root)
	d.order = out.Order
	messages := map[string]MessageDescription{}
	for _, f := range g.families {
		out.Frames = append(out.Frames, d.kind(f))
		for _, s := range f.shapes {
			messages[s.layout.message.Name] = d.message(f, s)
		}
	}
	for _, m := range p.messages {
		out.Messages = append(out.Messages, messages[m.Name])
		if slices.Contains(p.commands, m) {
			out.Commands = append(out.Commands, command(out, messages[m.Name], m))
		}
	}
	for i := range p.examples {
		e := &p.examples[i]
		out.Examples = append(out.Examples, ExampleFrame{e.title, e.direction.String(), e.frame, e.reply})
	}
	return out
}

type describer struct {
	g      *program
	ops    []op
	order  string
	layout string       // around
	folds  map[int]bool // registers that collect bits of all elements of a list
}

// words takes what only the text of the definition says.
func (d *describer) words(out *Description, root *table) {
	for key, to := range map[string]*string{"zone": &out.Zone, "order": &out.Order} {
		if text, _ := root.Values[key].(string); text != "" {
			*to = text
		}
	}
	for _, r := range root.tables("reply") {
		rule := readReply(r)
		one := ReplyDescription{From: rule.from, To: rule.messages, Send: rule.send, Without: rule.without}
		for _, c := range rule.to {
			one.To = append(one.To, writtenText(c))
		}
		for _, set := range rule.set {
			one.Set = append(one.Set, Note{set.key, writtenText(set.value)})
		}
		out.Replies = append(out.Replies, one)
	}
	if answer := root.table("answer"); answer != nil {
		out.Answer = answer.Texts("by")
	}
	for _, note := range root.written([]string{"frame", "layout", "answer", "simulate"}) {
		if _, is := root.Values[note.Key].(map[string]any); is {
			out.Notes = append(out.Notes, note)
		}
	}
}

func (d *describer) kind(f *family) FrameKind {
	k := FrameKind{
		Name: f.name, From: f.from.String(), Direction: f.direction.String(), Start: f.start, Max: f.max, Tail: f.tail,
		Armour: armourName(f.armour), Header: d.nodes(f.header), Trailer: d.nodes(f.trailer), Body: f.body.mark,
	}
	if c := f.closing; c != nil {
		k.Kept, k.Behind, k.Stuffed = c.kept, c.behind, c.stuffed
		for _, mark := range c.marks {
			k.Ends = append(k.Ends, mark)
		}
	}
	if f.escape != nil {
		for _, e := range f.escape.pairs {
			k.Escapes = append(k.Escapes, Escape{HexBytes{e.plain}, e.coded})
		}
	}
	if l := f.length; l != nil {
		k.Length = &LengthRule{Field: l.field, Counts: l.counts, Add: l.add, Register: l.reg, Mark: l.mark, After: l.after}
	}
	if f.commandOp >= 0 {
		k.Command = f.commandReg
	}
	return k
}

func (d *describer) message(f *family, s *shape) MessageDescription {
	m := s.layout.message
	out := MessageDescription{
		Name: m.Name, Title: m.Title, From: m.From.String(), Purpose: m.Purpose.String(), Frame: f.name,
		Direction: s.layout.direction.String(), Default: s.fallback, When: d.formula(s.when), Repeat: m.Repeat,
		Forward: m.Forward, Min: s.min, Max: s.max, Fields: d.nodes(s.nodes), Ranges: s.layout.commands,
	}
	if out.When != nil && s.said != "" {
		out.When.Text = s.said
	}
	if m.Repeat == "never" {
		out.Repeat = ""
	}
	for _, set := range s.sets {
		out.Set = append(out.Set, Note{set.key, writtenText(set.value)})
	}
	if f.commandOp >= 0 {
		out.Commands = valueTexts(&d.ops[f.commandOp], s.layout.commands)
	}
	return out
}

// valueTexts are the values of a set without quotation marks.
func valueTexts(o *op, set commandSet) []string {
	texts := commandTexts(o, set)
	for i, text := range texts {
		texts[i] = strings.ReplaceAll(text, `"`, "")
	}
	return texts
}

func (d *describer) nodes(list []*node) (out []*Node) {
	for _, n := range list {
		out = append(out, d.node(n))
	}
	return out
}

var nodeKindNames = [...]string{"field", "group", "list", "choice"}

func (d *describer) node(n *node) *Node {
	defer func(around string) { d.layout = around }(d.layout)
	// The name of a part stands before the path, in angle brackets.
	if name, is := strings.CutPrefix(n.path[strings.IndexByte(n.path, '>')+1:], "layout."); is {
		d.layout, _, _ = strings.Cut(name, ".")
	}
	out := &Node{
		Node: nodeKindNames[n.kind], Layout: d.layout, When: d.formula(n.when), Size: d.formula(n.size), Rest: n.rest,
		Before: n.before, Until: n.until, Optional: n.optional, Value: d.formula(n.value), Exponent: d.formula(n.exponent),
		Count: d.formula(n.count), Stop: d.formula(n.stop), Separator: n.separator, On: d.formula(n.on),
		Fields: d.nodes(n.kids), Tail: n.tail, Mark: n.mark, Clear: n.clear, Column: n.column, Asks: n.asks,
		Counted: n.listReg, Single: n.kind == nodeList && n.element < 0,
	}
	by := &op{code: opInt, size: 8}
	for i := range d.ops {
		if n.on != nil && n.on.code == exReg && d.ops[i].reg == n.on.reg {
			by = &d.ops[i]
		}
	}
	for i := range n.cases {
		b := &n.cases[i]
		out.Cases = append(out.Cases, Case{Is: valueTexts(by, b.is), Ranges: b.is, When: d.formula(b.when),
			Fields: d.nodes(b.kids)})
	}
	for _, r := range n.rows {
		out.Cases = append(out.Cases, Case{Is: valueTexts(by, r.is), Ranges: r.is, Value: d.formula(r.value)})
	}
	if n.op >= 0 {
		out.FieldDescription = *d.field(&d.ops[n.op])
		for i := n.op + 1; i <= n.op+n.parts; i++ {
			out.Bits = append(out.Bits, d.field(&d.ops[i]))
		}
	}
	if c := n.check; c != nil {
		out.Check = &SumCheck{Algorithm: d.ops[n.op].field.Algorithm, Over: c.over, OnWire: c.wired != nil,
			Sum: sumOf(c.sum), From: c.from, To: c.to, Hex: c.hex}
	}
	if t := n.transform; t != nil {
		out.Wire = &WireForm{Add: int(t.add), Xor: int(t.xor), Block: t.block, Algorithm: t.name,
			Armour: armourName(t.armour), Little: t.little}
		if t.block > 0 {
			out.Wire.Sum = sumOf(t.sum)
		}
	}
	return out
}

func armourName(a *Armour) string {
	for name, known := range namedArmours {
		if known == a {
			return name
		}
	}
	return ""
}

func sumOf(s checksum) Sum {
	if c := s.crc; c != nil {
		return Sum{Width: s.width, Poly: c.poly, Init: c.init, Xor: c.xor, Refin: c.refin, Refout: c.refout, Late: c.late,
			Extra: HexBytes(c.extra)}
	}
	return Sum{Width: s.width, Name: s.name, Init: s.init, Xor: s.xorout}
}

func (d *describer) field(o *op) *FieldDescription {
	f := o.field
	out := &FieldDescription{Key: f.Key, Title: f.Title, Unit: f.Unit, Type: f.Type, Kind: f.Kind.String(),
		Bytes: o.size, Notes: f.Notes,
		Given: d.given(o), Form: formOf(o), Register: o.reg}
	if o.role != NoRole {
		out.Role = o.role.String()
	}
	if f.Min != 0 || f.Max != 0 {
		out.Min, out.Max = &f.Min, &f.Max
	}
	if o.code == opPart {
		out.Type, out.At = "", strconv.Itoa(int(o.shift))
		if hi := int(o.shift) + bits.Len64(o.mask) - 1; hi > int(o.shift) {
			out.At = fmt.Sprintf("%d-%d", hi, o.shift)
		}
	}
	if told := slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Key == "order" }); !told && o.size > 1 &&
		o.little != (d.order == "little") && o.code <= opBCD {
		out.Notes = append(slices.Clone(f.Notes), Note{"order", map[bool]string{true: "little", false: "big"}[o.little]})
	}
	for _, e := range f.Enum {
		value := commandText(o, uint64(e.Value))
		if e.Text != "" {
			value = e.Text
		}
		out.Enum = append(out.Enum, Label{Value: value, Label: e.Label, Lo: e.Value, Hi: e.Value})
	}
	if o.form != nil {
		for _, l := range o.form.labels {
			out.Enum = append(out.Enum, Label{valueTexts(o, commandSet{{l.lo, l.hi}})[0], l.label, int64(l.lo), int64(l.hi)})
		}
	}
	return out
}

// given says whether somebody who makes a frame gives the value.
func (d *describer) given(o *op) string {
	switch {
	case o.flags&(flagBound|flagLength) != 0 || d.g.derived[o.reg] || o.form != nil && o.form.counter,
		o.role == RoleIdentity, o.role == RoleTransaction, o.code >= opGroup && o.code != opVarint, o.code == opBits &&
			o.parts,
		o.check == checkBytes, o.check == checkRange && o.lo == o.hi:
		return ""
	case o.preset != nil || o.flags&(flagNow|flagRemember) != 0 || o.code == opPart:
		return "optional"
	}
	return "required"
}

// codingNames say how the bytes of a field are read, by opcode.
var codingNames = [...]string{"uint", "int", "float", "float", "bcd", "bits", "part", "digits", "hex", "text", "time",
	"decimal", "bitset", "group", "list", "checksum", "run", "computed", "varint"}

// formOf is the form of a field for other programs.
func formOf(o *op) FieldForm {
	f := FieldForm{
		Coding: codingNames[o.code], Odd: o.code == opBitset || o.code == opVarint, Little: o.little, Signed: o.signed(),
		Shift: int(o.shift), Width: bits.Len64(o.mask), Want: o.want, Most: o.most,
	}
	if o.padded {
		f.Pad = HexBytes{o.pad}
	}
	switch o.check {
	case checkRange:
		f.Ranges = [][2]uint64{{o.lo, o.hi}}
	case checkRanges:
		f.Ranges = o.ranges
	}
	if o.chars != nil {
		f.Chars = o.chars.bytes()
	}
	if s := o.scale; s != nil {
		f.Scale = [3]int64{s.a, s.b, s.c}
	}
	if t := o.time; t != nil {
		f.As, f.Layout, f.Zone, f.Reversed = [...]string{"bcd", "binary", "ascii"}[t.as], t.text, t.zone, t.last
	}
	special := o.form
	if special == nil {
		return f
	}
	f.Reversed, f.Right, f.Digits, f.Fill = f.Reversed || special.reversed, special.right, special.digits,
		HexBytes{special.fill}
	if special.filler >= 0 {
		f.Filler = fmt.Sprintf("%x", special.filler)
	}
	f.Odd = f.Odd || special.swap != nil || special.swapped || special.hexDigit || special.degrees || special.letters ||
		special.texts != nil ||
		special.none != nil || special.base != 0 || special.minus != nil || special.minusBit || special.column ||
		special.left || special.hex || special.packed || special.real
	if c := special.clock; c != nil {
		f.Odd = f.Odd || c.kind != clockCount
		f.As, f.Zone, f.Step, f.Epoch = [...]string{"count", "cp16", "cp32", "cp56", "packed"}[c.kind], c.zone, c.step,
			c.epoch.Unix()
	}
	for i := range special.missing {
		if p := &special.missing[i]; p.bad {
			f.Bad = true
		} else {
			f.Missing = append(f.Missing, p.bytes)
		}
	}
	for name, charset := range charsets {
		if charset == special.charset && charset != nil {
			f.Charset = name
		}
	}
	return f
}

// formulaNames are the words of what is no operator between two values; those are taken from binaryWords.
var formulaNames = map[exprCode]string{exConst: "number", exReg: "register", exRemaining: "remaining", exNext: "next",
	exAhead: "ahead", exUplink: "uplink", exIndex: "index", exAt: "at", exNot: "not", exNeg: "negative"}

func (d *describer) formula(e *expr) *Formula {
	if e == nil {
		return nil
	}
	f := &Formula{Text: e.words, Op: formulaNames[e.code], A: d.formula(e.a), B: d.formula(e.b), Value: e.value,
		Register: e.reg, Bytes: e.text}
	if e.code == exReg && d.folds[e.reg] {
		f.Op = "join"
	}
	for _, level := range binaryWords {
		for _, w := range level {
			if w.code == e.code && f.Op == "" {
				f.Op = strings.Replace(w.word, "==", "=", 1)
			}
		}
	}
	if f.Text == "" && e.code == exConst {
		f.Text = strconv.FormatInt(e.value, 10)
	}
	return f
}

// command is the form of a command.
func command(d *Description, m MessageDescription, of *Message) CommandForm {
	c := CommandForm{Name: m.Name, Title: m.Title, Repeat: of.Repeat, Arguments: []*Node{}}
	at := slices.IndexFunc(d.Frames, func(f FrameKind) bool { return f.Name == m.Frame })
	for _, nodes := range [][]*Node{d.Frames[at].Header, m.Fields, d.Frames[at].Trailer} {
		c.Arguments = append(c.Arguments, arguments(nodes, &m, of.Command != "")...)
	}
	return c
}

// arguments are nodes without what nobody gives; known: the command field has one value.
func arguments(nodes []*Node, m *MessageDescription, known bool) (out []*Node) {
	for _, n := range nodes {
		one := *n
		one.Fields, one.Cases, one.Bits = arguments(n.Fields, m, known), nil, nil
		for _, c := range n.Cases {
			c.Fields = arguments(c.Fields, m, known)
			one.Cases = append(one.Cases, c)
		}
		for _, bit := range n.Bits {
			if bit.Given != "" {
				one.Bits = append(one.Bits, bit)
			}
		}
		set := slices.ContainsFunc(m.Set, func(s Note) bool { return s.Key == n.Key })
		switch {
		case n.Node == "field" && (n.Given == "" && one.Bits == nil || n.Value != nil || n.Check != nil || set ||
			n.Role == "command" && known):
		case n.Node != "field" && one.Fields == nil && one.Cases == nil:
		default:
			out = append(out, &one)
		}
	}
	return out
}
