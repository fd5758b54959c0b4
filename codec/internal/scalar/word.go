package scalar

import (
	"encoding/binary"
	"hash/fnv"
)

// LoadBE reads up to 8 bytes, most significant first.
func LoadBE(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 3:
		return uint64(b[0])<<16 | uint64(binary.BigEndian.Uint16(b[1:]))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 7:
		return uint64(binary.BigEndian.Uint32(b))<<24 | uint64(binary.BigEndian.Uint32(b[3:]))&0xffffff
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// LoadLE reads up to 8 bytes, least significant first.
func LoadLE(b []byte) uint64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// StoreBE fills b, most significant first.
func StoreBE(b []byte, v uint64) {
	switch len(b) {
	case 1:
		b[0] = byte(v)
		return
	case 2:
		binary.BigEndian.PutUint16(b, uint16(v))
		return
	case 4:
		binary.BigEndian.PutUint32(b, uint32(v))
		return
	}
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte(v)
		v >>= 8
	}
}

// StoreLE fills b, least significant first.
func StoreLE(b []byte, v uint64) {
	for i := range b {
		b[i] = byte(v)
		v >>= 8
	}
}

// wordNumber is the number by which a word is compared: what up to 8 bytes make; of more a hash with the highest bit
// set, 0 where the definition compares nothing.
func (o *Op) wordNumber(b []byte) uint64 {
	switch {
	case len(b) <= 8:
		return LoadBE(b)
	case o.Form == nil || o.Form.Long == nil:
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(b)
	return h.Sum64() | 1<<63
}

// WordOrder is the places of the bytes of a word, most significant first.
func WordOrder(name string, size int) []uint8 {
	var out []uint8
	for i := 0; i+1 < size; i += 2 {
		if name == "cdab" { // words of two bytes, the last one first
			out = append(out, uint8(size-2-i), uint8(size-1-i))
		} else { // badc: the bytes of each word exchanged
			out = append(out, uint8(i+1), uint8(i))
		}
	}
	return out
}
