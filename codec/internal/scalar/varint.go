package scalar

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"trama/codec/internal/field"
)

// Numbers of varying width say themselves where they end.  When one is made it is as short as it can be; one that was
// received longer comes back as it was.

// Varint is how such a number is written.
type Varint uint8

const (
	_            Varint = iota
	VarintBig           // seven bits a byte, the highest first; the highest bit of a byte says that more follow
	VarintLittle        // likewise, the lowest first
	VarintBER           // X.690, 8.1.3: below 0x80 itself, else 0x80 + n and n bytes
)

// MostVarint is the largest size in bytes: numbers have 63 bits.
const MostVarint = 9

// Size of the number at the start of b, at most so many bytes; more than len(b) when bytes are missing.
func (f Varint) Size(b []byte, most int) (n int, ok bool) {
	if f == VarintBER {
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

func readVarint(o *Op, b []byte) (num uint64, ok bool) { return o.Form.Varint.read(b) }

func boundsVarint(o *Op) (lo int64, hi uint64) { return 0, o.Form.Varint.largest(o.Most) }

// read is the number that b is, as a whole.
func (f Varint) read(b []byte) (num uint64, ok bool) {
	if n, ok := f.Size(b, MostVarint); !ok || n != len(b) {
		return 0, false
	}
	switch f {
	case VarintBER:
		if num = uint64(b[0]); len(b) > 1 {
			num = LoadBE(b[1:])
		}
	case VarintBig:
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

// Append writes a number in as few bytes as there are.
func (f Varint) Append(dst []byte, num uint64) []byte {
	bits := 7
	if f == VarintBER {
		if num < 0x80 {
			return append(dst, byte(num))
		}
		bits = 8
	}
	size := 1
	for v := num >> bits; v > 0; v >>= bits {
		size++
	}
	if f == VarintBER {
		dst = append(dst, 0x80|byte(size))
	}
	for i := range size {
		shift := bits * (size - 1 - i)
		if f == VarintLittle {
			shift = bits * i
		}
		c := byte(num >> shift)
		if f != VarintBER {
			if c &= 0x7f; i < size-1 {
				c |= 0x80
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// largest number of so many bytes.
func (f Varint) largest(most int) uint64 {
	bits := 7 * min(most, MostVarint)
	if f == VarintBER {
		if bits = 8 * (min(most, MostVarint) - 1); bits == 0 {
			bits = 7
		}
	}
	return 1<<min(bits, 63) - 1
}

// longer says that the number is written in more bytes than it needs.
func (v Value) longer() bool {
	return v.Op.Code == OpVarint && len(v.Data) > len(v.Op.Form.Varint.Append(nil, v.Num))
}

// parseVarint reads a number, or the bytes of one that is longer than it has to be, as in "=8105".
func parseVarint(o *Op, dst []byte, p given) ([]byte, uint64, error) {
	text, _ := p.v.(string)
	digits, written := strings.CutPrefix(text, "=")
	if !written {
		return parseNumber(o, dst, p)
	}
	b, err := hex.DecodeString(digits)
	if num, _, ok := o.Read(b); err == nil && ok && len(b) <= o.Most {
		return append(dst, b...), num, nil
	}
	return dst, 0, fmt.Errorf("%w: %q is no number of this form", field.ErrValue, text)
}
