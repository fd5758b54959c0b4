package codec

import (
	"encoding/hex"
	"strconv"
	"strings"
)

var ownCodes = map[string]opcode{"checksum": opChecksum, "run": opRun, "computed": opComputed, "varint": opVarint}

// form compiles what a field of a grammar says beyond its plain type.
func (c *compiler) form(def *fieldDef, o *op) {
	f := o.form
	if f == nil {
		f = &form{}
	}
	f.filler, f.digits, f.reversed, f.swapped, f.counter = -1, def.digits, def.reversed, def.swapped, def.counter
	f.right, f.degrees, f.fill = def.align == "right", def.form == "degree-minute", byte(def.fill)
	f.base, f.places, f.column = def.base, def.places, def.column && def.missing != nil
	c.unfit(def, "base", def.base != 0, o.code == opDecimal, "decimal")
	c.unfit(def, "places", def.places != 0, o.code == opDecimal, "decimal")
	if def.base != 0 && def.base != 10 && def.base != 16 {
		c.src.problem(def.path+".base", strconv.Itoa(def.base), "10 or 16")
	}
	if def.places > 12 || def.base == 16 && def.places > 0 {
		c.src.problem(def.path+".places", strconv.Itoa(def.places), "1 to 12, with base 10")
	}
	c.unfit(def, "form", def.form == "ber", o.code == opVarint, "varint")
	if o.code == opVarint {
		c.varint(def, o, f)
	}
	f.hexDigit = o.code == opDigits && def.as == "hex"
	if def.order == "cdab" || def.order == "badc" {
		if o.size != 4 && o.size != 8 || !o.numeric() {
			c.src.problem(def.path+".order", quote(def.order), "it on numbers of 4 or 8 bytes")
		}
		f.swap = wordOrder(def.order, o.size)
	}
	if def.filler != "" {
		n, err := strconv.ParseUint(def.filler, 16, 4)
		c.unfit(def, "filler", true, o.code == opDigits, `bcd with as = "digits"`)
		if err != nil {
			c.src.problem(def.path+".filler", quote(def.filler), "one hexadecimal digit")
		}
		f.filler = int(n)
	}
	c.minus(def, o, f)
	c.view(def, o, f)
	if f.left = def.align == "left" && f.filler < 0; def.align != "" && f.filler < 0 && f.digits == 0 {
		c.src.problem(def.path+".align", "it alone", "it beside filler or digits")
	}
	for i, text := range def.missing {
		if text == "bad" {
			f.missing = append(f.missing, pattern{bad: true})
			continue
		}
		b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if quoted, ok := strings.CutPrefix(text, "'"); ok {
			b, err = []byte(strings.TrimSuffix(quoted, "'")), nil
		}
		if err != nil || o.size > 0 && !def.column && (len(b) == 0 || len(b) > 1 && len(b) != o.size) {
			c.src.problem(def.path+".missing["+strconv.Itoa(i)+"]", quote(text),
				`bytes such as "ff" (repeated) or "8000", characters in quotes such as "'NA'", "" for none at all, or "bad" for digits that are none`)
			continue
		}
		f.missing = append(f.missing, pattern{bytes: b})
	}
	c.unfit(def, "charset", def.charset != "", o.code == opASCII, "ascii")
	c.unfit(def, "reversed", def.reversed, o.code == opASCII || o.code == opHex, "ascii or hex")
	f.charset = c.src.charset(def.charset)
	if def.charset != "" && def.chars == "" {
		def.chars = "any"
	}
	plain := o.form == nil && !f.column && f.texts == nil && f.swap == nil && f.filler < 0 && f.digits == 0 && !f.reversed && !f.swapped && !f.counter && !f.degrees && !f.letters && !f.hex &&
		!f.hexDigit && f.minus == nil && !f.minusBit && f.missing == nil && f.charset == nil && o.code < opDecimal && (o.code != opTime || o.time.as == timeBCD)
	if !plain {
		o.form = f
	}
	if o.form == nil && (o.code == opDigits && o.size == 0) {
		o.form = f
	}
	if f.degrees && o.field.Kind != KindFloat {
		o.field.Kind = KindFloat
	}
	if f.minus != nil || f.minusBit {
		o.field.Kind = KindInt
	}
}

func (c *compiler) minus(def *fieldDef, o *op, f *form) {
	switch {
	case def.minus == "":
	case def.minus == "bit" && (o.code == opBCD || o.code == opUint):
		f.minusBit = true
	case o.code != opBCD || strings.Trim(def.minus, "0123456789abcdef") != "":
		c.src.problem(def.path+".minus", quote(def.minus), `"bit" for the highest bit of a number, or hexadecimal digits such as "f" on type bcd`)
	default:
		for i := range def.minus {
			n, _ := strconv.ParseUint(def.minus[i:i+1], 16, 4)
			f.minus = append(f.minus, byte(n))
		}
	}
}

// clock compiles a time that is one number.
func (c *compiler) clock(def *fieldDef, o *op) bool {
	clock, size, err := newClock(def.as, def.epoch, c.timeZone(def))
	if err != nil {
		c.src.problem(def.path+".epoch", quote(def.epoch), "a time such as 2000-01-01T00:00:00Z")
	}
	if size == 0 {
		c.src.problem(def.path+".as", quote(def.as), "one of bcd, binary, ascii, unix, unix-ms, cp16, cp32, cp56")
		return false
	}
	if o.code, o.field.Kind = opUint, KindTime; len(def.parts) > 0 {
		o.code, o.parts = opBits, true
	}
	if o.size == 0 || clock.kind != clockCount {
		o.size = size
	}
	if o.size > 8 {
		c.src.problem(def.path+".size", strconv.Itoa(o.size), "1 to 8")
		return false
	}
	o.form = &form{clock: clock, filler: -1}
	def.rich = true
	return true
}
