package codec

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// newCRC makes the tables of a CRC and the function that walks them.
func newCRC(p crcParams) checksum {
	switch {
	case p == namedCRCs["crc-32/iso-hdlc"]:
		return checksum{width: 32, crc: &p, sum: func(b []byte) uint64 { return uint64(crc32.ChecksumIEEE(b)) }}
	case p.refin && p.late:
		return p.late16()
	case p.refin:
		return p.low()
	}
	return p.high()
}

// finish is what a register, its lowest bit last, becomes.
func (p *crcParams) finish(v uint64) uint64 { return (v ^ p.xor) & (^uint64(0) >> (64 - p.width)) }

// lowTable is what a byte does to a register whose lowest bit leaves first.
func (p *crcParams) lowTable() (table [256]uint64) {
	poly := bits.Reverse64(p.poly) >> (64 - p.width)
	for i := range table {
		v := uint64(i)
		for range 8 {
			v = v>>1 ^ poly*(v&1)
		}
		table[i] = v
	}
	return table
}

// low is a CRC whose lowest bit leaves first.  Up to 32 bits wide it takes four bytes at a time: the table of a byte
// that is followed by so many others is that of one byte, walked on over zeros.
func (p crcParams) low() checksum {
	table, start := p.lowTable(), bits.Reverse64(p.init)>>(64-p.width)
	turn := func(v uint64) uint64 {
		if !p.refout {
			v = bits.Reverse64(v) >> (64 - p.width)
		}
		return p.finish(v)
	}
	if p.width > 32 {
		return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
			v := start
			for _, c := range b {
				v = v>>8 ^ table[byte(v)^c]
			}
			return turn(v)
		}}
	}
	var four [4][256]uint32
	for i := range table {
		v := uint32(table[i])
		for n := range four {
			four[n][i] = v
			v = v>>8 ^ uint32(table[byte(v)])
		}
	}
	return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
		v := uint32(start)
		for ; len(b) >= 4; b = b[4:] {
			v ^= binary.LittleEndian.Uint32(b)
			v = four[3][byte(v)] ^ four[2][byte(v>>8)] ^ four[1][byte(v>>16)] ^ four[0][v>>24]
		}
		for _, c := range b {
			v = v>>8 ^ four[0][byte(v)^c]
		}
		return turn(uint64(v))
	}}
}

// late16 is the variant in which a byte enters the low half of a register that was shifted before.
func (p crcParams) late16() checksum {
	table, start := p.lowTable(), bits.Reverse64(p.init)>>(64-p.width)
	return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
		v := start
		for _, c := range b {
			v = v>>8 ^ uint64(c)
			v = v>>8 ^ table[v&0xff]
		}
		if !p.refout {
			v = bits.Reverse64(v) >> (64 - p.width)
		}
		return p.finish(v)
	}}
}

// high is a CRC whose highest bit leaves first; the register stands at the top of the word.
func (p crcParams) high() checksum {
	up := 64 - p.width
	var table [256]uint64
	for i := range table {
		v := uint64(i) << 56
		for range 8 {
			v = v<<1 ^ p.poly<<up*(v>>63)
		}
		table[i] = v
	}
	start := p.init << up
	turn := func(v uint64) uint64 {
		if p.refout {
			v = bits.Reverse64(v) << up
		}
		return p.finish(v >> up)
	}
	if p.width > 32 {
		return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
			v := start
			for _, c := range b {
				v = v<<8 ^ table[byte(v>>56)^c]
			}
			return turn(v)
		}}
	}
	var four [4][256]uint32
	for i := range table {
		v := uint32(table[i] >> 32)
		for n := range four {
			four[n][i] = v
			v = v<<8 ^ uint32(table[v>>24]>>32)
		}
	}
	return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
		v := uint32(start >> 32)
		for ; len(b) >= 4; b = b[4:] {
			v ^= binary.BigEndian.Uint32(b)
			v = four[3][v>>24] ^ four[2][byte(v>>16)] ^ four[1][byte(v>>8)] ^ four[0][byte(v)]
		}
		for _, c := range b {
			v = v<<8 ^ four[0][byte(v>>24)^c]
		}
		return turn(uint64(v) << 32)
	}}
}
