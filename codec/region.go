package codec

import "bytes"

// escapeTable is byte stuffing: some bytes are sent as sequences.  Both ways it is one pass.
type escapeTable struct {
	coded [256][]byte // what stands on the wire for a byte; nil: itself
	apart byteSet     // bytes that are not simply themselves
	mark  []byte      // the only byte that can be apart in the content of a frame; nil when there are several
	lead  byteSet     // bytes that begin a sequence
	pairs []escapePair
	after *[256]int16 // what mark and a byte stand for, -1: nothing; nil when a sequence is longer or shorter than that
}

type escapePair struct {
	plain byte
	coded []byte
}

// decode appends the plain bytes; ok is false when a sequence is none of the table.
func (t *escapeTable) decode(dst, b []byte) ([]byte, bool) {
	if t.after != nil {
		return t.decodeTwo(dst, b)
	}
	for i := 0; i < len(b); {
		n := i
		if t.mark != nil {
			if n = bytes.IndexByte(b[i:], t.mark[0]); n < 0 {
				n = len(b)
			} else {
				n += i
			}
		} else {
			for n < len(b) && !t.apart.has(b[n]) {
				n++
			}
		}
		if dst = append(dst, b[i:n]...); n == len(b) {
			return dst, true
		}
		i = n
		if !t.lead.has(b[i]) {
			if t.coded[b[i]] != nil {
				return dst, false // a byte that should have been sent as a sequence
			}
			dst = append(dst, b[i])
			i++
			continue
		}
		found := false
		for _, p := range t.pairs {
			if n := len(p.coded); n <= len(b)-i && string(b[i:i+n]) == string(p.coded) {
				dst, i, found = append(dst, p.plain), i+n, true
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
func (t *escapeTable) decodeTwo(dst, b []byte) ([]byte, bool) {
	for {
		n := bytes.IndexByte(b, t.mark[0])
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

// short makes the table of what follows mark.
func (t *escapeTable) short() {
	var after [256]int16
	for i := range after {
		after[i] = -1
	}
	for _, p := range t.pairs {
		if len(p.coded) != 2 {
			return
		}
		if after[p.coded[1]] < 0 {
			after[p.coded[1]] = int16(p.plain)
		}
	}
	t.after = &after
}

func (t *escapeTable) encode(dst, b []byte) []byte {
	for _, c := range b {
		if s := t.coded[c]; s != nil {
			dst = append(dst, s...)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// sequence is the size of the escape sequence that b begins with; 0 when there is none.
func (t *escapeTable) sequence(b []byte) int {
	for _, p := range t.pairs {
		if n := len(p.coded); n <= len(b) && string(b[:n]) == string(p.coded) {
			return n
		}
	}
	return 0
}

// begins says that b, which is none, may become a sequence.
func (t *escapeTable) begins(b []byte) bool {
	for _, p := range t.pairs {
		if len(b) < len(p.coded) && string(b) == string(p.coded[:len(b)]) {
			return true
		}
	}
	return false
}

// one reads the byte that b begins with, or the sequence for it.
func (t *escapeTable) one(b []byte) (plain byte, size int, v verdict) {
	for _, p := range t.pairs {
		if n := len(p.coded); n <= len(b) && string(b[:n]) == string(p.coded) {
			return p.plain, n, whole
		}
	}
	switch {
	case t.begins(b):
		return 0, 0, begun
	case t.apart.has(b[0]):
		return 0, 0, refused
	}
	return b[0], 1, whole
}

// wireSize of plain bytes.
func (t *escapeTable) wireSize(b []byte) (n int) {
	for _, c := range b {
		if s := t.coded[c]; s != nil {
			n += len(s)
		} else {
			n++
		}
	}
	return n
}

// sizeOnWire is how many bytes a region of n plain bytes takes.
func (t *transform) sizeOnWire(n int) int {
	switch {
	case t == nil:
		return n
	case t.armour != nil:
		return t.armour.Size(n)
	case t.block == 0:
		return n
	}
	return n + (n+t.block-1)/t.block*(t.sum.width/8)
}

// decode writes the plain bytes of a region over the beginning of data, which begins as a copy of wire, and says how
// many they are.
func (t *transform) decode(data, wire []byte) (n int, ok bool) {
	switch {
	case t.armour != nil:
		plain, err := t.armour.Decode(make([]byte, 0, len(wire)), wire)
		if err != nil || len(plain) > len(data) {
			return 0, false
		}
		return copy(data, plain), true
	case t.block > 0:
		return t.decodeBlocks(data, wire)
	}
	for i := range data {
		data[i] = (data[i] - t.add) ^ t.xor
	}
	return len(data), true
}

func (t *transform) decodeBlocks(data, wire []byte) (out int, ok bool) {
	size := t.sum.width / 8
	for len(wire) > 0 {
		n := min(t.block, len(wire)-size)
		if n <= 0 {
			return 0, false
		}
		sum := loadBE(wire[n : n+size])
		if t.little {
			sum = loadLE(wire[n : n+size])
		}
		if sum != t.sum.sum(wire[:n]) {
			return 0, false
		}
		copy(data[out:], wire[:n])
		out += n
		wire = wire[n+size:]
	}
	return out, true
}

// encode is the inverse: it returns b with the plain bytes from start on replaced by those of the wire.
func (t *transform) encode(b []byte, start int) []byte {
	if t.armour != nil {
		plain := append([]byte(nil), b[start:]...)
		return t.armour.Encode(b[:start], plain)
	}
	if t.block == 0 {
		for i := start; i < len(b); i++ {
			b[i] = (b[i] ^ t.xor) + t.add
		}
		return b
	}
	plain := append([]byte(nil), b[start:]...)
	b = b[:start]
	for len(plain) > 0 {
		n := min(t.block, len(plain))
		b = append(b, plain[:n]...)
		sum := make([]byte, t.sum.width/8)
		if t.little {
			storeLE(sum, t.sum.sum(plain[:n]))
		} else {
			storeBE(sum, t.sum.sum(plain[:n]))
		}
		b, plain = append(b, sum...), plain[n:]
	}
	return b
}
