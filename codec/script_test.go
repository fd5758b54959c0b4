package codec

import (
	"math/rand/v2"
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
			for _, key := range keysOf(more) {
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
			if id := string(back.Identity()); id != "" && id != s.Identity("10000001") {
				t.Errorf("%s: %s: identity %s, want %s", name, l.Message.Name, id, s.Identity("10000001"))
			}
			t.Logf("%s %s %x", name, l.Message.Name, raw)
		}
	}
	if spoken < 5 {
		t.Errorf("%d scripts", spoken)
	}
}
