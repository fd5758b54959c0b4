package checksum

import (
	"encoding/binary"
	"maps"
	"slices"
)

// Algorithm computes one number over the bytes it covers.
type Algorithm struct {
	Width        int // bits
	Sum          func(b []byte) uint64
	Name         string  // of the registry, of an algorithm that is no CRC
	Init, Xorout uint64  // of one that does not begin with zero
	CRC          *Params // of one that is
}

// Params are the parameters of a CRC.  Late marks the variant in which a byte enters the low half of a 16-bit register
// that was shifted by eight before, instead of being combined with it.  Extra is bytes behind those that are covered.
type Params struct {
	Width           int
	Poly, Init, Xor uint64
	Refin, Refout   bool
	Late            bool
	Extra           string
}

var namedCRCs = map[string]Params{
	"crc-8/smbus":        {Width: 8, Poly: 0x07},
	"crc-8/maxim":        {Width: 8, Poly: 0x31, Refin: true, Refout: true},
	"crc-8/31-ff":        {Width: 8, Poly: 0x31, Init: 0xff},
	"crc-8/e5":           {Width: 8, Poly: 0xe5},
	"crc-16/arc":         {Width: 16, Poly: 0x8005, Refin: true, Refout: true},
	"crc-16/modbus":      {Width: 16, Poly: 0x8005, Init: 0xffff, Refin: true, Refout: true},
	"crc-16/usb":         {Width: 16, Poly: 0x8005, Init: 0xffff, Refin: true, Refout: true, Xor: 0xffff},
	"crc-16/maxim":       {Width: 16, Poly: 0x8005, Refin: true, Refout: true, Xor: 0xffff},
	"crc-16/x-25":        {Width: 16, Poly: 0x1021, Init: 0xffff, Refin: true, Refout: true, Xor: 0xffff},
	"crc-16/kermit":      {Width: 16, Poly: 0x1021, Refin: true, Refout: true},
	"crc-16/xmodem":      {Width: 16, Poly: 0x1021},
	"crc-16/ccitt-false": {Width: 16, Poly: 0x1021, Init: 0xffff},
	"crc-16/dnp":         {Width: 16, Poly: 0x3d65, Refin: true, Refout: true, Xor: 0xffff},
	"crc-16/en-13757":    {Width: 16, Poly: 0x3d65, Xor: 0xffff},
	"crc-16/late-a001":   {Width: 16, Poly: 0x8005, Init: 0xffff, Refin: true, Refout: true, Late: true},
	"crc-24/openpgp":     {Width: 24, Poly: 0x864cfb, Init: 0xb704ce},
	"crc-32/iso-hdlc":    {Width: 32, Poly: 0x04c11db7, Init: 0xffffffff, Refin: true, Refout: true, Xor: 0xffffffff},
	"crc-32/mpeg-2":      {Width: 32, Poly: 0x04c11db7, Init: 0xffffffff},
}

// NamedSums is the registry of algorithms that are no CRC.
var NamedSums = map[string]Algorithm{
	"sum8":        {Width: 8, Sum: func(b []byte) uint64 { return plainSum(b) & 0xff }},
	"sum16":       {Width: 16, Sum: func(b []byte) uint64 { return plainSum(b) & 0xffff }},
	"sum32":       {Width: 32, Sum: func(b []byte) uint64 { return plainSum(b) & 0xffffffff }},
	"lrc8":        {Width: 8, Sum: func(b []byte) uint64 { return -plainSum(b) & 0xff }},
	"not-sum8":    {Width: 8, Sum: func(b []byte) uint64 { return ^plainSum(b) & 0xff }},
	"ones-sum8":   {Width: 8, Sum: func(b []byte) uint64 { return onesSum(b, 8) }},
	"ones-sum16":  {Width: 16, Sum: func(b []byte) uint64 { return onesSum(b, 16) }},
	"xor8":        {Width: 8, Sum: xorSum},
	"fletcher-8":  {Width: 16, Sum: func(b []byte) uint64 { return fletcher(b, 256) }},
	"fletcher-16": {Width: 16, Sum: func(b []byte) uint64 { return fletcher(b, 255) }},
}

// PlainSums are the sums that take an initial value and an xorout.
var PlainSums = []string{"sum8", "sum16", "sum32", "xor8"}

// From is one of PlainSums that begins with init and ends with the bits of xorout inverted.
func (c Algorithm) From(name string, init, xorout uint64) Algorithm {
	mask, sum := uint64(1)<<max(c.Width, 1)-1, c.Sum
	c.Name, c.Init, c.Xorout = name, init, xorout
	c.Sum = func(b []byte) uint64 {
		if name == "xor8" {
			return sum(b) ^ init ^ xorout
		}
		return (sum(b)+init)&mask ^ xorout
	}
	return c
}

// Find returns an algorithm of the registry.
func Find(name string) (Algorithm, bool) {
	if s, ok := NamedSums[name]; ok {
		s.Name = name
		return s, true
	}
	if p, ok := namedCRCs[name]; ok {
		return NewCRC(p), true
	}
	return Algorithm{}, false
}

// Names lists the registry.
func Names() []string {
	return slices.AppendSeq(slices.Sorted(maps.Keys(namedCRCs)), maps.Keys(NamedSums))
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
