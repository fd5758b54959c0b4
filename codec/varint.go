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

// size is how many bytes the number has that b begins with, at most so many.
func (f varint) size(b []byte, most int) (n int, v verdict) {
	if f == varintBER {
		switch {
		case len(b) == 0:
			return 1, begun
		case b[0] < 0x80:
			return 1, whole
		}
		if n = 1 + int(b[0]&0x7f); n == 1 || n > most {
			return 0, refused // 0x80 alone: the end is marked, not counted
		}
		if n > len(b) {
			return n, begun
		}
		return n, whole
	}
	for n = 0; n < most; n++ {
		if n == len(b) {
			return n + 1, begun
		}
		if b[n] < 0x80 {
			return n + 1, whole
		}
	}
	return 0, refused
}

// read is the number that b is, as a whole.
func (f varint) read(b []byte) (num uint64, ok bool) {
	if n, v := f.size(b, mostVarint); v != whole || n != len(b) {
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
func (it *Item) longer() bool {
	return it.op.code == opVarint && len(it.data) > len(it.op.form.varint.append(nil, it.num))
}

// parseVarint reads a number, or the bytes of one that is longer than it has to be, as in "=8105".
func (o *op) parseVarint(buf []byte, v any) ([]byte, uint64, error) {
	text, isText := v.(string)
	digits, written := strings.CutPrefix(text, "=")
	if !isText || !written {
		num, err := o.parseNumber(v, 0)
		return buf, num, err
	}
	b, err := hex.DecodeString(digits)
	if num, _, ok := o.read(b); err == nil && ok && len(b) <= o.most {
		return append(buf, b...), num, nil
	}
	return buf, 0, fmt.Errorf("%w: %q is no number of this form", ErrValue, text)
}

// varint compiles the form of such a number.
func (c *compiler) varint(def *fieldDef, o *op, f *form) {
	switch {
	case def.form == "ber":
		f.varint = varintBER
	case o.little:
		f.varint = varintLittle
	default:
		f.varint = varintBig
	}
	if o.most = def.maxSize; o.most == hardMaxFrame { // it is not said
		o.most = mostVarint
	}
	if o.most > mostVarint {
		c.src.problem(def.path+".max_size", fmt.Sprint(o.most), fmt.Sprintf("1 to %d", mostVarint))
	}
	o.little = false
}

// varint finds how many bytes a number has.
func (m *machine) varint(n *node, o *op, size *int) verdict {
	m.irregular(o.reg == 0 || !m.p.grammar.control[o.reg]) // else its bytes are what they are in all that look alike
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	need, v := o.form.varint.size(m.data[min(m.off, end):end], o.most)
	switch {
	case v == begun && m.end >= 0 && end == m.end:
		return m.fail(n, m.off, ErrShort, "%d left, %d needed", int64(end-m.off), int64(need))
	case v == begun:
		return m.starve(n, need)
	case v == refused:
		return m.fail(n, m.off, ErrLength, "a number of more than %d bytes, or without a size", int64(o.most))
	}
	*size = need
	return whole
}
