package compile

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/checksum"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// leaf compiles one field with bytes, or a computed one.
func (c *compiler) leaf(n *program.Node, def *schema.FieldDef, s *scope) []*program.Node {
	ops := c.field(def)
	if len(ops) == 0 {
		return nil
	}
	o := &ops[0]
	switch o.Code {
	case scalar.OpComputed:
		if c.computed(n, def, s); def.Text != "" {
			c.composed(n, def, o, s)
		}
		c.result(n, def, o)
		if def.Joins != nil {
			o.Form.Clock.Dated = c.dateAlone(def, s)
		}
	case scalar.OpChecksum:
		own := s.define(def.Key, c.list)
		own.nodes = append(own.nodes, n)
		if c.checksum(n, def, o, s); def.Wire {
			c.wired(c.family, def, n)
		}
	case scalar.OpRun:
		o.Form.Fill = byte(def.Fill)
		o.Most = def.MaxSize
	default:
		if n.Value = c.expr(def.Path+".value", def.Value, s); n.Value != nil && !o.Numeric() {
			c.src.Problem(def.Path+".value", field.Quote(def.Value), "it on numbers")
		}
	}
	if def.Text != "" && (o.Code != scalar.OpComputed || def.Joins != nil) {
		c.src.Problem(def.Path+".text", "it on type "+def.Kind, "it on type computed only")
	}
	if len(def.Cases) > 0 && o.Code != scalar.OpComputed || len(def.Fields) > 0 {
		c.src.Problem(def.Path, "fields or cases on type "+def.Kind, "them on groups, lists and choices")
	}
	if n.Exponent = c.expr(def.Path+".exponent", def.Exponent, s); n.Exponent != nil {
		o.Field.Kind = field.KindFloat
		if !o.Integer() && o.Code != scalar.OpFloat32 && o.Code != scalar.OpFloat64 || o.Scale != nil {
			c.src.Problem(def.Path+".exponent", "it on type "+def.Kind, "it on numbers without scale")
		}
		o.Special()
	}
	if n.Size != nil && (o.Size > 0 || n.Until != nil || n.Rest ||
		o.Sized() && n.Size.Looks || o.Numeric() && n.Size.Asks) {
		want := "none for type " + def.Kind
		if o.Code <= scalar.OpInt {
			want = "a size from fields that stand before, on type uint or int"
		} else if n.Size.Asks {
			want = "a size that does not ask: a frame is made without its request"
		}
		c.src.Problem(def.Path+".size", field.Quote(def.SizeExpr), want)
	} else if o.Sized() && n.Until != nil {
		c.src.Problem(def.Path+".until", field.Quote(def.Until)+" on type "+def.Kind, "a size")
	}
	if o.Code == scalar.OpASCII || o.Code == scalar.OpHex || o.Code == scalar.OpBitset || o.Code == scalar.OpDecimal {
		c.derive(n.Size)
	}
	if n.Size != nil || n.Until != nil {
		o.Special()
	}
	n.Op, n.Parts = len(c.p.Ops), len(ops)-1
	c.p.Ops = append(c.p.Ops, ops...)
	for i := range def.Parts {
		c.pattern(n.Op+1+i, def.Parts[i].Path, def.Parts[i].Point)
	}
	for i := range ops {
		key := ops[i].Field.Key
		b := s.define(key, c.list)
		b.ops = append(b.ops, n.Op+i)
		if i == 0 {
			b.nodes = append(b.nodes, n)
			n.Mark = b.mark
		} else if word := s.define(def.Key+"."+key, c.list); word != b {
			s.names[def.Key+"."+key] = b
		}
		if b.reg != 0 {
			c.p.Ops[n.Op+i].Reg = b.reg
		}
		for _, change := range b.later {
			change(&c.p.Ops[n.Op+i])
		}
		c.fields = append(c.fields, ops[i].Field)
	}
	return []*program.Node{n}
}

// computed values have no bytes: an expression, or a table of them.
func (c *compiler) computed(n *program.Node, def *schema.FieldDef, s *scope) {
	defer func() { n.Asks = n.Asks || c.asked }()
	if def.Joins != nil {
		n.Value = c.joined(def, s)
		return
	}
	if def.Text != "" {
		return
	}
	n.On = c.expr(def.Path+".on", def.On, s)
	by := c.chooser(n.On, def, s)
	n.Value = c.expr(def.Path+".value", def.Value, s)
	if n.On == nil && n.Value == nil {
		c.src.Problem(def.Path+".value", "nothing", "an expression, or on beside cases with values")
	}
	for i := range def.Cases {
		one := &def.Cases[i]
		r := program.Row{Is: c.caseSet(one, by), Other: len(one.Is) == 0, Value: c.expr(one.Path+".value", one.Value, s)}
		if r.Value == nil {
			c.src.Problem(one.Path+".value", "nothing", "an expression")
		}
		n.Rows = append(n.Rows, r)
	}
}

func (c *compiler) checksum(n *program.Node, def *schema.FieldDef, o *scalar.Op, s *scope) {
	n.Check = &program.ChecksumPlan{Hex: def.As == "hex", Over: def.Over}
	var ok bool
	if n.Check.Sum, ok = c.algorithm(def.Path, def.Algorithm); !ok {
		return
	}
	o.Field.Algorithm = algorithmName(def.Algorithm)
	size := (n.Check.Sum.Width + 7) / 8
	if n.Check.Hex {
		size *= 2
	}
	if o.Size == 0 {
		o.Size = size
	}
	if o.Size < size || o.Size > 8 {
		c.src.Problem(def.Path+".size", fmt.Sprint(o.Size), fmt.Sprintf("%d to 8 for this algorithm", size))
	}
	o.Field.Size = o.Size
	if n.Check.Hex {
		o.Field.Kind = field.KindText
	}
	if def.Over == "" {
		return
	}
	over, ok := stretchOf(def.Over)
	if !ok || over.word == "body" {
		c.src.Problem(def.Path+".over", field.Quote(def.Over), `"from KEY", "after KEY" or "all", then "to KEY"`)
		return
	}
	plan, told := n.Check, false
	place := func(name, want string) int {
		b := s.find(name)
		if b != nil && len(b.nodes) > 0 {
			return c.place(b)
		}
		if !told {
			told = true
			c.src.Problem(def.Path+".over", field.Quote(def.Over), want, s.known()...)
		}
		return 0
	}
	after := int(expr.Truth(over.word == "after"))
	switch {
	case over.key == "":
	case over.to == "end" && s.find(over.key) == nil: // it stands behind the checksum
		c.later = append(c.later, func() { plan.From = place(over.key, `"from KEY" or "after KEY", then "to end"`) + after })
	default:
		plan.From = place(over.key, overWords) + after
	}
	switch named := s.names["end"]; {
	case over.to == "":
	case over.to != "end":
		plan.To = place(over.to, overWords) + 1
	case named != nil && len(named.nodes) > 0 && over.word != "": // it would cover itself
		c.src.Problem(def.Path+".over", field.Quote(def.Over)+", which means the end of the frame", `another key for the field "end"`)
	default:
		plan.To = -1
	}
}

const overWords = `"from KEY", "after KEY" or "all", then "to KEY"; the keys stand before it`

// stretch is a part of a frame in words: "all", "body", "from KEY" or "after KEY", then "to KEY" or "to end".
type stretch struct{ word, key, to string }

// stretchOf reads a stretch; its first words may be missing.
func stretchOf(text string) (s stretch, ok bool) {
	words := strings.Fields(text)
	if len(words) > 0 && slices.Contains([]string{"all", "body"}, words[0]) {
		s.word, words = words[0], words[1:]
	} else if len(words) > 1 && slices.Contains([]string{"from", "after"}, words[0]) {
		s.word, s.key, words = words[0], words[1], words[2:]
	}
	if len(words) == 2 && words[0] == "to" {
		s.to, words = words[1], nil
	}
	return s, len(words) == 0
}

// algorithm is a name of the registry, or the parameters of a CRC.
func (c *compiler) algorithm(path string, v any) (checksum.Algorithm, bool) {
	switch v := v.(type) {
	case string:
		if sum, ok := c.src.Checksum(v); ok {
			return sum, true
		}
		names := c.src.ChecksumNames()
		c.src.Problem(path+".algorithm", field.Quote(v), "one of "+strings.Join(names, ", ")+"; or the parameters of a CRC", names...)
	case map[string]any:
		t := schema.NewTable(c.src, path+".algorithm", v)
		if t.Has("sum") {
			return c.sumFrom(t)
		}
		p := checksum.Params{Width: t.Integer("width", 8, 64, 16), Refin: t.Flag("refin", false), Refout: t.Flag("refout", false)}
		for _, one := range []struct {
			key string
			to  *uint64
		}{{"poly", &p.Poly}, {"init", &p.Init}, {"xorout", &p.Xor}} {
			key, to := one.key, one.to
			n, ok := t.Get(key)
			i, isInt := n.(int64)
			if *to = uint64(i); ok && !isInt || key == "poly" && i == 0 {
				c.src.Problem(t.At(key), schema.Describe(n), "a number such as 0x1021")
			}
		}
		if text := t.Text("extra"); text != "" {
			b, err := hex.DecodeString(text)
			if err != nil {
				c.src.Problem(t.At("extra"), field.Quote(text), `bytes in hexadecimal, such as "32"`)
			}
			p.Extra = string(b)
		}
		t.Finish()
		return checksum.NewCRC(p), true
	default:
		c.src.Problem(path+".algorithm", schema.Describe(v),
			"a name such as \"crc-16/modbus\", or { width, poly, init, refin, refout, xorout, extra }")
	}
	return checksum.Algorithm{}, false
}

// algorithmName is how an algorithm is called: its name, or its parameters in the notation of the catalogue.
func algorithmName(v any) string {
	p, ok := v.(map[string]any)
	if !ok {
		name, _ := v.(string)
		return name
	}
	words := []string{"crc"}
	if sum, is := p["sum"].(string); is {
		words[0] = sum
	}
	for _, key := range []string{"width", "poly", "init", "refin", "refout", "xorout", "extra"} {
		switch v := p[key].(type) {
		case nil:
		case int64:
			if key != "width" {
				words = append(words, fmt.Sprintf("%s=0x%x", key, v))
				continue
			}
			words = append(words, fmt.Sprintf("%s=%d", key, v))
		default:
			words = append(words, fmt.Sprintf("%s=%v", key, v))
		}
	}
	return strings.Join(words, " ")
}

// tails notes for fields that take what is left how much that is not.
func (c *compiler) tails(nodes []*program.Node, after int, name string) {
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		n.Tail = after
		own := n.Size != nil || n.Until != nil || n.Column // a region of its own
		if n.Column {
			n.Tail = 0
		}
		inner := after
		if own || n.Kind == program.NodeList && n.Separator != nil {
			inner = 0
		}
		if n.Kind == program.NodeGroup && n.Separator != nil {
			inner = 0
		}
		if n.Kind == program.NodeList && n.Count != nil && !own {
			inner = -1
		}
		c.tails(n.Kids, inner, name)
		for k := range n.Cases {
			c.tails(n.Cases[k].Kids, inner, name)
		}
		toEnd := n.Rest || n.Kind == program.NodeList && n.Count == nil && n.Stop == nil && !own
		if toEnd && after < 0 && !n.Column {
			place := "the header"
			if name != "" {
				place = "message " + name
			}
			c.src.Problem(n.Path, fmt.Sprintf("%s of %s, which takes what is left, before %s, whose size varies",
				c.nameOf(n), place, c.nameOf(c.varying(nodes[i+1:]))),
				"fields of fixed size after it")
		}
		lo, hi := c.p.SpanOf(n)
		if lo == hi && after >= 0 {
			after += lo
		} else {
			after = -1
		}
	}
}

// varying is the first node that has no fixed size; the last one when what is around it says that.
func (c *compiler) varying(nodes []*program.Node) *program.Node {
	for _, n := range nodes {
		if lo, hi := c.p.SpanOf(n); lo != hi {
			return n
		}
	}
	return nil
}

// nameOf is how a node is called in a problem.
func (c *compiler) nameOf(n *program.Node) string {
	switch {
	case n == nil:
		return "what follows"
	case n.Op >= 0 && c.p.Ops[n.Op].Field.Key != "":
		return c.p.Ops[n.Op].Field.Key
	}
	return "a " + [...]string{program.NodeLeaf: "field", program.NodeGroup: "group", program.NodeList: "list",
		program.NodeChoice: "choice"}[n.Kind]
}

// absent lists the registers that are zero when n is not there; users is how many fields have each register.
func (c *compiler) absent(n *program.Node, users []int) {
	if n.When == nil && !n.Optional && n.Kind != program.NodeChoice {
		return
	}
	cleared := map[int]bool{}
	add := func(m *program.Node) {
		if m.Op < 0 {
			return
		}
		for i := m.Op; i <= m.Op+m.Parts; i++ {
			// A name of several fields, one of which is there, keeps the value of that one.
			if reg := c.p.Ops[i].Reg; reg > 0 && !cleared[reg] && (n.Kind == program.NodeChoice || users[reg] == 1) {
				cleared[reg] = true
				n.Clear = append(n.Clear, reg)
			}
		}
		n.Clear = append(n.Clear, m.Folds...)
	}
	if n.Kind != program.NodeChoice {
		add(n)
	}
	program.Each(n.Kids, add)
	for i := range n.Cases {
		program.Each(n.Cases[i].Kids, add)
	}
}

// firstBytes are those that a frame of the family can begin with.
func (c *compiler) firstBytes(f *program.FrameKind) (out scalar.ByteSet) {
	switch {
	case f.Start != nil:
		out.Add(f.Start[0])
		return out
	case f.Armour != nil:
		return allBytes()
	}
	out = c.firstPlain(f)
	if f.Escape != nil {
		plain := out
		for _, p := range f.Escape.Pairs {
			if len(p.Plain) == 1 {
				out.Remove(p.Plain[0])
			}
		}
		for _, p := range f.Escape.Pairs {
			if plain.Has(p.Plain[0]) {
				out.Add(p.Coded[0])
			}
		}
	}
	return out
}

func allBytes() scalar.ByteSet { return scalar.ByteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

// firstPlain are the bytes that the fields of a frame can begin with.
func (c *compiler) firstPlain(f *program.FrameKind) (out scalar.ByteSet) {
	for _, n := range f.Header {
		if n.Kind != program.NodeLeaf || n.When != nil || n.Optional {
			return allBytes()
		}
		if n.Before != nil {
			out.Add(n.Before[0])
			return out
		}
		o := &c.p.Ops[n.Op]
		switch {
		case o.Code == scalar.OpRun:
			out.Add(o.Form.Fill)
			continue
		case o.Form != nil || o.Size == 0:
			return allBytes()
		}
		for b := 0; b < 256; b++ {
			if o.Begins([]byte{byte(b)}) {
				out.Add(byte(b))
			}
		}
		return out
	}
	return allBytes()
}
