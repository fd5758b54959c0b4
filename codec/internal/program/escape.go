package program

import (
	"bytes"

	"trama/codec/internal/scalar"
)

// EscapeTable is byte stuffing: some bytes are sent as sequences.  Both ways it is one pass.
type EscapeTable struct {
	Coded [256][]byte    // what stands on the wire for a byte; nil: itself
	Apart scalar.ByteSet // bytes that are not simply themselves
	Mark  []byte         // the only byte that can be apart in the content of a frame; nil when there are several
	Lead  scalar.ByteSet // bytes that begin a sequence
	Pairs []EscapePair
	after *[256]int16 // what mark and a byte stand for, -1: nothing; nil when a sequence is longer or shorter than that
}

type EscapePair struct {
	Plain byte
	Coded []byte
}

// decode appends the plain bytes; ok is false when a sequence is none of the table.
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
			if t.Coded[b[i]] != nil {
				return dst, false // a byte that should have been sent as a sequence
			}
			dst = append(dst, b[i])
			i++
			continue
		}
		found := false
		for _, p := range t.Pairs {
			if n := len(p.Coded); n <= len(b)-i && string(b[i:i+n]) == string(p.Coded) {
				dst, i, found = append(dst, p.Plain), i+n, true
				break
			}
		}
		if !found {
			return dst, false
		}
	}
	return dst, true
}

// decodeTwo is decode where every sequence is mark and a byte.
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

// Short makes the table of what follows mark.
func (t *EscapeTable) Short() {
	var after [256]int16
	for i := range after {
		after[i] = -1
	}
	for _, p := range t.Pairs {
		if len(p.Coded) != 2 {
			return
		}
		if after[p.Coded[1]] < 0 {
			after[p.Coded[1]] = int16(p.Plain)
		}
	}
	t.after = &after
}

func (t *EscapeTable) encode(dst, b []byte) []byte {
	for _, c := range b {
		if s := t.Coded[c]; s != nil {
			dst = append(dst, s...)
		} else {
			dst = append(dst, c)
		}
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

// begins says that b, which is none, may become a sequence.
func (t *EscapeTable) begins(b []byte) bool {
	for _, p := range t.Pairs {
		if len(b) < len(p.Coded) && string(b) == string(p.Coded[:len(b)]) {
			return true
		}
	}
	return false
}

// one reads the byte at the start of b, or the sequence for it; size is 0 when bytes are missing.
func (t *EscapeTable) one(b []byte) (plain byte, size int, ok bool) {
	for _, p := range t.Pairs {
		if n := len(p.Coded); n <= len(b) && string(b[:n]) == string(p.Coded) {
			return p.Plain, n, true
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

// WireSize of plain bytes.
func (t *EscapeTable) WireSize(b []byte) (n int) {
	for _, c := range b {
		if s := t.Coded[c]; s != nil {
			n += len(s)
		} else {
			n++
		}
	}
	return n
}
