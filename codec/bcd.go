package codec

import "encoding/binary"

// Packed BCD: two decimal digits a byte, high nibble first.  Numbers up to eight bytes (16 digits) are handled
// as one machine word, all nibbles at once.

const maxBCDNumber = 8 // bytes

// pow100 is the first number that does not fit n bytes of BCD.
var pow100 = [maxBCDNumber + 1]uint64{1, 100, 10_000, 1_000_000, 100_000_000, 10_000_000_000, 1_000_000_000_000, 100_000_000_000_000, 10_000_000_000_000_000}

// loadBE reads 1 to 8 bytes, most significant first.
func loadBE(b []byte) uint64 {
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

// loadLE reads 1 to 8 bytes, least significant first.
func loadLE(b []byte) uint64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// storeBE fills b, 1 to 8 bytes, most significant first.
func storeBE(b []byte, v uint64) {
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

// storeLE fills b, 1 to 8 bytes, least significant first.
func storeLE(b []byte, v uint64) {
	for i := range b {
		b[i] = byte(v)
		v >>= 8
	}
}

// packedDigits says whether all 16 nibbles are decimal: a nibble is above 9 when its bit 3 is set together with
// bit 2 or bit 1.
func packedDigits(v uint64) bool {
	return v&(v<<1|v<<2)&0x8888888888888888 == 0
}

// unpackBCD turns 16 packed digits into their number: pairs, then groups of four and eight.
func unpackBCD(v uint64) uint64 {
	v -= v >> 4 & 0x0f0f0f0f0f0f0f0f * 6
	v = v&0x00ff00ff00ff00ff + v>>8&0x00ff00ff00ff00ff*100
	v = v&0x0000ffff0000ffff + v>>16&0x0000ffff0000ffff*10_000
	return v&0xffffffff + v>>32*100_000_000
}

// packBCD is the inverse of unpackBCD for v < 10^16.
func packBCD(v uint64) uint64 {
	var out uint64
	for shift := 0; v > 0; shift += 8 {
		pair := v % 100
		v /= 100
		out |= (pair + pair/10*6) << shift
	}
	return out
}

// badNibble returns the index of the first byte with a nibble that is not decimal, or -1.
func badNibble(b []byte) int {
	for i, c := range b {
		if c&0x0f > 9 || c > 0x99 {
			return i
		}
	}
	return -1
}

// allDigits is badNibble(b) < 0, a word at a time.
func allDigits(b []byte) bool {
	for len(b) >= 8 {
		if !packedDigits(binary.BigEndian.Uint64(b)) {
			return false
		}
		b = b[8:]
	}
	return len(b) == 0 || packedDigits(loadBE(b))
}

// appendDigits appends the digits of packed BCD as text, eight at a time: nibbles are spread to bytes, and 0x30
// makes each a digit.
func appendDigits(dst, b []byte) []byte {
	for ; len(b) >= 4; b = b[4:] {
		v := uint64(binary.BigEndian.Uint32(b))
		v = (v | v<<16) & 0x0000ffff0000ffff
		v = (v | v<<8) & 0x00ff00ff00ff00ff
		v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
		dst = binary.BigEndian.AppendUint64(dst, v|0x3030303030303030)
	}
	for _, c := range b {
		dst = append(dst, '0'+c>>4, '0'+c&0x0f)
	}
	return dst
}
