package scalar

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"trama/codec/internal/field"
)

// Bits: the parts of a field of bits, fields that need not begin with a byte, and flags.

// noDigits is the value of a part that is no packed BCD.
const noDigits = 1<<64 - 1

// Bits is the value of a part of word.
func (o *Op) Bits(word uint64) uint64 {
	v := word >> o.Shift & o.Mask
	switch {
	case o.Form == nil:
	case o.Form.Packed && !packedDigits(v):
		return noDigits
	case o.Form.Packed:
		return UnpackBCD(v)
	case o.Form.Signed && v > o.Mask>>1:
		v |= ^o.Mask
	}
	return v
}

// Put is word with the value of a part in its bits.
func (o *Op) Put(word, bits uint64) uint64 {
	if o.Form != nil && o.Form.Packed {
		bits = packBCD(bits)
	}
	return word&^(o.Mask<<o.Shift) | bits&o.Mask<<o.Shift
}

// Accepts says that a part may have these bits.
func (o *Op) Accepts(bits uint64) bool {
	return o.Check == CheckNone || o.Allows(bits) || o.Lacks(bits)
}

// Nibbles is how many hexadecimal digits the bits of a part make.
func (o *Op) Nibbles() int { return (o.Width() + 3) / 4 }

func boundsPart(o *Op) (lo int64, hi uint64) {
	if o.Form != nil && o.Form.Packed {
		return 0, uint64(math.Pow10(o.Nibbles())) - 1
	}
	if o.Form != nil && o.Form.Signed {
		return -int64(o.Mask>>1) - 1, o.Mask >> 1
	}
	return 0, o.Mask
}

// ParsePart reads the value of a part: null, "?f" for bits that mean none, or a number.
func (o *Op) ParsePart(v any) (bits uint64, err error) {
	if v == nil && (o.Form == nil || o.Form.None == nil) {
		return 0, fmt.Errorf("%w: null, but no bits say that there is no value", field.ErrValue)
	}
	_, bits, err = o.Parse(nil, v, 0, true)
	return bits, err
}

// Width is how many bits the field has.
func (o *Op) Width() int { return bits.Len64(o.Mask) }

// Take reads the bits of a field that need not begin with a byte: left is how many bits of data[at-1] are not taken
// yet.  Big-endian bits are taken from the highest one down, little-endian ones from the lowest one up.
func (o *Op) Take(data []byte, at, left int) (v uint64, next, spare int) {
	for have, width := 0, o.Width(); have < width; {
		if left == 0 {
			at, left = at+1, 8
		}
		n := min(width-have, left)
		if b := uint64(data[at-1]); o.Little {
			v |= b >> (8 - left) & (1<<n - 1) << have
		} else {
			v = v<<n | b>>(left-n)&(1<<n-1)
		}
		have, left = have+n, left-n
	}
	return v, at, left
}

// Append is the inverse of Take: left is how many bits of the last byte of dst are free.
func (o *Op) Append(dst []byte, left int, v uint64) (out []byte, spare int) {
	for have, width := 0, o.Width(); have < width; {
		if left == 0 {
			dst, left = append(dst, 0), 8
		}
		n := min(width-have, left)
		if last := &dst[len(dst)-1]; o.Little {
			*last |= byte(v >> have & (1<<n - 1) << (8 - left))
		} else {
			*last |= byte(v >> (width - have - n) & (1<<n - 1) << (left - n))
		}
		have, left = have+n, left-n
	}
	return dst, left
}

// Unused are the bits of a byte of which Take has left some.
func (o *Op) Unused(b byte, left int) byte {
	if o.Little {
		return b >> (8 - left)
	}
	return b & (1<<left - 1)
}

// readAny takes all bytes: a type that has no number in them.
func readAny(*Op, []byte) (num uint64, ok bool) { return 0, true }

func bitsetText(v Value, dst []byte) []byte {
	for i := range len(v.Data) * 8 {
		dst = append(dst, '0'+v.Data[i/8]>>(i%8)&1)
	}
	return dst
}

// parseBitset reads flags: "1011…", or a list of 0, 1, true and false.
func parseBitset(_ *Op, dst []byte, p given) ([]byte, uint64, error) {
	text, ok := TextOf(p.v)
	if list, isList := p.v.([]any); isList {
		text, ok = "", true
		for _, e := range list {
			one, _ := TextOf(e)
			text += one
		}
	}
	if !ok || strings.Trim(text, "01") != "" {
		return dst, 0, fmt.Errorf("%w: %v, expected flags such as \"1011\"", field.ErrValue, p.v)
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
func checksumText(v Value, dst []byte) []byte {
	if v.Op.Field.Kind == field.KindText {
		return append(dst, v.Data...)
	}
	return strconv.AppendUint(dst, v.Num, 10)
}
