package codec_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/codec"
)

// Every shipped profile that says how a simulated master behaves says all its lines as frames that decode to them.
func TestScriptsOfShippedProfilesAreSpoken(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)
	spoken := 0
	for _, name := range codec.ShippedNames() {
		p := shipped(t, name)
		if src, _ := codec.ShippedSource(name); !strings.Contains(string(src), "[simulate]") {
			continue
		}
		spoken++
		s, err := p.Script()
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		serial := "10000001"
		if name == "iec104" { // its addresses have two bytes
			serial = "10001"
		}
		by := &codec.Speaker{Serial: serial, Number: 7, Random: random.Float64}
		lines := append(append(append([]*codec.Line{}, s.Register...), s.Login...), s.Measure...)
		on := make([]string, len(lines)) // the message that each is said to
		for _, more := range []map[string]*codec.Line{s.Answers, s.Then, {"": s.KeepAlive}} {
			for _, key := range slices.Sorted(maps.Keys(more)) {
				lines, on = append(lines, more[key]), append(on, key)
			}
		}
		var f, back codec.Frame
		for i, l := range lines {
			if l == nil {
				continue
			}
			by.Heard = map[string]string{}
			for _, key := range s.Hears {
				by.Heard[key] = heard(p, on[i], key)
			}
			if err := s.Speak(&f, l, by, codec.Env{Now: now}); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			raw, _ := p.Append(nil, &f)
			if err := p.Decode(codec.Uplink, raw, &back); err != nil || back.Message() != l.Message {
				t.Errorf("%s: %s: %x is %v (%v)", name, l.Message.Name, raw, back.Message(), err)
			}
			if id := string(back.Identity()); name != "szy206" && id != "" && id != s.Identity(serial) {
				t.Errorf("%s: %s: identity %s, want %s", name, l.Message.Name, id, s.Identity(serial))
			}
			t.Logf("%s %s %x", name, l.Message.Name, raw)
		}
	}
	if spoken < 5 {
		t.Errorf("%d scripts", spoken)
	}
}

// heard is a value of a field that the server said in a message.
func heard(p *codec.Profile, message, key string) string {
	for _, m := range p.Messages() {
		for _, f := range m.Fields {
			if m.Name == message && f.Key == key && f.Role == codec.RoleCommand && m.Command != "" {
				return m.Command
			}
		}
	}
	return "1"
}

// spoken says everything there is to fill in.
const spoken = `
name = "plain"
zone = "+08:00"
[frame]
length = { field = "LEN", counts = "all" }
header = [
  { key = "LEN", type = "byte" },
  { key = "ID",  type = "ascii", size = 8, chars = "digits", role = "identity" },
  { key = "CMD", type = "byte", role = "command" },
  { key = "NUM", type = "byte", role = "transaction" },
]
[[message]]
command = 1
from    = "master"
name    = "say"
purpose = "measurement"
fields  = [
  { key = "at",   type = "time", layout = "YYMMDDhhmmss" },
  { key = "walk", type = "uint16", scale = 0.5 },
  { key = "rest", type = "ascii", size = "rest" },
]
[[message]]
command = 1
from    = "server"
name    = "ask"
fields  = [{ key = "word", type = "ascii", size = "rest" }]
[simulate]
identity = "9{serial:7}"
measure  = ["say"]
[simulate.fields]
at   = "now"
walk = "{10..20:2.5}"
rest = %s
`

func TestTextsOfAScriptAreFilledIn(t *testing.T) {
	at := time.Date(2026, 11, 23, 23, 5, 6, 78e6, time.UTC)
	for _, test := range []struct{ text, serial, want string }{
		{`"as it is"`, "12", "as it is"},
		{`"{serial}/{serial:4}/{serial:1}"`, "12", "12/0012/2"},
		{`"{now:YYYYMMDD hhmmss.SSS}"`, "12", "20261124 070506.078"},
		{`"n{number}"`, "12", "n7"},
		{`"$word or none"`, "12", "none"},
		{`"$word"`, "12", "heard"},
		{`"{{serial}}"`, "12", "{12}"},
	} {
		p, err := codec.Compile("plain.toml", fmt.Appendf(nil, spoken, test.text))
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		s, err := p.Script()
		if err != nil {
			t.Fatal(err)
		}
		by := &codec.Speaker{Serial: test.serial, Number: 7, Random: rand.New(rand.NewPCG(1, 1)).Float64}
		if test.want == "heard" {
			if err := s.Speak(new(codec.Frame), s.Measure[0], by, codec.Env{Now: at}); !errors.Is(err, codec.ErrMissing) || !strings.Contains(err.Error(), "rest") {
				t.Errorf("%s: before anything was heard: %v", test.text, err)
			}
			by.Heard = map[string]string{"word": "heard"}
		}
		var f codec.Frame
		if err := s.Speak(&f, s.Measure[0], by, codec.Env{Now: at}); err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if it, _ := f.Item("rest"); it.Text() != test.want {
			t.Errorf("%s becomes %q, want %q", test.text, it.Text(), test.want)
		}
		if it, _ := f.Item("at"); it.Text() != "2026-11-24T07:05:06+08:00" {
			t.Errorf("the time is %s", it.Text())
		}
		if number, _ := f.Transaction(); number != 7 || string(f.Identity()) != "90000012" {
			t.Errorf("number %d, identity %s", number, f.Identity())
		}
	}
}

func TestWhatWandersStaysInItsRangeAndOnItsStep(t *testing.T) {
	p, err := codec.Compile("plain.toml", fmt.Appendf(nil, spoken, `"x"`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Script()
	if err != nil {
		t.Fatal(err)
	}
	by := &codec.Speaker{Serial: "1", Random: rand.New(rand.NewPCG(3, 4)).Float64}
	seen := map[string]int{}
	for range 2000 {
		var f codec.Frame
		if err := s.Speak(&f, s.Measure[0], by, codec.Env{Now: frozenNow}); err != nil {
			t.Fatal(err)
		}
		it, _ := f.Item("walk")
		seen[it.Text()]++
	}
	if got := strings.Join(slices.Sorted(maps.Keys(seen)), " "); got != "10 12.5 15 17.5 20" {
		t.Errorf("values %s", got)
	}
}

func TestALongSerialIsTheIdentityItself(t *testing.T) {
	s, err := shipped(t, "jt808").Script()
	if err != nil {
		t.Fatal(err)
	}
	for serial, want := range map[string]string{"7": "013900000007", "10000001": "013910000001", "013812345678": "013812345678"} {
		if got := s.Identity(serial); got != want {
			t.Errorf("serial %s: identity %s, want %s", serial, got, want)
		}
	}
}

func TestProfilesThatCannotBeGuessedSayWhatIsMissing(t *testing.T) {
	for name, want := range map[string]string{
		"mbus":      "no measurement that a master sends, and no [simulate]",
		"dnp3-link": "a guess does not do: dnp3-link",
	} {
		if _, err := shipped(t, name).Script(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a master says without a login that names it would belong to nobody.
func TestAGuessedMasterSaysWhoItIs(t *testing.T) {
	const definition = `
name = "login"
[frame]
header = [{ key = "kind", type = "byte", role = "command" }]
[[message]]
command = 1
name    = "hello"
from    = "master"
fields  = [{ key = "unit", type = "byte", role = "identity" }]
[[message]]
command = 2
name    = "level"
from    = "master"
purpose = "measurement"
fields  = [{ key = "level", type = "byte", role = "value" }]
`
	if _, err := compiled(t, definition).Script(); err == nil || !strings.Contains(err.Error(), "a login, such as hello") {
		t.Errorf("no [simulate]: %v", err)
	}
	if _, err := compiled(t, definition+"[simulate]\nlogin = [\"hello\"]\nmeasure = [\"level\"]\n[simulate.message.level]\nlevel = 1\n").Script(); err != nil {
		t.Errorf("with [simulate]: %v", err)
	}
}
