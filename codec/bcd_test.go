package codec

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestEveryBCDByteAndPairIsJudgedByItsDigits(t *testing.T) {
	for v := range 1 << 16 {
		b := []byte{byte(v >> 8), byte(v)}
		n, err := strconv.ParseUint(fmt.Sprintf("%x", v), 10, 64)
		decimal := err == nil
		if got := packedDigits(uint64(v)); got != decimal {
			t.Fatalf("%04x: packedDigits %v", v, got)
		}
		if got := badNibble(b) < 0; got != decimal {
			t.Fatalf("%04x: badNibble %v", v, got)
		}
		if got := allDigits(b); got != decimal {
			t.Fatalf("%04x: allDigits %v", v, got)
		}
		if !decimal {
			continue
		}
		if got := unpackBCD(uint64(v)); got != n {
			t.Fatalf("%04x is %d", v, got)
		}
		if got := packBCD(n); got != uint64(v) {
			t.Fatalf("%d is packed as %x", n, got)
		}
	}
}

func TestBCDOfEveryWidthRoundTrips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for size := 1; size <= maxBCDNumber; size++ {
		for range 2000 {
			n := r.Uint64N(pow100[size])
			for _, little := range []bool{false, true} {
				o := op{code: opBCD, size: size, little: little}
				b := make([]byte, size)
				o.store(b, n)
				if got, ok := o.load(b); !ok || got != n {
					t.Fatalf("%d in %d bytes is %x, read as %d", n, size, b, got)
				}
				at := r.IntN(size)
				b[at] |= 0xa0 // one bad nibble
				if _, ok := o.load(b); ok {
					t.Fatalf("%x is taken for digits", b)
				}
			}
		}
		if _, hi := (&op{code: opBCD, size: size}).bounds(); hi != pow100[size]-1 {
			t.Errorf("%d bytes hold up to %d", size, hi)
		}
	}
}

func TestDigitsKeepTheirZeros(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for size := 1; size <= 12; size++ {
		for _, little := range []bool{false, true} {
			o := op{code: opDigits, size: size, little: little, field: &Field{}}
			text := ""
			for range 2 * size {
				text += strconv.Itoa(r.IntN(10))
			}
			b, _, err := o.parse(nil, text, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := (Item{Field: o.field, v: value{op: &o, data: b}}).Text(); got != text {
				t.Errorf("%s is packed as %x, read as %s", text, b, got)
			}
		}
	}
}

func TestTheRecordedBCDValues(t *testing.T) {
	for _, test := range []struct {
		size int
		n    uint64
		want string
	}{{2, 25, "0025"}, {4, 12345678, "12345678"}, {7, 20261123143000, "20261123143000"}} {
		b := make([]byte, test.size)
		(&op{code: opBCD, size: test.size}).store(b, test.n)
		if got := fmt.Sprintf("%x", b); got != test.want {
			t.Errorf("%d in %d bytes is %s, want %s", test.n, test.size, got, test.want)
		}
	}
}
