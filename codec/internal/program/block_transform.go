package program

import (
	"trama/codec/internal/checksum"
	"trama/codec/internal/scalar"
)

// BlockTransform is a block transform: how the bytes of a part differ on the wire.
type BlockTransform struct {
	Add, Xor byte
	Block    int // bytes between checksums; 0: none
	Name     string
	Sum      checksum.Algorithm
	Little   bool
	Armour   *scalar.Armour
}

// SizeOnWire is the number of bytes that n plain bytes take on the wire.
func (t *BlockTransform) SizeOnWire(n int) int {
	switch {
	case t == nil:
		return n
	case t.Armour != nil:
		return t.Armour.Size(n)
	case t.Block == 0:
		return n
	}
	return n + (n+t.Block-1)/t.Block*(t.Sum.Width/8)
}

// Decode writes the plain bytes of a part over the beginning of data, which begins as a copy of wire; n is their
// number.
func (t *BlockTransform) Decode(data, wire []byte) (n int, ok bool) {
	switch {
	case t.Armour != nil:
		plain, err := t.Armour.Decode(make([]byte, 0, len(wire)), wire)
		if err != nil || len(plain) > len(data) {
			return 0, false
		}
		return copy(data, plain), true
	case t.Block > 0:
		return t.decodeBlocks(data, wire)
	}
	for i := range data {
		data[i] = (data[i] - t.Add) ^ t.Xor
	}
	return len(data), true
}

// decodeBlocks is Decode where each block has a checksum behind it.
func (t *BlockTransform) decodeBlocks(data, wire []byte) (out int, ok bool) {
	size := t.Sum.Width / 8
	for len(wire) > 0 {
		n := min(t.Block, len(wire)-size)
		if n <= 0 {
			return 0, false
		}
		sum := scalar.LoadBE(wire[n : n+size])
		if t.Little {
			sum = scalar.LoadLE(wire[n : n+size])
		}
		if sum != t.Sum.Sum(wire[:n]) {
			return 0, false
		}
		copy(data[out:], wire[:n])
		out += n
		wire = wire[n+size:]
	}
	return out, true
}

// Encode is the inverse of Decode: it returns b with the plain bytes from start on replaced by the bytes of the wire.
func (t *BlockTransform) Encode(b []byte, start int) []byte {
	if t.Armour != nil {
		plain := append([]byte(nil), b[start:]...)
		return t.Armour.Encode(b[:start], plain)
	}
	if t.Block == 0 {
		for i := start; i < len(b); i++ {
			b[i] = (b[i] ^ t.Xor) + t.Add
		}
		return b
	}
	plain := append([]byte(nil), b[start:]...)
	b = b[:start]
	for len(plain) > 0 {
		n := min(t.Block, len(plain))
		b = append(b, plain[:n]...)
		sum := make([]byte, t.Sum.Width/8)
		if t.Little {
			scalar.StoreLE(sum, t.Sum.Sum(plain[:n]))
		} else {
			scalar.StoreBE(sum, t.Sum.Sum(plain[:n]))
		}
		b, plain = append(b, sum...), plain[n:]
	}
	return b
}
