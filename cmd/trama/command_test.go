package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/actors/ledger"
)

// encodings were recorded from the encoder of the original program.
var encodings = []struct {
	args string
	hex  string
}{
	{"A NUT=101", "002001000000001234567801020341002026112315333400000101"},
	{"D NUT=102", "002001000000001234567801020344002026112315333400000102"},
	{"C NUT=103 PRT=15 HLWT=120 HHV=95.5 HV=80.25 LV=10.125 LLV=-2.5", "00390100000000123456780102034300202611231533340000010315012042bf000042a0800041220000c0200000"},
	{"operate-relay relay=3 operation=on NUT=106", "00220100000000123456780102034f0020261123153334000001060301"},
	{"E NUT=104 LS=05", "00210100000000123456780102034500202611231533340000010405"},
	{"S NUT=105" +
		" SCodeA=01 SCanalA=11 STypeA=0x21 SCodeB=02 SCanalB=12 STypeB=0x22 SCodeC=03 SCanalC=13 STypeC=0x23 SCodeD=04 SCanalD=14 STypeD=0x24" +
		" SCodeE=05 SCanalE=15 STypeE=0x25 SCodeF=06 SCanalF=16 STypeF=0x26 SCodeG=07 SCanalG=17 STypeG=0x27 SCodeH=08 SCanalH=18 STypeH=0x28",
		"004401000000001234567801020353002026112315333400000105011121021222031323041424051525061626071727081828"},
}

func TestEncodeGivesTheRecordedBytes(t *testing.T) {
	header := []string{"SD=12345678", "RFC=1", "SC=2", "CC=3", "TS=20261123153334"}
	for _, e := range encodings {
		args := append([]string{"encode", "--profile", "extended"}, strings.Fields(e.args)...)
		got := command(t, "", append(args, header...)...)
		if got.code != 0 || strings.TrimSpace(got.stdout) != e.hex {
			t.Errorf("%s\ngot  %swant %s\n%s", e.args, got.stdout, e.hex, got.stderr)
		}
	}
}

func TestDecodedJSONEncodesToTheSameBytes(t *testing.T) {
	var all []string
	for _, e := range exchanges {
		all = append(all, e.in)
	}
	for _, e := range encodings {
		all = append(all, e.hex)
	}
	text := strings.Join(all, "\n") + "\n"
	objects := command(t, text, "decode", "--profile", "extended", "--json")
	objects.want(t, 0)
	if n := strings.Count(objects.stdout, "\n"); n != len(all) {
		t.Errorf("%d objects of %d frames", n, len(all))
	}
	back := command(t, objects.stdout, "encode", "--profile", "extended", "--from-json", "-")
	if back.code != 0 || back.stdout != text {
		t.Errorf("got\n%swant\n%s%s", back.stdout, text, back.stderr)
	}
}

func TestEncodeTakesObjectsHoweverTheyAreSpaced(t *testing.T) {
	first, second := measurement(1, 1), measurement(2, 2)
	objects := command(t, first+"\n"+second+"\n", "decode", "-p", "extended", "--json").stdout
	lines := strings.Split(strings.TrimSpace(objects), "\n")
	var pretty bytes.Buffer
	for _, line := range lines {
		if err := json.Indent(&pretty, []byte(line), "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
	}
	for name, text := range map[string]string{
		"over several lines": pretty.String(), "without a space": lines[0] + lines[1], "with blanks": "\n\t" + lines[0] + "  \r\n\n " + lines[1],
	} {
		if r := command(t, text, "encode", "-p", "extended", "--from-json", "-"); r.code != 0 || r.stdout != first+"\n"+second+"\n" {
			t.Errorf("%s: %d %s%s", name, r.code, r.stdout, r.stderr)
		}
	}
	for text, want := range map[string]string{
		lines[0] + "\n\n  {\"message\":\"x\"}": "object 2, line 3 column 3: ",
		lines[0] + "\n{\n \"message\": ]}":     "object 2, line 3 column 13: invalid character ']'",
		lines[0] + "\n{\n \"message\":":        "object 2, line 3 column 12: the text ends inside the object",
		lines[0] + "\n [1, 2]":                 "object 2, line 2 column 2: found [1, 2], expected an object",
		"x":                                    "object 1, line 1 column 1: invalid character 'x'",
	} {
		r := command(t, text, "encode", "-p", "extended", "--from-json", "-")
		r.want(t, 2, want)
		if text != "x" && r.stdout != first+"\n" {
			t.Errorf("before the wrong object it printed %q", r.stdout)
		}
	}
}

// What a master puts there is its own business: any byte comes back as it was, as JSON, and does nothing to a terminal.
func TestParameterRequestsKeepAnyByte(t *testing.T) {
	for profile, head := range map[string]string{
		"extended": "00240100000000123456780102037000" + "20261123143000" + "00000012", "compact": "001201000000001234567801027000",
	} {
		var all []string
		for b := range 256 {
			all = append(all, head+strings.Repeat(fmt.Sprintf("%02x", b), 4))
		}
		text := strings.Join(all, "\n") + "\n"
		objects := command(t, text, "decode", "--profile", profile, "--json")
		objects.want(t, 0, `"message":"parameter-request"`)
		if back := command(t, objects.stdout, "encode", "--profile", profile, "--from-json", "-"); back.stdout != text {
			t.Errorf("%s: got\n%s%s", profile, back.stdout, back.stderr)
		}
		shown := command(t, text, "decode", "--profile", profile)
		shown.want(t, 0, `"\x1b"`, `"\x00"`, " é ", " 1 ")
		for _, c := range shown.stdout {
			if c < ' ' && c != '\n' || c == 0x7f {
				t.Fatalf("%s: it prints the character %#x", profile, c)
			}
		}
	}
	// What is shown can be typed.
	args := strings.Fields("encode -p compact p SD=12345678 RFC=1 SC=2 DH=é LS=1 SL=0 CN=ÿ")
	command(t, "", args...).want(t, 0, "001201000000001234567801027000e93130ff")
}

// An answer of Modbus does not say which registers it holds; with its request it is told.
func TestDecodeTakesTheRequestThatWasAnswered(t *testing.T) {
	answer := "000c0000000711030400 8d008e"
	decode := []string{"decode", "-p", "modbus-tcp", "--direction", "uplink", "--json", answer}
	got := command(t, "", append(decode, "--request", "000c00000006110300 7c0002")...)
	if got.code != 0 || !strings.Contains(got.stdout, `"start":124,"count":2,"byte_count":4`) {
		t.Errorf("%d: %s%s", got.code, got.stdout, got.stderr)
	}
	if got = command(t, "", decode...); strings.Contains(got.stdout, "start") {
		t.Errorf("without the request: %s", got.stdout)
	}
	if got = command(t, "", append(decode, "--request", "00")...); got.code == 0 || !strings.Contains(got.stderr, "--request") {
		t.Errorf("%d: %s", got.code, got.stderr)
	}
}

func TestDecodeShowsFieldsForPeople(t *testing.T) {
	r := command(t, "", "decode", "-p", "extended", "0025 0100 000000 12345678 01 02 03", "6d0020261123143000000000070041ac0000")
	r.want(t, 0, "extended measurement from master, 32 bytes", "SD   12345678", "28: 41ac0000", "MS   21.5")
	two := command(t, "", "decode", "-p", "extended", "--json", measurement(1, 1)+measurement(2, 2))
	if strings.Count(two.stdout, "\n") != 2 {
		t.Errorf("two frames in a row: %q %s", two.stdout, two.stderr)
	}
}

// Two sensors, two relays, records with times of their own: what decode prints says which is which, and encode takes it back.
func TestDecodeShowsSamples(t *testing.T) {
	for _, test := range []struct{ profile, hex, text, object string }{
		{"extended", "0025010000000022222222010101 6d00202611300133000000000100 41ac0000", "  MS/1/1  21.5  2026-11-30T01:33:00Z  good\n",
			`"samples":[{"point":"AL/1/1","value":0,"device_time":"2026-11-30T01:33:00Z","quality":"good"},{"point":"MS/1/1","value":21.5,`},
		{"extended", "0025010000000022222222010202 6d00202611300133010000000200 447a0000", "  MS/2/2  1000  ", `"point":"MS/2/2","value":1000,`},
		{"extended", "00220100000000123456780102036f0020261123143000000000130301", "  relay/3  on (1)  ", `"OP":{"value":1,"label":"on"}},"samples":[{"point":"relay/3","value":{"value":1,"label":"on"},`},
		{"teltonika", "000000000000004308020000016b40d57b480100000000000000000000000000000001010101000000000000016b40d5c198010000000000000000000000000000000101010101000000020000252c",
			"  value-1  1       2019-06-10T10:01:19Z  good\n", `{"point":"speed","value":0,"unit":"km/h","device_time":"2019-06-10T10:01:01Z","quality":"good"}`},
	} {
		frame := strings.ReplaceAll(test.hex, " ", "")
		command(t, "", "decode", "-p", test.profile, frame).want(t, 0, "\nsamples:\n", test.text)
		objects := command(t, "", "decode", "-p", test.profile, "--json", frame)
		objects.want(t, 0, `"fields":{`, test.object)
		command(t, objects.stdout, "encode", "-p", test.profile, "--from-json", "-").want(t, 0, frame)
	}
	// an object of the version before, with the fields in the object itself
	command(t, `{"profile":"compact","message":"keep-alive","SD":"12345678","RFC":1,"SC":2}`, "encode", "-p", "compact", "--from-json", "-").want(t, 0, "000801000000001234567801026b00")
}

func TestListsAndGroupsAreTyped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lists.toml")
	if err := os.WriteFile(file, []byte(`
name = "lists"
[frame]
header = [{ key = "id", type = "byte", role = "identity" }]
[[message]]
name   = "objects"
fields = [
  { key = "at", type = "group", fields = [{ key = "x", type = "byte" }] },
  { key = "objects", type = "list", count = 2, fields = [{ key = "ioa", type = "byte" }] },
]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", "encode", "--profile", file, "objects", "id=1", "at.x=2", `objects=[{"ioa":3},{"ioa":4}]`); r.code != 0 || r.stdout != "01020304\n" {
		t.Errorf("%+v", r)
	}
}

func TestMistakesEndWithTwo(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"nonsense", "unknown command"},
		{"tree --nonsense", "unknown flag"},
		{"kick", "ID is missing: trama kick ID"},
		{"decode 00", "--profile is missing; shipped are compact, dlt645"},
		{"decode --profile extendet 00", "shipped are compact, dlt645"},
		{"decode --profile extended 0x", "no bytes"},
		{"decode --profile extended 0g", "not hexadecimal"},
		{"decode --profile extended --direction up 00", "--direction"},
		{"decode --profile nowhere/mine.toml 00", "no such file"},
		{"encode --profile extended", "COMMAND is missing"},
		{"encode --profile extended A SD", "expected KEY=VALUE"},
		{"encode --profile extended A SD=1 SD=2", "SD is given twice"},
		{"encode --profile extended Q SD=12345678", "unknown command"},
		{"encode --profile extended A SD=12345678 RFC=1 SC=2", "CC: missing"},
		{"encode --profile extended A SD=12345678 RFC=1 SC=2 CC=3 NUT=1 XX=1", "XX"},
		{"encode --profile extended A SD=12345678 RFC=100 SC=2 CC=3 NUT=1", "RFC: out of range"},
		{"encode --profile extended --from-json - A", "exclude each other"},
		{"encode --profile extended --from-json -", "no object found"},
		{"serve --config nowhere.toml", "no such file"},
		{"check --config nowhere.toml", "no such file"},
		{"simulate --address nowhere", "expected host:port"},
		{"simulate --address 127.0.0.1:99999", "expected host:port"},
		{"simulate --masters 0", "0 masters"},
		{"simulate --serial-from 99999999 --masters 2", "does not fit 8 digits"},
		{"simulate --every -1s", `--every: found "-1s", expected a duration`},
		{"simulate --log loud", "--log: found \"loud\", expected one of trace, debug"},
		{"simulate --serial-from x", "expected decimal digits"},
		{"tree --admin : --token-file x", "--admin"},
		{"tree --admin /run/trama/admin.sock", "found \"/run/trama/admin.sock\", expected a URL"},
		{"tree --admin unix:", "found \"unix:\", expected a URL"},
		{"tree --depth -1", "--depth: found -1, allowed 0 (all) and more"},
		{"tree --limit -2", "--limit: found -2, allowed -1 (all), 0 (100) and more"},
		{"tree --offset -1", "--offset: found -1, allowed 0 and more"},
		{"send 12345678 A --wait 0s", "--wait: found 0s, allowed 1ms to 5m"},
		{"send 12345678 A --wait -1s", `--wait: found "-1s", expected a duration`},
		{"send 12345678 A --wait 24h", "--wait: found 24h0m0s, allowed 1ms to 5m"},
		{"tree --config nowhere.toml", "nowhere.toml: no such file"},
		{"masters --config nowhere.toml", "nowhere.toml: no such file"},
		{"send 12345678 A --config nowhere.toml", "nowhere.toml: no such file"},
		{"kick 1 --config nowhere.toml --admin 127.0.0.1:1 --token-file x", "nowhere.toml: no such file"},
		{"restart /", "expected names with a slash between"},
		{"fault trama//registry", "expected names with a slash between"},
		{"restart trama/../registry", "expected names with a slash between"},
		{"send .. A", "names nothing"},
		{"masters 1 2", `"2" is one argument too many`},
		{"settings 12345678 set", "set: COMMAND is missing: trama settings SERIAL"},
		{"settings 12345678 diff set-slaves", `diff: "set-slaves" is one argument too many: trama settings SERIAL`},
	} {
		r := command(t, "", strings.Fields(c.args)...)
		r.want(t, 2, c.want)
		if r.stdout != "" {
			t.Errorf("%s printed %q first", c.args, r.stdout)
		}
	}
}

func TestEmptyArgumentsEndWithTwo(t *testing.T) {
	for _, args := range [][]string{
		{"send", "", "A"}, {"send", "12345678", ""}, {"send", "12345678", "A", ""}, {"suspend", ""}, {"resume", ""}, {"kick", ""}, {"kick", " "},
		{"restart", ""}, {"fault", ""}, {"masters", ""}, {"log-level", ""}, {"encode", "--profile", "extended", ""},
	} {
		command(t, "", args...).want(t, 2, "of "+args[0]+" is empty", "see: trama "+args[0]+" --help")
	}
}

func TestOnlyAMissingTokenFileIsSaidToBeMadeByServe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	missing := command(t, "", "tree", "--admin", "127.0.0.1:1", "--token-file", file)
	missing.want(t, 1, file, "it is made when `trama serve` starts")
	if err := os.WriteFile(file, []byte(strings.Repeat("A", 43)), 0o644); err != nil {
		t.Fatal(err)
	}
	open := command(t, "", "tree", "--admin", "127.0.0.1:1", "--token-file", file)
	open.want(t, 1, file, "can be used by others")
	if strings.Contains(open.stderr, "trama serve") {
		t.Errorf("it gives a hint that does not help: %s", open.stderr)
	}
}

func TestOneLongValueMovesNoOtherRow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lines.toml")
	definition := `name = "lines"
[frame]
end    = "0xc0"
header = [{ key = "id", type = "ascii", size = 1 }]
[[message]]
name   = "m"
from   = "master"
fields = [{ key = "word", type = "ascii", until = ",", const = "LONG" }, { key = "text", type = "ascii", size = "rest" }]
`
	if err := os.WriteFile(file, []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	got := command(t, "", "decode", "-p", file, hex.EncodeToString([]byte("1LONG,"+strings.Repeat("x", 60)+"\xc0")))
	got.want(t, 0, "lines m from master, 67 bytes\n  id    1     0: 31\n  word  LONG  1: 4c4f4e47\n  text  xxx")
	command(t, "", "decode", "-p", file, hex.EncodeToString([]byte("1SHORT,x\xc0"))).want(t, 1, "word at byte 1: not the constant value")
	command(t, "", "explain", "-p", file, "c0").want(t, 1, "end of the frame")
}

func TestFramesThatAreWrongEndWithOne(t *testing.T) {
	command(t, "", "decode", "-p", "extended", "0025").want(t, 1, "ML at byte 0: length does not fit")
	r := command(t, "# a comment\n\n"+measurement(1, 1)+"\n0025\n", "decode", "-p", "extended", "--json")
	r.want(t, 1, `"SD":"00000001"`, "line 4: ")
}

func TestEveryProblemOfTheConfigurationIsToldAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	text := strings.Replace(twoPorts, `"extended"`, `"extendet"`, 1) + "frame_timeout = 30\nadress = 1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{"serve", "check"} {
		r := command(t, "", c, "--config", file)
		r.want(t, 2, file+":8: listener[0].profile", `did you mean "extended"?`, file+":13: listener[1].frame_timeout", "without a unit",
			file+":14: listener[1].adress", `did you mean "address"?`, "3 problems")
		if r.stdout != "" {
			t.Errorf("%s printed %q", c, r.stdout)
		}
	}
}

func TestCheckSaysWhatItChecked(t *testing.T) {
	command(t, "", "check", "--config", "../../config.toml").want(t, 0, "listener gsm: 127.0.0.1:12986", "profile extended (shipped)", "examples pass", "no problems")
}

func TestCheckFindsAFailingExample(t *testing.T) {
	dir := t.TempDir()
	source, err := os.ReadFile("../../codec/profiles/compact.toml")
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(source), "MS = 21.5", "MS = 22.5", 1)
	if broken == string(source) {
		t.Fatal("the profile has no example to break")
	}
	config := "[[listener]]\nname = \"a\"\naddress = \":1\"\nprofile = \"broken.toml\"\n"
	for name, text := range map[string]string{"broken.toml": broken, "config.toml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command(t, "", "check", "--config", filepath.Join(dir, "config.toml")).want(t, 2, "1 of 2 examples fails", "MS", "22.5")
}

func TestCheckProvesTheProfilesItIsGiven(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.toml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(twoBranches)
	command(t, "", "check", file, "jt808").want(t, 0, "profile mine ("+file+"): 1 message", "3 of 3 branches shown", "0 replies; 1 example passes; 0 errors, 1 warning, 2 notes",
		file+":2: warning: name: no field of role identity", "profile jt808 (shipped): ", "1 warning, no errors")
	command(t, "", "check", "jt808", "--strict").want(t, 0, "no problems")
	strict := command(t, "", "check", file, "jt808", "--strict")
	strict.want(t, 2, "check: 1 warning")
	if strings.Contains(strict.stdout, "no problems") {
		t.Errorf("a warning is a problem:\n%s", strict.stdout)
	}
	if r := command(t, "", "check", file); strings.Contains(r.stdout, "note:") {
		t.Errorf("notes were not asked for:\n%s", r.stdout)
	}
	command(t, "", "check", "--notes", file).want(t, 0, "note: message[0].fields[0].bits: bits without a name: 3-0")
	command(t, "", "check", "jt809").want(t, 2, `unknown profile "jt809"`)

	var rows []struct {
		Profile          string
		OK               bool
		Messages, Frames int
		Findings         []struct{ Severity, Rule, Found, Witness, Direction string }
	}
	r := command(t, "", "check", "--json", file, "compact")
	r.want(t, 0)
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || !rows[0].OK || rows[0].Messages != 1 || rows[0].Frames < 3 || len(rows[0].Findings) != 3 || rows[1].Profile != "compact" || rows[1].Findings == nil {
		t.Errorf("%+v", rows)
	}

	// A case that nothing reaches does not compile; the message is that of serve and reload.
	write(strings.Replace(twoBranches, "is = 2,", "is = 1,", 1))
	command(t, "", "check", file).want(t, 2, file+":13: message[0].fields[1].cases[1].is: found values that cases before it take: 1, expected values of its own")
	r = command(t, "", "check", "--json", file)
	r.want(t, 2)
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || rows[0].OK || rows[0].Findings[0].Severity != "error" || rows[0].Findings[0].Rule != "definition" {
		t.Errorf("%v: %s", err, r.stdout)
	}
	write(strings.Replace(twoBranches, "kind = 1", "kind = 2", 1))
	r = command(t, "", "check", file)
	r.want(t, 2, "1 example fails", "kind: found 1, expected 2")
	if strings.Contains(r.stdout+r.stderr, "--help") {
		t.Errorf("the help is no help with a definition:\n%s", r.stderr)
	}

	// An example that fails in three ways is one example.
	write(strings.Replace(twoBranches, "expect = { kind = 1, a = 7", "reply = \"00\"\nexpect = { kind = 3, a = 8", 1))
	command(t, "", "check", file).want(t, 2, "1 example fails", "kind: found 1, expected 3", "a: found 7, expected 8", "no [[reply]] is for it")
}

// Who speaks need not stand in the frames where a modem says it.
func TestCheckWantsNoIdentityWhereEveryPortHasARegistration(t *testing.T) {
	dir := t.TempDir()
	port := "[[listener]]\nname = \"%s\"\naddress = \":%d\"\nprofile = \"mine.toml\"\n%s\n"
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("mine.toml", twoBranches)
	file := filepath.Join(dir, "config.toml")
	registered := fmt.Sprintf(port, "a", 1, `registration = "imei"`)
	write("config.toml", registered)
	if r := command(t, "", "check", "--config", file); r.code != 0 || strings.Contains(r.stdout, "identity") || !strings.Contains(r.stdout, "0 errors, 0 warnings") {
		t.Errorf("%d: %s", r.code, r.stdout)
	}
	write("config.toml", registered+fmt.Sprintf(port, "b", 2, ""))
	command(t, "", "check", "--config", file).want(t, 0, "no field of role identity")
}

func TestAnswersAreShownAsValuesAreGiven(t *testing.T) {
	got := answerInWords(&ledger.Command{Answer: map[string]any{"message": "m", "words": []any{map[string]any{"address": json.Number("100"), "word": json.Number("17")}}, "unit": map[string]any{"n": "a"}, "x": json.Number("1.50"), "at": nil}}, nil)
	if want := `m at=- unit={"n":"a"} words=[{"address":100,"word":17}] x=1.50`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

const twoBranches = `
name = "mine"
[frame]
length = { field = "len", counts = "body" }
header = [{ key = "len", type = "byte" }]
[[message]]
name   = "one"
fields = [
  { key = "word", type = "bits", size = 1, bits = [{ key = "kind", at = "7-4" }] },
  { type = "choice", on = "kind",
    cases = [
      { is = 1, fields = [{ key = "a", type = "byte" }] },
      { is = 2, fields = [{ key = "b", type = "uint16" }] },
      { fields = [{ key = "rest", type = "hex", size = "rest" }] },
    ] },
]
[[example]]
hex    = "02 10 07"
expect = { kind = 1, a = 7 }
`

func TestVersionAndHelp(t *testing.T) {
	command(t, "", "version").want(t, 0, "trama ")
	for _, args := range [][]string{nil, {"help"}, {"--help"}, {"simulate", "--help"}} {
		command(t, "", args...).want(t, 0, "Usage:")
	}
}

func TestWithoutDaemonTheCommandsSayWhatIsMissing(t *testing.T) {
	t.Chdir(t.TempDir()) // where ./config.toml is missing, as it may be
	command(t, "", "tree").want(t, 1, "no daemon found", "trama config example")
	p := serve(t, twoPorts)
	p.write("other.token", strings.Repeat("A", 43)+"\n")
	command(t, "", "tree", "--admin", p.addresses.Admin, "--token-file", p.file("other.token")).want(t, 1, "does not accept the token", "other.token")
	p.end()
	p.cli("tree").want(t, 1, "nothing answers at "+p.addresses.Admin, "trama serve")
}

func TestJSONIsOneDocument(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	for _, args := range []string{"tree", "masters", "masters 12345678", "connections", "listeners", "poisoned"} {
		r := p.cli(append(strings.Fields(args), "--json")...)
		if r.code != 0 || !json.Valid([]byte(r.stdout)) {
			t.Errorf("%s --json: %d %s%s", args, r.code, r.stdout, r.stderr)
		}
	}
}
