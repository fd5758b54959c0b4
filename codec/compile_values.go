package codec

import (
	"fmt"
	"slices"
	"strconv"
)

// restrict compiles const, in, min and max.  All are written as values, that is after scaling.
func (c *compiler) restrict(def *fieldDef, o *op) {
	if !c.affordValues(def.path+".in", len(def.in)) {
		return
	}
	given := 0
	for _, has := range []bool{def.constant != nil, def.in != nil, def.low != nil || def.high != nil} {
		if has {
			given++
		}
	}
	if given > 1 {
		c.src.problem(def.path, "more than one of const, in, min/max", "one of them")
		return
	}
	switch {
	case def.constant != nil:
		c.constant(def, o)
	case def.in != nil && (o.integer() || o.code == opDecimal && o.scale == nil && def.places == 0):
		o.ranges = c.ranges(def, o)
		if len(o.ranges) > 0 {
			o.check = checkRanges
		}
	case def.in != nil && o.code == opASCII && o.size == 1:
		o.chars = c.singleChars(def)
	case def.in != nil && (o.code == opASCII || o.code == opHex || o.code == opDigits):
		c.texts(def, o)
	case def.in != nil:
		c.src.problem(def.path+".in", "it on type "+def.kind, "it on whole numbers, texts and bytes")
	case def.low != nil || def.high != nil:
		c.between(def, o)
	}
}

func (c *compiler) constant(def *fieldDef, o *op) {
	out, num, err := asWritten(o, def, def.constant)
	switch {
	case err == nil && o.code == opDecimal && o.decimalExact(num, out):
		o.check, o.lo, o.hi = checkRange, o.key(num), o.key(num)
		o.preset = &preset{num: num, bytes: out}
	case err == nil && o.code == opDecimal:
		c.src.problem(def.path+".const", describe(def.constant), "a whole number, or places beside it")
	case err != nil:
		c.src.problem(def.path+".const", describe(def.constant)+" ("+err.Error()+")", "a value that the field can hold")
	case o.code == opTime || o.code == opFloat32 || o.code == opFloat64:
		c.src.problem(def.path+".const", "it on type "+def.kind, "it on other types")
	case o.numeric():
		o.check, o.lo, o.hi = checkRange, o.key(num), o.key(num)
		o.preset = &preset{num: num}
	default:
		o.check, o.want = checkBytes, out
		o.preset = &preset{num: num, bytes: out}
	}
	if def.preset != nil {
		c.src.problem(def.path+".default", "it beside const", "one of them")
	}
}

func (c *compiler) between(def *fieldDef, o *op) {
	if !o.integer() && (o.code != opDecimal || o.scale != nil || def.places > 0) {
		c.src.problem(def.path, "min or max on type "+def.kind, "them on whole numbers")
		return
	}
	low, high := o.bounds()
	lo, hi := o.key(uint64(low)), o.key(high)
	if def.low != nil {
		lo = c.bound(def, o, "min", def.low, lo)
	}
	if def.high != nil {
		hi = c.bound(def, o, "max", def.high, hi)
	}
	if o.scale != nil && o.scale.a < 0 && (def.low == nil) != (def.high == nil) {
		c.src.problem(def.path, "only one of min and max on a field whose scale is negative", "both")
	}
	if lo > hi && o.scale != nil && o.scale.a < 0 {
		lo, hi = hi, lo
	}
	if lo > hi {
		c.src.problem(def.path+".min", describe(def.low), "not more than max")
		return
	}
	o.check, o.lo, o.hi = checkRange, lo, hi
}

func (c *compiler) bound(def *fieldDef, o *op, name string, v any, otherwise uint64) uint64 {
	num, err := o.parseInteger(v)
	if err != nil {
		c.src.problem(def.path+"."+name, describe(v)+" ("+err.Error()+")", "a value that the field can hold")
		return otherwise
	}
	return o.key(num)
}

// ranges reads values and ranges such as "10-21".
func (c *compiler) ranges(def *fieldDef, o *op) [][2]uint64 {
	var out [][2]uint64
	for i, v := range def.in {
		lo, hi, err := o.parseRange(v)
		if err != nil {
			c.src.problem(fmt.Sprintf("%s.in[%d]", def.path, i), describe(v)+" ("+err.Error()+")", `a value or a range such as "10-21"`)
			continue
		}
		out = append(out, [2]uint64{o.key(lo), o.key(hi)})
	}
	slices.SortFunc(out, func(a, b [2]uint64) int {
		if a[0] < b[0] {
			return -1
		}
		return 1
	})
	return out
}

// singleChars is the set of characters that `in` lists, such as "0" or "a-z".
func (c *compiler) singleChars(def *fieldDef) *byteSet {
	set := &byteSet{}
	for i, v := range def.in {
		text, _ := v.(string)
		lo, hi := byte(0), byte(0)
		switch {
		case len(text) == 1:
			lo, hi = text[0], text[0]
		case len(text) == 3 && text[1] == '-' && text[0] <= text[2]:
			lo, hi = text[0], text[2]
		default:
			c.src.problem(fmt.Sprintf("%s.in[%d]", def.path, i), describe(v), `a character, or a range such as "a-z"`)
			continue
		}
		for b := int(lo); b <= int(hi); b++ {
			set.add(byte(b))
		}
	}
	return set
}

// characters settles which bytes a text may hold; printable ones when the definition does not say.
func (c *compiler) characters(def *fieldDef, o *op) {
	switch pad := def.pad.(type) {
	case nil:
	case string:
		if o.padded = len(pad) == 1; o.padded {
			o.pad = pad[0]
		}
	case int64:
		if o.padded = pad >= 0 && pad <= 255; o.padded {
			o.pad = byte(pad)
		}
	}
	if def.pad != nil && (!o.padded || o.size == 0) {
		c.src.problem(def.path+".pad", describe(def.pad), "one character or a byte from 0 to 255, on a field of fixed size")
	}
	if def.chars != "" && (o.chars != nil || o.check == checkBytes) {
		c.src.problem(def.path+".chars", "it beside const or in", "one of them")
	}
	if def.chars == "any" || o.check == checkBytes {
		return
	}
	if o.chars == nil {
		o.chars = &byteSet{}
		for b := 0; b < 256; b++ {
			if charClass(def.chars, byte(b)) {
				o.chars.add(byte(b))
			}
		}
	}
	if o.padded {
		o.chars.add(o.pad)
	}
}

func charClass(class string, b byte) bool {
	digit := b >= '0' && b <= '9'
	letter := b|0x20 >= 'a' && b|0x20 <= 'z'
	switch class {
	case "letters":
		return letter
	case "digits":
		return digit
	case "alphanumeric":
		return letter || digit
	}
	return b >= 0x20 && b <= 0x7e
}

// preset compiles default.
func (c *compiler) preset(def *fieldDef, o *op) {
	if def.preset == nil || def.constant != nil {
		return
	}
	if def.preset == "now" && (o.code == opTime || o.form != nil && o.form.clock != nil && o.code != opComputed) {
		o.flags |= flagNow
		return
	}
	out, num, err := asWritten(o, def, def.preset)
	if err != nil {
		c.src.problem(def.path+".default", describe(def.preset)+" ("+err.Error()+")", "a value that the field can hold")
		return
	}
	o.preset = &preset{num: num, bytes: out}
}

// asWritten is a value as the field writes it.
func asWritten(o *op, def *fieldDef, v any) (out []byte, num uint64, err error) {
	if o.code != opDecimal {
		return o.parseForm(nil, inHex(o, v), 0, false)
	}
	whole := *o
	whole.size = def.size
	return whole.parseForm(nil, v, 0, false)
}

// inHex is a number that a definition gives to a field of bytes as the digits that the field has: 0x2f is "2f".
func inHex(o *op, v any) any {
	n, isNumber := v.(int64)
	if o.code != opHex || !isNumber || n < 0 {
		return v
	}
	digits := 2 * o.size
	if digits == 0 {
		digits = (len(strconv.FormatInt(n, 16)) + 1) &^ 1
	}
	return fmt.Sprintf("%0*x", digits, n)
}
