package codec

import (
	"fmt"
	"strconv"
	"strings"
)

// varint compiles the form of such a number.
func (c *compiler) varint(def *fieldDef, o *op, f *form) {
	switch {
	case def.form == "ber":
		f.varint = varintBER
	case o.little:
		f.varint = varintLittle
	default:
		f.varint = varintBig
	}
	if o.most = def.maxSize; o.most == hardMaxFrame { // it is not said
		o.most = mostVarint
	}
	if o.most > mostVarint {
		c.src.problem(def.path+".max_size", fmt.Sprint(o.most), fmt.Sprintf("1 to %d", mostVarint))
	}
	o.little = false
}

// noPart compiles what means that a part has no value: the number that its bits make, with as many digits as they have.
func (c *compiler) noPart(def *fieldDef, o *op) {
	for i, text := range def.missing {
		v, err := strconv.ParseUint(text, 16, 64)
		if n := o.nibbles(); err != nil || len(text) != n || v > o.mask {
			c.src.problem(fmt.Sprintf("%s.missing[%d]", def.path, i), quote(text),
				fmt.Sprintf(`%s: the number that the bits make, such as "%x"`, hexDigitsText(n), o.mask))
			continue
		}
		o.form.none = append(o.form.none, v)
	}
}

// view compiles how a number is shown.
func (c *compiler) view(def *fieldDef, o *op, f *form) {
	f.letters, f.hex = def.form == "letters", def.form == "hex"
	if !f.letters && !f.hex {
		return
	}
	if !o.integer() || f.letters && (o.code == opBCD || o.code == opVarint || o.code == opRun) {
		c.src.problem(def.path+".form", quote(def.form)+" on type "+def.kind, "it on whole numbers")
	}
	if f.minus != nil || f.minusBit || def.scale != nil || def.offset != nil || def.exponent != "" || f.letters && (def.signed || o.code == opInt) {
		c.src.problem(def.path+".form", quote(def.form)+" beside a sign, a scale or an exponent", "one of them")
	}
	if f.letters {
		o.field.Kind = KindText
	}
}

func hexDigitsText(n int) string {
	if n == 1 {
		return "one hexadecimal digit"
	}
	return fmt.Sprintf("%d hexadecimal digits", n)
}

// armour finds an entry of the registry.
func (c *compiler) armour(path, name string) *Armour {
	if name == "" {
		return nil
	}
	if a := c.src.armour(name); a != nil {
		return a
	}
	names := c.src.armourNames()
	c.src.problem(path+".armour", quote(name), "one of "+strings.Join(names, ", "), names...)
	return nil
}

// sumFrom is a sum that begins with init; the bits of xorout are turned round at the end.
func (c *compiler) sumFrom(t *table) (checksum, bool) {
	name := t.Word("sum", plainSums, "")
	base, ok := namedSums[name]
	mask := 1<<max(base.width, 1) - 1
	init, xorout := t.Integer("init", 0, mask, 0), t.Integer("xorout", 0, mask, 0)
	t.Finish()
	return base.from(name, uint64(init), uint64(xorout)), ok
}
