package codec

import (
	"bytes"
	"os"
	"runtime"
	"testing"
	"time"
)

// weaving is a profile that learns no replies.
func weaving(t testing.TB, name string) *Profile {
	src, _ := ShippedSource(name)
	return weavingFrom(t, name, src)
}

func weavingFrom(t testing.TB, name string, src []byte) *Profile {
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
	for _, c := range corpora(t) {
		p, q := shipped(t, c.Profile), weaving(t, c.Profile)
		if len(p.grammar.replies) == 0 {
			continue
		}
		var frames []repliedTo
		for _, frame := range c.Frames {
			frames = append(frames, repliedTo{frame.ID, directionOf(frame.Direction), unhex(t, frame.Hex)})
		}
		sameReplies(t, p, q, frames)
	}
	const file = "closing-reply.good.toml"
	src, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	p := profileFrom(t, file)
	var frames []repliedTo
	for i := range p.examples {
		frames = append(frames, repliedTo{file, Uplink, p.examples[i].frame})
	}
	if quick := sameReplies(t, p, weavingFrom(t, file, src), frames); quick == 0 {
		t.Errorf("%s: no reply was learned", file)
	}
}

// repliedTo is a frame that is answered.
type repliedTo struct {
	id        string
	direction Direction
	raw       []byte
}

// sameReplies compares the replies of p, which learns, with those of q, which does not, to the frames and to changed
// ones.  quick is how many of them were learned.
func sameReplies(t *testing.T, p, q *Profile, frames []repliedTo) (quick int) {
	now := time.Date(2026, 11, 23, 15, 33, 34, 0, time.UTC)
	var f, g Frame
	all := 0
	for _, known := range []bool{false, true} {
		var mine, theirs Session
		for _, frame := range frames {
			mutants(frame.raw, func(b []byte) {
				if b = sealed(p, b); p.Decode(frame.direction, b, &f) != nil {
					return
				}
				if err := q.Decode(frame.direction, b, &g); err != nil {
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
						t.Fatalf("%s %s %x: learned %x, replied %x (%v %v), woven %x (%v %v)", p.Name(), frame.id, b, learned, got, due, err, want, owed, wrong)
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
	t.Logf("%s: %d replies, %d of them learned", p.Name(), all, quick)
	return quick
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
