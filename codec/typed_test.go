package codec_test

import (
	"testing"

	"trama/codec"
)

// Lists and groups can be typed: as JSON, and the members of groups by their paths.
func TestListsAndGroupsAreGivenAsText(t *testing.T) {
	p := compiled(t, `
name = "typed"
[frame]
header = [{ key = "id", type = "byte", role = "identity" }]
[[message]]
name   = "one"
fields = [
  { key = "at", type = "group", fields = [
    { key = "x", type = "byte" },
    { key = "in", type = "group", fields = [{ key = "y", type = "byte" }] },
  ] },
  { key = "n",     type = "byte" },
  { key = "list",  type = "list", count = "n", fields = [{ key = "a", type = "uint16" }] },
  { key = "words", type = "list", count = 2, of = { type = "byte" } },
  { key = "text",  type = "ascii", size = 3 },
]
`)
	const want = "0101020200050006" + "0708" + "5b315d"
	for _, test := range []struct {
		fields map[string]any
		want   string
	}{
		{map[string]any{"id": "1", "at": `{"x":1,"in":{"y":2}}`, "list": `[{"a":5},{"a":6}]`, "words": "[7,8]", "text": "[1]"}, ""},
		{map[string]any{"id": "1", "at.x": "1", "at.in.y": "2", "list": ` [{"a":"5"},{"a":"0x6"}]`, "words": `["7","8"]`, "text": "[1]"}, ""},
		{map[string]any{"id": "1", "at.x": "1", "at.in": `{"y":2}`, "list": []any{map[string]any{"a": 5}, map[string]any{"a": 6}}, "words": "[7, 8]", "text": "[1]"}, ""},
		{map[string]any{"id": "1", "at.x": "1", "at": "{}"}, "typed one: at: value cannot be used here: given whole and by at.x"},
		{map[string]any{"id": "1", "at.x": "1", "at": map[string]any{}}, "typed one: at: value cannot be used here: given whole and by at.x"},
		{map[string]any{"id": "1", "at.z": "1", "at.x": 1, "at.in.y": 2}, "typed one: at.z: no such field; did you mean \"x\"?"},
		{map[string]any{"id": "1", "at.x": 1, "at.in.y": 300}, "typed one: at.in.y: out of range: 300, allowed 0..255"},
		{map[string]any{"id": "1", "at.x": 1}, "typed one: at.in.y: missing"},
		{map[string]any{"id": "1", "at.x": 1, "at.in.y": 2, "list": `[{"a":1},{}]`}, "typed one: list[1].a: missing"},
		{map[string]any{"id": "1", "at.x": 1, "at.in.y": 2, "list": `[{"a":1},{"a":2,"b":3}]`}, "typed one: list[1].b: no such field; did you mean \"a\"?"},
		{map[string]any{"id": "1", "at.x": 1, "at.in.y": 2, "list": "[]", "words": "[1,256]"}, "typed one: words[1]: out of range: 256, allowed 0..255"},
		{map[string]any{"id": "1", "at": "5"}, `typed one: at: value cannot be used here: "5", expected fields as in {"x":1}, or at.KEY for each`},
		{map[string]any{"id": "1", "at.x": "1", "at.in.y": "2", "list": `[{"a":5}`}, `typed one: list: value cannot be used here: "[{\"a\":5}", expected elements as in [{"a":1}]`},
		{map[string]any{"id": "1", "at.x": "1", "at.in.y": "2", "list": "[]", "words": "7,8"}, `typed one: words: value cannot be used here: "7,8", expected elements as in [1,2]`},
	} {
		var f codec.Frame
		err := p.Build(&f, "one", test.fields)
		if test.want != "" {
			if err == nil || err.Error() != test.want {
				t.Errorf("%v\n%v, want\n%s", test.fields, err, test.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", test.fields, err)
			continue
		}
		if raw, _ := p.Append(nil, &f); string(raw) != string(unhex(t, want)) {
			t.Errorf("%v is %x", test.fields, raw)
		}
	}
}
