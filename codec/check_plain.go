package codec

import (
	"bytes"
	"fmt"
	"math"
	"slices"
)

// plainBytes are some that a field may hold.
func plainBytes(o *op, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		switch o.code {
		case opDigits:
			b[i] = byte(i%5*0x22 + 0x01)
		case opASCII:
			b[i] = plainChar(o, i)
		case opDecimal:
			b[i] = '1'
		case opBitset:
			b[i] = 5
		default:
			b[i] = byte(0x21 + i%64)
		}
	}
	return b
}

func plainChar(o *op, i int) byte {
	for _, c := range []byte{"ABCDEFGH"[i%8], "12345678"[i%8]} {
		if o.chars == nil || o.chars.has(c) {
			return c
		}
	}
	for c := range 256 {
		if o.chars.has(byte(c)) {
			return byte(c)
		}
	}
	return 0
}

// plainNumbers are values for a field, the best first.
func plainNumbers(n *node, o *op, size int) (out []uint64) {
	switch {
	case o.preset != nil:
		out = append(out, o.preset.num)
	case o.code == opFloat32:
		return append(out, uint64(math.Float32bits(21.5)))
	case o.code == opFloat64:
		return append(out, math.Float64bits(21.5))
	case o.form != nil && o.form.clock != nil:
		if v, err := o.form.clock.number(sampleTime); err == nil {
			out = append(out, v)
		}
	case o.reg == 0 && o.fold == nil && !o.parts && o.code != opRun: // nothing depends on it: bytes that differ
		v := uint64(0)
		for i := range min(size, 7) {
			v = v<<8 | uint64(16+(n.op*7+i*5)%64)
		}
		if o.code == opBCD {
			v %= pow100[min(size, maxBCDNumber)]
		}
		out = append(out, v)
	}
	return append(append(out, least(o)...), 0, 1, 2)
}

// least are the numbers at the ends of what the definition allows.
func least(o *op) (out []uint64) {
	if o.check == checkRange {
		out = append(out, o.key(o.lo), o.key(o.hi))
	}
	for _, r := range o.ranges {
		out = append(out, o.key(r[0]), o.key(r[1]))
	}
	return out
}

// decimalOf are the characters of a number of which expressions see num.
func decimalOf(o *op, size int, num uint64) []byte {
	f := o.form
	switch {
	case f != nil && f.base == 16:
		return fmt.Appendf(nil, "%0*X", size, num)
	case f != nil && f.places > 0 && num > 0:
		ten := uint64(math.Pow10(f.places))
		return fmt.Appendf(nil, "%d.%0*d", num/ten, f.places, num%ten)
	}
	return fmt.Appendf(nil, "%0*d", size, int64(num))
}

// bytesOf is a field of bytes that expressions see as v.
func bytesOf(o *op, size int, v int64) []byte {
	for _, b := range listedTexts(o) {
		if int64(loadBE(b)) == v && (o.size == 0 || len(b) == o.size) {
			return bytes.Clone(b)
		}
	}
	if o.code == opDecimal {
		return decimalOf(o, size, uint64(v))
	}
	b := make([]byte, 8)
	storeBE(b, uint64(v))
	if o.size == 0 && o.code != opHex {
		return bytes.TrimLeft(b, "\x00")
	}
	if size = min(max(size, 1), 8); o.size == 0 {
		for ; size < 8 && v>>(8*size) != 0; size *= 2 {
		}
	}
	if b = b[8-size:]; o.form != nil && o.form.reversed {
		slices.Reverse(b)
	}
	return b
}

// listedTexts are the texts that the definition lists for a field of characters.
func listedTexts(o *op) (out [][]byte) {
	if o.code != opASCII || o.form == nil {
		return nil
	}
	for _, text := range o.form.texts {
		if len(text) <= 8 {
			out = append(out, []byte(text))
		}
	}
	return out
}
