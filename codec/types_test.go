package codec_test

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"trama/codec"
)

// typeGoldens are frames of testdata/types.good.toml: hex without length and command, and the values.
var typeGoldens = []struct {
	message string
	body    string
	values  map[string]any
}{

	{"integers",
		"ff 3412 1234 563412 123456 78563412 123456789a bc9a78563412 123456789abc 123456789abcde efcdab8967452301 ffffffffffffffff 80 feff fffe 800000 00000080 feffffffffff 8000000000000000",
		map[string]any{"b": uint8(255), "u16": 0x1234, "u16b": "0x1234", "u24": 0x123456, "u24b": "1193046", "u32": uint32(0x12345678),
			"u40b": int64(0x123456789a), "u48": int64(0x123456789abc), "u48b": int64(0x123456789abc), "u56b": int64(0x123456789abcde), "u64": uint64(0x0123456789abcdef),
			"u64b": uint64(math.MaxUint64), "i8": int8(-128), "i16": -2, "i16b": "-2", "i24b": "-0x800000", "i32": int32(math.MinInt32),
			"i48": -2, "i64b": int64(math.MinInt64)}},
	{"decimals",
		"99 78563412 12345678 1234567890123456 563412 012345678901234567",
		map[string]any{"n1": 99, "n4": 12345678, "n4b": 12345678.0, "n8b": uint64(1234567890123456), "d3": "123456", "d9b": "12345678901234567"}},
	{"reals",
		"0000ac41 bdcccccd 112d4454fb210940 7ff0000000000000",
		map[string]any{"f32": 21.5, "f32b": float32(-0.1), "f64": "3.14159265358979", "f64b": math.Inf(1)}},
	{"reals",
		"010080ff 80000000 000000000000f87f ffffffffffffffff",
		map[string]any{"f32": "NaN(ff800001)", "f32b": "-0", "f64": math.NaN(), "f64b": "NaN(ffffffffffffffff)"}},
	{"scaled",
		"2301 7f 0267a851 ffffffffffffffff 8000",
		map[string]any{"volt": 230.1, "temp": 23.5, "angle": 22.415405, "big": "18446744073709551.615", "minus": 327.68}},
	{"scaled",
		"9999 00 80000000 0020000000000001 0001",
		map[string]any{"volt": "999.9", "temp": -40, "angle": "-1193.0464711111111", "big": "9007199254740.993", "minus": -0.01}},
	{"texts",
		"61622063 616220202020 610062000000 303939 ff00 7a abcdef 7461696c ff",
		map[string]any{"KIND": 0x0105, "plain": "ab c", "space": "ab", "zero": "a\x00b", "digit": "099", "raw": []byte{0xff, 0}, "one": "z", "hex": "abcdef", "tail": "tail"}},
	{"texts",
		"61622063 202020202020 000000000000 303939 c3a9 30 abcdef ff",
		map[string]any{"KIND": "0x0105", "plain": "ab c", "space": "", "zero": "", "digit": "099", "raw": "Ã©", "one": "0", "hex": []byte{0xab, 0xcd, 0xef}, "tail": ""}},
	{"times",
		"20261123143000 261123143000 143023112 6 261123",
		map[string]any{"t7": "2026-11-23T14:30:00+02:00", "t6": "2026-11-23T12:30:00Z", "t5": "2026-11-23 14:30", "t3": time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}},
	{"flags",
		"a3e7 55 000c 123456 7f",
		map[string]any{"top": 1, "mode": "auto", "level": 99.9, "state": "fault", "kind": 12, "plain": 0x7f}},
	{"flags",
		"f000 01 0003 123456 00",
		map[string]any{"word": 0xf000, "state": 1, "plain": 0}},
	{"flags",
		"8005 00 0003 123456 00",
		map[string]any{"word": 0x8000, "level": 0.5, "plain": 0}},
}

func TestEveryTypeIsBuiltDecodedAndEncoded(t *testing.T) {
	p := profileFrom(t, "types.good.toml")
	for _, g := range typeGoldens {
		body := strings.ReplaceAll(g.body, " ", "")
		var f, decoded, back codec.Frame
		if err := p.Build(&f, g.message, g.values); err != nil {
			t.Errorf("%s: %v", g.message, err)
			continue
		}
		raw, err := p.Append(nil, &f)
		if err != nil || hex.EncodeToString(raw[4:]) != body {
			t.Errorf("%s: built %x (%v)\nwant %s", g.message, raw[4:], err, body)
			continue
		}
		if want := uint16(len(raw) + 1); raw[0] != byte(want>>8) || raw[1] != byte(want) {
			t.Errorf("%s: length %x, want %d", g.message, raw[:2], want)
		}
		if err := p.Decode(codec.Any, raw, &decoded); err != nil {
			t.Errorf("%s: %v", g.message, err)
			continue
		}
		text, _ := decoded.AppendJSON(nil)
		if err := p.ParseJSON(text, &back); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for what, frame := range map[string]*codec.Frame{"decoded": &decoded, "from JSON": &back} {
			if again, err := p.Append(nil, frame); err != nil || string(again) != string(raw) {
				t.Errorf("%s %s: encoded again %x (%v)\nwant %x\n%s", g.message, what, again, err, raw, text)
			}
		}
		agree(t, p, codec.Any, raw)
	}
}

func TestItemsGiveTheirValues(t *testing.T) {
	p := profileFrom(t, "types.good.toml")
	var f codec.Frame
	item := func(message int, key string) codec.Item {
		t.Helper()
		g := typeGoldens[message]
		var built codec.Frame
		if err := p.Build(&built, g.message, g.values); err != nil {
			t.Fatal(err)
		}
		raw, err := p.Append(nil, &built)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Decode(codec.Any, raw, &f); err != nil {
			t.Fatal(err)
		}
		it, ok := f.Item(key)
		if !ok {
			t.Fatalf("no field %s", key)
		}
		return it
	}
	if got := item(0, "i16b").Int(); got != -2 {
		t.Errorf("i16b = %d", got)
	}
	if got := item(0, "i16b").Uint(); got != 0 {
		t.Errorf("i16b as unsigned = %d", got)
	}
	if got := item(0, "u64b").Uint(); got != math.MaxUint64 {
		t.Errorf("u64b = %d", got)
	}
	if it := item(4, "volt"); it.Float() != 230.1 || it.Kind != codec.KindFloat || it.Uint() != 230 || it.Text() != "230.1" || it.Field.Unit != "V" {
		t.Errorf("volt = %v (%v)", it.Float(), it.Kind)
	}
	if got := item(5, "big").Text(); got != "9007199254740.993" {
		t.Errorf("big = %s", got)
	}
	if it := item(1, "d9b"); it.Text() != "012345678901234567" || it.Kind != codec.KindDigits || it.Off != 4+1+4+4+8+3 || it.Len != 9 {
		t.Errorf("d9b = %s at %d", it.Text(), it.Off)
	}
	if it := item(9, "mode"); it.Label() != "auto" || it.Uint() != 2 || it.Text() != "auto" || it.Len != 0 {
		t.Errorf("mode = %s %d", it.Label(), it.Uint())
	}
	if it := item(8, "t5"); it.Text() != "2026-11-23T14:30:00+02:00" {
		t.Errorf("t5 = %s", it.Text())
	}
	if it := item(6, "space"); it.Text() != "ab" || string(it.Bytes()) != "ab    " {
		t.Errorf("space = %q %q", it.Text(), it.Bytes())
	}
	if ts, ok := f.Timestamp(); ok {
		t.Errorf("a frame without time has %v", ts)
	}
	var none codec.Item
	if none.Text() != "" || none.Uint() != 0 || none.Float() != 0 || none.Label() != "" || none.Missing() || none.Suspect() {
		t.Error("the zero Item has a value")
	}
}

func TestValuesThatDoNotFitAreRefusedByName(t *testing.T) {
	p := profileFrom(t, "types.good.toml")
	for _, test := range []struct {
		message int
		key     string
		value   any
		want    error
		text    string
	}{
		{0, "b", 256, codec.ErrRange, "b: out of range: 256, allowed 0..255"},
		{0, "b", -1, codec.ErrRange, "allowed 0..255"},
		{0, "b", "x", codec.ErrValue, `"x" is not a number`},
		{0, "b", 1.5, codec.ErrValue, "not a whole number"},
		{0, "b", []int{1}, codec.ErrValue, "expected a number"},
		{0, "b", "", codec.ErrValue, "is not a number"},
		{0, "b", "0xg", codec.ErrValue, "is not a number"},
		{0, "b", "1e99", codec.ErrRange, "allowed 0..255"},
		{0, "i8", -129, codec.ErrRange, "allowed -128..127"},
		{0, "u64", "18446744073709551616", codec.ErrRange, "allowed 0..18446744073709551615"},
		{0, "i64b", "-9223372036854775809", codec.ErrRange, "allowed -9223372036854775808..9223372036854775807"},
		{1, "n1", 100, codec.ErrRange, "n1: out of range: 100, allowed 0..99"},
		{1, "n4", 123456789, codec.ErrRange, "allowed 0..99999999"},
		{1, "d3", "1234567", codec.ErrRange, "7 digits, allowed 6"},
		{1, "d3", "12a", codec.ErrDigit, `"12a"`},
		{2, "f32", 1e39, codec.ErrRange, "does not fit 32 bits"},
		{2, "f32", "warm", codec.ErrValue, "is not a number"},
		{4, "volt", 230.15, codec.ErrValue, "230.15 is between two steps of 0.1"},
		{4, "volt", 1000, codec.ErrRange, "allowed 0..999.9"},
		{4, "temp", 80.5, codec.ErrRange, "allowed -40..80"},
		{4, "minus", 327.69, codec.ErrRange, "allowed"},
		{6, "plain", "abc", codec.ErrLength, "3 characters, expected 4"},
		{6, "plain", "abcé", codec.ErrRange, "allowed 0x20-~"},
		{6, "plain", "ab世", codec.ErrValue, "not one byte"},
		{6, "space", "1234567", codec.ErrLength, "7 characters, expected 6"},
		{6, "digit", "12a", codec.ErrRange, "allowed 0-9"},
		{6, "one", "w", codec.ErrRange, "allowed 0, x-z"},
		{6, "hex", "abcd", codec.ErrLength, "2 bytes, expected 3"},
		{6, "hex", "abcdeg", codec.ErrValue, "not hexadecimal"},
		{6, "end", "fe", codec.ErrConst, "fe, expected ff"},
		{6, "tail", "123456789", codec.ErrLength, "9 bytes, allowed 8"},
		{8, "t7", "2026-13-01", codec.ErrTime, "expected RFC 3339 or YYYYMMDDhhmmss"},
		{8, "t7", "20261301000000", codec.ErrTime, "does not exist"},
		{8, "t6", "1999-12-31", codec.ErrRange, "year 1999, allowed 2000..2099"},
		{9, "mode", "autp", codec.ErrValue, `did you mean "auto"?`},
		{9, "level", 100, codec.ErrRange, "allowed 0..99.9"},
		{9, "kind", 2, codec.ErrRange, "allowed 1, 3, 10..21"},
		{9, "magic", 1, codec.ErrRange, "allowed 1193046"},
		{9, "LEN", 3, codec.ErrValue, "computed"},
		{9, "KIND", 0x0106, codec.ErrValue, "not a command of this message"},
		{9, "stat", 1, codec.ErrUnknownField, `did you mean "state"?`},
	} {
		g := typeGoldens[test.message]
		values := map[string]any{test.key: test.value}
		for k, v := range g.values {
			if k != test.key {
				values[k] = v
			}
		}
		var f codec.Frame
		err := p.Build(&f, g.message, values)
		var field *codec.FieldError
		if !errors.As(err, &field) || field.Field != test.key || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s = %v: %v\nwant %v: %s", test.key, test.value, err, test.want, test.text)
		}
		if f.Message() != nil {
			t.Errorf("%s = %v: a frame was made", test.key, test.value)
		}
		// Set says the same, and leaves the frame as it was.
		if err := p.Build(&f, g.message, g.values); err != nil {
			t.Fatal(err)
		}
		before, _ := p.Append(nil, &f)
		if err := p.Set(&f, test.key, test.value); !errors.Is(err, test.want) {
			t.Errorf("Set %s = %v: %v, want %v", test.key, test.value, err, test.want)
		}
		if after, err := p.Append(nil, &f); err != nil || string(after) != string(before) {
			t.Errorf("Set %s = %v: frame %x became %x", test.key, test.value, before, after)
		}
	}
}

func TestSetChangesOneFieldAndTheLength(t *testing.T) {
	p := profileFrom(t, "types.good.toml")
	var f codec.Frame
	if err := p.Build(&f, "texts", typeGoldens[6].values); err != nil {
		t.Fatal(err)
	}
	frame, _ := p.Append(nil, &f)
	if err := p.Decode(codec.Any, frame, &f); err != nil {
		t.Fatal(err)
	}
	kept := string(frame)
	if err := p.Set(&f, "tail", "12345678"); err != nil {
		t.Fatal(err)
	}
	got, err := p.Append(nil, &f)
	if err != nil || len(got) != len(frame)+4 || int(got[1]) != len(got)+1 || string(got[len(got)-9:]) != "12345678\xff" {
		t.Errorf("%x (%v)", got, err)
	}
	if string(frame) != kept {
		t.Error("the bytes that were decoded changed")
	}
	if string(f.Raw()) != string(got) {
		t.Error("a changed frame shows other bytes than its own")
	}
	if it, _ := f.Item("end"); it.Off != len(got)-1 {
		t.Errorf("end at %d", it.Off)
	}
	if it, _ := f.Item("LEN"); it.Uint() != uint64(len(got)+1) {
		t.Errorf("LEN = %d", it.Uint())
	}
	// Parts and their word follow each other.
	if err := p.Build(&f, "flags", typeGoldens[9].values); err != nil {
		t.Fatal(err)
	}
	if err := p.Set(&f, "mode", "on"); err != nil {
		t.Fatal(err)
	}
	if it, _ := f.Item("word"); it.Uint() != 0x93e7 {
		t.Errorf("word = %#x", it.Uint())
	}
	if err := p.Set(&f, "word", 0x2001); err != nil {
		t.Fatal(err)
	}
	if it, _ := f.Item("mode"); it.Text() != "auto" {
		t.Errorf("mode = %s", it.Text())
	}
	// Reusing a changed frame harms neither the plan nor other frames.
	var again codec.Frame
	if err := p.Decode(codec.Any, frame, &f); err != nil {
		t.Fatal(err)
	}
	if err := p.Decode(codec.Any, frame, &again); err != nil {
		t.Fatal(err)
	}
}

func TestAnEmptyTextIsNoNumber(t *testing.T) {
	p := compiled(t, `
name = "empty"
[frame]
header = [
  { key = "id", type = "byte", role = "identity" },
  { key = "plain", type = "decimal", size = 3 },
  { key = "some", type = "decimal", size = 2, in = [1, 2] },
  { key = "hexed", type = "decimal", size = 2, base = 16 },
]
[[message]]
name = "m"
`)
	good := map[string]any{"id": 1, "plain": 2, "some": 1, "hexed": 4}
	for _, key := range []string{"plain", "some", "hexed"} {
		for _, text := range []string{"", "-"} {
			var f codec.Frame
			if err := p.Build(&f, "m", good); err != nil {
				t.Fatal(err)
			}
			if err := p.Set(&f, key, text); !errors.Is(err, codec.ErrValue) && !errors.Is(err, codec.ErrRange) {
				t.Errorf("%s = %q: %v", key, text, err)
			}
		}
	}
}
