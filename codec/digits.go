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

// withoutFiller is the range of nibbles that are digits of the value.
func (o *op) withoutFiller(b []byte) (lo, hi int) {
	hi = len(b) * 2
	f := o.form
	if f == nil || f.filler < 0 {
		return lo, hi
	}
	if f.right {
		for lo < hi && int(o.nibble(b, lo)) == f.filler {
			lo++
		}
		return lo, hi
	}
	for hi > lo && int(o.nibble(b, hi-1)) == f.filler {
		hi--
	}
	return lo, hi
}

// digitsText writes the digits that count.
func digitsText(v value, dst []byte) []byte {
	o, b := v.op, v.data
	if o.plainDigits() {
		return appendDigits(dst, b)
	}
	lo, hi := o.withoutFiller(b)
	if o.form != nil && o.form.digits > 0 {
		zeros := 0
		for zeros < hi-lo-o.form.digits && o.nibble(b, lo+zeros) == 0 {
			zeros++
		}
		if zeros == hi-lo-o.form.digits {
			lo += zeros
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
	for i := range len(text) {
		if at := strings.IndexByte(hexDigits, text[i]|0x20); text[i] < '0' || text[i] > '9' && (at < 10 || f == nil || !f.hexDigit) {
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
	switch {
	case len(text) > 2*size && f == nil:
		return dst, 0, fmt.Errorf("%w: %q has %d digits, allowed %d", ErrRange, text, len(text), 2*size)
	case len(text) > 2*size:
		return dst, 0, fmt.Errorf("%w: %d digits, allowed %d", ErrRange, len(text), 2*size)
	}
	fill, at := byte(0), 2*size-len(text)
	if f != nil && f.filler >= 0 {
		fill = byte(f.filler)
		if !f.right {
			at = 0
		}
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
