package check

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// plainBytes are some that a field may hold.
func plainBytes(o *scalar.Op, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		switch o.Code {
		case scalar.OpDigits:
			b[i] = byte(i%5*0x22 + 0x01)
		case scalar.OpASCII:
			b[i] = plainChar(o, i)
		case scalar.OpDecimal:
			b[i] = '1'
		case scalar.OpBitset:
			b[i] = 5
		default:
			b[i] = byte(0x21 + i%64)
		}
	}
	return b
}

func plainChar(o *scalar.Op, i int) byte {
	for _, c := range []byte{"ABCDEFGH"[i%8], "12345678"[i%8]} {
		if o.Chars == nil || o.Chars.Has(c) {
			return c
		}
	}
	for c := range 256 {
		if o.Chars.Has(byte(c)) {
			return byte(c)
		}
	}
	return 0
}

// plainNumbers are values for a field, the best first.
func plainNumbers(n *program.Node, o *scalar.Op, size int) (out []uint64) {
	switch {
	case o.Preset != nil:
		out = append(out, o.Preset.Num)
	case o.Code == scalar.OpFloat32:
		return append(out, uint64(math.Float32bits(21.5)))
	case o.Code == scalar.OpFloat64:
		return append(out, math.Float64bits(21.5))
	case o.Form != nil && o.Form.Clock != nil:
		if v, err := o.Form.Clock.Number(sampleTime); err == nil {
			out = append(out, v)
		}
	case o.Reg == 0 && o.Fold == nil && !o.Parts && o.Code != scalar.OpRun: // nothing depends on it: bytes that differ
		v := uint64(0)
		for i := range min(size, 7) {
			v = v<<8 | uint64(16+(n.Op*7+i*5)%64)
		}
		if o.Code == scalar.OpBCD {
			v %= scalar.Pow100[min(size, scalar.MostBCDNumber)]
		}
		out = append(out, v)
	}
	return append(append(out, least(o)...), 0, 1, 2)
}

// least are the numbers at the ends of what the definition allows.
func least(o *scalar.Op) (out []uint64) {
	if o.Check == scalar.CheckRange {
		out = append(out, o.Key(o.Lo), o.Key(o.Hi))
	}
	for _, r := range o.Ranges {
		out = append(out, o.Key(r[0]), o.Key(r[1]))
	}
	return out
}

// decimalOf are the characters of a number of which expressions see num.
func decimalOf(o *scalar.Op, size int, num uint64) []byte {
	f := o.Form
	switch {
	case f != nil && f.Base == 16:
		return fmt.Appendf(nil, "%0*X", size, num)
	case f != nil && f.Places > 0 && num > 0:
		ten := uint64(math.Pow10(f.Places))
		return fmt.Appendf(nil, "%d.%0*d", num/ten, f.Places, num%ten)
	}
	return fmt.Appendf(nil, "%0*d", size, int64(num))
}

// bytesOf is a field of bytes that expressions see as v.
func bytesOf(o *scalar.Op, size int, v int64) []byte {
	if o.Form != nil && o.Form.Long[uint64(v)] != "" {
		return []byte(o.Form.Long[uint64(v)])
	}
	for _, b := range listedTexts(o) {
		if int64(scalar.LoadBE(b)) == v && (o.Size == 0 || len(b) == o.Size) {
			return bytes.Clone(b)
		}
	}
	if o.Code == scalar.OpDecimal {
		return decimalOf(o, size, uint64(v))
	}
	b := make([]byte, 8)
	scalar.StoreBE(b, uint64(v))
	if o.Size == 0 && o.Code != scalar.OpHex {
		return bytes.TrimLeft(b, "\x00")
	}
	if size = min(max(size, 1), 8); o.Size == 0 {
		for ; size < 8 && v>>(8*size) != 0; size *= 2 {
		}
	}
	if b = b[8-size:]; o.Form != nil && o.Form.Reversed {
		slices.Reverse(b)
	}
	return b
}

// listedTexts are the texts that the definition lists for a field of characters.
func listedTexts(o *scalar.Op) (out [][]byte) {
	if o.Code != scalar.OpASCII || o.Form == nil {
		return nil
	}
	for _, text := range o.Form.Texts {
		if len(text) <= 8 {
			out = append(out, []byte(text))
		}
	}
	return out
}
