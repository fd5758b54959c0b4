package program

import (
	"bytes"

	"trama/codec/internal/scalar"
)

// EscapeTable is the stuffing of a frame kind: some bytes are sent as escape sequences.
type EscapeTable struct {
	Coded [256][]byte    // escape sequence of a byte; nil: the byte itself
	Long  []EscapePair   // escape sequences of several bytes together, the longest first
	Apart scalar.ByteSet // bytes that are not simply themselves
	Mark  []byte         // the only byte that can be apart in the content of a frame; nil when there are several
	Lead  scalar.ByteSet // bytes that begin an escape sequence
	Pairs []EscapePair
	after *[256]int16 // plain byte for Mark and a byte, -1: none; nil when a sequence is longer or shorter
}

// EscapePair is some bytes, mostly one, and their escape sequence.
type EscapePair struct{ Plain, Coded []byte }

// unit is the escape sequence of the n plain bytes that b begins with; nil: the first byte is written as it is.
func (t *EscapeTable) unit(b []byte) (coded []byte, n int) {
	for i := range t.Long {
		if p := &t.Long[i]; bytes.HasPrefix(b, p.Plain) {
			return p.Coded, len(p.Plain)
		}
	}
	return t.Coded[b[0]], 1
}

// decode appends the plain bytes of b; false: a sequence is not in the table.
func (t *EscapeTable) decode(dst, b []byte) ([]byte, bool) {
	if t.after != nil {
		return t.decodeTwo(dst, b)
	}
	for i := 0; i < len(b); {
		n := i
		if t.Mark != nil {
			if n = bytes.IndexByte(b[i:], t.Mark[0]); n < 0 {
				n = len(b)
			} else {
				n += i
			}
		} else {
			for n < len(b) && !t.Apart.Has(b[n]) {
				n++
			}
		}
		if dst = append(dst, b[i:n]...); n == len(b) {
			return dst, true
		}
		i = n
		if !t.Lead.Has(b[i]) {
			if coded, _ := t.unit(b[i:]); coded != nil {
				return dst, false // bytes that should have been sent as a sequence
			}
			dst = append(dst, b[i])
			i++
			continue
		}
		found := false
		for _, p := range t.Pairs {
			if n := len(p.Coded); n <= len(b)-i && string(b[i:i+n]) == string(p.Coded) {
				dst, i, found = append(dst, p.Plain...), i+n, true
				break
			}
		}
		if !found {
			return dst, false
		}
	}
	return dst, true
}

// decodeTwo is decode where every escape sequence is Mark and a byte.
func (t *EscapeTable) decodeTwo(dst, b []byte) ([]byte, bool) {
	for {
		n := bytes.IndexByte(b, t.Mark[0])
		if n < 0 {
			return append(dst, b...), true
		}
		if dst = append(dst, b[:n]...); n+1 == len(b) {
			return dst, false
		}
		plain := t.after[b[n+1]]
		if plain < 0 {
			return dst, false
		}
		dst, b = append(dst, byte(plain)), b[n+2:]
	}
}

// Short makes the table for decodeTwo, where every escape sequence has two bytes.
func (t *EscapeTable) Short() {
	var after [256]int16
	for i := range after {
		after[i] = -1
	}
	for _, p := range t.Pairs {
		if len(p.Coded) != 2 || len(p.Plain) != 1 {
			return
		}
		if after[p.Coded[1]] < 0 {
			after[p.Coded[1]] = int16(p.Plain[0])
		}
	}
	t.after = &after
}

// encode appends b, stuffed.
func (t *EscapeTable) encode(dst, b []byte) []byte {
	for len(b) > 0 {
		coded, n := t.unit(b)
		if coded == nil {
			coded = b[:1]
		}
		dst, b = append(dst, coded...), b[n:]
	}
	return dst
}

// sequence is the size of the escape sequence that b begins with; 0 when there is none.
func (t *EscapeTable) sequence(b []byte) int {
	for _, p := range t.Pairs {
		if n := len(p.Coded); n <= len(b) && string(b[:n]) == string(p.Coded) {
			return n
		}
	}
	return 0
}

// begins reports whether b is the beginning of an escape sequence.
func (t *EscapeTable) begins(b []byte) bool {
	for _, p := range t.Pairs {
		if len(b) < len(p.Coded) && string(b) == string(p.Coded[:len(b)]) {
			return true
		}
	}
	return false
}

// one reads the byte at the start of b, plain or as an escape sequence; size is 0 when bytes are missing.
func (t *EscapeTable) one(b []byte) (plain byte, size int, ok bool) {
	for _, p := range t.Pairs {
		if n := len(p.Coded); n <= len(b) && string(b[:n]) == string(p.Coded) {
			return p.Plain[0], n, true
		}
	}
	switch {
	case t.begins(b):
		return 0, 0, true
	case t.Apart.Has(b[0]):
		return 0, 0, false
	}
	return b[0], 1, true
}

// WireSize is the number of bytes that b takes when it is stuffed.
func (t *EscapeTable) WireSize(b []byte) (n int) {
	for len(b) > 0 {
		coded, k := t.unit(b)
		n, b = n+max(len(coded), 1), b[k:]
	}
	return n
}
