package scalar

import (
	"encoding/hex"
	"testing"
)

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// The numbers are those of the standards: MQTT 3.1.1 table 2.4, X.690 8.1.3, and VLQs as in MIDI files.
func TestNumbersOfVaryingWidthAreWrittenAsTheStandardsSay(t *testing.T) {
	for _, one := range []struct {
		form Varint
		num  uint64
		hex  string
	}{
		{VarintLittle, 0, "00"}, {VarintLittle, 127, "7f"}, {VarintLittle, 128, "8001"}, {VarintLittle, 321, "c102"}, {VarintLittle, 16383, "ff7f"},
		{VarintLittle, 16384, "808001"}, {VarintLittle, 268435455, "ffffff7f"}, {VarintLittle, 1<<63 - 1, "ffffffffffffffff7f"},
		{VarintBig, 0, "00"}, {VarintBig, 127, "7f"}, {VarintBig, 128, "8100"}, {VarintBig, 8192, "c000"}, {VarintBig, 2097151, "ffff7f"}, {VarintBig, 1<<63 - 1, "ffffffffffffffff7f"},
		{VarintBER, 0, "00"}, {VarintBER, 127, "7f"}, {VarintBER, 128, "8180"}, {VarintBER, 201, "81c9"}, {VarintBER, 256, "820100"}, {VarintBER, 435, "8201b3"}, {VarintBER, 1<<63 - 1, "887fffffffffffffff"},
	} {
		b := unhex(one.hex)
		if got := one.form.Append(nil, one.num); string(got) != string(b) {
			t.Errorf("form %d %d: %x, expected %s", one.form, one.num, got, one.hex)
		}
		if num, ok := one.form.read(b); !ok || num != one.num {
			t.Errorf("form %d %s: %d, %v", one.form, one.hex, num, ok)
		}
		for n := range b {
			if size, ok := one.form.Size(b[:n], MostVarint); !ok || size > len(b) || size <= n {
				t.Errorf("form %d %x: size %d, %v", one.form, b[:n], size, ok)
			}
		}
	}
	for _, one := range []struct {
		form Varint
		hex  string
	}{{VarintLittle, "80808080808080808080"}, {VarintBER, "80"}, {VarintBER, "89"}, {VarintBER, "888000000000000000"}, {VarintBig, "ff"}, {VarintBig, "0000"}} {
		if num, ok := one.form.read(unhex(one.hex)); ok {
			t.Errorf("form %d %s is read as %d", one.form, one.hex, num)
		}
	}
}
