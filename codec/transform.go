package codec

// transform is how the bytes of a region differ on the wire.
type transform struct {
	add, xor byte
	block    int // bytes between checksums; 0: none
	name     string
	sum      checksum
	little   bool
	armour   *Armour
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
