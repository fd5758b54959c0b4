package codec_test

import (
	"errors"
	"testing"

	"trama/codec"
)

// A size that depends on the length of the frame and on something else follows from the bytes that are given.
func TestASizeOfTheLengthAndAFlagIsMadeFromTheValue(t *testing.T) {
	p := profileFrom(t, "field-osdp.good.toml")
	values := map[string]any{"reply": 1, "address": 0, "seq": 2, "reader": 0, "format": 1, "bits": 26, "data": "aabbccdd"}
	for _, test := range []struct {
		hasCRC int
		want   string
	}{
		{1, "53801000065000011a00aabbccdd5416"},
		{0, "53800f00025000011a00aabbccdda3"},
	} {
		values["has_crc"] = test.hasCRC
		var f codec.Frame
		if err := p.Build(&f, "card", values); err != nil {
			t.Errorf("has_crc %d: %v", test.hasCRC, err)
			continue
		}
		if raw, err := p.Append(nil, &f); err != nil || string(raw) != string(unhex(t, test.want)) {
			t.Errorf("has_crc %d: %x %v, want %s", test.hasCRC, raw, err, test.want)
		}
	}
}

// What is given must fit together all the same.
func TestASizeOfTwoFieldsIsHeldAgainstBothValues(t *testing.T) {
	p, err := codec.Compile("two.toml", []byte(`
name = "two"
[frame]
header = [
  { key = "n", type = "byte" },
  { key = "m", type = "byte", role = "identity" },
  { key = "a", type = "hex", size = "n" },
  { key = "b", type = "hex", size = "n + m" },
]
[[message]]
name = "x"
`))
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	if err := p.Build(&f, "x", map[string]any{"m": 1, "a": "11", "b": "2233"}); err != nil {
		t.Error(err)
	}
	if err := p.Build(&f, "x", map[string]any{"m": 1, "a": "11", "b": "22"}); !errors.Is(err, codec.ErrShort) {
		t.Errorf("one byte too few: %v", err)
	}
	if err := p.Build(&f, "x", map[string]any{"m": 1, "a": "11", "b": "223344"}); !errors.Is(err, codec.ErrLong) {
		t.Errorf("one byte too many: %v", err)
	}
}
