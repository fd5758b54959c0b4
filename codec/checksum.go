package codec

import (
	"encoding/binary"
	"maps"
	"slices"
)

// Checksums.  An algorithm is a name of the registry below, or the parameters of a CRC in the notation of the
// catalogue by Greg Cook (reveng.sourceforge.io): width, poly, init, refin, refout, xorout.

// checksum computes one number over the bytes it covers.
type checksum struct {
	width        int // bits
	sum          func(b []byte) uint64
	name         string     // of the registry, of an algorithm that is no CRC
	init, xorout uint64     // of one that does not begin with zero
	crc          *crcParams // of one that is
}

// crcParams are those of the catalogue.  late marks the variant in which a byte enters the low half of a 16-bit
// register that was shifted by eight before, instead of being combined with it.  extra are bytes that enter behind those
// that are covered.
type crcParams struct {
	width           int
	poly, init, xor uint64
	refin, refout   bool
	late            bool
	extra           string
}

var namedCRCs = map[string]crcParams{
	"crc-8/smbus":        {width: 8, poly: 0x07},
	"crc-8/maxim":        {width: 8, poly: 0x31, refin: true, refout: true},
	"crc-8/31-ff":        {width: 8, poly: 0x31, init: 0xff},
	"crc-8/e5":           {width: 8, poly: 0xe5},
	"crc-16/arc":         {width: 16, poly: 0x8005, refin: true, refout: true},
	"crc-16/modbus":      {width: 16, poly: 0x8005, init: 0xffff, refin: true, refout: true},
	"crc-16/usb":         {width: 16, poly: 0x8005, init: 0xffff, refin: true, refout: true, xor: 0xffff},
	"crc-16/maxim":       {width: 16, poly: 0x8005, refin: true, refout: true, xor: 0xffff},
	"crc-16/x-25":        {width: 16, poly: 0x1021, init: 0xffff, refin: true, refout: true, xor: 0xffff},
	"crc-16/kermit":      {width: 16, poly: 0x1021, refin: true, refout: true},
	"crc-16/xmodem":      {width: 16, poly: 0x1021},
	"crc-16/ccitt-false": {width: 16, poly: 0x1021, init: 0xffff},
	"crc-16/dnp":         {width: 16, poly: 0x3d65, refin: true, refout: true, xor: 0xffff},
	"crc-16/en-13757":    {width: 16, poly: 0x3d65, xor: 0xffff},
	"crc-16/late-a001":   {width: 16, poly: 0x8005, init: 0xffff, refin: true, refout: true, late: true},
	"crc-24/openpgp":     {width: 24, poly: 0x864cfb, init: 0xb704ce},
	"crc-32/iso-hdlc":    {width: 32, poly: 0x04c11db7, init: 0xffffffff, refin: true, refout: true, xor: 0xffffffff},
	"crc-32/mpeg-2":      {width: 32, poly: 0x04c11db7, init: 0xffffffff},
}

var namedSums = map[string]checksum{
	"sum8":        {width: 8, sum: func(b []byte) uint64 { return plainSum(b) & 0xff }},
	"sum16":       {width: 16, sum: func(b []byte) uint64 { return plainSum(b) & 0xffff }},
	"sum32":       {width: 32, sum: func(b []byte) uint64 { return plainSum(b) & 0xffffffff }},
	"lrc8":        {width: 8, sum: func(b []byte) uint64 { return -plainSum(b) & 0xff }},
	"not-sum8":    {width: 8, sum: func(b []byte) uint64 { return ^plainSum(b) & 0xff }},
	"ones-sum8":   {width: 8, sum: func(b []byte) uint64 { return onesSum(b, 8) }},
	"ones-sum16":  {width: 16, sum: func(b []byte) uint64 { return onesSum(b, 16) }},
	"xor8":        {width: 8, sum: xorSum},
	"fletcher-8":  {width: 16, sum: func(b []byte) uint64 { return fletcher(b, 256) }},
	"fletcher-16": {width: 16, sum: func(b []byte) uint64 { return fletcher(b, 255) }},
}

// plainSums are the sums that take an initial value and an xorout.
var plainSums = []string{"sum8", "sum16", "sum32", "xor8"}

// from is one of plainSums that begins with init and ends with the bits of xorout inverted.
func (c checksum) from(name string, init, xorout uint64) checksum {
	mask, sum := uint64(1)<<max(c.width, 1)-1, c.sum
	c.name, c.init, c.xorout = name, init, xorout
	c.sum = func(b []byte) uint64 {
		if name == "xor8" {
			return sum(b) ^ init ^ xorout
		}
		return (sum(b)+init)&mask ^ xorout
	}
	return c
}

// findChecksum returns an algorithm of the registry.
func findChecksum(name string) (checksum, bool) {
	if s, ok := namedSums[name]; ok {
		s.name = name
		return s, true
	}
	if p, ok := namedCRCs[name]; ok {
		return newCRC(p), true
	}
	return checksum{}, false
}

func checksumNames() []string {
	return slices.AppendSeq(slices.Sorted(maps.Keys(namedCRCs)), maps.Keys(namedSums))
}

func plainSum(b []byte) (s uint64) {
	for _, c := range b {
		s += uint64(c)
	}
	return s
}

func xorSum(b []byte) (s uint64) {
	for ; len(b) >= 8; b = b[8:] {
		s ^= binary.LittleEndian.Uint64(b)
	}
	s ^= s >> 32
	s ^= s >> 16
	s = (s ^ s>>8) & 0xff
	for _, c := range b {
		s ^= uint64(c)
	}
	return s
}

// onesSum adds with the carry brought round, and complements: words of 16 bits are taken high byte first.
func onesSum(b []byte, width int) (s uint64) {
	limit := uint64(1)<<width - 1
	if width == 8 {
		s = plainSum(b)
	} else {
		for i := 0; i < len(b); i += 2 {
			s += uint64(b[i]) << 8
			if i+1 < len(b) {
				s += uint64(b[i+1])
			}
		}
	}
	for s > limit {
		s = s&limit + s>>width
	}
	return ^s & limit
}

// fletcher keeps two sums of eight bits; the first is the high byte of the result.
func fletcher(b []byte, modulus uint64) uint64 {
	var x, y uint64
	for _, c := range b {
		x = (x + uint64(c)) % modulus
		y = (y + x) % modulus
	}
	return x<<8 | y
}

// Checksum computes a number over the bytes that it covers.
type Checksum struct {
	Width int // bits, 1 to 64
	Sum   func(b []byte) uint64
}
