package scalar

import (
	"fmt"
	"strings"

	"trama/codec/internal/field"
)

// Packed BCD as digits, of any number, leading zeros kept.

// HexDigits are the digits up to 15.
const HexDigits = "0123456789abcdef"

// PlainDigits says that the text of a field of digits is its digits, as they stand in its bytes.
func (o *Op) PlainDigits() bool {
	f := o.Form
	return o.Code == OpDigits && !o.Little &&
		(f == nil || !f.Swapped && !f.Reversed && f.Filler < 0 && f.Digits == 0 && f.Missing == nil)
}

func readDigits(o *Op, b []byte) (num uint64, ok bool) {
	f := o.Form
	switch {
	case !o.permits(b):
		return 0, false
	case f == nil || !f.HexDigit && f.Filler < 0:
		return 0, allDigits(b)
	case f.HexDigit:
		return 0, true
	}
	lo, hi := o.withoutFiller(b)
	for n := lo; n < hi; n++ {
		if o.nibble(b, n) > 9 {
			return 0, false
		}
	}
	return 0, true
}

func beginsDigits(o *Op, b []byte) bool { return !o.Form.Plain() || allDigits(b) }

// fill is the digit that fills the field up, on which side, and how often at the most.
func (o *Op) fill(size int) (digit byte, left bool, most int) {
	f := o.Form
	switch {
	case f == nil:
		return 0, true, 0
	case f.Filler > 9 || f.Filler >= 0 && f.Digits == 0:
		return byte(f.Filler), f.Right, 2 * size
	}
	return byte(max(f.Filler, 0)), f.Right || f.Filler < 0 && !f.Left, max(0, 2*size-f.Digits)
}

// withoutFiller is the range of nibbles that are digits of the value.
func (o *Op) withoutFiller(b []byte) (lo, hi int) {
	hi = len(b) * 2
	if o.Form == nil || o.Form.Filler < 0 && o.Form.Digits == 0 {
		return lo, hi
	}
	digit, left, most := o.fill(len(b))
	for lo+2*len(b)-hi < most {
		switch {
		case left && o.nibble(b, lo) == digit:
			lo++
		case !left && o.nibble(b, hi-1) == digit:
			hi--
		case o.Form.Filler < 0: // all of it, or nothing is hidden
			return 0, 2 * len(b)
		default:
			return lo, hi
		}
	}
	return lo, hi
}

// digitsText writes the digits that count; of nothing but fillers that are no digits, all.
func digitsText(v Value, dst []byte) []byte {
	o, b := v.Op, v.Data
	if o.PlainDigits() {
		return AppendDigits(dst, b)
	}
	lo, hi := o.withoutFiller(b)
	if f := o.Form; f != nil && f.Filler > 9 {
		zeros := 0
		for f.Digits > 0 && zeros < hi-lo-f.Digits && o.nibble(b, lo+zeros) == 0 {
			zeros++
		}
		if f.Digits > 0 && zeros == hi-lo-f.Digits {
			lo += zeros
		}
		if lo == hi {
			lo, hi = 0, 2*len(b)
		}
	}
	for n := lo; n < hi; n++ {
		dst = append(dst, HexDigits[o.nibble(b, n)])
	}
	return dst
}

// parseDigits packs digits, and what fills the field up.
func parseDigits(o *Op, dst []byte, p given) ([]byte, uint64, error) {
	text, ok := TextOf(p.v)
	if !ok {
		return dst, 0, WrongType(p.v, "decimal digits")
	}
	f := o.Form
	fillers := f != nil && f.Filler > 9 && text != "" && strings.Trim(text, HexDigits[f.Filler:f.Filler+1]) == ""
	for i := range len(text) {
		at := strings.IndexByte(HexDigits, text[i]|0x20)
		if text[i] < '0' || text[i] > '9' && (at < 10 || f == nil || !f.HexDigit && !fillers) {
			return dst, 0, fmt.Errorf("%w: %q", field.ErrDigit, text)
		}
	}
	if text == "" && f == nil {
		return dst, 0, fmt.Errorf("%w: %q", field.ErrDigit, text)
	}
	size := o.Size
	if size == 0 {
		size = (len(text) + 1) / 2
	}
	if len(text) > 2*size {
		return dst, 0, fmt.Errorf("%w: %q has %d digits, allowed %d", field.ErrRange, text, len(text), 2*size)
	}
	if f != nil && f.Filler < 10 && f.Digits > 0 {
		text = strings.Repeat("0", max(0, f.Digits-len(text))) + text
	}
	fill, left, _ := o.fill(size)
	at := 0
	if left {
		at = 2*size - len(text)
	}
	dst = append(dst, make([]byte, size)...)
	b := dst[len(dst)-size:]
	for n := range 2 * size {
		d := fill
		if n >= at && n-at < len(text) {
			d = byte(strings.IndexByte(HexDigits, text[n-at]|0x20))
		}
		o.setNibble(b, n, d)
	}
	return dst, 0, nil
}
