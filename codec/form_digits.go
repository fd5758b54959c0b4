package codec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// nibble n of b, counted from the most significant digit of the value.
func (o *op) nibble(b []byte, n int) byte {
	at := n / 2
	if o.little {
		at = len(b) - 1 - at
	}
	high := n%2 == 0
	if o.form != nil && o.form.swapped {
		high = !high
	}
	if high {
		return b[at] >> 4
	}
	return b[at] & 0x0f
}

func (o *op) setNibble(b []byte, n int, v byte) {
	at := n / 2
	if o.little {
		at = len(b) - 1 - at
	}
	high := n%2 == 0
	if o.form != nil && o.form.swapped {
		high = !high
	}
	if high {
		b[at] = b[at]&0x0f | v<<4
	} else {
		b[at] = b[at]&0xf0 | v
	}
}

// plainDigits says that the text of a field of digits is its digits, as they stand in its bytes.
func (o *op) plainDigits() bool {
	f := o.form
	return o.code == opDigits && !o.little && (f == nil || !f.swapped && !f.reversed && !f.hexDigit && f.filler < 0 && f.digits == 0 && f.missing == nil)
}

// digitsNumber reads packed digits of any number as a number, with its sign.
func (o *op) digitsNumber(b []byte) (uint64, bool) {
	n, first, negative := len(b)*2, 0, false
	if f := o.form; f != nil && n > 0 {
		if len(b) <= maxBCDNumber && !f.swapped && !f.minusBit {
			return o.digitsWord(b)
		}
		if f.minusBit && o.nibble(b, 0)&8 != 0 {
			negative = true
		} else if len(f.minus) > 0 && n >= len(f.minus) {
			negative = true
			for i, d := range f.minus {
				negative = negative && o.nibble(b, i) == d
			}
			if negative {
				first = len(f.minus)
			}
		}
	}
	var v uint64
	for i := first; i < n; i++ {
		d := o.nibble(b, i)
		if i == 0 && negative && first == 0 {
			d &= 7
		}
		if d > 9 || v > (math.MaxInt64-9)/10 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	if negative {
		if v == 0 {
			return 1 << 63, true // minus zero, which some meters send
		}
		v = -v
	}
	return v, true
}

// digitsWord is digitsNumber for what fits in one word, in which the digits stand in their order.
func (o *op) digitsWord(b []byte) (uint64, bool) {
	word, minus := loadBE(b), o.form.minus
	if o.little {
		word = loadLE(b)
	}
	negative := len(minus) > 0 && len(minus) <= 2*len(b)
	rest := 8*len(b) - 4*len(minus) // bits below the sign
	for i, d := range minus {
		negative = negative && byte(word>>(8*len(b)-4*i-4))&0x0f == d
	}
	if negative {
		if word &= 1<<rest - 1; word == 0 {
			return 1 << 63, true // minus zero
		}
	}
	if !packedDigits(word) {
		return 0, false
	}
	if word = unpackBCD(word); negative {
		word = -word
	}
	return word, true
}

// storeDigits is the inverse of digitsNumber.
func (o *op) storeDigits(b []byte, v uint64) error {
	negative := o.signed() && int64(v) < 0
	f := o.form
	if negative {
		v = -v
		if v == 1<<63 {
			v = 0
		}
	}
	text := strconv.FormatUint(v, 10)
	n, room := len(b)*2, len(b)*2
	if negative && !f.minusBit {
		room -= len(f.minus)
	}
	if len(text) > room {
		return fmt.Errorf("%w: %d digits, allowed %d", ErrRange, len(text), room)
	}
	clear(b)
	for i := range text {
		o.setNibble(b, n-len(text)+i, text[i]-'0')
	}
	switch {
	case !negative:
		if f != nil && (f.minusBit && n > 0 && o.nibble(b, 0)&8 != 0) {
			return fmt.Errorf("%w: %s, the highest digit can be 7", ErrRange, text)
		}
	case f.minusBit:
		if o.nibble(b, 0)&8 != 0 {
			return fmt.Errorf("%w: -%s, the highest digit can be 7", ErrRange, text)
		}
		o.setNibble(b, 0, o.nibble(b, 0)|8)
	default:
		for i, d := range f.minus {
			o.setNibble(b, i, d)
		}
	}
	return nil
}

// fillersFit says whether b is digits with fillers on one side only.
func (o *op) fillersFit(b []byte) bool {
	lo, hi := o.withoutFiller(b)
	for n := lo; n < hi; n++ {
		if o.nibble(b, n) > 9 && !o.form.hexDigit {
			return false
		}
	}
	return true
}

// withoutFiller is the range of nibbles that are digits of the value.
func (o *op) withoutFiller(b []byte) (lo, hi int) {
	hi = len(b) * 2
	f := o.form
	if f.filler < 0 {
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

const hexDigits = "0123456789abcdef"

// appendFormDigits writes the digits of a field with a form.
func (o *op) appendFormDigits(dst, b []byte) []byte {
	lo, hi := o.withoutFiller(b)
	if d := o.form.digits; d > 0 && hi-lo > d {
		zero := true
		for n := lo; n < hi-d; n++ {
			zero = zero && o.nibble(b, n) == 0
		}
		if zero {
			lo = hi - d
		}
	}
	for n := lo; n < hi; n++ {
		dst = append(dst, hexDigits[o.nibble(b, n)])
	}
	return dst
}

// parseFormDigits is the inverse; size is that of the field, 0 when the digits say it.
func (o *op) parseFormDigits(buf []byte, text string, size int) ([]byte, error) {
	for i := range len(text) {
		if at := strings.IndexByte(hexDigits, text[i]|0x20); text[i] > '9' && (at < 10 || !o.form.hexDigit) || text[i] < '0' {
			return buf, fmt.Errorf("%w: %q", ErrDigit, text)
		}
	}
	if size == 0 {
		size = (len(text) + 1) / 2
	}
	if len(text) > 2*size {
		return buf, fmt.Errorf("%w: %d digits, allowed %d", ErrRange, len(text), 2*size)
	}
	start := len(buf)
	buf = append(buf, make([]byte, size)...)
	b := buf[start:]
	fill, at := byte(0), 2*size-len(text)
	if o.form.filler >= 0 {
		fill = byte(o.form.filler)
		if !o.form.right {
			at = 0
		}
	}
	for n := range 2 * size {
		d := fill
		if n >= at && n-at < len(text) {
			d = byte(strings.IndexByte(hexDigits, text[n-at]|0x20))
		}
		o.setNibble(b, n, d)
	}
	return buf, nil
}
