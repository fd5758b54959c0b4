package codec

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestEscapesOfTwoBytesAreThoseOfAnySize(t *testing.T) {
	quick := shipped(t, "jt808").families[0].escape
	slow := *quick
	slow.after = nil
	if quick.after == nil {
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
