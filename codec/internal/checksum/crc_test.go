package checksum

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// catalogued are the check values of the catalogue: the CRC of "123456789".
var catalogued = map[string]uint64{
	"crc-8/smbus": 0xf4, "crc-8/maxim": 0xa1, "crc-8/31-ff": 0xf7,
	"crc-16/arc": 0xbb3d, "crc-16/modbus": 0x4b37, "crc-16/usb": 0xb4c8, "crc-16/maxim": 0x44c2, "crc-16/x-25": 0x906e,
	"crc-16/kermit": 0x2189, "crc-16/xmodem": 0x31c3, "crc-16/ccitt-false": 0x29b1, "crc-16/dnp": 0xea82,
	"crc-16/en-13757": 0xc2b7, "crc-24/openpgp": 0x21cf02, "crc-32/iso-hdlc": 0xcbf43926, "crc-32/mpeg-2": 0x0376e6e7,
}

// slowCRC is the definition: a bit at a time.
func slowCRC(p Params, b []byte) uint64 {
	top := uint64(1) << (p.Width - 1)
	v := p.Init
	for _, c := range b {
		if p.Refin {
			c = bits.Reverse8(c)
		}
		for i := 7; i >= 0; i-- {
			feed := v&top != 0 != (c>>i&1 != 0)
			if v <<= 1; feed {
				v ^= p.Poly
			}
		}
	}
	v &= top<<1 - 1
	if p.Refout {
		v = bits.Reverse64(v) >> (64 - p.Width)
	}
	return v ^ p.Xor
}

func TestCRCsAreThoseOfTheCatalogue(t *testing.T) {
	for name, want := range catalogued {
		s, ok := Find(name)
		if got := s.Sum([]byte("123456789")); !ok || got != want {
			t.Errorf("%s: %x, expected %x", name, got, want)
		}
	}
}

func TestCRCsByTableAreThoseByBit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 41)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	all := map[string]Params{
		"in but not out":   {Width: 16, Poly: 0x1021, Init: 0x1234, Refin: true},
		"out but not in":   {Width: 24, Poly: 0x5d6dcb, Init: 1, Refout: true, Xor: 0xff},
		"12 bits":          {Width: 12, Poly: 0x80f, Refout: true},
		"40 bits":          {Width: 40, Poly: 0x4820009, Xor: 0xffffffffff},
		"64 bits":          {Width: 64, Poly: 0x42f0e1eba9ea3693},
		"64 bits, reverse": {Width: 64, Poly: 0x1b, Init: ^uint64(0), Refin: true, Refout: true, Xor: ^uint64(0)},
	}
	for name, p := range namedCRCs {
		if !p.Late { // not of the catalogue's model
			all[name] = p
		}
	}
	for name, p := range all {
		s := NewCRC(p)
		for n := range b {
			if got, want := s.Sum(b[:n]), slowCRC(p, b[:n]); got != want {
				t.Errorf("%s of %d bytes: %x, expected %x", name, n, got, want)
				break
			}
		}
	}
}

func TestSumsByWordAreThoseByByte(t *testing.T) {
	b := []byte("the quick brown fox jumps over the lazy dog")
	for n := range b {
		var want uint64
		for _, c := range b[:n] {
			want ^= uint64(c)
		}
		if got := xorSum(b[:n]); got != want {
			t.Errorf("%d bytes: %x, expected %x", n, got, want)
		}
	}
}

// Extra bytes enter as if they stood behind those that are covered.
func TestExtraBytesEnterACRCBehindTheOthers(t *testing.T) {
	b := []byte("123456789 and the rest of it")
	for _, p := range []Params{
		{Width: 16, Poly: 0x1021, Init: 0xffff, Refin: true, Refout: true}, {Width: 16, Poly: 0x8005, Init: 0x1d0f, Xor: 0xffff},
		{Width: 24, Poly: 0x864cfb, Init: 0xb704ce, Refin: true, Xor: 7}, {Width: 12, Poly: 0x80f, Refout: true},
		{Width: 64, Poly: 0x42f0e1eba9ea3693, Init: 1}, {Width: 8, Poly: 0x07}, namedCRCs["crc-32/iso-hdlc"],
	} {
		for _, extra := range []string{"\x32", "\x00", "\x01\x02\xff"} {
			more := p
			more.Extra = extra
			for n := range b {
				if got, want := NewCRC(more).Sum(b[:n]), slowCRC(p, append(b[:n:n], extra...)); got != want {
					t.Errorf("%+v of %d bytes: %x, expected %x", more, n, got, want)
					break
				}
			}
		}
	}
}
