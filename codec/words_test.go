package codec_test

import (
	"fmt"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

// longWords compares words of more than eight characters wherever a definition can.
const longWords = `
name = "words"
[frame]
end    = "\n"
header = [
  { key = "id",   type = "ascii", until = ":", role = "identity" },
  { key = "word", type = "ascii", until = ",", role = "command" },
]
[[message]]
command = "MEASUREMENT"
name    = "measurement"
from    = "master"
fields  = [
  { key = "unit", type = "ascii", until = "," },
  { type = "choice", on = "unit", cases = [
    { is = ["FAHRENHEIT", "ABCDEFGHI"], fields = [{ key = "f", type = "decimal", size = "rest" }] },
    { is = "C", fields = [{ key = "c", type = "decimal", size = "rest" }] },
    { fields = [{ key = "micro", type = "byte", when = "unit = 'MICROKELVIN'" }, { key = "other", type = "ascii", size = "rest" }] },
  ] },
]
[[message]]
default = true
name    = "other"
from    = "master"
fields  = [{ key = "content", type = "ascii", size = "rest" }]
[[reply]]
to   = "MEASUREMENT"
send = "header"
`

func TestWordsOfAnyLengthAreCompared(t *testing.T) {
	p := compiled(t, longWords)
	for _, test := range []struct{ raw, want string }{
		{"7:MEASUREMENT,FAHRENHEIT,1\n", `"f":"1"}`},
		{"7:MEASUREMENT,ABCDEFGHI,1\n", `"f":"1"}`},
		{"7:MEASUREMENT,C,1\n", `"c":"1"}`},
		{"7:MEASUREMENT,CENTIGRADE,1\n", `"other":"1"}`},
		{"7:MEASUREMENT,MICROKELVIN,1\n", `"micro":49,"other":""}`},
		{"7:TEMPERATURE,99\n", `"word":"TEMPERATURE","content":"99"}`},
		{"7:,99\n", `"word":"","content":"99"}`},
	} {
		var f codec.Frame
		if err := p.Decode(codec.Uplink, []byte(test.raw), &f); err != nil {
			t.Fatalf("%q: %v", test.raw, err)
		}
		agree(t, p, codec.Uplink, []byte(test.raw))
		text, err := f.AppendJSON(nil)
		if err != nil || !strings.HasSuffix(string(text), test.want) {
			t.Errorf("%q: %s (%v), expected %s", test.raw, text, err, test.want)
		}
		if again, err := p.Append(nil, &f); err != nil || string(again) != test.raw {
			t.Errorf("%q became %q (%v)", test.raw, again, err)
		}
		_, due, err := p.Reply(nil, &f, codec.Env{})
		if measured := strings.Contains(test.raw, "MEASUREMENT"); err != nil || due != measured {
			t.Errorf("%q: reply due %t (%v)", test.raw, due, err)
		}
	}
	var built codec.Frame
	if err := p.Build(&built, "MEASUREMENT", map[string]any{"id": "7", "unit": "C", "c": 1}); err != nil || string(built.Raw()) != "7:MEASUREMENT,C,1\n" {
		t.Errorf("built %q: %v", built.Raw(), err)
	}
	report := check.Profile(p)
	if text := fmt.Sprint(report.Findings); len(report.Findings) > 0 {
		t.Error(text)
	}
}

// A label is the word that it stands for, in a condition too.
func TestLabelsOfWordsAreComparedInConditions(t *testing.T) {
	p := compiled(t, `
name = "labels"
[frame]
end    = "\n"
header = [{ key = "fix", type = "ascii", size = 1, enum = { A = "valid", V = "void" } }]
[[message]]
name   = "m"
from   = "master"
fields = [{ key = "lat", type = "byte", when = "fix = 'valid'" }, { key = "why", type = "byte", when = "fix = 'V'" }]
`)
	for raw, key := range map[string]string{"Ax\n": "lat", "Vx\n": "why"} {
		var f codec.Frame
		err := p.Decode(codec.Uplink, []byte(raw), &f)
		if _, there := f.Item(key); err != nil || !there {
			t.Errorf("%q: no %s (%v)", raw, key, err)
		}
	}
}

// Decode counts bytes as explain does: from the first one of the frame, with marks and escapes, and a command that no
// message has stands where its field does.
func TestAFaultIsCountedFromTheFirstByteOfTheFrame(t *testing.T) {
	p := compiled(t, `
name = "places"
[frame]
start  = "$"
end    = "\n"
escape = { "0a" = "5c6e", "5c" = "5c5c" }
header = [{ key = "word", type = "ascii", until = ",", chars = "any", role = "command" }]
[[message]]
command = "A"
name    = "a"
fields  = [{ key = "v", type = "decimal", size = "rest" }]
`)
	for raw, want := range map[string]string{
		"$BCD,1\n":    "places: word at byte 1: unknown command",
		"$\\\\BC,1\n": "places: word at byte 1: unknown command",
		"$A,1\\\\\n":  "places a: v at byte 3: not a decimal digit",
		"$\\\\,1\nxx": "places: word at byte 1: unknown command",
		"$A,1\nxx":    "places a at byte 5: too many bytes: 2 after the end of the frame",
		"#A,1\n":      "places at byte 0: not the constant value: found 23, expected 24",
	} {
		var f codec.Frame
		if err := p.Decode(codec.Uplink, []byte(raw), &f); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, expected %s", raw, err, want)
		}
	}
}
