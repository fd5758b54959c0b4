package scalar

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"trama/codec/internal/field"
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
		if got := UnpackBCD(uint64(v)); got != n {
			t.Fatalf("%04x is %d", v, got)
		}
		if got := packBCD(n); got != uint64(v) {
			t.Fatalf("%d is packed as %x", n, got)
		}
	}
}

func TestBCDOfEveryWidthRoundTrips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for size := 1; size <= MostBCDNumber; size++ {
		for range 2000 {
			n := r.Uint64N(Pow100[size])
			for _, little := range []bool{false, true} {
				o := Op{Code: OpBCD, Size: size, Little: little}
				b := make([]byte, size)
				_ = o.Write(b, n)
				if got, ok := o.Load(b); !ok || got != n {
					t.Fatalf("%d in %d bytes is %x, read as %d", n, size, b, got)
				}
				at := r.IntN(size)
				b[at] |= 0xa0 // one bad nibble
				if _, ok := o.Load(b); ok {
					t.Fatalf("%x is taken for digits", b)
				}
			}
		}
		if _, hi := (&Op{Code: OpBCD, Size: size}).Bounds(); hi != Pow100[size]-1 {
			t.Errorf("%d bytes hold up to %d", size, hi)
		}
	}
}

func TestDigitsKeepTheirZeros(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for size := 1; size <= 12; size++ {
		for _, little := range []bool{false, true} {
			o := Op{Code: OpDigits, Size: size, Little: little, Field: &field.Field{}}
			text := ""
			for range 2 * size {
				text += strconv.Itoa(r.IntN(10))
			}
			b, _, err := o.Parse(nil, text, 0, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := (Value{Op: &o, Data: b}).String(); got != text {
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
		_ = (&Op{Code: OpBCD, Size: test.size}).Write(b, test.n)
		if got := fmt.Sprintf("%x", b); got != test.want {
			t.Errorf("%d in %d bytes is %s, want %s", test.n, test.size, got, test.want)
		}
	}
}
