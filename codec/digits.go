package codec

import (
	"fmt"
	"strings"
)

// Packed BCD as digits, of any number, leading zeros kept.

const hexDigits = "0123456789abcdef"

// plainDigits says that the text of a field of digits is its digits, as they stand in its bytes.
func (o *op) plainDigits() bool {
	f := o.form
	return o.code == opDigits && !o.little && (f == nil || !f.swapped && !f.reversed && !f.hexDigit && f.filler < 0 && f.digits == 0 && f.missing == nil)
}

func readDigits(o *op, b []byte) (num uint64, ok bool) {
	f := o.form
	switch {
	case !o.permits(b):
		return 0, false
	case f == nil || !f.hexDigit && f.filler < 0:
		return 0, allDigits(b)
	case f.hexDigit:
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

func beginsDigits(o *op, b []byte) bool { return !o.form.plain() || allDigits(b) }

// fill is the digit that fills the field up, on which side, and how often at the most.
func (o *op) fill(size int) (digit byte, left bool, most int) {
	f := o.form
	switch {
	case f == nil:
		return 0, true, 0
	case f.filler > 9 || f.filler >= 0 && f.digits == 0:
		return byte(f.filler), f.right, 2 * size
	}
	return byte(max(f.filler, 0)), f.right || f.filler < 0 && !f.left, max(0, 2*size-f.digits)
}

// withoutFiller is the range of nibbles that are digits of the value.
func (o *op) withoutFiller(b []byte) (lo, hi int) {
	hi = len(b) * 2
	if o.form == nil || o.form.filler < 0 && o.form.digits == 0 {
		return lo, hi
	}
	digit, left, most := o.fill(len(b))
	for lo+2*len(b)-hi < most {
		switch {
		case left && o.nibble(b, lo) == digit:
			lo++
		case !left && o.nibble(b, hi-1) == digit:
			hi--
		case o.form.filler < 0: // all of it, or nothing is hidden
			return 0, 2 * len(b)
		default:
			return lo, hi
		}
	}
	return lo, hi
}

// digitsText writes the digits that count; of nothing but fillers that are no digits, all.
func digitsText(v value, dst []byte) []byte {
	o, b := v.op, v.data
	if o.plainDigits() {
		return appendDigits(dst, b)
	}
	lo, hi := o.withoutFiller(b)
	if f := o.form; f != nil && f.filler > 9 {
		zeros := 0
		for f.digits > 0 && zeros < hi-lo-f.digits && o.nibble(b, lo+zeros) == 0 {
			zeros++
		}
		if f.digits > 0 && zeros == hi-lo-f.digits {
			lo += zeros
		}
		if lo == hi {
			lo, hi = 0, 2*len(b)
		}
	}
	for n := lo; n < hi; n++ {
		dst = append(dst, hexDigits[o.nibble(b, n)])
	}
	return dst
}

// parseDigits packs digits, and what fills the field up.
func parseDigits(o *op, dst []byte, p given) ([]byte, uint64, error) {
	text, ok := textOf(p.v)
	if !ok {
		return dst, 0, wrongType(p.v, "decimal digits")
	}
	f := o.form
	fillers := f != nil && f.filler > 9 && text != "" && strings.Trim(text, hexDigits[f.filler:f.filler+1]) == ""
	for i := range len(text) {
		if at := strings.IndexByte(hexDigits, text[i]|0x20); text[i] < '0' || text[i] > '9' && (at < 10 || f == nil || !f.hexDigit && !fillers) {
			return dst, 0, fmt.Errorf("%w: %q", ErrDigit, text)
		}
	}
	if text == "" && f == nil {
		return dst, 0, fmt.Errorf("%w: %q", ErrDigit, text)
	}
	size := o.size
	if size == 0 {
		size = (len(text) + 1) / 2
	}
	if len(text) > 2*size {
		return dst, 0, fmt.Errorf("%w: %q has %d digits, allowed %d", ErrRange, text, len(text), 2*size)
	}
	if f != nil && f.filler < 10 && f.digits > 0 {
		text = strings.Repeat("0", max(0, f.digits-len(text))) + text
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
			d = byte(strings.IndexByte(hexDigits, text[n-at]|0x20))
		}
		o.setNibble(b, n, d)
	}
	return dst, 0, nil
}
