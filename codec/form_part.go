package codec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A part of a field of bits that may hold no value: its bits then make one of a few numbers.

// lacks says that these bits of the part mean that there is no value.
func (o *op) lacks(bits uint64) bool {
	return o.form != nil && len(o.form.none) > 0 && slices.Contains(o.form.none, bits&o.mask)
}

// accepts says that a part may have these bits.
func (o *op) accepts(bits uint64) bool {
	return o.check == checkNone || o.allows(bits) || o.lacks(bits)
}

// nibbles is how many hexadecimal digits the bits of a part make.
func (o *op) nibbles() (n int) {
	for mask := o.mask; mask != 0; mask >>= 4 {
		n++
	}
	return n
}

// parsePart reads the value of a part: null, "?f" for bits that mean none, or a number.
func (o *op) parsePart(v any) (bits uint64, err error) {
	text, isText := v.(string)
	switch {
	case v == nil && (o.form == nil || o.form.none == nil):
		return 0, fmt.Errorf("%w: null, but no bits say that there is no value", ErrValue)
	case v == nil:
		return o.form.none[0], nil
	case isText && strings.HasPrefix(text, "?"):
		if bits, err = strconv.ParseUint(text[1:], 16, 64); err != nil || bits > o.mask || !o.lacks(bits) {
			return 0, fmt.Errorf("%w: %q does not stand for a missing value", ErrValue, text)
		}
		return bits, nil
	}
	return o.parseInteger(v)
}
