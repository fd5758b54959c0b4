package program

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestEscapesOfTwoBytesAreThoseOfAnySize(t *testing.T) {
	slow := EscapeTable{Mark: []byte{0x7d}, Pairs: []EscapePair{{[]byte{0x7e}, []byte{0x7d, 2}}, {[]byte{0x7d}, []byte{0x7d, 1}}}}
	for _, p := range slow.Pairs {
		slow.Coded[p.Plain[0]] = p.Coded
		slow.Apart.Add(p.Plain[0])
	}
	slow.Lead.Add(0x7d)
	quick := slow
	if quick.Short(); quick.after == nil {
		t.Fatal("no table")
	}
	random := rand.New(rand.NewPCG(5, 6))
	decoded := 0
	for range 20000 {
		b := make([]byte, random.IntN(12))
		for i := range b {
			b[i] = []byte{0x7d, 0x7d, 1, 2, 3, 0x55}[random.IntN(6)]
		}
		got, ok := quick.decode([]byte{9}, b)
		want, fits := slow.decode([]byte{9}, b)
		if ok != fits || ok && !bytes.Equal(got, want) {
			t.Fatalf("%x: %x (%v), expected %x (%v)", b, got, ok, want, fits)
		}
		if ok {
			decoded++
		}
	}
	if decoded < 1000 {
		t.Errorf("only %d of 20000 decoded", decoded)
	}
}
