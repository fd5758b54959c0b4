package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trama/codec"
)

// golden is one frame with what it says.  Each row drives decode, encode, build and JSON.
type golden struct {
	profile   string
	direction codec.Direction
	message   string
	hex       string // blanks are for the eye
	fields    string // KEY=value …: all fields that must be given to build the frame
	reply     string // what the server answers; empty when nothing; <TS> stands for its time
}

const recordedTS = "20261123143000"

// nativeNames are the profiles that the goldens are of.
var nativeNames = []string{"compact", "extended"}

var goldens = []golden{
	// Recorded from the original server.
	{"extended", codec.Uplink, "measurement", "00250100000000123456780102036d00 20261123143000 00000007 00 41ac0000",
		"SD=12345678 RFC=1 SC=2 CC=3 RC=0 TS=20261123143000 NUT=7 AL=0 MS=21.5", "00200100000000123456780102036d00<TS>00000007"},
	{"extended", codec.Uplink, "measurement", "00250100000000999999990102036d00 20261123143000 00000008 02 c0700000",
		"SD=99999999 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=8 AL=2 MS=-3.75", "00200100000000999999990102036d00<TS>00000008"},
	{"extended", codec.Uplink, "keep-alive", "00200100000000123456780102036b00 20261123143000 00000009",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=9", "00200100000000123456780102036b00<TS>00000009"},
	{"extended", codec.Uplink, "slave-report", "00210100000000123456780102036e00 20261123143000 00000010 05",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=10 LS=5", "00200100000000123456780102036e00<TS>00000010"},
	{"extended", codec.Uplink, "sensor-report", "00210100000000123456780102036c00 20261123143000 00000011 07",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=11 SL=7", "00200100000000123456780102036c00<TS>00000011"},
	{"extended", codec.Uplink, "parameter-request", "00240100000000123456780102037000 20261123143000 00000012 31303130",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=12 DH=1 LS=0 SL=1 CN=0", "00200100000000123456780102037000<TS>00000012"},
	{"extended", codec.Uplink, "relay-report", "00220100000000123456780102036f00 20261123143000 00000013 03 01",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=13 RN=3 OP=1", "00200100000000123456780102036f00<TS>00000013"},
	{"extended", codec.Uplink, "versions", "00280100000000123456780102037600 20261123143000 00000014 0102 0203 0304 1405",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=14 VP1=102 VP2=203 VP3=304 VHW=1405", "00200100000000123456780102037600<TS>00000014"},
	{"extended", codec.Uplink, "other", "00200100000000123456780102037a00 20261123143000 00000020",
		"C=z SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=20 body=", "00200100000000123456780102037a00<TS>00000020"},
	{"extended", codec.Uplink, "answer", "00200100000000123456780102034100 20261123143000 00000021",
		"C=A SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=21", ""},
	{"extended", codec.Uplink, "answer", "00200100000000123456780102034801 20261123143000 00000022",
		"C=H SD=12345678 RFC=1 SC=2 CC=3 RC=1 TS=20261123143000 NUT=22", ""},
	// Letters of integrators.
	{"extended", codec.Uplink, "request-measurement", "00200100000000123456780102036100 20261123143000 00000030",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=30", "00200100000000123456780102036100<TS>00000030"},
	{"extended", codec.Uplink, "request-relays", "00200100000000123456780102036800 20261123143000 00000034",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=34", "00200100000000123456780102036800<TS>00000034"},
	// Built by the original's encoder.
	{"extended", codec.Downlink, "ask-measurement", "00200100000000123456780102034100 20261123153334 00000101",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=101", ""},
	{"extended", codec.Downlink, "set-time", "00200100000000123456780102034400 20261123153334 00000102",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=102", ""},
	{"extended", codec.Downlink, "set-levels", "00390100000000123456780102034300 20261123153334 00000103 15 0120 42bf0000 42a08000 41220000 c0200000",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=103 PRT=15 HLWT=120 HHV=95.5 HV=80.25 LV=10.125 LLV=-2.5", ""},
	{"extended", codec.Downlink, "set-slaves", "00210100000000123456780102034500 20261123153334 00000104 05",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=104 LS=5", ""},
	{"extended", codec.Downlink, "set-sensors", "00440100000000123456780102035300 20261123153334 00000105 011121 021222 031323 041424 051525 061626 071727 081828",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=105" +
			" SCodeA=1 SCanalA=11 STypeA=0x21 SCodeB=2 SCanalB=12 STypeB=0x22 SCodeC=3 SCanalC=13 STypeC=0x23 SCodeD=4 SCanalD=14 STypeD=0x24" +
			" SCodeE=5 SCanalE=15 STypeE=0x25 SCodeF=6 SCanalF=16 STypeF=0x26 SCodeG=7 SCanalG=17 STypeG=0x27 SCodeH=8 SCanalH=18 STypeH=0x28", ""},
	{"extended", codec.Downlink, "operate-relay", "00220100000000123456780102034f00 20261123153334 00000106 03 01",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=106 RN=3 OP=1", ""},
	// Same letter, other layouts: by direction and by length.
	{"extended", codec.Uplink, "answer", "00200100000000123456780102034f00 20261123153334 00000106",
		"C=O SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=106", ""},
	{"extended", codec.Uplink, "relay-answer", "00220100000000123456780102034f00 20261123153334 00000106 03 01",
		"SD=12345678 RFC=1 SC=2 CC=3 TS=20261123153334 NUT=106 RN=3 OP=1", ""},
	{"extended", codec.Downlink, "acknowledgement", "00200100000000123456780102036d00 20261123143000 00000007",
		"C=m SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=7", ""},
	// A serial keeps its zeros; the largest values; a command nobody defined, with a body.
	{"extended", codec.Uplink, "keep-alive", "00200100000000000012349999996bff 99991231235959 99999999",
		"SD=00001234 RFC=99 SC=99 CC=99 RC=255 TS=99991231235959 NUT=99999999", "00200100000000000012349999996bff<TS>99999999"},
	{"extended", codec.Uplink, "other", "00230100000000123456780102037800 20261123143000 00000020 ff00aa",
		"C=x SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=20 body=ff00aa", "00200100000000123456780102037800<TS>00000020"},
	{"extended", codec.Uplink, "other", "00210100000000123456780102035900 20261123143000 00000020 ff",
		"C=Y SD=12345678 RFC=1 SC=2 CC=3 TS=20261123143000 NUT=20 body=ff", ""},

	{"compact", codec.Uplink, "measurement", "00130100000000123456780102730000 41ac0000",
		"SD=12345678 RFC=1 SC=2 RC=0 AL=0 MS=21.5", "000801000000001234567801027300"},
	{"compact", codec.Downlink, "acknowledgement", "000801000000001234567801027300", "C=s SD=12345678 RFC=1 SC=2", ""},
	{"compact", codec.Uplink, "measurement", "00130100000000123456780102730007 bdcccccd",
		"SD=12345678 RFC=1 SC=2 AL=7 MS=-0.1", "000801000000001234567801027300"},
	{"compact", codec.Uplink, "keep-alive", "000801000000001234567801026b00", "SD=12345678 RFC=1 SC=2", "000801000000001234567801026b00"},
	{"compact", codec.Uplink, "answer", "000801000000001234567801024105", "C=A SD=12345678 RFC=1 SC=2 RC=5", ""},
	{"compact", codec.Downlink, "operate-relay", "001001000000001234567801024f000301", "SD=12345678 RFC=1 SC=2 RN=3 OP=1", ""},
	{"compact", codec.Uplink, "other", "000901000000001234567801026d0042", "C=m SD=12345678 RFC=1 SC=2 body=42", "000801000000001234567801026d00"},
}

func (g golden) bytes(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(g.hex, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (g golden) values() map[string]any {
	out := map[string]any{}
	for _, pair := range strings.Fields(g.fields) {
		key, value, _ := strings.Cut(pair, "=")
		out[key] = value
	}
	return out
}

func (g golden) name() string { return fmt.Sprintf("%s %s %s", g.profile, g.direction, g.message) }

// itemValues lists every field as text, for comparison.
func itemValues(f *codec.Frame) map[string]string {
	out := map[string]string{}
	for _, it := range f.Items() {
		out[it.Field.Key] = it.Text()
	}
	return out
}

func TestGoldenFramesDecodeToTheirFields(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name(), func(t *testing.T) {
			p, raw := shipped(t, g.profile), g.bytes(t)
			var f codec.Frame
			if err := p.Decode(g.direction, raw, &f); err != nil {
				t.Fatal(err)
			}
			if f.Message().Name != g.message {
				t.Errorf("message %s, want %s", f.Message().Name, g.message)
			}
			for key, want := range g.values() {
				it, ok := f.Item(key)
				if !ok {
					t.Errorf("%s: no such field", key)
					continue
				}
				got := it.Text()
				if err := p.Set(&f, key, want); err != nil {
					t.Errorf("%s: %v", key, err)
				} else if it, _ := f.Item(key); it.Text() != got {
					t.Errorf("%s is %s, want %v", key, got, want)
				}
			}
		})
	}
}

func TestGoldenFramesAreBuiltFromTheirFields(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name(), func(t *testing.T) {
			p, raw := shipped(t, g.profile), g.bytes(t)
			var f codec.Frame
			if err := p.Build(&f, g.message, g.values()); err != nil {
				t.Fatal(err)
			}
			got, err := p.Append(nil, &f)
			if err != nil || !bytes.Equal(got, raw) {
				t.Errorf("built %x (%v)\nwant  %x", got, err, raw)
			}
			if g.message == f.Message().Name && f.Direction() != g.direction && f.Direction() != codec.Any {
				t.Errorf("direction %s, want %s", f.Direction(), g.direction)
			}
			var decoded codec.Frame
			if err := p.Decode(g.direction, got, &decoded); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(itemValues(&decoded), itemValues(&f)); diff != "" {
				t.Errorf("decoded (-) and built (+) differ:\n%s", diff)
			}
		})
	}
}

func TestDecodedFramesEncodeToTheSameBytes(t *testing.T) {
	for _, g := range goldens {
		for _, d := range []codec.Direction{g.direction, codec.Any} {
			p, raw := shipped(t, g.profile), g.bytes(t)
			var f, back codec.Frame
			if err := p.Decode(d, raw, &f); err != nil {
				t.Fatal(err)
			}
			prefix := []byte("before")
			if got, err := p.Append(prefix, &f); err != nil || string(got) != "before"+string(raw) {
				t.Errorf("%s: encoded %x (%v), want %x", g.name(), got, err, raw)
			}
			text, err := f.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.ParseJSON(text, &back); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if got, err := p.Append(nil, &back); err != nil || !bytes.Equal(got, raw) {
				t.Errorf("%s: from JSON %x (%v), want %x", g.name(), got, err, raw)
			}
			if back.Direction() != f.Direction() {
				t.Errorf("%s: from JSON it travels %s, want %s", g.name(), back.Direction(), f.Direction())
			}
		}
	}
}

func TestRepliesAreThoseOfTheOriginal(t *testing.T) {
	now := time.Date(2026, 11, 23, 17, 4, 5, 999, time.Local)
	for _, g := range goldens {
		p := shipped(t, g.profile)
		var f codec.Frame
		if err := p.Decode(g.direction, g.bytes(t), &f); err != nil {
			t.Fatal(err)
		}
		if g.direction == codec.Downlink {
			continue // the master's side, below
		}
		got, due, err := p.Reply([]byte("x"), &f, codec.Env{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Replace(g.reply, "<TS>", "20261123170405", 1)
		if due != (want != "") || hex.EncodeToString(got[1:]) != want || got[0] != 'x' {
			t.Errorf("%s: reply %x (due %v), want %s", g.name(), got, due, want)
		}
	}
}

func TestTheZeroTimeIsEchoed(t *testing.T) {
	p, raw := shipped(t, "extended"), goldens[0].bytes(t)
	var f codec.Frame
	if err := p.Decode(codec.Uplink, raw, &f); err != nil {
		t.Fatal(err)
	}
	got, due, err := p.Reply(nil, &f, codec.Env{})
	if want := "00200100000000123456780102036d002026112314300000000007"; !due || err != nil || hex.EncodeToString(got) != want {
		t.Errorf("reply %x (due %v, %v), want %s", got, due, err, want)
	}
}

func TestReplyCarriesTheResultThatIsAskedFor(t *testing.T) {
	p, raw := shipped(t, "compact"), goldens[len(goldens)-7].bytes(t)
	var f codec.Frame
	if err := p.Decode(codec.Uplink, raw, &f); err != nil {
		t.Fatal(err)
	}
	got, due, err := p.Reply(nil, &f, codec.Env{Result: 1, HasResult: true})
	if want := "000801000000001234567801027301"; !due || err != nil || hex.EncodeToString(got) != want {
		t.Errorf("reply %x (due %v, %v), want %s", got, due, err, want)
	}
	if _, _, err := p.Reply(nil, &f, codec.Env{Result: 256, HasResult: true}); err == nil {
		t.Error("a result that does not fit was accepted")
	}
}

func TestAMasterAnswersACommandWithItsHeader(t *testing.T) {
	p := shipped(t, "extended")
	var f codec.Frame
	if err := p.Decode(codec.Downlink, goldens[18].bytes(t), &f); err != nil {
		t.Fatal(err)
	}
	got, due, err := p.Reply(nil, &f, codec.Env{Result: 4, HasResult: true})
	if want := "00200100000000123456780102034f042026112315333400000106"; !due || err != nil || hex.EncodeToString(got) != want {
		t.Errorf("reply %x (due %v, %v), want %s", got, due, err, want)
	}
	var answer codec.Frame
	if err := p.Decode(codec.Uplink, got, &answer); err != nil {
		t.Fatal(err)
	}
	if !p.Answers(&f, &answer) {
		t.Error("the answer does not answer the command")
	}
	if _, due, _ := p.Reply(nil, &answer, codec.Env{}); due {
		t.Error("an answer is acknowledged")
	}
}

func TestEveryLowerCaseLetterIsAcknowledgedAndNoOther(t *testing.T) {
	for _, name := range nativeNames {
		p := shipped(t, name)
		for c := 0; c < 256; c++ {
			values := map[string]any{"C": []byte{byte(c)}, "SD": 1, "RFC": 1, "SC": 1}
			if name == "extended" {
				values["CC"], values["TS"], values["NUT"] = 1, recordedTS, 1
			}
			values["body"] = ""
			letter := c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80
			var f codec.Frame
			switch err := p.Build(&f, "other", values); {
			case err != nil && letter && (errors.Is(err, codec.ErrLength) || strings.Contains(err.Error(), "these values make")):
				continue // a frame of a message that has this letter
			case (err == nil) != letter:
				t.Fatalf("%s %q: %v", name, rune(c), err)
			case err != nil:
				continue
			}
			raw, err := p.Append(nil, &f)
			if err != nil {
				t.Fatal(err)
			}
			err = p.Decode(codec.Uplink, raw, &f)
			if err != nil { // a known letter whose body is not empty
				continue
			}
			_, due, err := p.Reply(nil, &f, codec.Env{})
			if err != nil || due != (c >= 'a') {
				t.Errorf("%s %q: due %v (%v)", name, rune(c), due, err)
			}
		}
	}
}
