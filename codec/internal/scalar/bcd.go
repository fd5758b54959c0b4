package scalar

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"trama/codec/internal/field"
)

// Packed BCD: two decimal digits a byte, high nibble first.  Numbers up to eight bytes (16 digits) are handled as one
// machine word, all nibbles at once.

// MaxBCDNumber is how many bytes of digits one machine word holds, MostBCDNumber how many make a number of 64 bits.
const (
	MaxBCDNumber  = 8
	MostBCDNumber = 9
)

// minusZero is the number of a cell whose digits are zero behind a sign, which some meters send.
const minusZero = 1 << 63

// Pow100 is the first number that does not fit n bytes of BCD.
var Pow100 = [MostBCDNumber + 1]uint64{1, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12, 1e14, 1e16, 1e18}

// packedDigits says whether all 16 nibbles are decimal: a nibble is above 9 when its bit 3 is set together with bit 2
// or bit 1.
func packedDigits(v uint64) bool {
	return v&(v<<1|v<<2)&0x8888888888888888 == 0
}

// UnpackBCD turns 16 packed digits into their number: pairs, then groups of four and eight.
func UnpackBCD(v uint64) uint64 {
	v -= v >> 4 & 0x0f0f0f0f0f0f0f0f * 6
	v = v&0x00ff00ff00ff00ff + v>>8&0x00ff00ff00ff00ff*100
	v = v&0x0000ffff0000ffff + v>>16&0x0000ffff0000ffff*10_000
	return v&0xffffffff + v>>32*100_000_000
}

// packBCD is the inverse of unpackBCD for v < 10^16.
func packBCD(v uint64) uint64 {
	var out uint64
	for shift := 0; v > 0; shift += 8 {
		pair := v % 100
		v /= 100
		out |= (pair + pair/10*6) << shift
	}
	return out
}

// badNibble returns the index of the first byte with a nibble that is not decimal, or -1.
func badNibble(b []byte) int {
	for i, c := range b {
		if c&0x0f > 9 || c > 0x99 {
			return i
		}
	}
	return -1
}

// allDigits is badNibble(b) < 0, a word at a time.
func allDigits(b []byte) bool {
	for len(b) >= 8 {
		if !packedDigits(binary.BigEndian.Uint64(b)) {
			return false
		}
		b = b[8:]
	}
	return len(b) == 0 || packedDigits(LoadBE(b))
}

// AppendDigits appends the digits of packed BCD as text, eight at a time: nibbles are spread to bytes, and 0x30 makes
// each a digit, and 0x27 more a letter from 10 on.
func AppendDigits(dst, b []byte) []byte {
	for ; len(b) >= 4; b = b[4:] {
		v := uint64(binary.BigEndian.Uint32(b))
		v = (v | v<<16) & 0x0000ffff0000ffff
		v = (v | v<<8) & 0x00ff00ff00ff00ff
		v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
		letters := (v + 0x0606060606060606) >> 4 & 0x0101010101010101
		dst = binary.BigEndian.AppendUint64(dst, v+0x3030303030303030+letters*0x27)
	}
	for _, c := range b {
		dst = append(dst, HexDigits[c>>4], HexDigits[c&0x0f])
	}
	return dst
}

// nibbleAt is the byte of nibble n, counted from the most significant digit, and whether it is the high half.
func (o *Op) nibbleAt(size, n int) (at int, high bool) {
	at, high = n/2, n%2 == 0
	if o.Little {
		at = size - 1 - at
	}
	return at, high != (o.Form != nil && o.Form.Swapped)
}

func (o *Op) nibble(b []byte, n int) byte {
	at, high := o.nibbleAt(len(b), n)
	if high {
		return b[at] >> 4
	}
	return b[at] & 0x0f
}

func (o *Op) setNibble(b []byte, n int, v byte) {
	at, high := o.nibbleAt(len(b), n)
	if high {
		b[at] = b[at]&0x0f | v<<4
	} else {
		b[at] = b[at]&0xf0 | v
	}
}

// readBCD reads packed digits as a number, with its sign.
func readBCD(o *Op, b []byte) (uint64, bool) {
	f := o.Form
	if len(b) > MaxBCDNumber || f != nil && (f.Swapped || f.MinusBit) {
		return o.manyDigits(b)
	}
	word, negative := LoadBE(b), false
	if o.Little {
		word = LoadLE(b)
	}
	if f != nil && len(f.Minus) > 0 && len(f.Minus) <= 2*len(b) {
		negative = true
		for i, d := range f.Minus {
			negative = negative && byte(word>>(8*len(b)-4*i-4))&0x0f == d
		}
		if negative {
			word &= 1<<(8*len(b)-4*len(f.Minus)) - 1
		}
	}
	switch {
	case !packedDigits(word):
		return 0, false
	case !negative:
		return UnpackBCD(word), true
	case word == 0:
		return minusZero, true
	}
	return -UnpackBCD(word), true
}

// manyDigits is readBCD for what no word holds in its order.
func (o *Op) manyDigits(b []byte) (v uint64, ok bool) {
	n, first, f := 2*len(b), 0, o.Form
	bit := n > 0 && f != nil && f.MinusBit && o.nibble(b, 0)&8 != 0
	negative := bit
	if n > 0 && !bit && f != nil && len(f.Minus) > 0 && n >= len(f.Minus) {
		negative = true
		for i, d := range f.Minus {
			negative = negative && o.nibble(b, i) == d
		}
		if negative {
			first = len(f.Minus)
		}
	}
	for i := first; i < n; i++ {
		d := o.nibble(b, i)
		if i == 0 && bit {
			d &= 7
		}
		if d > 9 || v > (math.MaxInt64-9)/10 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	if negative && v == 0 {
		return minusZero, true
	}
	if negative {
		v = -v
	}
	return v, true
}

// beginsBCD bounds a number from both sides by its first digits.
func beginsBCD(o *Op, b []byte) bool {
	switch {
	case !o.Form.Plain():
		return true
	case !allDigits(b):
		return false
	case o.Little || o.Size > MaxBCDNumber:
		return true
	}
	left := Pow100[o.Size-len(b)]
	lo := UnpackBCD(LoadBE(b)) * left
	return o.overlaps(lo, lo+left-1)
}

// writeBCD is the inverse of readBCD.
func writeBCD(o *Op, b []byte, v uint64) error {
	f := o.Form
	if f == nil && len(b) <= MaxBCDNumber && v < Pow100[len(b)] {
		if v = packBCD(v); o.Little {
			StoreLE(b, v)
		} else {
			StoreBE(b, v)
		}
		return nil
	}
	negative := o.Signed() && int64(v) < 0
	if negative {
		if v = -v; v == minusZero {
			v = 0
		}
	}
	if v == 0 && len(b) == 0 { // a number without digits, as it is read
		return nil
	}
	text, n := strconv.FormatUint(v, 10), 2*len(b)
	room := n
	if negative && !f.MinusBit {
		room -= len(f.Minus)
	}
	if len(text) > room {
		return fmt.Errorf("%w: %d digits, allowed %d", field.ErrRange, len(text), room)
	}
	clear(b)
	for i := range text {
		o.setNibble(b, n-len(text)+i, text[i]-'0')
	}
	switch {
	case f != nil && f.MinusBit && n > 0 && o.nibble(b, 0)&8 != 0:
		return fmt.Errorf("%w: %d, the highest digit can be 7", field.ErrRange, v)
	case negative && f.MinusBit:
		o.setNibble(b, 0, o.nibble(b, 0)|8)
	case negative:
		for i, d := range f.Minus {
			o.setNibble(b, i, d)
		}
	}
	return nil
}

func boundsBCD(o *Op) (lo int64, hi uint64) {
	hi = Pow100[min(o.Size, MostBCDNumber)] - 1
	if o.Signed() {
		lo = -int64(hi)
	}
	return lo, hi
}

func refuseDigits(o *Op, b []byte) error {
	if i := badNibble(b); i >= 0 {
		return fmt.Errorf("%w: %02x in %x", field.ErrDigit, b[i], b)
	}
	return nil
}
