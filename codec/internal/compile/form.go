package compile

import (
	"encoding/hex"
	"strconv"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// form compiles what a field of a grammar says beyond its plain type.
func (c *compiler) form(def *schema.FieldDef, o *scalar.Op) {
	f := o.Form
	if f == nil {
		f = &scalar.Form{}
	}
	f.Filler, f.Digits, f.Reversed, f.Swapped, f.Counter = -1, def.Digits, def.Reversed, def.Swapped, def.Counter
	f.Right, f.Degrees, f.Fill = def.Align == "right", def.Form == "degree-minute", byte(def.Fill)
	f.Base, f.Places, f.Column = def.Base, def.Places, def.Column && def.Missing != nil
	c.unfit(def, "base", def.Base != 0, o.Code == scalar.OpDecimal, "decimal")
	c.unfit(def, "places", def.Places != 0, o.Code == scalar.OpDecimal, "decimal")
	if def.Base != 0 && def.Base != 10 && def.Base != 16 {
		c.src.Problem(def.Path+".base", strconv.Itoa(def.Base), "10 or 16")
	}
	if def.Places > 12 || def.Base == 16 && def.Places > 0 {
		c.src.Problem(def.Path+".places", strconv.Itoa(def.Places), "1 to 12, with base 10")
	}
	c.unfit(def, "form", def.Form == "ber", o.Code == scalar.OpVarint, "varint")
	if o.Code == scalar.OpVarint {
		c.varint(def, o, f)
	}
	f.HexDigit = o.Code == scalar.OpDigits && def.As == "hex"
	if def.Order == "cdab" || def.Order == "badc" {
		if o.Size != 4 && o.Size != 8 || !o.Numeric() {
			c.src.Problem(def.Path+".order", field.Quote(def.Order), "it on numbers of 4 or 8 bytes")
		}
		f.Swap = scalar.WordOrder(def.Order, o.Size)
	}
	if def.Filler != "" {
		n, err := strconv.ParseUint(def.Filler, 16, 4)
		c.unfit(def, "filler", true, o.Code == scalar.OpDigits, `bcd with as = "digits"`)
		if err != nil {
			c.src.Problem(def.Path+".filler", field.Quote(def.Filler), "one hexadecimal digit")
		}
		f.Filler = int(n)
	}
	c.minus(def, o, f)
	c.view(def, o, f)
	if f.Left = def.Align == "left" && f.Filler < 0; def.Align != "" && f.Filler < 0 && f.Digits == 0 {
		c.src.Problem(def.Path+".align", "it alone", "it beside filler or digits")
	}
	for i, text := range def.Missing {
		if text == "bad" {
			f.Missing = append(f.Missing, scalar.Pattern{Bad: true})
			continue
		}
		b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if quoted, ok := strings.CutPrefix(text, "'"); ok {
			b, err = []byte(strings.TrimSuffix(quoted, "'")), nil
		}
		if err != nil || o.Size > 0 && !def.Column && (len(b) == 0 || len(b) > 1 && len(b) != o.Size) {
			c.src.Problem(def.Path+".missing["+strconv.Itoa(i)+"]", field.Quote(text),
				`bytes such as "ff" (repeated) or "8000", characters in quotes such as "'NA'", "" for none at all, or "bad" for digits that are none`)
			continue
		}
		f.Missing = append(f.Missing, scalar.Pattern{Bytes: b})
	}
	c.unfit(def, "charset", def.Charset != "", o.Code == scalar.OpASCII, "ascii")
	c.unfit(def, "reversed", def.Reversed, o.Code == scalar.OpASCII || o.Code == scalar.OpHex, "ascii or hex")
	f.Charset = c.src.Charset(def.Charset)
	if def.Charset != "" && def.Chars == "" {
		def.Chars = "any"
	}
	plain := o.Form == nil && !f.Column && f.Texts == nil && f.Swap == nil && f.Filler < 0 && f.Digits == 0 &&
		!f.Reversed && !f.Swapped && !f.Counter && !f.Degrees && !f.Letters && !f.Hex &&
		!f.HexDigit && f.Minus == nil && !f.MinusBit && f.Missing == nil && f.Charset == nil &&
		o.Code < scalar.OpDecimal && (o.Code != scalar.OpTime || o.Time.As == scalar.TimeBCD)
	if !plain {
		o.Form = f
	}
	if o.Form == nil && (o.Code == scalar.OpDigits && o.Size == 0) {
		o.Form = f
	}
	if f.Degrees && o.Field.Kind != field.KindFloat {
		o.Field.Kind = field.KindFloat
	}
	if f.Minus != nil || f.MinusBit {
		o.Field.Kind = field.KindInt
	}
}

func (c *compiler) minus(def *schema.FieldDef, o *scalar.Op, f *scalar.Form) {
	switch {
	case def.Minus == "":
	case def.Minus == "bit" && (o.Code == scalar.OpBCD || o.Code == scalar.OpUint):
		f.MinusBit = true
	case o.Code != scalar.OpBCD || strings.Trim(def.Minus, "0123456789abcdef") != "":
		c.src.Problem(def.Path+".minus", field.Quote(def.Minus),
			`"bit" for the highest bit of a number, or hexadecimal digits such as "f" on type bcd`)
	default:
		for i := range def.Minus {
			n, _ := strconv.ParseUint(def.Minus[i:i+1], 16, 4)
			f.Minus = append(f.Minus, byte(n))
		}
	}
}

// clock compiles a time that is one number.
func (c *compiler) clock(def *schema.FieldDef, o *scalar.Op) bool {
	clock, size, err := scalar.NewClock(def.As, def.Epoch, c.timeZone(def))
	if err != nil {
		c.src.Problem(def.Path+".epoch", field.Quote(def.Epoch), "a time such as 2000-01-01T00:00:00Z")
	}
	if size == 0 {
		c.src.Problem(def.Path+".as", field.Quote(def.As), "one of bcd, binary, ascii, unix, unix-ms, cp16, cp32, cp56")
		return false
	}
	if o.Code, o.Field.Kind = scalar.OpUint, field.KindTime; len(def.Parts) > 0 {
		o.Code, o.Parts = scalar.OpBits, true
	}
	if o.Size == 0 || clock.Kind != scalar.ClockCount {
		o.Size = size
	}
	if o.Size > 8 {
		c.src.Problem(def.Path+".size", strconv.Itoa(o.Size), "1 to 8")
		return false
	}
	o.Form = &scalar.Form{Clock: clock, Filler: -1}
	return true
}
