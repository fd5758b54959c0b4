package describe

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"trama/codec"
	"trama/codec/internal/checksum"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// Profile returns the description of a profile.
func Profile(p *codec.Profile) *Description {
	g := p.Program()
	ops := g.Ops
	d := &describer{g: g, ops: ops, folds: map[int]bool{}}
	for i := range ops {
		if f := ops[i].Fold; f != nil {
			d.folds[f.Reg] = true
		}
	}
	root := schema.NewSource("", nil).ParseTOML(p.Sources()[0].Text)
	out := &Description{Name: p.Name(), Title: p.Title(), Zone: "Local", Order: "big", Security: p.Security()}
	d.words(out, root)
	d.order = out.Order
	messages := map[string]MessageDescription{}
	for _, f := range g.Kinds {
		out.Frames = append(out.Frames, d.kind(f))
		for _, s := range f.Bodies {
			messages[s.Message.Name] = d.message(f, s)
		}
	}
	for _, m := range p.Messages() {
		out.Messages = append(out.Messages, messages[m.Name])
	}
	for _, c := range p.DeclaredCommands() {
		out.Commands = append(out.Commands, d.command(out.Frames, messages[c.Message.Name], c))
	}
	for _, e := range p.Examples() {
		out.Examples = append(out.Examples, ExampleFrame{e.Title, e.Direction.String(), e.Frame, e.Reply})
	}
	return out
}

type describer struct {
	g      *program.Program
	ops    []scalar.Op
	order  string
	layout string       // around
	folds  map[int]bool // registers that collect bits of all elements of a list
}

// words takes what only the text of the definition says.
func (d *describer) words(out *Description, root *schema.Table) {
	for key, to := range map[string]*string{"zone": &out.Zone, "order": &out.Order} {
		if text, _ := root.Values[key].(string); text != "" {
			*to = text
		}
	}
	for _, r := range root.Subs("reply") {
		rule := schema.ReadReply(r)
		one := ReplyDescription{From: rule.From, To: rule.Messages, Send: rule.Send, Without: rule.Without}
		for _, c := range rule.To {
			one.To = append(one.To, schema.WrittenText(c))
		}
		for _, set := range rule.Set {
			one.Set = append(one.Set, field.Note{Key: set.Key, Text: schema.WrittenText(set.Value)})
		}
		out.Replies = append(out.Replies, one)
	}
	if answer := root.Sub("answer"); answer != nil {
		out.Answer = answer.Texts("by")
	}
	for _, note := range root.Written([]string{"frame", "layout", "answer", "simulate"}) {
		if _, is := root.Values[note.Key].(map[string]any); is {
			out.Notes = append(out.Notes, note)
		}
	}
}

func (d *describer) kind(f *program.FrameKind) FrameKind {
	k := FrameKind{
		Name: f.Name, From: f.From.String(), Direction: f.Direction.String(), Start: f.Start, Max: f.Max, Tail: f.Tail,
		Armour: armourName(f.Armour), Header: d.nodes(f.Header), Trailer: d.nodes(f.Trailer), Body: f.Body.Mark,
	}
	if c := f.EndMarks; c != nil {
		k.Kept, k.Behind, k.Stuffed = c.Kept, c.Behind, c.Stuffed
		for _, mark := range c.Marks {
			k.Ends = append(k.Ends, mark)
		}
	}
	if f.Escape != nil {
		for _, e := range f.Escape.Pairs {
			k.Escapes = append(k.Escapes, Escape{e.Plain, e.Coded})
		}
	}
	if k.Sizes = f.Totals; f.Silent {
		k.Quiet = d.g.Quiet.String()
	}
	if l := f.Length; l != nil {
		k.Length = &LengthRule{Field: l.Field, Counts: l.Counts, Add: l.Add, Register: l.Reg, Mark: l.Mark, After: l.After}
	}
	if f.CommandOp >= 0 {
		k.Command = f.CommandReg
	}
	return k
}

func (d *describer) message(f *program.FrameKind, s *program.Body) MessageDescription {
	m := s.Message
	out := MessageDescription{
		Name: m.Name, Title: m.Title, From: m.From.String(), Purpose: m.Purpose.String(), Frame: f.Name,
		Direction: s.Direction.String(), Default: s.Fallback, When: d.formula(s.When), Repeat: m.Repeat,
		Forward: m.Forward, Subscribe: m.Subscribe, Min: s.Min, Max: s.Max, Fields: d.nodes(s.Nodes), Ranges: s.Commands,
	}
	if out.When != nil && s.Said != "" {
		out.When.Text = s.Said
	}
	if m.Repeat == "never" {
		out.Repeat = ""
	}
	for _, set := range s.Sets {
		out.Set = append(out.Set, field.Note{Key: set.Key, Text: schema.WrittenText(set.Value)})
	}
	if f.CommandOp >= 0 {
		out.Commands = valueTexts(&d.ops[f.CommandOp], s.Commands)
	}
	return out
}

// valueTexts are the values of a set without quotation marks.
func valueTexts(o *scalar.Op, set program.CommandSet) []string {
	texts := program.CommandTexts(o, set)
	for i, text := range texts {
		texts[i] = strings.ReplaceAll(text, `"`, "")
	}
	return texts
}

func (d *describer) nodes(list []*program.Node) (out []*Node) {
	for _, n := range list {
		out = append(out, d.node(n))
	}
	return out
}

var nodeKindNames = [...]string{"field", "group", "list", "choice"}

func (d *describer) node(n *program.Node) *Node {
	defer func(around string) { d.layout = around }(d.layout)
	// The name of a part stands before the path, in angle brackets.
	if name, is := strings.CutPrefix(n.Path[strings.IndexByte(n.Path, '>')+1:], "layout."); is {
		d.layout, _, _ = strings.Cut(name, ".")
	}
	out := &Node{
		Node: nodeKindNames[n.Kind], Layout: d.layout, When: d.formula(n.When), Size: d.formula(n.Size), Rest: n.Rest,
		Before: n.Before, Until: n.Until, Optional: n.Optional, Value: d.formula(n.Value), Exponent: d.formula(n.Exponent),
		Count: d.formula(n.Count), Stop: d.formula(n.Stop), Separator: n.Separator, On: d.formula(n.On),
		Fields: d.nodes(n.Kids), Tail: n.Tail, Mark: n.Mark, Clear: n.Clear, Column: n.Column, Asks: n.Asks,
		Counted: n.ListReg, Single: n.Kind == program.NodeList && n.Element < 0, Packed: n.Packed,
	}
	by := &scalar.Op{Code: scalar.OpInt, Size: 8}
	for i := range d.ops {
		if n.On != nil && n.On.Code == expr.Reg && d.ops[i].Reg == n.On.Reg {
			by = &d.ops[i]
		}
	}
	for i := range n.Cases {
		b := &n.Cases[i]
		out.Cases = append(out.Cases, Case{Is: valueTexts(by, b.Is), Ranges: b.Is, When: d.formula(b.When),
			Fields: d.nodes(b.Kids), Asks: b.When != nil && b.When.Asks})
	}
	for _, r := range n.Rows {
		out.Cases = append(out.Cases, Case{Is: valueTexts(by, r.Is), Ranges: r.Is, Value: d.formula(r.Value)})
	}
	if n.Op >= 0 {
		out.FieldDescription = *d.field(&d.ops[n.Op])
		for i := n.Op + 1; i <= n.Op+n.Parts; i++ {
			out.Bits = append(out.Bits, d.field(&d.ops[i]))
		}
	}
	if c := n.Check; c != nil {
		out.Check = &SumCheck{Algorithm: d.ops[n.Op].Field.Algorithm, Over: c.Over, OnWire: c.Wired != nil,
			Sum: sumOf(c.Sum), From: c.From, To: c.To, Hex: c.Hex}
	}
	if t := n.Transform; t != nil {
		out.Wire = &WireForm{Add: int(t.Add), Xor: int(t.Xor), Block: t.Block, Algorithm: t.Name,
			Armour: armourName(t.Armour), Little: t.Little}
		if t.Block > 0 {
			out.Wire.Sum = sumOf(t.Sum)
		}
	}
	return out
}

func armourName(a *scalar.Armour) string {
	for name, known := range scalar.NamedArmours {
		if known == a {
			return name
		}
	}
	return ""
}

func sumOf(s checksum.Algorithm) Sum {
	if c := s.CRC; c != nil {
		return Sum{Width: s.Width, Poly: c.Poly, Init: c.Init, Xor: c.Xor, Refin: c.Refin, Refout: c.Refout, Late: c.Late,
			Extra: HexBytes(c.Extra)}
	}
	return Sum{Width: s.Width, Name: s.Name, Init: s.Init, Xor: s.Xorout}
}

func (d *describer) field(o *scalar.Op) *FieldDescription {
	f := o.Field
	out := &FieldDescription{Key: f.Key, Title: f.Title, Unit: f.Unit, Type: f.Type, Kind: f.Kind.String(),
		Bytes: o.Size, Notes: f.Notes,
		Given: d.given(o), Form: formOf(o), Register: o.Reg}
	if o.Role != field.NoRole {
		out.Role = o.Role.String()
	}
	if f.Min != 0 || f.Max != 0 {
		out.Min, out.Max = &f.Min, &f.Max
	}
	if o.Code == scalar.OpSlice {
		out.SizeBits = o.Width()
	}
	if o.Code == scalar.OpPart {
		out.Type, out.At = "", strconv.Itoa(int(o.Shift))
		if hi := int(o.Shift) + o.Width() - 1; hi > int(o.Shift) {
			out.At = fmt.Sprintf("%d-%d", hi, o.Shift)
		}
	}
	if told := slices.ContainsFunc(f.Notes, func(n field.Note) bool { return n.Key == "order" }); !told && o.Size > 1 &&
		o.Little != (d.order == "little") && o.Code <= scalar.OpBCD {
		out.Notes = append(slices.Clone(f.Notes), field.Note{Key: "order",
			Text: map[bool]string{true: "little", false: "big"}[o.Little]})
	}
	for _, e := range f.Enum {
		value := program.CommandText(o, uint64(e.Value))
		if e.Text != "" {
			value = e.Text
		}
		out.Enum = append(out.Enum, Label{Value: value, Label: e.Label, Lo: e.Value, Hi: e.Value})
	}
	if o.Form != nil {
		for _, l := range o.Form.Labels {
			out.Enum = append(out.Enum, Label{valueTexts(o, program.CommandSet{{l.Lo, l.Hi}})[0], l.Label, int64(l.Lo), int64(l.Hi)})
		}
	}
	return out
}

// given says whether somebody who makes a frame gives the value.
func (d *describer) given(o *scalar.Op) string {
	switch {
	case o.Flags&(scalar.FlagBound|scalar.FlagLength) != 0 || d.g.Derived[o.Reg] || o.Form != nil && o.Form.Counter,
		o.Role == field.RoleIdentity, o.Role == field.RoleTransaction,
		o.Code >= scalar.OpGroup && o.Code != scalar.OpVarint, o.Code == scalar.OpBits &&
			o.Parts,
		o.Check == scalar.CheckBytes, o.Check == scalar.CheckRange && o.Lo == o.Hi:
		return ""
	case o.Preset != nil || o.Flags&(scalar.FlagNow|scalar.FlagRemember) != 0 || o.Code == scalar.OpPart:
		return "optional"
	}
	return "required"
}

// codingNames say how the bytes of a field are read, by opcode.
var codingNames = [...]string{"uint", "int", "float", "float", "bcd", "bits", "part", "slice", "digits", "hex", "text",
	"time", "decimal", "bitset", "group", "list", "checksum", "run", "computed", "varint"}

// formOf is the form of a field for other programs.
func formOf(o *scalar.Op) FieldForm {
	f := FieldForm{
		Coding: codingNames[o.Code], Odd: o.Code == scalar.OpBitset || o.Code == scalar.OpVarint, Little: o.Little, Signed: o.Signed(),
		Shift: int(o.Shift), Width: o.Width(), Want: o.Want, Most: o.Most,
	}
	if o.Padded {
		f.Pad = HexBytes{o.Pad}
	}
	switch o.Check {
	case scalar.CheckRange:
		f.Ranges = [][2]uint64{{o.Lo, o.Hi}}
	case scalar.CheckRanges:
		f.Ranges = o.Ranges
	}
	if o.Chars != nil {
		f.Chars = o.Chars.Bytes()
	}
	if s := o.Scale; s != nil {
		f.Scale = [3]int64{s.A, s.B, s.C}
	}
	if t := o.Time; t != nil {
		f.As, f.Layout, f.Zone, f.Reversed = [...]string{"bcd", "binary", "ascii"}[t.As], t.Text, t.Zone, t.Last
	}
	special := o.Form
	if special == nil {
		return f
	}
	f.Reversed, f.Right, f.Digits, f.Fill = f.Reversed || special.Reversed, special.Right, special.Digits,
		HexBytes{special.Fill}
	f.Letters = special.HexDigit
	if special.Filler >= 0 {
		f.Filler = fmt.Sprintf("%x", special.Filler)
	}
	f.Odd = f.Odd || special.Swap != nil || special.Swapped || special.Degrees || special.Letters ||
		special.Texts != nil ||
		special.None != nil || special.Base != 0 || special.Minus != nil || special.MinusBit || special.Column ||
		special.Left || special.Hex || special.Composed != nil || special.Packed || special.Real
	if c := special.Clock; c != nil {
		f.Odd = f.Odd || c.Kind != scalar.ClockCount
		f.As, f.Zone, f.Step, f.Epoch = [...]string{"count", "cp16", "cp32", "cp56", "packed"}[c.Kind], c.Zone, c.Step,
			c.Epoch.Unix()
	}
	for i := range special.Missing {
		if p := &special.Missing[i]; p.Bad {
			f.Bad = true
		} else {
			f.Missing = append(f.Missing, p.Bytes)
		}
	}
	for name, charset := range scalar.Charsets {
		if charset == special.Charset && charset != nil {
			f.Charset = name
		}
	}
	return f
}

// formulaNames are the words of what is no operator between two values; those are taken from binaryWords.
var formulaNames = map[expr.Code]string{expr.Const: "number", expr.Reg: "register", expr.Remaining: "remaining",
	expr.Next:  "next",
	expr.Ahead: "ahead", expr.Uplink: "uplink", expr.Index: "index", expr.At: "at", expr.Not: "not", expr.Neg: "negative"}

func (d *describer) formula(e *expr.Expr) *Formula {
	if e == nil {
		return nil
	}
	f := &Formula{Text: e.Words, Op: formulaNames[e.Code], A: d.formula(e.A), B: d.formula(e.B), Value: e.Value,
		Register: e.Reg, Bytes: e.Text}
	if e.Code == expr.Reg && d.folds[e.Reg] {
		f.Op = "join"
	}
	for _, level := range expr.BinaryWords {
		for _, w := range level {
			if w.Code == e.Code && f.Op == "" {
				f.Op = strings.Replace(w.Word, "==", "=", 1)
			}
		}
	}
	if f.Text == "" && e.Code == expr.Const {
		f.Text = strconv.FormatInt(e.Value, 10)
	}
	return f
}

// command is the form of a command.
func (d *describer) command(frames []FrameKind, m MessageDescription, c *program.Command) CommandForm {
	form := CommandForm{Name: c.Name, Message: m.Name, Title: c.Title, Repeat: c.Class, Arguments: []*Node{}}
	if c.Path == "" {
		f := frames[slices.IndexFunc(frames, func(f FrameKind) bool { return f.Name == m.Frame })]
		nodes := slices.Concat(f.Header, m.Fields, f.Trailer)
		form.Arguments = append(form.Arguments, arguments(nodes, &m, c.Message.Command != "")...)
		return form
	}
	for _, a := range c.Arguments {
		form.Arguments = append(form.Arguments, d.argument(a))
	}
	for _, key := range slices.Sorted(maps.Keys(c.Set)) {
		form.Set = append(form.Set, field.Note{Key: key, Text: schema.WrittenText(c.Set[key])})
	}
	if c.Expires > 0 {
		form.Expires = c.Expires.String()
	}
	if c.Report != nil {
		form.Report = c.Report.Name
	}
	if c.Verify != nil {
		form.Verify = c.Verify.Command
	}
	for _, next := range c.Then {
		form.Then = append(form.Then, next.Command)
	}
	return form
}

// argument is an argument of a command, under its own name.
func (d *describer) argument(a *program.Argument) *Node {
	n := &Node{Node: "field", FieldDescription: *d.field(a.Op)}
	if a.Op.Code == scalar.OpGroup || a.Op.Code == scalar.OpList {
		n.Node = n.Kind
	}
	n.Key, n.Title, n.Unit, n.Given = a.Key, a.Title, a.Unit, "optional"
	if a.Field != a.Key {
		n.Field = a.Field
	}
	if a.Required {
		n.Given = "required"
	}
	if a.Min != nil || a.Max != nil {
		n.Min, n.Max = a.Min, a.Max
	}
	return n
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
		set := slices.ContainsFunc(m.Set, func(s field.Note) bool { return s.Key == n.Key })
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
