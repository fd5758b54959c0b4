package codec

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// newCRC makes the tables of a CRC and the function that walks them.
func newCRC(p crcParams) checksum {
	switch {
	case p.extra != "":
		plain := p
		plain.extra = ""
		sum := newCRC(plain).sum
		return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 { return p.further(sum(b)) }}
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

// further is what the extra bytes make of the sum of those before them.
func (p *crcParams) further(sum uint64) uint64 {
	turn := func(v uint64) uint64 {
		if p.refin == p.refout {
			return v
		}
		return bits.Reverse64(v) >> (64 - p.width)
	}
	v := turn(p.finish(sum))
	low, top := bits.Reverse64(p.poly)>>(64-p.width), uint64(1)<<(p.width-1)
	for i := range len(p.extra) {
		if p.refin {
			v ^= uint64(p.extra[i])
		} else {
			v ^= uint64(p.extra[i]) << (p.width - 8)
		}
		for range 8 {
			switch {
			case p.refin:
				v = v>>1 ^ low*(v&1)
			case v&top != 0:
				v = v<<1 ^ p.poly
			default:
				v <<= 1
			}
		}
	}
	return p.finish(turn(v & (^uint64(0) >> (64 - p.width))))
}

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

// crcBytes is how many bytes a CRC of up to 32 bits takes at once.
const crcBytes = 8

// lowTables of a CRC of up to 32 bits: what a byte does that is followed by so many others is what it does alone,
// walked on over zeros.
func lowTables(table *[256]uint64) *[crcBytes][256]uint32 {
	all := new([crcBytes][256]uint32)
	for i := range table {
		v := uint32(table[i])
		for n := range all {
			all[n][i] = v
			v = v>>8 ^ uint32(table[byte(v)])
		}
	}
	return all
}

// highTables are those of a register that stands at the top of the word.
func highTables(table *[256]uint64) *[crcBytes][256]uint32 {
	all := new([crcBytes][256]uint32)
	for i := range table {
		v := uint32(table[i] >> 32)
		for n := range all {
			all[n][i] = v
			v = v<<8 ^ uint32(table[v>>24]>>32)
		}
	}
	return all
}

// walkLow is what b makes of the register v: eight bytes at once, then four, two and one.
func walkLow(t *[crcBytes][256]uint32, v uint32, b []byte) uint32 {
	for ; len(b) >= crcBytes; b = b[crcBytes:] {
		x, y := binary.LittleEndian.Uint32(b)^v, binary.LittleEndian.Uint32(b[4:])
		v = t[7][byte(x)] ^ t[6][byte(x>>8)] ^ t[5][byte(x>>16)] ^ t[4][x>>24] ^
			(t[3][byte(y)] ^ t[2][byte(y>>8)] ^ t[1][byte(y>>16)] ^ t[0][y>>24])
	}
	if len(b) >= 4 {
		x := binary.LittleEndian.Uint32(b) ^ v
		v, b = t[3][byte(x)]^t[2][byte(x>>8)]^t[1][byte(x>>16)]^t[0][x>>24], b[4:]
	}
	if len(b) >= 2 {
		x := uint32(binary.LittleEndian.Uint16(b)) ^ v
		v, b = t[1][byte(x)]^t[0][byte(x>>8)]^x>>16, b[2:]
	}
	if len(b) > 0 {
		v = v>>8 ^ t[0][byte(v)^b[0]]
	}
	return v
}

// walkHigh is walkLow for a register at the top of the word.
func walkHigh(t *[crcBytes][256]uint32, v uint32, b []byte) uint32 {
	for ; len(b) >= crcBytes; b = b[crcBytes:] {
		x, y := binary.BigEndian.Uint32(b)^v, binary.BigEndian.Uint32(b[4:])
		v = t[7][x>>24] ^ t[6][byte(x>>16)] ^ t[5][byte(x>>8)] ^ t[4][byte(x)] ^
			(t[3][y>>24] ^ t[2][byte(y>>16)] ^ t[1][byte(y>>8)] ^ t[0][byte(y)])
	}
	if len(b) >= 4 {
		x := binary.BigEndian.Uint32(b) ^ v
		v, b = t[3][x>>24]^t[2][byte(x>>16)]^t[1][byte(x>>8)]^t[0][byte(x)], b[4:]
	}
	if len(b) >= 2 {
		x := uint32(binary.BigEndian.Uint16(b))<<16 ^ v
		v, b = t[1][x>>24]^t[0][byte(x>>16)]^x<<16, b[2:]
	}
	if len(b) > 0 {
		v = v<<8 ^ t[0][byte(v>>24)^b[0]]
	}
	return v
}

// low is a CRC whose lowest bit leaves first.
func (p crcParams) low() checksum {
	table, start := p.lowTable(), bits.Reverse64(p.init)>>(64-p.width)
	if p.width > 32 {
		return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
			v := start
			for _, c := range b {
				v = v>>8 ^ table[byte(v)^c]
			}
			return p.finishLow(v)
		}}
	}
	tables := lowTables(&table)
	return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
		return p.finishLow(uint64(walkLow(tables, uint32(start), b)))
	}}
}

// finishLow is finish for a register whose lowest bit leaves first.
func (p *crcParams) finishLow(v uint64) uint64 {
	if !p.refout {
		v = bits.Reverse64(v) >> (64 - p.width)
	}
	return p.finish(v)
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
		return p.finishLow(v)
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
	tables := highTables(&table)
	return checksum{width: p.width, crc: &p, sum: func(b []byte) uint64 {
		return turn(uint64(walkHigh(tables, uint32(start>>32), b)) << 32)
	}}
}
