package codec_test

import (
	"errors"
	"strings"
	"testing"

	"trama/codec"
)

// A field of fixed size that ends with a text has that size and no other: what was longer could not be made again, and
// a date of one byte has no month to be looked at.
func TestAFixedSizeHoldsBesideUntil(t *testing.T) {
	p, err := codec.Compile("until.toml", []byte(`
name = "until"
zone = "UTC"
[frame]
end    = "\n"
header = [{ key = "kind", type = "ascii", size = 1, role = "command" }]
[[message]]
command = "a"
name    = "fields"
fields  = [
  { key = "text",  type = "ascii", size = 3, until = "," },
  { key = "code",  type = "hex", size = 2, until = "," },
  { key = "n",     type = "decimal", size = 2, until = "," },
  { key = "num",   type = "uint16", until = "," },
]
[[message]]
command = "b"
name    = "times"
fields  = [
  { key = "pad",  type = "ascii", until = ";" },
  { key = "date", type = "time", layout = "YYMMDD", until = "," },
  { key = "at",   type = "time", as = "ascii", layout = "hhmmss", until = "," },
]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ raw, want string }{
		{"aABC,ab,12,xy,\n", `"text":"ABC","code":"6162","n":"12","num":30841}`},
		{"aABCD,a,12,xy,\n", ""},
		{"aAB,abc,12,xy,\n", ""},
		{"aABC,ab,123,x,\n", ""},
		{"aABC,ab,1,xyz,\n", ""},
		{"bpad;\x26\x11\x24,123456,\n", `"date":"2026-11-24","at":"123456"}`},
		{"blonger;\x26\x11\x24,,\n", ""},
		{"blonger;\x26,123456,\n", ""},
		{"b;\x26\x11\x24\x01,123456,\n", ""},
		{"blonger;\x26\x11\x24,12345,\n", ""},
	} {
		var f, back codec.Frame
		err := p.Decode(codec.Any, []byte(test.raw), &f)
		agree(t, p, codec.Any, []byte(test.raw))
		if test.want == "" {
			if !errors.Is(err, codec.ErrLength) {
				t.Errorf("%q: %v", test.raw, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", test.raw, err)
			continue
		}
		text, err := f.AppendJSON(nil)
		if err != nil || !strings.HasSuffix(string(text), test.want) {
			t.Errorf("%q: %s (%v), expected %s", test.raw, text, err, test.want)
		}
		if err := p.ParseJSON(text, &back); err != nil {
			t.Fatal(err)
		}
		if again, err := p.Append(nil, &back); err != nil || string(again) != test.raw {
			t.Errorf("%q became %q (%v)", test.raw, again, err)
		}
	}
}
