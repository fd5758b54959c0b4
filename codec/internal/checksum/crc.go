package checksum

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// crcTables are what a byte does to a register whose lowest bit leaves first, when so many other bytes follow it.
type crcTables [8][256]uint64

// NewCRC makes the tables of a CRC and the function that walks them.  Every CRC is computed with the lowest bit first;
// the bits of others are reversed.
func NewCRC(p Params) Algorithm {
	out := Algorithm{Width: p.Width, CRC: &p}
	if p == namedCRCs["crc-32/iso-hdlc"] {
		out.Sum = func(b []byte) uint64 { return uint64(crc32.ChecksumIEEE(b)) }
		return out
	}
	tables, start, extra := p.tables(), bits.Reverse64(p.Init)>>(64-p.Width), []byte(p.Extra)
	out.Sum = func(b []byte) uint64 {
		v := p.walk(tables, start, b)
		if len(extra) > 0 {
			v = p.walk(tables, v, extra)
		}
		if !p.Refout {
			v = bits.Reverse64(v) >> (64 - p.Width)
		}
		return (v ^ p.Xor) & (^uint64(0) >> (64 - p.Width))
	}
	return out
}

func (p *Params) tables() *crcTables {
	t, poly := new(crcTables), bits.Reverse64(p.Poly)>>(64-p.Width)
	for i := range t[0] {
		v := uint64(i)
		for range 8 {
			v = v>>1 ^ poly*(v&1)
		}
		t[0][i] = v
	}
	for n := 1; n < len(t); n++ {
		for i, v := range t[n-1] {
			t[n][i] = v>>8 ^ t[0][byte(v)]
		}
	}
	return t
}

// walk is the register v after the bytes b, eight of which it takes at once.
func (p *Params) walk(t *crcTables, v uint64, b []byte) uint64 {
	for ; len(b) >= 8 && !p.Late; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		if !p.Refin {
			x = bits.Reverse64(binary.BigEndian.Uint64(b))
		}
		x ^= v
		v = t[7][byte(x)] ^ t[6][byte(x>>8)] ^ t[5][byte(x>>16)] ^ t[4][byte(x>>24)] ^
			t[3][byte(x>>32)] ^ t[2][byte(x>>40)] ^ t[1][byte(x>>48)] ^ t[0][x>>56]
	}
	for _, c := range b {
		switch {
		case p.Late:
			v = v>>8 ^ uint64(c)
			v = v>>8 ^ t[0][byte(v)]
		case p.Refin:
			v = v>>8 ^ t[0][byte(v)^c]
		default:
			v = v>>8 ^ t[0][byte(v)^bits.Reverse8(c)]
		}
	}
	return v
}
