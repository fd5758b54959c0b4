package codec

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every shipped profile that says how a simulated master behaves says all its lines as frames that decode to them.
func TestScriptsOfShippedProfilesAreSpoken(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)
	spoken := 0
	for _, name := range ShippedNames() {
		p := shipped(t, name)
		if p.script == nil {
			continue
		}
		spoken++
		s, err := p.Script()
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		by := &Speaker{Serial: "10000001", Number: 7, Random: random.Float64}
		lines := append(append(append([]*Line{}, s.Register...), s.Login...), s.Measure...)
		for _, more := range []map[string]*Line{s.Answers, s.Then, {"": s.KeepAlive}} {
			for _, key := range slices.Sorted(maps.Keys(more)) {
				lines = append(lines, more[key])
			}
		}
		var f, back Frame
		for _, l := range lines {
			if l == nil {
				continue
			}
			by.Heard = s.samples(l)
			if err := s.Speak(&f, l, by, Env{Now: now}); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			raw, _ := p.Append(nil, &f)
			if err := p.Decode(Uplink, raw, &back); err != nil || back.Message() != l.Message {
				t.Errorf("%s: %s: %x is %v (%v)", name, l.Message.Name, raw, back.Message(), err)
			}
			if id := string(back.Identity()); name != "szy206" && id != "" && id != s.Identity("10000001") {
				t.Errorf("%s: %s: identity %s, want %s", name, l.Message.Name, id, s.Identity("10000001"))
			}
			t.Logf("%s %s %x", name, l.Message.Name, raw)
		}
	}
	if spoken < 5 {
		t.Errorf("%d scripts", spoken)
	}
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
		p, err := Compile("plain.toml", fmt.Appendf(nil, spoken, test.text))
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		s, err := p.Script()
		if err != nil {
			t.Fatal(err)
		}
		by := &Speaker{Serial: test.serial, Number: 7, Random: rand.New(rand.NewPCG(1, 1)).Float64}
		if test.want == "heard" {
			if err := s.Speak(new(Frame), s.Measure[0], by, Env{Now: at}); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "rest") {
				t.Errorf("%s: before anything was heard: %v", test.text, err)
			}
			by.Heard = map[string]string{"word": "heard"}
		}
		var f Frame
		if err := s.Speak(&f, s.Measure[0], by, Env{Now: at}); err != nil {
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
	p, err := Compile("plain.toml", fmt.Appendf(nil, spoken, `"x"`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Script()
	if err != nil {
		t.Fatal(err)
	}
	by := &Speaker{Serial: "1", Random: rand.New(rand.NewPCG(3, 4)).Float64}
	seen := map[string]int{}
	for range 2000 {
		var f Frame
		if err := s.Speak(&f, s.Measure[0], by, Env{Now: rehearsal}); err != nil {
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
