package codec_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"trama/codec"
)

// scalarCase is a frame of a profile whose one message has these fields, behind a byte of identity.
type scalarCase struct {
	name, fields, frame string
	json                string // the fields of the message; empty: the frame is refused
	refused             string // part of the error
}

func (c scalarCase) profile(t *testing.T) *codec.Profile {
	t.Helper()
	p, err := codec.Compile("x.toml", []byte(`name = "x"
zone = "UTC"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }]
[[message]]
name = "m"
fields = [`+c.fields+`]
`))
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return p
}

// check decodes the frame, compares its JSON and makes the frame from it again.
func (c scalarCase) check(t *testing.T) {
	t.Helper()
	p := c.profile(t)
	raw, err := hex.DecodeString("01" + c.frame)
	if err != nil {
		t.Fatal(err)
	}
	var f, back codec.Frame
	if err = p.Decode(codec.Any, raw, &f); c.json == "" {
		if err == nil || !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v, expected %q", c.name, err, c.refused)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return
	}
	text, err := f.AppendJSON(nil)
	if err != nil || !json.Valid(text) {
		t.Errorf("%s: %s: %v", c.name, text, err)
	}
	_, got, _ := strings.Cut(string(text), `"unit":1`)
	if got = strings.TrimPrefix(strings.TrimSuffix(got, "}"), ","); got != c.json {
		t.Errorf("%s: %s, expected %s", c.name, got, c.json)
	}
	if err := p.ParseJSON(text, &back); err != nil {
		t.Errorf("%s: from JSON: %v", c.name, err)
		return
	}
	if made, err := p.Append(nil, &back); err != nil || string(made) != string(raw) {
		t.Errorf("%s: from JSON: %x, %v, expected %x", c.name, made, err, raw)
	}
}

func TestScalars(t *testing.T) {
	for _, c := range []scalarCase{
		{name: "bytes the other way round count as they are shown",
			fields: `{ key = "k", type = "hex", size = 2, reversed = true }, { key = "top", type = "computed", value = "k >> 8" }`,
			frame:  "0102", json: `"k":"0201","top":2`},
		{name: "degrees and minutes in a float",
			fields: `{ key = "lat", type = "float32", form = "degree-minute" }`,
			frame:  "449a5000", json: `"lat":12.575000000`},
		{name: "a float whose degrees lose bits",
			fields: `{ key = "lat", type = "float64", form = "degree-minute" }`,
			frame:  "40934a0000000001", json: `"lat":"=1234.5000000000002"`},
		{name: "a sign before digits that are none",
			fields: `{ key = "v", type = "bcd", size = 3, minus = "f", missing = ["bad"] }`,
			frame:  "f00002", json: `"v":-2`},
		{name: "digits that are none behind a sign",
			fields: `{ key = "v", type = "bcd", size = 3, minus = "f", missing = ["bad"] }`,
			frame:  "f0000a", json: `"v":"?f0000a"`},
	} {
		c.check(t)
	}
}

func TestExpressions(t *testing.T) {
	one := func(fields, value string) string {
		return fields + `, { key = "r", type = "computed", value = "` + value + `" }`
	}
	float := `{ key = "a", type = "float32" }`
	wide := `{ key = "u", type = "uint64" }`
	for _, c := range []scalarCase{
		{name: "a float counts as a real number", fields: one(float, "a * 2"), frame: "3fc00000", json: `"a":1.5,"r":3`},
		{name: "a float in a condition", fields: float + `, { key = "over", type = "byte", when = "a > 10" }`, frame: "3f800000", json: `"a":1`},
		{name: "a float beside a whole number", fields: one(float+`, { key = "b", type = "byte" }`, "(a + b) / 4"), frame: "3fc0000005", json: `"a":1.5,"b":5,"r":1.625`},
		{name: "a constant with a point", fields: one(`{ key = "b", type = "byte" }`, "b * 0.5"), frame: "05", json: `"b":5,"r":2.5`},
		{name: "64 bits without sign are compared", fields: one(wide, "u > 5"), frame: "ffffffffffffffff", json: `"u":18446744073709551615,"r":1`},
		{name: "64 bits without sign as they are", fields: one(wide, "u"), frame: "ffffffffffffffff", json: `"u":18446744073709551615,"r":18446744073709551615`},
		{name: "64 bits shifted", fields: one(wide, "u >> 60"), frame: "ffffffffffffffff", json: `"u":18446744073709551615,"r":15`},
		{name: "64 bits divided", fields: one(wide, "u / 3"), frame: "ffffffffffffffff", json: `"u":18446744073709551615,"r":6148914691236517205`},
		{name: "a product that does not fit", fields: one(wide, "u * 10"), frame: "ffffffffffffffff", refused: "does not fit 64 bits"},
		{name: "a product that fits", fields: one(wide, "u * 10"), frame: "0000000000000005", json: `"u":5,"r":50`},
		{name: "a text of varying size as a number", fields: one(`{ key = "n", type = "byte" }, { key = "t", type = "hex", size = "n" }`, "t + 1"), frame: "020105", json: `"n":2,"t":"0105","r":262`},
		{name: "a longer one", fields: one(`{ key = "n", type = "byte" }, { key = "t", type = "hex", size = "n" }`, "t + 1"), frame: "09010203040506070809", refused: "9 bytes, allowed 8"},
		{name: "a longer one that is only compared", fields: one(`{ key = "n", type = "byte" }, { key = "t", type = "ascii", size = "n" }`, "t = 'ab'"), frame: "09616263616263616263", json: `"n":9,"t":"abcabcabc","r":0`},
		{name: "a field wins over a word", fields: `{ key = "index", type = "byte" }, { key = "data", type = "hex", size = "index" }, { key = "next", type = "byte" }, { key = "more", type = "byte", when = "next = 1" }`,
			frame: "02aabb0107", json: `"index":2,"data":"aabb","next":1,"more":7`},
		{name: "a function beside a field of its name", fields: `{ key = "at", type = "byte" }, { key = "l", type = "list", count = 2, fields = [{ key = "v", type = "byte" }] }, { key = "r", type = "computed", value = "at(l.v, 1) + at" }`,
			frame: "030405", json: `"at":3,"l":[{"v":4},{"v":5}],"r":8`},
		{name: "a byte further on", fields: `{ key = "a", type = "byte", when = "next(1) = 7" }, { key = "b", type = "byte" }, { key = "c", type = "byte", when = "next(0) = 9" }`, frame: "0107", json: `"a":1,"b":7`},
		{name: "text further on", fields: `{ key = "a", type = "byte", when = "ahead('X', 1)" }, { key = "b", type = "ascii", size = 1 }`, frame: "0158", json: `"a":1,"b":"X"`},
		{name: "bytes ahead", fields: `{ key = "a", type = "uint16", when = "ahead(0x0d0a)" }, { key = "b", type = "byte" }`, frame: "0d0a01", json: `"a":3338,"b":1`},
	} {
		c.check(t)
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{ key = "t", type = "hex", size = 9 }, { key = "n", type = "computed", value = "t" }`:     "t has 9 bytes: up to 8 count as a number",
		`{ key = "a", type = "float32" }, { key = "d", type = "hex", size = "a" }`:                 "a real number, and a whole one is needed",
		`{ key = "a", type = "float32" }, { key = "d", type = "computed", value = "a & 3" }`:       "& is of whole numbers",
		`{ key = "a", type = "byte" }, { key = "d", type = "computed", value = "a == 1 ? 2 : 3" }`: "a choice of two numbers is written as a sum",
		`{ key = "a", type = "float32" }, { key = "d", type = "computed", value = "a", min = 3 }`:  "a whole number beside",
		`{ key = "a", type = "byte" }, { key = "d", type = "computed", value = "ahead(7)" }`:       "ahead needs a text or bytes",
	} {
		_, err := codec.Compile("x.toml", []byte(`name = "x"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }]
[[message]]
name = "m"
fields = [`+text+`]
`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %q", text, err, want)
		}
	}
}

func TestDigitsAndViews(t *testing.T) {
	imei := `{ key = "imei", type = "bcd", size = 8, as = "digits", digits = 15, align = "left" }`
	for _, c := range []scalarCase{
		{name: "a pad nibble behind the digits", fields: imei, frame: "1234567890123000", json: `"imei":"123456789012300"`},
		{name: "a pad nibble that is a digit", fields: imei, frame: "1234567890123009", json: `"imei":"1234567890123009"`},
		{name: "zeros of the value beside a filler of zero", fields: strings.Replace(imei, "align", `filler = "0", align`, 1), frame: "1234567890123000", json: `"imei":"123456789012300"`},
		{name: "a filler behind fifteen digits", fields: strings.Replace(imei, "align", `filler = "f", align`, 1), frame: "123456789012300f", json: `"imei":"123456789012300"`},
		{name: "nothing but fillers", fields: `{ key = "a", type = "bcd", size = 3, as = "digits", filler = "a" }`, frame: "aaaaaa", json: `"a":"aaaaaa"`},
		{name: "digits before a filler", fields: `{ key = "a", type = "bcd", size = 3, as = "digits", filler = "a" }`, frame: "1234aa", json: `"a":"1234"`},
		{name: "hexadecimal", fields: `{ key = "a", type = "uint16", form = "hex" }`, frame: "010a", json: `"a":"0x010a"`},
		{name: "hexadecimal, little", fields: `{ key = "a", type = "uint32", order = "little", form = "hex" }, { key = "b", type = "computed", value = "a >> 8", form = "hex" }`, frame: "04030201", json: `"a":"0x01020304","b":"0x10203"`},
		{name: "letters and a flag", fields: `{ key = "w", type = "bits", size = 2, bits = [{ key = "wild", at = "15" }, { key = "maker", at = "14-0", form = "letters" }] }`, frame: "8683", json: `"w":34435,"wild":1,"maker":"ATC"`},
		{name: "letters of a computed value", fields: `{ key = "w", type = "uint16" }, { key = "maker", type = "computed", value = "w & 0x7fff", form = "letters" }`, frame: "8683", json: `"w":34435,"maker":"ATC"`},
		{name: "nine digits beside four flags", fields: `{ key = "p", type = "bits", size = 5, bits = [{ key = "lon", at = "39-4", as = "bcd", scale = 0.000001, unit = "°" }, { key = "east", at = "0" }] }`, frame: "1141234561", json: `"p":74107274593,"lon":114.123456,"east":1`},
		{name: "bits that are no digits", fields: `{ key = "p", type = "bits", size = 1, bits = [{ key = "d", at = "7-0", as = "bcd" }] }`, frame: "1a", refused: "not a decimal digit"},
	} {
		c.check(t)
	}
}

func TestKeysWithoutEffectAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{ key = "a", type = "bcd", size = 3, as = "digits", align = "left" }`:                   "beside filler or digits",
		`{ key = "a", type = "uint16", form = "letters", minus = "bit" }`:                        "beside a sign",
		`{ key = "a", type = "bits", size = 1, bits = [{ key = "p", at = "3-0", pad = "x" }] }`:  "it on a part of bits",
		`{ key = "a", type = "bits", size = 1, bits = [{ key = "p", at = "2-0", as = "bcd" }] }`: "four bits for each digit",
		`{ key = "a", type = "ascii", size = 2, form = "hex" }`:                                  "it on whole numbers",
	} {
		_, err := codec.Compile("x.toml", []byte("name = \"x\"\n[frame]\nheader = [{ key = \"unit\", type = \"byte\", role = \"identity\" }]\n[[message]]\nname = \"m\"\nfields = ["+text+"]\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %q", text, err, want)
		}
	}
}

func TestLabelAndNumber(t *testing.T) {
	fields := `{ key = "kind", type = "byte", enum = { 6 = "ACK", 21 = "NAK" } }, { key = "fix", type = "ascii", size = 1, enum = { A = "valid", V = "void" } }`
	for _, c := range []scalarCase{
		{name: "both", fields: fields, frame: "0641", json: `"kind":{"value":6,"label":"ACK"},"fix":{"value":"A","label":"valid"}`},
		{name: "a value without a label", fields: fields, frame: "0758", json: `"kind":7,"fix":"X"`},
		{name: "a label of several numbers, in hexadecimal", fields: `{ key = "k", type = "uint16", form = "hex", enum = { 0x0101 = "open" } }`, frame: "0101", json: `"k":{"value":"0x0101","label":"open"}`},
	} {
		c.check(t)
	}
	p := scalarCase{fields: fields}.profile(t)
	for given, want := range map[string]string{
		`"kind":"NAK","fix":"V"`:                              "011556",
		`"kind":21,"fix":"void"`:                              "011556",
		`"kind":{"label":"NAK"},"fix":{"value":"V"}`:          "011556",
		`"kind":{"value":6,"label":"NAK"},"fix":"V"`:          "label NAK, but the value 6 is \"ACK\"",
		`"kind":{"value":6,"label":"ACK","more":1},"fix":"V"`: "expected a value and its label",
	} {
		var f codec.Frame
		err := p.ParseJSON([]byte(`{"message":"m","unit":1,`+given+`}`), &f)
		made, _ := p.Append(nil, &f)
		if err == nil && hex.EncodeToString(made) != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %x, %v, expected %s", given, made, err, want)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []scalarCase{
		{name: "a layout without a time of day", fields: `{ key = "d", type = "time", layout = "YYMMDD" }`, frame: "261130", json: `"d":"2026-11-30"`},
		{name: "a date that does not exist", fields: `{ key = "d", type = "time", layout = "YYMMDD" }`, frame: "260230", json: `"d":"260230"`},
		{name: "cp16", fields: `{ key = "d", type = "time", as = "cp16", order = "little" }`, frame: "5f1c", json: `"d":"2010-12-31"`},
		{name: "parts of a date", fields: `{ key = "y", type = "byte" }, { key = "m", type = "byte" }, { key = "d", type = "time", parts = { year = "2000 + y", month = "m", day = "1" } }`,
			frame: "1a0b", json: `"y":26,"m":11,"d":"2026-11-01"`},
		{name: "fields that make a date and a time of day", fields: `{ key = "a", type = "time", layout = "YYMMDD" }, { key = "b", type = "time", layout = "hhmm" }, { key = "c", type = "time", parts = ["a", "b"] }`,
			frame: "2611301730", json: `"a":"2026-11-30","b":"1730","c":"2026-11-30T17:30:00Z"`},
	} {
		c.check(t)
	}
}

func TestTextMadeOfFields(t *testing.T) {
	fields := `{ key = "list", type = "list", count = 2, fields = [
		{ key = "kind", type = "byte", enum = { 1 = "volume" } },
		{ key = "sub", type = "group", fields = [{ key = "storage", type = "byte" }] },
		{ key = "tariff", type = "byte", when = "kind = 1" },
		{ key = "name", type = "computed", text = "{kind}.{sub.storage}.{tariff} of {unit}" },
	] }`
	c := scalarCase{name: "names of elements", fields: fields, frame: "0103090207",
		json: `"list":[{"kind":{"value":1,"label":"volume"},"sub":{"storage":3},"tariff":9,"name":"volume.3.9 of 1"},{"kind":2,"sub":{"storage":7},"name":"2.7. of 1"}]`}
	c.check(t)
	var f codec.Frame
	err := c.profile(t).ParseJSON([]byte(`{"message":"m","unit":1,"list":[{"kind":1,"sub":{"storage":3},"tariff":9,"name":"other"},{"kind":2,"sub":{"storage":7}}]}`), &f)
	if err == nil || !strings.Contains(err.Error(), "the fields that it follows from say volume.3.9 of 1") {
		t.Errorf("a text that differs: %v", err)
	}
}
