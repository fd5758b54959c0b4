package codec_test

import (
	"strings"
	"testing"

	"trama/codec"
)

// A field in a group has one name everywhere: its path from outside, its key inside the group.
func TestAFieldInAGroupIsNamedByItsPath(t *testing.T) {
	p := compiled(t, `
name = "x"
[frame]
length = { field = "g.len", counts = "all" }
header = [
  { key = "unit", type = "byte", role = "identity" },
  { key = "g", type = "group", fields = [
    { key = "kind", type = "byte", role = "command" },
    { key = "len", type = "byte" },
    { key = "x", type = "byte" },
    { key = "no", type = "byte" },
  ] },
]
[[message]]
command = 1
name = "one"
from = "server"
set = { g = { x = 1 } }
[[message]]
command = 1
name = "two"
from = "server"
set = { "g.x" = 2 }
[[message]]
command = 2
name = "ok"
from = "master"
purpose = "answer"
fields = [{ key = "late", type = "byte", when = "g.x = 3" }]
[answer]
by = ["g.no"]
`)
	var request, answer codec.Frame
	if err := p.Build(&request, "two", map[string]any{"unit": 7, "g": map[string]any{"no": 9}}); err != nil {
		t.Fatal(err)
	}
	if raw, _ := p.Append(nil, &request); string(raw) != "\x07\x01\x05\x02\x09" {
		t.Errorf("%x", raw)
	}
	for raw, fits := range map[string]bool{"\x07\x02\x06\x03\x09\x01": true, "\x07\x02\x05\x02\x08": false} {
		if err := p.Decode(codec.Uplink, []byte(raw), &answer); err != nil {
			t.Fatalf("%x: %v", raw, err)
		}
		if p.Answers(&request, &answer) != fits {
			t.Errorf("%x answers: %v", raw, !fits)
		}
	}
	if err := p.Decode(codec.Downlink, []byte("\x07\x01\x05\x01\x09"), &request); err != nil || request.Message().Name != "one" || request.Command() != "1" {
		t.Errorf("%v", err)
	}
}

// The command may stand in a group, with a key or without, in a layout and in bits; in a list it chooses nothing.
func TestACommandInAGroupChoosesTheMessage(t *testing.T) {
	const frame = "name = \"x\"\n[frame]\nheader = [{ key = \"id\", type = \"byte\", role = \"identity\" }, "
	const message = "]\n[layout.k]\nfields = [{ key = \"kind\", type = \"byte\", role = \"command\" }]\n[[message]]\nname = \"m\"\ncommand = 1\n[[message]]\nname = \"n\"\ncommand = 2\n"
	for _, header := range []string{
		`{ key = "g", type = "group", fields = [{ key = "kind", type = "byte", role = "command" }] }`,
		`{ type = "group", fields = [{ key = "kind", type = "byte", role = "command" }] }`,
		`{ key = "g", use = "k" }`,
		`{ key = "g", type = "group", fields = [{ key = "w", type = "bits", size = 1, bits = [{ key = "kind", at = "7-0", role = "command" }] }] }`,
	} {
		p := compiled(t, frame+header+message)
		var f codec.Frame
		if err := p.Build(&f, "n", map[string]any{"id": 7}); err != nil {
			t.Errorf("%s: %v", header, err)
			continue
		}
		if raw, _ := p.Append(nil, &f); string(raw) != "\x07\x02" {
			t.Errorf("%s: %x", header, raw)
		}
		if err := p.Decode(codec.Any, []byte("\x07\x01"), &f); err != nil || f.Message().Name != "m" {
			t.Errorf("%s: %v", header, err)
		}
	}
	refused(t, frame+`{ key = "g", type = "list", count = 2, fields = [{ key = "kind", type = "byte", role = "command" }] }`+message,
		`frame.header[1]: found a field of role "command" in a list, expected that role on one field outside lists`)
	refused(t, frame+`{ key = "a", type = "byte", role = "command" }, { type = "choice", on = "id", cases = [{ fields = [{ key = "b", type = "byte", role = "command" }] }] }`+message,
		`found role "command" for a and for b, expected one field of that role`)
}

// A number in a definition is the same for a field of bytes as its digits.
func TestBytesMayBeGivenAsANumber(t *testing.T) {
	p := compiled(t, `
name = "x"
[frame]
header = [
  { key = "start", type = "hex", size = 2, const = 0x0a2f },
  { key = "kind", type = "hex", size = 1, in = [0x01, 0x2f, "30"] },
  { key = "unit", type = "byte", role = "identity" },
]
[[message]]
name = "short"
set = { kind = 0x01 }
[[message]]
name = "m"
fields = [{ type = "choice", on = "kind", cases = [
  { is = 0x2f, fields = [{ key = "a", type = "byte" }] },
  { is = "30", fields = [{ key = "b", type = "uint16" }] },
] }]
`)
	var f codec.Frame
	for raw, name := range map[string]string{"\x0a\x2f\x01\x07": "short", "\x0a\x2f\x2f\x07\x09": "m", "\x0a\x2f\x30\x07\x00\x09": "m"} {
		if err := p.Decode(codec.Any, []byte(raw), &f); err != nil || f.Message().Name != name {
			t.Errorf("%x: %v", raw, err)
		}
	}
	if err := p.Build(&f, "m", map[string]any{"unit": 7, "kind": "2f", "a": 9}); err != nil {
		t.Error(err)
	} else if raw, _ := p.Append(nil, &f); string(raw) != "\x0a\x2f\x2f\x07\x09" {
		t.Errorf("%x", raw)
	}
}

// Keys without effect are refused, each once.
func TestAKeyWithoutEffectIsRefused(t *testing.T) {
	const frame = "name = \"x\"\n[frame]\nheader = [{ key = \"unit\", type = \"byte\", role = \"identity\" }]\n[[message]]\nname = \"m\"\nfields = ["
	refused(t, frame+`{ key = "w", type = "bits", size = 1, bits = [{ key = "p", at = "3-0", pad = "x" }] }]`,
		`message[0].fields[0].bits[0].pad: found it on a part of bits, expected it on type ascii only`)
	refused(t, frame+`{ key = "a", type = "byte" }, { key = "w", type = "bits", size = "a", bits = [{ key = "p", at = "3-0" }] }]`,
		`message[0].fields[1].size: found "a", expected a number of bytes beside bits`)
}

// refused compiles a definition that has one problem.
func refused(t *testing.T, definition, want string) {
	t.Helper()
	_, err := codec.Compile("x.toml", []byte(definition))
	if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "found") != 1 {
		t.Errorf("%v\nwant %s", err, want)
	}
}
