package codec_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"trama/codec"
)

// replies compares the replies of a profile to uplink frames; an empty want: none is due.
func replies(t *testing.T, p *codec.Profile, frames [][2]string) {
	t.Helper()
	for _, test := range frames {
		f := decodeHex(t, p, codec.Uplink, test[0])
		got, due, err := p.Reply(nil, f, codec.Env{Now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)})
		if want := unhex(t, test[1]); err != nil || due != (test[1] != "") || !bytes.Equal(got, want) {
			t.Errorf("%s: %x %v %v, want %x", test[0], got, due, err, want)
		}
	}
}

// A device whose clock is not set gets its receipt: an echo copies the bytes of a date that does not exist.
func TestAnEchoCopiesATimeThatDoesNotExist(t *testing.T) {
	for _, as := range []string{`as = "binary", layout = "YYMMDD"`, `layout = "YYMMDD"`, `as = "ascii", layout = "YYMMDD"`, `layout = "DDMMYY", order = "little"`, `as = "cp16"`, `as = "unix"`} {
		p := compiled(t, `
name = "clock"
zone = "UTC"
[frame]
header = [
  { key = "start", type = "hex", size = 1, const = "68" },
  { key = "kind", type = "byte", role = "command" },
  { key = "unit", type = "byte", role = "identity" },
]
[[message]]
command = 1
from = "master"
name = "report"
purpose = "measurement"
fields = [{ key = "at", type = "time", `+as+`, role = "timestamp" }]
[[message]]
command = 0x81
from = "server"
name = "receipt"
purpose = "acknowledgement"
fields = [{ key = "at", type = "time", `+as+` }]
[[reply]]
messages = ["report"]
send = "receipt"
`)
		size := map[bool]int{true: 6, false: 3}[strings.Contains(as, "ascii")]
		size = map[string]int{`as = "cp16"`: 2, `as = "unix"`: 4}[as] + map[bool]int{true: size}[!strings.Contains(as, "cp16") && !strings.Contains(as, "unix")]
		zeros := strings.Repeat("00", size)
		if strings.Contains(as, "ascii") {
			zeros = strings.Repeat("30", size)
		}
		replies(t, p, [][2]string{{"680107" + zeros, "688107" + zeros}})
	}
}

// Cases that differ in what is left of the frame may share a key: the length that is given tells which is meant.
func TestJSONOfCasesWithOneKeyGivesTheSameBytes(t *testing.T) {
	p := compiled(t, `
name = "rem"
[frame]
length = { field = "n", counts = "body" }
header = [{ key = "n", type = "byte" }, { key = "id", type = "byte", role = "identity" }]
[[message]]
name = "m"
fields = [{ type = "choice", cases = [
  { when = "remaining = 1", fields = [{ key = "v", type = "byte" }] },
  { fields = [{ key = "v", type = "uint16" }] },
] }]
`)
	for _, frame := range []string{"010723", "02070023", "02070123"} {
		text, err := decodeHex(t, p, codec.Any, frame).AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		var back codec.Frame
		if err := p.ParseJSON(text, &back); err != nil || hex.EncodeToString(back.Raw()) != frame {
			t.Errorf("%s: %s gives %x, %v", frame, text, back.Raw(), err)
		}
	}
	// Without a length the smallest that holds the value is made.
	for v, want := range map[string]string{"35": "010723", "291": "02070123"} {
		var f codec.Frame
		if err := p.ParseJSON([]byte(`{"profile":"rem","message":"m","id":7,"v":`+v+`}`), &f); err != nil || hex.EncodeToString(f.Raw()) != want {
			t.Errorf("v=%s: %x, %v, want %s", v, f.Raw(), err, want)
		}
	}
}

// A number that several values of a field give stays what was said: an integer division has no inverse.
func TestACountThatHasNoInverseIsTested(t *testing.T) {
	p := compiled(t, `
name = "pairs"
[frame]
length = { field = "n", counts = "body" }
header = [{ key = "n", type = "byte" }, { key = "id", type = "byte", role = "identity" }]
[[message]]
name = "m"
fields = [{ key = "points", type = "byte" }, { key = "pairs", type = "list", count = "(points + 1) / 2", of = { type = "byte" } }]
`)
	for _, frame := range []string{"010700", "02070109", "02070209", "0307030908", "0307040908"} {
		f := decodeHex(t, p, codec.Any, frame)
		text, err := f.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		var back codec.Frame
		if err := p.ParseJSON(text, &back); err != nil || hex.EncodeToString(back.Raw()) != frame {
			t.Errorf("%s: %s gives %x, %v", frame, text, back.Raw(), err)
		}
		if err := p.Set(f, "id", 8); err != nil || f.Raw()[1] != 8 || f.Raw()[2] != unhex(t, frame)[2] {
			t.Errorf("%s with another id: %x, %v", frame, f.Raw(), err)
		}
	}
}

const asked = `
name = "asked"
[frame]
header = [{ key = "kind", type = "byte", role = "command" }, { key = "unit", type = "byte", role = "identity" }]
[[message]]
command = 1
from = "master"
name = "data"
fields = [
  { key = "flags", type = "bits", size = 1, bits = [{ key = "ask", at = "0" }] },
  { key = "state", type = "byte", enum = { 1 = "fine", 9 = "lost" } },
  { key = "level", type = "float32" },
]
[[message]]
command = 2
from = "server"
name = "ack"
[[message]]
command = 3
from = "server"
name = "again"
fields = [{ key = "state", type = "byte" }]
[[reply]]
messages = ["data"]
when = "WHEN"
send = "again"
[[reply]]
messages = ["data"]
when = "ask = 1"
send = "ack"
`

// Which reply is owed, if any, may depend on the body.
func TestAReplyMayDependOnTheBody(t *testing.T) {
	quiet, fine := "0107 00 01 3f800000", "0107 01 01 3f800000"
	for when, want := range map[string]string{"state = 'lost' and ask = 1": "03070d", "level > 1.5 and ask = 1": "03070d", "state > 1 and flags & 1 = 1": "03070d"} {
		p := compiled(t, strings.Replace(asked, "WHEN", when, 1))
		_ = want
		replies(t, p, [][2]string{{quiet, ""}, {fine, "0207"}, {"0107 01 09 40000000", "030709"}})
	}
	for when, want := range map[string]string{
		"nothing = 1": `no field "nothing"`, "next = 1": "the whole request is known", "state = 'gone'": "'gone' is no label of state", "state +": "is missing",
	} {
		_, err := codec.Compile("asked.toml", []byte(strings.Replace(asked, "WHEN", when, 1)))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "reply[0].when") {
			t.Errorf("%s: %v, want %q", when, err, want)
		}
	}
}

const refusing = `
name = "refusing"
[frame]
length = { field = "len", counts = "body" }
header = [{ key = "stx", type = "hex", size = 1, const = "02" }, { key = "len", type = "byte" }, { key = "unit", type = "byte", role = "identity" }, { key = "no", type = "byte", role = "transaction" }]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }]
[[message]]
from = "master"
name = "data"
fields = [{ key = "content", type = "hex", size = "rest" }]
[[message]]
from = "server"
name = "nak"
set = { no = 255 }
fields = [{ key = "of", type = "byte" }]
[[reply]]
damaged = true
send = "nak"
set = { of = "$no" }
`

// A frame whose checksum alone is wrong can be refused, so that the master sends it again.
func TestADamagedFrameIsAnswered(t *testing.T) {
	p := compiled(t, refusing)
	for _, test := range []struct{ raw, want string }{
		{"02 02 07 05 aabb 00", "02 01 07 ff 05 0e"},
		{"ff 02 02 07 05 aabb 00 02", "02 01 07 ff 05 0e"}, // with noise around
		{"02 02 07 05 aabb 75", ""},                        // it is whole
		{"02 02 07 05 aa", ""},                             // it has not come
		{"03 02 07 05 aabb 00", ""},
		{"", ""},
	} {
		got, due, err := p.ReplyDamaged(nil, codec.Uplink, unhex(t, strings.ReplaceAll(test.raw, " ", "")), codec.Env{})
		if want := unhex(t, strings.ReplaceAll(test.want, " ", "")); err != nil || due != (test.want != "") || !bytes.Equal(got, want) {
			t.Errorf("%s: %x %v %v, want %x", test.raw, got, due, err, want)
		}
	}
	if _, due, _ := p.Reply(nil, decodeHex(t, p, codec.Uplink, "0202 0705 aabb 75"), codec.Env{}); due {
		t.Error("a whole frame is refused")
	}
}

// The request itself may go back where a profile has more than fixed fields.
func TestTheHeaderOfAnyFrameCanGoBack(t *testing.T) {
	const src = `
name = "back"
[frame]
start = "0x7e"
end = "0x7e"
escape = { "7e" = "7d02", "7d" = "7d01" }
header = [{ key = "kind", type = "byte", role = "command" }, { key = "unit", type = "byte", role = "identity" }, { key = "n", type = "varint" }]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }]
length = { field = "n", counts = "body" }
[[message]]
command = "1-2"
name = "data"
fields = [{ key = "parts", type = "list", fields = [{ key = "x", type = "byte" }] }]
[[reply]]
to = 1
send = "SEND"
set = { unit = 9 }
`
	replies(t, compiled(t, strings.Replace(src, "SEND", "frame", 1)), [][2]string{{"7e 01 07 02 aabb 6f 7e", "7e 01 09 02 aabb 71 7e"}, {"7e 02 07 00 09 7e", ""}})
	replies(t, compiled(t, strings.Replace(src, "SEND", "header", 1)), [][2]string{{"7e 01 07 02 aabb 6f 7e", "7e 01 09 00 0a 7e"}})
}

// A path in `set` names a field in a group.
func TestAReplySetsFieldsOfGroupsByTheirPaths(t *testing.T) {
	for _, set := range []string{`{ "g.x" = "$unit", "g.y" = 2, k = 3 }`, `{ g.x = "$unit", g.y = 2, k = 3 }`, `{ g = { x = "$unit", y = 2 }, k = 3 }`} {
		replies(t, compiled(t, `
name = "paths"
[frame]
header = [{ key = "kind", type = "byte", role = "command" }, { key = "unit", type = "byte", role = "identity" }]
[[message]]
command = 1
from = "master"
name = "data"
[[message]]
command = 2
from = "server"
name = "ack"
fields = [{ key = "k", type = "byte" }, { key = "g", type = "group", fields = [{ key = "x", type = "byte" }, { key = "y", type = "byte" }] }]
[[reply]]
to = 1
send = "ack"
set = `+set+`
`), [][2]string{{"0107", "0207030702"}})
	}
}

// A size is found through a computed field: here the length is in bits or in bytes, as a code says.
func TestASizeIsFoundThroughAComputedField(t *testing.T) {
	p := compiled(t, `
name = "units"
[frame]
header = [{ key = "id", type = "byte", role = "identity" }]
[[message]]
name = "m"
from = "server"
fields = [
  { key = "unit", type = "byte" },
  { key = "len", type = "byte" },
  { key = "bytes", type = "computed", on = "unit", cases = [{ is = 1, value = "len / 8" }, { value = "len" }] },
  { key = "data", type = "hex", size = "bytes" },
]
`)
	for _, test := range []struct{ unit, data, want string }{
		{"1", "aabbcc", "070118aabbcc"}, {"0", "aabbcc", "070003aabbcc"}, {"1", "", "070100"},
	} {
		var f codec.Frame
		if err := p.Build(&f, "m", map[string]any{"id": 7, "unit": test.unit, "data": test.data}); err != nil || hex.EncodeToString(f.Raw()) != test.want {
			t.Errorf("%v: %x, %v", test, f.Raw(), err)
		}
	}
	text, err := decodeHex(t, p, codec.Any, "07 01 1b aabbcc").AppendJSON(nil) // 27 bits are three bytes too
	if err != nil {
		t.Fatal(err)
	}
	var back codec.Frame
	if err := p.ParseJSON(text, &back); err != nil || hex.EncodeToString(back.Raw()) != "07011baabbcc" {
		t.Errorf("%s: %x, %v", text, back.Raw(), err)
	}
}

// Lengths that stand before what they count, in each other and of varying width, settle in one walk.
func TestLengthsOfVaryingWidthInEachOther(t *testing.T) {
	p := compiled(t, `
name = "nested"
[frame]
max = 4096
length = { field = "n", counts = "all" }
header = [{ key = "id", type = "byte", role = "identity" }, { key = "n", type = "varint", form = "ber" }]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }]
[[message]]
name = "m"
fields = [
  { key = "a", type = "varint" },
  { key = "outer", type = "group", size = "a", fields = [
    { key = "b", type = "varint" },
    { key = "inner", type = "group", size = "b", fields = [{ key = "c0", type = "decimal", until = "," }, { key = "text", type = "hex", size = "c0" }] },
  ] },
  { key = "c", type = "byte" },
]
`)
	for _, n := range []int{0, 1, 9, 10, 100, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 255, 256, 1000} {
		var f codec.Frame
		if err := p.Build(&f, "m", map[string]any{"id": 7, "c": 1, "outer": map[string]any{"inner": map[string]any{"text": make([]byte, n)}}}); err != nil {
			t.Errorf("%d bytes: %v", n, err)
			continue
		}
		text, err := f.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		var back codec.Frame
		if err := p.ParseJSON(text, &back); err != nil || !bytes.Equal(back.Raw(), f.Raw()) {
			t.Errorf("%d bytes: %x, %v, want %x", n, back.Raw(), err, f.Raw())
		}
	}
}
