package codec

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// Numbers of varying width say themselves where they end.  When one is made it is as short as it can be; one that was
// received longer comes back as it was.

// varint is how such a number is written.
type varint uint8

const (
	varintNone   varint = iota
	varintBig           // seven bits a byte, the highest first; the highest bit of a byte says that more follow
	varintLittle        // likewise, the lowest first
	varintBER           // X.690, 8.1.3: below 0x80 itself, else 0x80 + n and n bytes
)

var varintNames = [...]string{"", "big", "little", "ber"}

// mostVarint is the largest size in bytes: numbers have 63 bits.
const mostVarint = 9

// size of the number at the start of b, at most so many bytes; more than len(b) when bytes are missing.
func (f varint) size(b []byte, most int) (n int, ok bool) {
	if f == varintBER {
		if len(b) == 0 || b[0] < 0x80 {
			return 1, true
		}
		n = 1 + int(b[0]&0x7f)
		return n, n > 1 && n <= most // 0x80 alone marks the end and counts nothing
	}
	for n = 1; n <= most; n++ {
		if n > len(b) || b[n-1] < 0x80 {
			return n, true
		}
	}
	return 0, false
}

func readVarint(o *op, b []byte) (num uint64, ok bool) { return o.form.varint.read(b) }

func boundsVarint(o *op) (lo int64, hi uint64) { return 0, o.form.varint.largest(o.most) }

// read is the number that b is, as a whole.
func (f varint) read(b []byte) (num uint64, ok bool) {
	if n, ok := f.size(b, mostVarint); !ok || n != len(b) {
		return 0, false
	}
	switch f {
	case varintBER:
		if num = uint64(b[0]); len(b) > 1 {
			num = loadBE(b[1:])
		}
	case varintBig:
		for _, c := range b {
			num = num<<7 | uint64(c&0x7f)
		}
	default:
		for i, c := range b {
			num |= uint64(c&0x7f) << (7 * i)
		}
	}
	return num, num <= math.MaxInt64
}

// append writes a number in as few bytes as there are.
func (f varint) append(dst []byte, num uint64) []byte {
	bits := 7
	if f == varintBER {
		if num < 0x80 {
			return append(dst, byte(num))
		}
		bits = 8
	}
	size := 1
	for v := num >> bits; v > 0; v >>= bits {
		size++
	}
	if f == varintBER {
		dst = append(dst, 0x80|byte(size))
	}
	for i := range size {
		shift := bits * (size - 1 - i)
		if f == varintLittle {
			shift = bits * i
		}
		c := byte(num >> shift)
		if f != varintBER {
			if c &= 0x7f; i < size-1 {
				c |= 0x80
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// largest number of so many bytes.
func (f varint) largest(most int) uint64 {
	bits := 7 * min(most, mostVarint)
	if f == varintBER {
		if bits = 8 * (min(most, mostVarint) - 1); bits == 0 {
			bits = 7
		}
	}
	return 1<<min(bits, 63) - 1
}

// longer says that the number is written in more bytes than it needs.
func (v value) longer() bool {
	return v.op.code == opVarint && len(v.data) > len(v.op.form.varint.append(nil, v.num))
}

// parseVarint reads a number, or the bytes of one that is longer than it has to be, as in "=8105".
func parseVarint(o *op, dst []byte, p given) ([]byte, uint64, error) {
	text, _ := p.v.(string)
	digits, written := strings.CutPrefix(text, "=")
	if !written {
		return parseNumber(o, dst, p)
	}
	b, err := hex.DecodeString(digits)
	if num, _, ok := o.read(b); err == nil && ok && len(b) <= o.most {
		return append(dst, b...), num, nil
	}
	return dst, 0, fmt.Errorf("%w: %q is no number of this form", ErrValue, text)
}
