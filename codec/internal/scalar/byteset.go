package scalar

import (
	"fmt"
	"math/bits"
	"strings"
)

// ByteSet is a set of bytes.
type ByteSet [4]uint64

// Add puts c into the set.
func (s *ByteSet) Add(c byte) { s[c>>6] |= 1 << (c & 63) }

// Size is how many bytes the set has.
func (s *ByteSet) Size() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Remove takes c out of the set.
func (s *ByteSet) Remove(c byte) { s[c>>6] &^= 1 << (c & 63) }

// Join adds the bytes of t.
func (s *ByteSet) Join(t *ByteSet) {
	for i, w := range t {
		s[i] |= w
	}
}

// Has says whether c is in the set.
func (s *ByteSet) Has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// Only returns the byte of a set of one.
func (s *ByteSet) Only() (c byte, ok bool) {
	for i, w := range s {
		if w != 0 {
			c = byte(i<<6 + bits.TrailingZeros64(w))
		}
	}
	return c, s.Size() == 1
}

// String lists the bytes of the set as people write them.
func (s *ByteSet) String() string {
	if s == nil {
		return "any byte"
	}
	var parts []string
	for c := 0; c < 256; c++ {
		if !s.Has(byte(c)) {
			continue
		}
		lo := c
		for c < 255 && s.Has(byte(c+1)) {
			c++
		}
		text := byteText(lo)
		if c > lo {
			text += "-" + byteText(c)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func byteText(c int) string {
	if c > 0x20 && c < 0x7f {
		return string(rune(c))
	}
	return fmt.Sprintf("0x%02x", c)
}

// Bytes of the set; none when it has all.
func (s *ByteSet) Bytes() (out []byte) {
	for b := 0; b < 256; b++ {
		if s.Has(byte(b)) {
			out = append(out, byte(b))
		}
	}
	if len(out) == 256 {
		return nil
	}
	return out
}
