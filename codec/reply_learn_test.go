package codec

import (
	"bytes"
	"runtime"
	"testing"
	"time"
)

// weaving is a profile that learns no replies.
func weaving(t testing.TB, name string) *Profile {
	src, _ := ShippedSource(name)
	p, err := Compile(name, src)
	if err != nil {
		t.Fatal(err)
	}
	full := make([]*learnedReply, mostLearned)
	for i := range full {
		full[i] = &learnedReply{}
	}
	for i := range p.grammar.replies {
		p.grammar.replies[i].learned.all.Store(&full)
	}
	return p
}

func TestLearnedRepliesAreThoseThatAreWoven(t *testing.T) {
	now := time.Date(2026, 11, 23, 15, 33, 34, 0, time.UTC)
	for _, c := range corpora(t) {
		p, q := shipped(t, c.Profile), weaving(t, c.Profile)
		if len(p.grammar.replies) == 0 {
			continue
		}
		var f, g Frame
		quick, all := 0, 0
		for _, known := range []bool{false, true} {
			var mine, theirs Session
			for _, frame := range c.Frames {
				mutants(unhex(t, frame.Hex), func(b []byte) {
					if b = sealed(p, b); p.Decode(directionOf(frame.Direction), b, &f) != nil {
						return
					}
					if err := q.Decode(directionOf(frame.Direction), b, &g); err != nil {
						t.Fatal(err)
					}
					for _, env := range []Env{{}, {Now: now}, {HasResult: true}, {HasResult: true, Result: 1, Now: now}} {
						other := env
						if known {
							env.Session, other.Session = &mine, &theirs
						}
						var learned []byte
						if rule := p.grammarReplyTo(&f); rule != nil {
							before := env
							before.Session = env.Session.copied(p)
							if out, ok := rule.learned.reply(p, nil, &f, before); ok {
								learned = out
							}
						}
						got, due, err := p.Reply(nil, &f, env)
						want, owed, wrong := q.Reply(nil, &g, other)
						if !bytes.Equal(got, want) || due != owed || (err == nil) != (wrong == nil) || learned != nil && !bytes.Equal(learned, want) {
							t.Fatalf("%s %s %x: learned %x, replied %x (%v %v), woven %x (%v %v)", c.Profile, frame.ID, b, learned, got, due, err, want, owed, wrong)
						}
						if due {
							all++
						}
						if learned != nil {
							quick++
						}
					}
					if known {
						p.Remember(&mine, &f)
						q.Remember(&theirs, &g)
					}
				})
			}
		}
		t.Logf("%s: %d replies, %d of them learned", c.Profile, all, quick)
	}
}

func TestAcknowledgementsAllocateNothingOnceWarm(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	now := time.Date(2026, 11, 23, 15, 33, 34, 0, time.UTC)
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		dst := make([]byte, 0, 512)
		for _, g := range c.Frames {
			src, _ := ShippedSource(c.Profile)
			if p, _ = Compile(c.Profile, src); p == nil {
				t.Fatal(c.Profile)
			}
			var f Frame
			if err := p.Decode(directionOf(g.Direction), unhex(t, g.Hex), &f); err != nil {
				t.Fatal(err)
			}
			env := Env{Now: now, Session: new(Session)}
			_, due, err := p.Reply(nil, &f, env)
			if err != nil {
				t.Errorf("%s: %v", g.ID, err)
			}
			if !due {
				continue
			}
			for range 4 {
				dst, _, _ = p.Reply(dst[:0], &f, env)
			}
			runtime.GC()
			if n := testing.AllocsPerRun(100, func() { dst, _, _ = p.Reply(dst[:0], &f, env) }); n > 0.5 {
				t.Errorf("%s: %v allocations", g.ID, n)
			}
		}
	}
}
