package codec

import (
	"strings"
)

// Outline returns the plan of the profile as plain data.
func (p *Profile) Outline() *Outline {
	m := outliner{p: p, out: &Outline{Name: p.name, Title: p.title}}
	for i := range p.ops {
		m.out.Fields = append(m.out.Fields, m.field(&p.ops[i]))
	}
	m.out.Rewrites = p.grammar.rewrites
	for _, f := range p.grammar.families {
		m.out.Kinds = append(m.out.Kinds, m.kind(f))
	}
	return m.out
}

type outliner struct {
	p   *Profile
	out *Outline
}

func (m *outliner) body(l *layout) OutlineBody {
	return OutlineBody{Name: l.message.Name, Title: l.message.Title, Purpose: l.message.Purpose.String(),
		Direction: l.direction.String(), Commands: l.commands}
}

func (m *outliner) kind(f *family) OutlineKind {
	k := OutlineKind{Name: f.name, Direction: f.direction.String(), Start: f.start, Max: f.max, Tail: f.tail,
		Header: m.nodes(f.header), Trailer: m.nodes(f.trailer), Command: f.commandOp >= 0, CommandRegister: f.commandReg, BodyMark: f.body.mark}
	if c := f.closing; c != nil {
		k.Ends, k.Kept, k.Behind, k.Stuffed = c.marks, c.kept, c.behind, c.stuffed
		if o := c.tells(m.p); o != nil {
			k.MarkRegister = o.reg
		}
	}
	k.Armour, k.First = armourName(f.armour), f.first.bytes()
	if f.escape != nil {
		for _, e := range f.escape.pairs {
			k.Escapes = append(k.Escapes, OutlineEscape{[]byte{e.plain}, e.coded})
		}
	}
	if l := f.length; l != nil {
		k.Length = &OutlineLength{Register: l.reg, Mark: l.mark, Add: l.add, After: l.after}
	}
	for _, s := range f.shapes {
		b := m.body(s.layout)
		b.Fallback, b.Min, b.Max, b.When, b.Nodes = s.fallback, s.min, s.max, outlineExpr(s.when), m.nodes(s.nodes)
		k.Bodies = append(k.Bodies, b)
	}
	return k
}

func (m *outliner) nodes(list []*node) (out []*OutlineNode) {
	for _, n := range list {
		out = append(out, m.node(n))
	}
	return out
}

var nodeKindNames = [...]string{"leaf", "group", "list", "choice"}

func (m *outliner) node(n *node) *OutlineNode {
	out := &OutlineNode{
		Kind: nodeKindNames[n.kind], Field: n.op + 1, Parts: n.parts, When: outlineExpr(n.when), Size: outlineExpr(n.size),
		Rest: n.rest, Tail: n.tail, Until: n.until, Before: n.before, Optional: n.optional, Exponent: outlineExpr(n.exponent),
		Value: outlineExpr(n.value), Kids: m.nodes(n.kids), Count: outlineExpr(n.count), Stop: outlineExpr(n.stop),
		Separator: n.separator, Column: n.column, On: outlineExpr(n.on), Mark: n.mark, Clear: n.clear, Folds: n.folds, Register: n.listReg,
		Tables: n.tables, Asks: n.asks,
	}
	if n.kind == nodeList {
		out.Element = n.element + 1
	}
	for _, r := range n.rows {
		out.Rows = append(out.Rows, OutlineRow{Is: r.is, Other: r.other, Value: outlineExpr(r.value)})
	}
	if c := n.check; c != nil {
		out.Check = &OutlineCheck{Sum: outlineSum(c.sum), From: c.from, To: c.to, Hex: c.hex, Wire: c.wired != nil, Back: c.back}
	}
	for i := range n.cases {
		b := &n.cases[i]
		out.Cases = append(out.Cases, OutlineCase{Is: b.is, Other: b.other, When: outlineExpr(b.when), Kids: m.nodes(b.kids)})
	}
	if t := n.transform; t != nil {
		out.Transform = &OutlineTransform{Add: t.add, Xor: t.xor, Block: t.block, Little: t.little, Armour: armourName(t.armour)}
		if t.block > 0 {
			out.Transform.Sum = outlineSum(t.sum)
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

func outlineSum(s checksum) OutlineSum {
	if c := s.crc; c != nil {
		out := OutlineSum{Width: s.width, Poly: c.poly, Init: c.init, Xor: c.xor, Refin: c.refin, Refout: c.refout, Late: c.late}
		if c.extra != "" {
			out.Extra = []byte(c.extra)
		}
		return out
	}
	return OutlineSum{Width: s.width, Name: s.name, Init: s.init, Xor: s.xorout}
}

var opcodeNames = [...]string{"uint", "int", "float32", "float64", "bcd", "bits", "part", "digits", "hex", "ascii", "time",
	"decimal", "bitset", "group", "list", "checksum", "run", "computed", "varint"}

func (m *outliner) field(o *op) OutlineField {
	f := OutlineField{
		Key: o.field.Key, Title: o.field.Title, Unit: o.field.Unit, Code: opcodeNames[o.code], Kind: o.field.Kind.String(),
		Size: o.size, Most: o.most, Little: o.little, Shift: o.shift, Mask: o.mask, Padded: o.padded, Pad: o.pad,
		Register: o.reg, Signed: o.signed(),
	}
	if o.role != NoRole {
		f.Role = o.role.String()
	}
	switch o.check {
	case checkRange:
		f.Ranges = [][2]uint64{{o.lo, o.hi}}
	case checkRanges:
		f.Ranges = o.ranges
	case checkBytes:
		f.Want = o.want
	}
	if o.chars != nil {
		f.Chars = o.chars.bytes()
	}
	for _, e := range o.field.Enum {
		f.Labels = append(f.Labels, OutlineLabel{e.Value, e.Value, e.Label})
	}
	if s := o.scale; s != nil {
		f.Scale = &OutlineScale{A: s.a, B: s.b, C: s.c, Exact: s.exact, Places: s.places}
	}
	if t := o.time; t != nil {
		f.Time = &OutlineTime{As: timeFormNames[t.as], Text: t.text, Zone: t.zone, Whole: t.whole, Last: t.last}
		for _, part := range t.parts {
			unit := ""
			if part.unit < unitLiteral {
				unit = unitTexts[part.unit]
			}
			f.Time.Parts = append(f.Time.Parts, OutlineTimePart{unit, part.offset, part.size})
		}
	}
	f.Table = o.table
	if o.fold != nil {
		f.Fold, f.FoldBits = o.fold.reg, o.fold.bits
	}
	if o.form != nil {
		m.form(&f, o.form)
	}
	return f
}

var (
	timeFormNames  = [...]string{"bcd", "binary", "ascii"}
	clockKindNames = [...]string{"count", "cp16", "cp32", "cp56", "packed"}
)

func (m *outliner) form(out *OutlineField, f *form) {
	o := &OutlineForm{Swap: ints(f.swap), Swapped: f.swapped, Minus: ints(f.minus), MinusBit: f.minusBit, Right: f.right, Digits: f.digits,
		HexDigit: f.hexDigit, Reversed: f.reversed, Degrees: f.degrees, Letters: f.letters, Fill: f.fill, Column: f.column, Base: f.base, Places: f.places, Signed: f.signed, None: f.none, Varint: varintNames[f.varint]}
	for _, text := range f.texts {
		o.Texts = append(o.Texts, []byte(text))
	}
	if f.filler >= 0 {
		o.Fills, o.Filler = true, f.filler
	}
	for _, p := range f.missing {
		o.Missing = append(o.Missing, OutlinePattern{Bytes: p.bytes, Bad: p.bad})
	}
	for name, charset := range charsets {
		if charset == f.charset {
			o.Charset = name
		}
	}
	if c := f.clock; c != nil {
		out.Clock = &OutlineClock{Kind: clockKindNames[c.kind], Milliseconds: c.step.Milliseconds(), Epoch: c.epoch.Unix(), Zone: c.zone}
	}
	for _, l := range f.labels {
		out.Labels = append(out.Labels, OutlineLabel{int64(l.lo), int64(l.hi), l.label})
	}
	out.Form = o
}

func ints(b []uint8) (out []int) {
	for _, v := range b {
		out = append(out, int(v))
	}
	return out
}

// exprNames are the words of what is no operator between two values; those are taken from binaryWords.
var exprNames = map[exprCode]string{exConst: "number", exReg: "register", exRemaining: "remaining", exNext: "next",
	exAhead: "ahead", exUplink: "uplink", exIndex: "index", exAt: "at", exNot: "not", exNeg: "negative"}

func outlineExpr(e *expr) *OutlineExpr {
	if e == nil {
		return nil
	}
	op := exprNames[e.code]
	for _, level := range binaryWords {
		for _, w := range level {
			if w.code == e.code && op == "" {
				op = strings.Replace(w.word, "==", "=", 1)
			}
		}
	}
	return &OutlineExpr{Op: op, A: outlineExpr(e.a), B: outlineExpr(e.b), Value: e.value, Register: e.reg, Text: e.text, Looks: e.looks}
}
