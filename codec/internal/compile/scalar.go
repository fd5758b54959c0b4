package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trama/codec/internal/checksum"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// varint compiles the form of such a number.
func (c *compiler) varint(def *schema.FieldDef, o *scalar.Op, f *scalar.Form) {
	switch {
	case def.Form == "ber":
		f.Varint = scalar.VarintBER
	case o.Little:
		f.Varint = scalar.VarintLittle
	default:
		f.Varint = scalar.VarintBig
	}
	if o.Most = def.MaxSize; o.Most == field.HardMaxFrame { // it is not said
		o.Most = scalar.MostVarint
	}
	if o.Most > scalar.MostVarint {
		c.src.Problem(def.Path+".max_size", fmt.Sprint(o.Most), fmt.Sprintf("1 to %d", scalar.MostVarint))
	}
	o.Little = false
}

// noPart compiles what means that a part has no value: the number that its bits make, with as many digits as they have.
func (c *compiler) noPart(def *schema.FieldDef, o *scalar.Op) {
	for i, text := range def.Missing {
		v, err := strconv.ParseUint(text, 16, 64)
		if n := o.Nibbles(); err != nil || len(text) != n || v > o.Mask {
			c.src.Problem(fmt.Sprintf("%s.missing[%d]", def.Path, i), field.Quote(text),
				fmt.Sprintf(`%s: the number that the bits make, such as "%x"`, hexDigitsText(n), o.Mask))
			continue
		}
		o.Form.None = append(o.Form.None, v)
	}
}

// view compiles how a number is shown.
func (c *compiler) view(def *schema.FieldDef, o *scalar.Op, f *scalar.Form) {
	f.Letters, f.Hex = def.Form == "letters", def.Form == "hex"
	if !f.Letters && !f.Hex {
		return
	}
	if !o.Integer() || f.Letters && (o.Code == scalar.OpBCD || o.Code == scalar.OpVarint || o.Code == scalar.OpRun) {
		c.src.Problem(def.Path+".form", field.Quote(def.Form)+" on type "+def.Kind, "it on whole numbers")
	}
	if f.Minus != nil || f.MinusBit || def.Scale != nil || def.Offset != nil || def.Exponent != "" ||
		f.Letters && (def.Signed || o.Code == scalar.OpInt) {
		c.src.Problem(def.Path+".form", field.Quote(def.Form)+" beside a sign, a scale or an exponent", "one of them")
	}
	if f.Letters {
		o.Field.Kind = field.KindText
	}
}

// composed compiles a text with fields in braces, such as "{quantity}.{storage}".
func (c *compiler) composed(n *program.Node, def *schema.FieldDef, o *scalar.Op, s *scope) {
	n.Value = expr.Constant(1)
	if o.Check != scalar.CheckNone || o.Scale != nil || len(def.Enum) > 0 || def.Form != "" || def.Value != "" ||
		def.On != "" || len(def.Cases) > 0 {
		c.src.Problem(def.Path+".text", "it beside value, on, scale, enum, const, in, min, max or form", "one of them")
	}
	o.Field.Kind = field.KindText
	o.Form = &scalar.Form{Filler: -1}
	for rest := def.Text; rest != ""; {
		fixed, after, found := strings.Cut(rest, "{")
		name, behind, closed := strings.Cut(after, "}")
		part := scalar.TextPart{Fixed: fixed}
		if rest = behind; found {
			b := s.find(name)
			if !closed || b == nil || len(b.ops) == 0 || b.list != nil && b.list != c.list {
				c.src.Problem(def.Path+".text", field.Quote(def.Text),
					"fields in braces that stand before, in the same part or around it, such as \"{kind}-{number}\"", s.known()...)
				return
			}
			part.Ops = slices.Clone(b.ops)
		}
		o.Form.Composed = append(o.Form.Composed, part)
	}
}

func hexDigitsText(n int) string {
	if n == 1 {
		return "one hexadecimal digit"
	}
	return fmt.Sprintf("%d hexadecimal digits", n)
}

// armour finds an entry of the registry.
func (c *compiler) armour(path, name string) *scalar.Armour {
	if name == "" {
		return nil
	}
	if a := c.src.Armour(name); a != nil {
		return a
	}
	names := c.src.ArmourNames()
	c.src.Problem(path+".armour", field.Quote(name), "one of "+strings.Join(names, ", "), names...)
	return nil
}

// sumFrom is a sum that begins with init; the bits of xorout are turned round at the end.
func (c *compiler) sumFrom(t *schema.Table) (checksum.Algorithm, bool) {
	name := t.Word("sum", checksum.PlainSums, "")
	base, ok := checksum.NamedSums[name]
	mask := 1<<max(base.Width, 1) - 1
	init, xorout := t.Integer("init", 0, mask, 0), t.Integer("xorout", 0, mask, 0)
	t.Finish()
	return base.From(name, uint64(init), uint64(xorout)), ok
}
