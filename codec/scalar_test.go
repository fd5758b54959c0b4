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
