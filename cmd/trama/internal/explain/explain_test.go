package explain

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/explain"
)

func TestHexadecimalIsReadHoweverItIsWritten(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"01ab", "01ab"},
		{" 01 AB\n\tcd ", "01abcd"},
		{"01:ab:cd", "01abcd"},
		{"0x01, 0xAB;0Xcd", "01abcd"},
		{`\x01\xab`, "01ab"},
		{"# a comment with ff\n01\n  # another\nab", "01ab"},
		{"0 1", "01"},
		{"00", "00"},
	} {
		got, err := ParseHex(c.text)
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("%q: %x %v, want %s", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"", "no bytes"},
		{"# only this", "no bytes"},
		{"0x", "no bytes"},
		{"012", "an odd number of digits, the last of 2 bytes has one"},
		{"01 0g", "found 'g' at character 5"},
		{"01\n02 é", "found 'é' at line 2, character 4"},
	} {
		if got, err := ParseHex(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %x %v, want %s", c.text, got, err, c.want)
		}
	}
}

const texts = `
name = "texts"
[frame]
header = [{ key = "kind", type = "ascii", size = 1, enum = { A = "alarm", B = "report" }, title = "what it is" }]
[[message]]
name   = "one"
fields = [
  { key = "plate", type = "ascii", size = 4, charset = "gbk", chars = "any" },
  { key = "raw",   type = "ascii", size = 2, chars = "any" },
]
`

func TestRulerShowsTextAsItsCharacterSetSays(t *testing.T) {
	p, err := codec.Compile("texts.toml", []byte(texts))
	if err != nil {
		t.Fatal(err)
	}
	data, _ := hex.DecodeString("41d4c14131c31b")
	var out bytes.Buffer
	r := Ruler{Out: &out}
	r.Show(p, data, explain.Stream(p, codec.Any, data))
	want := `frame 1, bytes 0-6: texts one, accepted, without a checksum
  0  41           kind   A        alarm: what it is
  1  d4 c1 41 31  plate  粤A1
  5  c3 1b        raw    "Ã\x1b"
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
