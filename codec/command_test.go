package codec_test

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/check"
)

// ordered is the frame of a command, and its fields.
func ordered(t *testing.T, p *codec.Profile, name string, args map[string]any) (*codec.Command, *codec.Frame, map[string]any) {
	t.Helper()
	c, ok := p.Command(name)
	if !ok {
		t.Fatalf("%s has no command %s", p.Name(), name)
	}
	fields, err := c.Fields(args)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for key, v := range fields {
		all[key] = v
	}
	for _, f := range c.Message.Fields {
		switch _, given := all[f.Key]; {
		case given:
		case f.Role == codec.RoleIdentity:
			all[f.Key] = map[bool]string{true: "17", false: "12345678"}[f.Type == "byte"]
		case f.Role == codec.RoleTransaction:
			all[f.Key] = 106
		case f.Key == "RFC" || f.Key == "SC" || f.Key == "CC":
			all[f.Key] = 1
		}
	}
	f := new(codec.Frame)
	env := codec.Env{Now: time.Date(2026, 11, 23, 15, 33, 34, 0, time.Local)}
	if err := p.BuildIn(env, f, c.Message.Name, all); err != nil {
		t.Fatalf("%s of %s: %v", name, p.Name(), err)
	}
	return c, f, fields
}

// uplink is a frame of the master.
func uplink(t *testing.T, p *codec.Profile, text string) *codec.Frame {
	t.Helper()
	f := new(codec.Frame)
	raw, err := hex.DecodeString(text)
	if err == nil {
		err = p.Decode(codec.Uplink, raw, f)
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

func TestACommandTakesArgumentsByTheirNamesAndByThoseOfTheFields(t *testing.T) {
	p := shipped(t, "extended")
	const want = "00220100000000123456780101014f0020261123153334000001060301"
	for _, args := range []map[string]any{
		{"relay": 3, "operation": "on"}, {"RN": "3", "OP": "1"}, {"relay": "3", "OP": "on"},
	} {
		if _, f, _ := ordered(t, p, "operate-relay", args); hex.EncodeToString(f.Raw()) != want {
			t.Errorf("%v: %x, want %s", args, f.Raw(), want)
		}
	}
	for name, of := range map[string]string{"O": "operate-relay", "operate-relay": "operate-relay", "set-key": "set-key"} {
		if c, ok := p.Command(name); !ok || c.Name != of {
			t.Errorf("%s is %v, want %s", name, c, of)
		}
	}
	if _, ok := p.Command("m"); ok {
		t.Error("a measurement is a command")
	}
}

func TestAWrongArgumentIsNamed(t *testing.T) {
	for _, test := range []struct {
		profile, command string
		args             map[string]any
		want             string
		cause            error
	}{
		{"extended", "operate-relay", map[string]any{"relai": 3, "operation": 1}, `extended operate-relay: relai: no such field; did you mean "relay"?`, codec.ErrUnknownField},
		{"extended", "operate-relay", map[string]any{"rn": 3, "operation": 1}, `extended operate-relay: rn: no such field; did you mean "RN"?`, codec.ErrUnknownField},
		{"extended", "operate-relay", map[string]any{"relay": 0, "operation": 1}, `extended operate-relay: relay: out of range: 0, allowed 1..99`, codec.ErrRange},
		{"extended", "operate-relay", map[string]any{"relay": 100, "operation": 1}, `extended operate-relay: relay: out of range: 100, allowed 0..99`, codec.ErrRange},
		{"extended", "operate-relay", map[string]any{"RN": 100, "operation": 1}, `extended operate-relay: relay: out of range: 100, allowed 0..99`, codec.ErrRange},
		{"extended", "operate-relay", map[string]any{"relay": 3, "operation": "onn"}, `extended operate-relay: operation: value cannot be used here: "onn", expected a number or one of off, on; did you mean "on"?`, codec.ErrValue},
		{"extended", "operate-relay", map[string]any{"relay": 3}, `extended operate-relay: operation: missing`, codec.ErrMissing},
		{"extended", "operate-relay", map[string]any{"relay": 3, "RN": 3, "operation": 1}, `extended operate-relay: relay: value cannot be used here: given twice`, codec.ErrValue},
		{"modbus-rtu", "diagnose", map[string]any{"test": "x", "data": 1}, `modbus-rtu diagnose: test: value cannot be used here: "x" is not a number`, codec.ErrValue},
		{"modbus-rtu", "write-registers", map[string]any{"start": 1, "count": 2}, `modbus-rtu write-registers: registers: missing`, codec.ErrMissing},
		{"iec104", "operate", map[string]any{"object": 5}, `iec104 operate: state: missing`, codec.ErrMissing},
		{"dlt645", "trip", map[string]any{"until": "2026-11-30T12:00:00+08:00"}, `dlt645 control: password: missing`, codec.ErrMissing},
		{"modbus-rtu", "write-coil", map[string]any{"address": 1, "value": 2}, `modbus-rtu write-coil: value: out of range: 2, allowed 0, 65280`, codec.ErrRange},
		{"modbus-rtu", "read-holding", map[string]any{"start": 1, "count": 126}, `modbus-rtu read-holding: count: out of range: 126, allowed 1..125`, codec.ErrRange},
	} {
		c, _ := shipped(t, test.profile).Command(test.command)
		fields, err := c.Fields(test.args)
		if err == nil || err.Error() != test.want || !errors.Is(err, test.cause) {
			t.Errorf("%s %v: %v, %v, want %s", test.command, test.args, fields, err, test.want)
		}
	}
}

func TestACommandOfADefinitionTakesThePlaceOfThatOfItsPart(t *testing.T) {
	p, err := codec.Compile("x.toml", []byte(`
name    = "x"
include = ["modbus-pdu"]
[frame]
header  = [{ key = "unit", type = "byte", role = "identity" }, { key = "func", type = "byte", role = "command" }]
[[command]]
name      = "write-register"
class     = "never"
arguments = [{ key = "set-point", field = "value", max = 400 }]
set       = { address = 7 }
`))
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := p.Command("write-register"); c.Class != "never" || len(c.Arguments) != 1 || c.Verify != nil {
		t.Errorf("%+v", c)
	}
	if c, _ := p.Command("write-coil"); c.Class != "verify" {
		t.Errorf("%+v", c)
	}
}

// A message says verify, and nothing reads it back: nobody may find out later whether it was obeyed.
func TestACommandThatNothingReadsBackIsOfClassNever(t *testing.T) {
	p, err := codec.Compile("x.toml", []byte(`
name = "x"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "func", type = "byte", role = "command" }]
[[message]]
command = 1
name    = "open"
from    = "server"
purpose = "command"
repeat  = "verify"
[[message]]
command = 2
name    = "shut"
from    = "server"
purpose = "command"
repeat  = "verify"
[[command]]
name = "shut"
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.DeclaredCommands() {
		if c.Class != "never" {
			t.Errorf("%s is of class %s", c.Name, c.Class)
		}
	}
}

func TestTheRangeOfAnArgumentIsThatOfTheValue(t *testing.T) {
	p, err := codec.Compile("x.toml", []byte(`
name = "x"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "func", type = "byte", role = "command" }]
[[message]]
command = 1
from    = "server"
name    = "go"
fields  = [
  { key = "exp",   type = "int8" },
  { key = "flow",  type = "uint16", exponent = "exp", unit = "l/s" },
  { key = "level", type = "int16", scale = 0.1, unit = "cm" },
  { key = "text",  type = "decimal", size = 4 },
]
[[command]]
name      = "go"
set       = { exp = -2 }
arguments = [
  { key = "flow", min = 0.5, max = 2.25 }, { key = "to", field = "level", min = -10.5, max = 99.5 }, { key = "text", max = 50 }
]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		flow, level, text any
		want              string
	}{
		{1.25, -10.5, 50, "0501fe007dff9730303530"},
		{"2.25", "99.5", "-1", "0501fe00e103e32d303031"},
		{2.26, 0, 0, "x go: flow: out of range: 2.26, allowed 0.5..2.25"},
		{1, 99.6, 0, "x go: to: out of range: 99.6, allowed -10.5..99.5"},
		{1, 0, 51, "x go: text: out of range: 51, allowed ..50"},
	} {
		c, _ := p.Command("go")
		fields, err := c.Fields(map[string]any{"flow": test.flow, "to": test.level, "text": test.text})
		got := fmt.Sprint(err)
		if err == nil {
			var f codec.Frame
			fields["unit"] = 5
			if err := p.Build(&f, "go", fields); err != nil {
				t.Fatal(err)
			}
			got = hex.EncodeToString(f.Raw())
		}
		if got != test.want {
			t.Errorf("%v: %s, want %s", test, got, test.want)
		}
	}
}

func TestAForeignAnswerIsNoAnswerToACommand(t *testing.T) {
	p := shipped(t, "extended")
	c, request, _ := ordered(t, p, "operate-relay", map[string]any{"relay": 3, "operation": "on"})
	for answer, want := range map[string]bool{
		"00200100000000123456780101014f002026112315333500000106":     true,  // the header alone
		"00220100000000123456780101014f0020261123153335000001060301": true,  // relay 3 is on
		"00220100000000123456780101014f0020261123153335000001060401": false, // another relay
		"00220100000000123456780101014f0020261123153335000001060300": false, // another state
		"00200100000000123456780101014f002026112315333500000107":     false, // another number
		"002001000000001234567801010148002026112315333500000106":     false, // another command
	} {
		if got := p.AnswersCommand(c, request, uplink(t, p, answer)); got != want {
			t.Errorf("%s: %t", answer, got)
		}
	}
}

func TestAReadBackShowsWhetherACommandWasExecuted(t *testing.T) {
	const about, shown = 1, 2
	for _, test := range []struct {
		profile, command string
		args             map[string]any
		back             string
		frames           map[string]int
	}{
		{"extended", "operate-relay", map[string]any{"relay": 3, "operation": "on"}, "00200100000000123456780101014800" + "2026112315333400000106", map[string]int{
			"00220100000000123456780101016f0020261123153335000001060301": about | shown,
			"00220100000000123456780101016f0020261123153335000001060300": about,
			"00220100000000123456780101016f0020261123153335000001060401": 0,
			"002001000000001234567801010148002026112315333500000106":     0,
		}},
		{"modbus-tcp", "write-register", map[string]any{"address": 5, "value": 1000}, "006a00000006110300050001", map[string]int{
			"006a0000000511030203e8": about | shown,
			"006a0000000511030203e9": about,
			"006a00000003118302":     0,
		}},
		{"modbus-tcp", "write-coil", map[string]any{"address": 5, "value": "on"}, "006a00000006110100050001", map[string]int{
			"006a0000000411010101": about | shown,
			"006a0000000411010100": about,
		}},
		{"modbus-tcp", "write-coil", map[string]any{"address": 5, "value": 0}, "006a00000006110100050001", map[string]int{
			"006a0000000411010100": about | shown,
			"006a0000000411010101": about,
		}},
		{"modbus-tcp", "write-registers", map[string]any{"start": 5, "count": 2, "registers": "[1,2]"}, "006a00000006110300050002", map[string]int{
			"006a000000071103040001" + "0002": about | shown,
			"006a000000071103040001" + "0003": about,
		}},
		{"modbus-tcp", "write-coils", map[string]any{"start": 5, "count": 2, "flags": "11000000"}, "006a00000006110100050002", map[string]int{
			"006a0000000411010103": about | shown,
			"006a0000000411010101": about,
		}},
	} {
		p := shipped(t, test.profile)
		c, request, fields := ordered(t, p, test.command, test.args)
		if _, back, _ := ordered(t, p, c.Verify.Command, c.Verify.Arguments(fields)); hex.EncodeToString(back.Raw()) != test.back {
			t.Errorf("%s is read back by %x, want %s", test.command, back.Raw(), test.back)
		}
		for text, want := range test.frames {
			isAbout, isShown := p.Verifies(c, request, uplink(t, p, text))
			if isAbout != (want&about > 0) || isShown != (want&shown > 0) {
				t.Errorf("%s: %s is about it: %t, shows it: %t", test.command, text, isAbout, isShown)
			}
		}
	}
}

func TestAnExampleShowsTheFrameOfACommand(t *testing.T) {
	const text = `
name = "x"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "func", type = "byte", role = "command" }]
[[message]]
command = 1
from    = "server"
name    = "go"
fields  = [{ key = "a", type = "byte" }]
[[command]]
name      = "go"
arguments = [{ key = "to", field = "a", max = 9 }]
[[example]]
direction = "downlink"
hex       = "05 01 03"
command   = "go"
arguments = `
	for arguments, want := range map[string]string{
		"{ to = 3 }":           "",
		"{ to = 4 }":           "x.toml:13: example[0]: command go with these arguments makes it 050104",
		"{ to = 10 }":          "x.toml:13: example[0]: x go: to: out of range: 10, allowed 0..9",
		"{ to = 3, unit = 5 }": "",
	} {
		p, err := codec.Compile("x.toml", []byte(text+arguments+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := errors.Join(check.Examples(p)...); fmt.Sprint(got) != cmp.Or(want, "<nil>") {
			t.Errorf("%s: %v, want %s", arguments, got, want)
		}
	}
}

func TestListsInAnswersAreComparedInAllThatStandsInThem(t *testing.T) {
	p, err := codec.Compile("x.toml", []byte(`
name = "x"
[layout.data]
fields = [{ key = "data", type = "group", fields = [
  { key = "n", type = "byte" },
  { key = "pairs", type = "list", count = "n", fields = [{ key = "k", type = "byte" }, { key = "v", type = "uint16" }] },
] }]
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "func", type = "byte", role = "command" }]
[[message]]
command = 1
from    = "server"
name    = "write"
fields  = [{ use = "data" }]
[[message]]
command = 2
from    = "server"
name    = "read"
repeat  = "idempotent"
[[message]]
command = [1, 2]
from    = "master"
name    = "state"
fields  = [{ key = "data", type = "group", fields = [
  { key = "n", type = "byte" },
  { key = "pairs", type = "list", count = "n", fields = [{ key = "k", type = "byte" }, { key = "v", type = "uint16" }] },
] }]
[[command]]
name      = "write"
class     = "verify"
arguments = [{ key = "pairs", field = "data.pairs" }]
answer    = { same = ["pairs"] }
verify    = { command = "read", same = ["pairs"] }
[answer]
by = ["unit", "func"]
`))
	if err != nil {
		t.Fatal(err)
	}
	c, request, _ := ordered(t, p, "write", map[string]any{"pairs": `[{"k":1,"v":258},{"k":2,"v":3}]`})
	for text, want := range map[string]bool{
		"1101" + "02" + "010102" + "020003":       true,
		"1101" + "02" + "010102" + "020004":       false,
		"1101" + "02" + "010102" + "030003":       false,
		"1101" + "01" + "010102":                  false,
		"1101" + "03" + "010102020003" + "020003": false,
	} {
		answer := uplink(t, p, text)
		if got := p.AnswersCommand(c, request, answer); got != want {
			t.Errorf("%s answers: %t", text, got)
		}
		if about, shown := p.Verifies(c, request, answer); !about || shown != want {
			t.Errorf("%s shows it: %t, %t", text, about, shown)
		}
	}
}
