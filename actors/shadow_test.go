package actors

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"trama/codec"
	"trama/transport"
)

func (g *gateway) mustShadow(t testing.TB, e ProfileVersion) {
	t.Helper()
	if err := g.Shadow(context.Background(), "port", e); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) shadowed(t testing.TB) ShadowInfo {
	t.Helper()
	info, err := g.ShadowInfo("port")
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// levels are two level frames of the tank, one of them cut in two.
func levels(d *device) {
	d.t.Helper()
	d.say("0b a55a 001234 07 0001 6c 0343 0b a55a 001234")
	d.expect("09 a55a 001234 07 0001 6c")
	d.say("07 0002 6c 0344")
	d.expect("09 a55a 001234 07 0002 6c")
}

func TestACandidateIsComparedWithTheActiveProfile(t *testing.T) {
	for name, c := range map[string]struct {
		replace []string
		more    string // sent behind the levels
		check   func(i ShadowInfo) bool
	}{
		"the same in other words": {[]string{"[answer]", "# edited\n[answer]"}, "", func(i ShadowInfo) bool {
			return i.Frames == 2 && i.Same == 2 && len(i.Fields) == 0
		}},
		"another scale": {[]string{"0.1", "0.01"}, "", func(i ShadowInfo) bool {
			return i.Frames == 2 && i.Different == 2 && len(i.Fields) == 1 && i.Fields[0].Field == "level" && i.Fields[0].Count == 2 &&
				i.Fields[0].Active == "83.6" && i.Fields[0].Candidate == "8.36" && i.Fields[0].Frame == "0ba55a0012340700026c0344" && i.Acknowledgement == 0
		}},
		"another name": {[]string{`"level", type`, `"height", type`}, "", func(i ShadowInfo) bool {
			return i.Different == 2 && len(i.Fields) == 2 && i.Fields[0].Field == "height" && i.Fields[0].Active == "" && i.Fields[1].Candidate == ""
		}},
		"another acknowledgement": {[]string{`send = "header"`, `send = "frame"`}, "", func(i ShadowInfo) bool {
			return i.Different == 2 && i.Acknowledgement == 2 && len(i.Fields) == 0 && i.AcknowledgementLast.Active == "09a55a0012340700026c"
		}},
		"another identity": {[]string{`as = "digits", role = "identity"`, `as = "digits"`}, "", func(i ShadowInfo) bool {
			return i.Different == 2 && len(i.Fields) == 1 && i.Fields[0].Field == "(identity)" && i.Fields[0].Active == "001234"
		}},
		"frames refused by the candidate": {[]string{"scale = 0.1, role", "scale = 0.1, max = 10, role"}, "", func(i ShadowInfo) bool {
			return i.Frames == 2 && i.Same == 0 && len(i.RefusedByCandidate) == 1 && i.RefusedByCandidate[0].Count == 2 &&
				i.RefusedByCandidate[0].Reason == codec.ErrRange.Error() && strings.Contains(i.RefusedByCandidate[0].Error, "level")
		}},
		"frames that only the candidate takes": {[]string{`command = "t"`, `command = ["t", "Z"]`}, "0b a55a 001234 07 0003 5a 4142", func(i ShadowInfo) bool {
			return i.Frames == 2 && i.Same == 2 && len(i.RefusedByActive) == 1 && i.RefusedByActive[0].Count == 1 && i.RefusedByActive[0].Frame == "0ba55a0012340700035a4142"
		}},
		"frames cut elsewhere": {[]string{`counts = "after LEN"`, `counts = "after LEN", add = -1`}, "", func(i ShadowInfo) bool {
			return i.Frames == 2 && i.Same == 0 && len(i.RefusedByCandidate) == 1
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := startWith(t, compiled(t, tank), transport.Options{})
			d := dial(t, g, "port")
			levels(d) // from before, so that the shadow begins in the middle of a connection
			g.mustShadow(t, compiled(t, tank, c.replace...))
			levels(d)
			if c.more != "" {
				d.say(c.more)
			}
			await(t, fmt.Sprintf("the comparison: %+v", g.shadowed(t)), func() bool { return c.check(g.shadowed(t)) })
			if i := g.shadowed(t); i.State != "comparing" || i.Dropped != 0 || i.Candidate != "tank" {
				t.Errorf("%+v", i)
			}
			if l := g.Listeners()[0]; l.Definition.Generation != 1 {
				t.Errorf("it was swapped: %+v", l)
			}
		})
	}
}

func TestCountersOfAShadowAreItsOwn(t *testing.T) {
	g := startWith(t, shippedProfileVersion(t, "jt808"), transport.Options{})
	d := dial(t, g, "port")
	location := "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e"
	d.say(location)
	d.receive(21)
	g.mustShadow(t, shippedProfileVersion(t, "jt808", "\nname", "\n# edited\nname"))
	for range 3 {
		d.say(location)
		d.receive(21)
	}
	await(t, "the comparison", func() bool { return g.shadowed(t).Same == 3 })
	d.say(location)
	if got := d.receive(21); got[22:26] != "0004" {
		t.Errorf("the counter was disturbed: %s", got)
	}
}

func TestASwapEndsTheShadow(t *testing.T) {
	g := startWith(t, compiled(t, tank), transport.Options{})
	if _, err := g.ShadowInfo("port"); !errors.Is(err, ErrNoShadow) {
		t.Errorf("%v", err)
	}
	if err := g.Shadow(context.Background(), "nowhere", compiled(t, tank)); !errors.Is(err, ErrUnknownListener) {
		t.Errorf("%v", err)
	}
	candidate := compiled(t, tank, "0.1", "0.2")
	g.mustShadow(t, candidate)
	d := dial(t, g, "port")
	levels(d)
	await(t, "the comparison", func() bool { return g.shadowed(t).Different == 2 })
	if e, err := g.Candidate("port"); err != nil || e.Profile != candidate.Profile {
		t.Errorf("%v %+v", err, e)
	}
	g.mustSwap(t, candidate)
	levels(d)
	if i := g.shadowed(t); i.State != "ended" || i.Detail != "the listener's profile was swapped" || i.Frames != 2 {
		t.Errorf("%+v", i)
	}
	g.mustShadow(t, compiled(t, tank)) // the gateway stops while it works
	levels(d)
}

func unhexed(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
