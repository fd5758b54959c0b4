package codec_test

import (
	"errors"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

const wordingProfile = `
name = "words"
[frame]
start  = "*"
end    = "#"
header = [{ key = "id", type = "ascii", until = ",", role = "identity" }, { key = "kind", type = "byte", default = 1 }]
[[message]]
name   = "special"
when   = "kind = 3"
fields = [
  { key = "unit", type = "group", fields = [{ key = "level", type = "byte" }] },
  { key = "rows", type = "list", fields = [{ key = "value", type = "byte", scale = 0.1 }] },
]
[[message]]
name   = "usual"
fields = [{ key = "text", type = "ascii", size = 3, chars = "any" }]
`

func TestErrorsOfValuesNameTheWholePlace(t *testing.T) {
	p, err := codec.Compile("words.toml", []byte(wordingProfile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		message string
		fields  string
		want    string
	}{
		{"special", `"kind":3,"unit":{}`, "words special: unit.level: missing"},
		{"special", `"kind":3,"unit":{"level":1,"lvl":2}`, "unit.lvl: no such field"},
		{"special", `"kind":3,"unit":{"level":1},"rows":[{"value":1},{"val":1}]`, "rows[1].value: missing"},
		{"special", `"kind":3,"unit":{"level":1},"rows":[{"value":1},{"value":1,"other":2}]`, "rows[1].other: no such field"},
		{"special", `"kind":3,"unit":{"level":1},"rows":[5]`, "rows[0]: value cannot be used here"},
		{"special", `"kind":3,"unit":{"level":1},"rows":[{"value":1.25}]`, "rows[0].value: value cannot be used here: 1.25 is between two steps of 0.1"},
		{"special", `"kind":1,"unit":{"level":1},"rows":[{"value":1},{"value":1}]`, "these values make a usual, because the condition of special does not hold: kind = 3"},
		{"usual", `"kind":3,"text":"ABC"`, "these values make a special, which is for kind = 3"},
	} {
		var f codec.Frame
		err := p.ParseJSON([]byte(`{"profile":"words","message":"`+c.message+`","id":"7",`+c.fields+`}`), &f)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", c.fields, err, c.want)
		}
	}
}

func TestABodyThatFitsNoMessageIsNoUnknownCommandWhereThereAreNone(t *testing.T) {
	for src, want := range map[string]string{
		"name   = \"usual\"\nfields = [{ key = \"text\", type = \"ascii\", size = 3 }]":                                                                                "a body of 2 bytes, message usual has at least 3",
		"name   = \"usual\"\nfields = [{ key = \"text\", type = \"byte\" }]":                                                                                           "a body of 2 bytes, message usual has at most 1",
		"name   = \"usual\"\nfields = [{ key = \"text\", type = \"byte\" }]\n[[message]]\nname = \"other\"\nfields = [{ key = \"text\", type = \"ascii\", size = 3 }]": "no message has a body of 2 bytes or fits the conditions",
	} {
		p, err := codec.Compile("short.toml", []byte("name = \"short\"\n[frame]\nstart = \"*\"\nend = \"#\"\nheader = [{ key = \"id\", type = \"ascii\", until = \",\", role = \"identity\" }]\n[[message]]\n"+src))
		if err != nil {
			t.Fatal(err)
		}
		var f codec.Frame
		if err := p.Decode(codec.Uplink, []byte("*7,AB#"), &f); !errors.Is(err, codec.ErrLength) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAnExampleSaysEachThingOnceAndInWords(t *testing.T) {
	p, err := codec.Compile("mine.toml", []byte(wordingProfile+`
[[example]]
hex   = "2a 37 2c 01 41 42 43 23"
reply = "00"
[[example]]
hex    = "2a 37 2c 01 41 42 23"
expect = { text = "AB" }
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"mine.toml:18: example[0]: no [[reply]] is for it, expected 00", "mine.toml:21: example[1]: words at byte 4: length does not fit: no message has a body of 2 bytes or fits the conditions"}
	errs := check.Examples(p)
	for i := range max(len(want), len(errs)) {
		got, wanted := "nothing", "nothing"
		if i < len(errs) {
			got = errs[i].Error()
		}
		if i < len(want) {
			wanted = want[i]
		}
		if got != wanted {
			t.Errorf("\ngot  %s\nwant %s", got, wanted)
		}
	}
}

func TestAValueWithoutACaseIsShownInHexadecimalToo(t *testing.T) {
	p, err := codec.Compile("tags.toml", []byte(`
name = "tags"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "tag", type = "byte" }]
[[message]]
name = "one"
fields = [{ type = "choice", on = "tag", cases = [{ is = 0x21, fields = [{ key = "level", type = "byte" }] }] }]
`))
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[byte]string{0x20: "no branch for the value: 32 (0x20)", 7: "no branch for the value: 7"} {
		var f codec.Frame
		if err := p.Decode(codec.Uplink, []byte{1, tag, 3}, &f); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
