package codec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bits: the parts of a field of bits, and flags.

// noDigits is the value of a part that is no packed BCD.
const noDigits = 1<<64 - 1

// bits is the value of a part of word.
func (o *op) bits(word uint64) uint64 {
	v := word >> o.shift & o.mask
	switch {
	case o.form == nil:
	case o.form.packed && !packedDigits(v):
		return noDigits
	case o.form.packed:
		return unpackBCD(v)
	case o.form.signed && v > o.mask>>1:
		v |= ^o.mask
	}
	return v
}

// put is word with the value of a part in its bits.
func (o *op) put(word, bits uint64) uint64 {
	if o.form != nil && o.form.packed {
		bits = packBCD(bits)
	}
	return word&^(o.mask<<o.shift) | bits&o.mask<<o.shift
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

func boundsPart(o *op) (lo int64, hi uint64) {
	if o.form != nil && o.form.packed {
		return 0, uint64(math.Pow10(o.nibbles())) - 1
	}
	if o.form != nil && o.form.signed {
		return -int64(o.mask>>1) - 1, o.mask >> 1
	}
	return 0, o.mask
}

// parsePart reads the value of a part: null, "?f" for bits that mean none, or a number.
func (o *op) parsePart(v any) (bits uint64, err error) {
	if v == nil && (o.form == nil || o.form.none == nil) {
		return 0, fmt.Errorf("%w: null, but no bits say that there is no value", ErrValue)
	}
	_, bits, err = o.parseForm(nil, v, 0, true)
	return bits, err
}

// readAny takes all bytes: a type that has no number in them.
func readAny(*op, []byte) (num uint64, ok bool) { return 0, true }

func bitsetText(v value, dst []byte) []byte {
	for i := range len(v.data) * 8 {
		dst = append(dst, '0'+v.data[i/8]>>(i%8)&1)
	}
	return dst
}

// parseBitset reads flags: "1011…", or a list of 0, 1, true and false.
func parseBitset(_ *op, dst []byte, p given) ([]byte, uint64, error) {
	text, ok := textOf(p.v)
	if list, isList := p.v.([]any); isList {
		text, ok = "", true
		for _, e := range list {
			one, _ := textOf(e)
			text += one
		}
	}
	if !ok || strings.Trim(text, "01") != "" {
		return dst, 0, fmt.Errorf("%w: %v, expected flags such as \"1011\"", ErrValue, p.v)
	}
	start := len(dst)
	dst = append(dst, make([]byte, (len(text)+7)/8)...)
	for i := range text {
		if text[i] == '1' {
			dst[start+i/8] |= 1 << (i % 8)
		}
	}
	return dst, 0, nil
}

// checksumText writes the characters of a checksum in hexadecimal, or its number.
func checksumText(v value, dst []byte) []byte {
	if v.op.field.Kind == KindText {
		return append(dst, v.data...)
	}
	return strconv.AppendUint(dst, v.num, 10)
}
