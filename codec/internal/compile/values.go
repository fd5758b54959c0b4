package compile

import (
	"fmt"
	"slices"
	"strconv"

	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// restrict compiles const, in, min and max.  All are written as values, that is after scaling.
func (c *compiler) restrict(def *schema.FieldDef, o *scalar.Op) {
	if !c.affordValues(def.Path+".in", len(def.In)) {
		return
	}
	given := 0
	for _, has := range []bool{def.Constant != nil, def.In != nil, def.Low != nil || def.High != nil} {
		if has {
			given++
		}
	}
	if given > 1 {
		c.src.Problem(def.Path, "more than one of const, in, min/max", "one of them")
		return
	}
	switch {
	case def.Constant != nil:
		c.constant(def, o)
	case def.In != nil && (o.Integer() || o.Code == scalar.OpDecimal && o.Scale == nil && def.Places == 0):
		o.Ranges = c.ranges(def, o)
		if len(o.Ranges) > 0 {
			o.Check = scalar.CheckRanges
		}
	case def.In != nil && o.Code == scalar.OpASCII && o.Size == 1:
		o.Chars = c.singleChars(def)
	case def.In != nil && (o.Code == scalar.OpASCII || o.Code == scalar.OpHex || o.Code == scalar.OpDigits):
		c.texts(def, o)
	case def.In != nil:
		c.src.Problem(def.Path+".in", "it on type "+def.Kind, "it on whole numbers, texts and bytes")
	case def.Low != nil || def.High != nil:
		c.between(def, o)
	}
}

func (c *compiler) constant(def *schema.FieldDef, o *scalar.Op) {
	out, num, err := asWritten(o, def, def.Constant)
	switch {
	case err == nil && o.Code == scalar.OpDecimal && o.DecimalExact(num, out):
		o.Check, o.Lo, o.Hi = scalar.CheckRange, o.Key(num), o.Key(num)
		o.Preset = &scalar.Preset{Num: num, Bytes: out}
	case err == nil && o.Code == scalar.OpDecimal:
		c.src.Problem(def.Path+".const", schema.Describe(def.Constant), "a whole number, or places beside it")
	case err != nil:
		c.src.Problem(def.Path+".const", schema.Describe(def.Constant)+" ("+err.Error()+")", "a value that the field can hold")
	case o.Code == scalar.OpTime || o.Code == scalar.OpFloat32 || o.Code == scalar.OpFloat64:
		c.src.Problem(def.Path+".const", "it on type "+def.Kind, "it on other types")
	case o.Numeric():
		o.Check, o.Lo, o.Hi = scalar.CheckRange, o.Key(num), o.Key(num)
		o.Preset = &scalar.Preset{Num: num}
	default:
		o.Check, o.Want = scalar.CheckBytes, out
		o.Preset = &scalar.Preset{Num: num, Bytes: out}
	}
	if def.Preset != nil {
		c.src.Problem(def.Path+".default", "it beside const", "one of them")
	}
}

func (c *compiler) between(def *schema.FieldDef, o *scalar.Op) {
	if !o.Integer() && (o.Code != scalar.OpDecimal || o.Scale != nil || def.Places > 0) {
		c.src.Problem(def.Path, "min or max on type "+def.Kind, "them on whole numbers")
		return
	}
	low, high := o.Bounds()
	lo, hi := o.Key(uint64(low)), o.Key(high)
	if def.Low != nil {
		lo = c.bound(def, o, "min", def.Low, lo)
	}
	if def.High != nil {
		hi = c.bound(def, o, "max", def.High, hi)
	}
	if o.Scale != nil && o.Scale.A < 0 && (def.Low == nil) != (def.High == nil) {
		c.src.Problem(def.Path, "only one of min and max on a field whose scale is negative", "both")
	}
	if lo > hi && o.Scale != nil && o.Scale.A < 0 {
		lo, hi = hi, lo
	}
	if lo > hi {
		c.src.Problem(def.Path+".min", schema.Describe(def.Low), "not more than max")
		return
	}
	o.Check, o.Lo, o.Hi = scalar.CheckRange, lo, hi
}

func (c *compiler) bound(def *schema.FieldDef, o *scalar.Op, name string, v any, otherwise uint64) uint64 {
	num, err := o.ParseInteger(v)
	if err != nil {
		c.src.Problem(def.Path+"."+name, schema.Describe(v)+" ("+err.Error()+")", "a value that the field can hold")
		return otherwise
	}
	return o.Key(num)
}

// ranges reads values and ranges such as "10-21".
func (c *compiler) ranges(def *schema.FieldDef, o *scalar.Op) [][2]uint64 {
	var out [][2]uint64
	for i, v := range def.In {
		lo, hi, err := o.ParseRange(v)
		if err != nil {
			c.src.Problem(fmt.Sprintf("%s.in[%d]", def.Path, i), schema.Describe(v)+" ("+err.Error()+")",
				`a value or a range such as "10-21"`)
			continue
		}
		out = append(out, [2]uint64{o.Key(lo), o.Key(hi)})
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
func (c *compiler) singleChars(def *schema.FieldDef) *scalar.ByteSet {
	set := &scalar.ByteSet{}
	for i, v := range def.In {
		text, _ := v.(string)
		lo, hi := byte(0), byte(0)
		switch {
		case len(text) == 1:
			lo, hi = text[0], text[0]
		case len(text) == 3 && text[1] == '-' && text[0] <= text[2]:
			lo, hi = text[0], text[2]
		default:
			c.src.Problem(fmt.Sprintf("%s.in[%d]", def.Path, i), schema.Describe(v), `a character, or a range such as "a-z"`)
			continue
		}
		for b := int(lo); b <= int(hi); b++ {
			set.Add(byte(b))
		}
	}
	return set
}

// characters settles which bytes a text may hold; printable ones when the definition does not say.
func (c *compiler) characters(def *schema.FieldDef, o *scalar.Op) {
	switch pad := def.Pad.(type) {
	case nil:
	case string:
		if o.Padded = len(pad) == 1; o.Padded {
			o.Pad = pad[0]
		}
	case int64:
		if o.Padded = pad >= 0 && pad <= 255; o.Padded {
			o.Pad = byte(pad)
		}
	}
	if def.Pad != nil && (!o.Padded || o.Size == 0) {
		c.src.Problem(def.Path+".pad", schema.Describe(def.Pad), "one character or a byte from 0 to 255, on a field of fixed size")
	}
	if def.Chars != "" && (o.Chars != nil || o.Check == scalar.CheckBytes) {
		c.src.Problem(def.Path+".chars", "it beside const or in", "one of them")
	}
	if def.Chars == "any" || o.Check == scalar.CheckBytes {
		return
	}
	if o.Chars == nil {
		o.Chars = &scalar.ByteSet{}
		for b := 0; b < 256; b++ {
			if charClass(def.Chars, byte(b)) {
				o.Chars.Add(byte(b))
			}
		}
	}
	if o.Padded {
		o.Chars.Add(o.Pad)
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
func (c *compiler) preset(def *schema.FieldDef, o *scalar.Op) {
	if def.Preset == nil || def.Constant != nil {
		return
	}
	if def.Preset == "now" && (o.Code == scalar.OpTime || o.Form != nil && o.Form.Clock != nil && o.Code != scalar.OpComputed) {
		o.Flags |= scalar.FlagNow
		return
	}
	out, num, err := asWritten(o, def, def.Preset)
	if err != nil {
		c.src.Problem(def.Path+".default", schema.Describe(def.Preset)+" ("+err.Error()+")", "a value that the field can hold")
		return
	}
	o.Preset = &scalar.Preset{Num: num, Bytes: out}
}

// asWritten is a value as the field writes it.
func asWritten(o *scalar.Op, def *schema.FieldDef, v any) (out []byte, num uint64, err error) {
	if o.Code != scalar.OpDecimal {
		return o.Parse(nil, inHex(o, v), 0, false)
	}
	whole := *o
	whole.Size = def.Size
	return whole.Parse(nil, v, 0, false)
}

// inHex is a number that a definition gives to a field of bytes as the digits that the field has: 0x2f is "2f".
func inHex(o *scalar.Op, v any) any {
	n, isNumber := v.(int64)
	if o.Code != scalar.OpHex || !isNumber || n < 0 {
		return v
	}
	digits := 2 * o.Size
	if digits == 0 {
		digits = (len(strconv.FormatInt(n, 16)) + 1) &^ 1
	}
	return fmt.Sprintf("%0*x", digits, n)
}
