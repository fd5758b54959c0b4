package codec

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestEveryMessageAndBranchHasAFrameThatGoesBothWays(t *testing.T) {
	profiles, _ := filepath.Glob("profiles/*.toml")
	others, _ := filepath.Glob("testdata/*.good.toml")
	if len(profiles) == 0 || len(others) == 0 {
		t.Fatal("no profiles")
	}
	for _, file := range append(profiles, others...) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		p, err := Compile(name, src)
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range []Direction{Uplink, Downlink} {
			s := p.sampler(way)
			var failed []*sample
			frames := map[string]int{}
			s.each(func(one *sample) bool {
				message := one.goal.shape.layout.message.Name
				if one.frame == nil {
					failed = append(failed, one)
					return true
				}
				frames[message]++
				roundTrips(t, p, way, message+" "+one.goal.name, one.frame)
				return true
			})
			for _, l := range p.layouts {
				if (l.direction == Any || l.direction == way) && frames[l.message.Name] == 0 {
					t.Errorf("%s %v: no frame of %s", name, way, l.message.Name)
				}
			}
			seen := map[branchKey]bool{}
			for d := range s.seen {
				seen[d.branch()] = true
			}
			for _, one := range failed { // what one message cannot show, another may
				if last := len(one.goal.force) - 1; last < 0 || !seen[one.goal.force[last].branch()] && !never(name, one.goal.name) {
					t.Errorf("%s %v %s %s: %s", name, way, one.goal.shape.layout.message.Name, one.goal.name, one.why)
				}
			}
			if s.steps > totalSteps/4 {
				t.Errorf("%s %v: %d steps", name, way, s.steps)
			}
		}
	}
}

// never says what the definitions rule out.
func never(profile, branch string) bool {
	return profile == "teltonika.toml" && branch == "records is empty"
}

func roundTrips(t *testing.T, p *Profile, way Direction, what string, frame []byte) {
	t.Helper()
	var f Frame
	if err := p.Decode(way, frame, &f); err != nil {
		t.Errorf("%s %s: %x: %v", p.name, what, frame, err)
		return
	}
	if again, err := p.Append(nil, &f); err != nil || !bytes.Equal(again, frame) {
		t.Errorf("%s %s: %x is encoded as %x (%v)", p.name, what, frame, again, err)
	}
	if err := p.throughJSON(&f, frame); err != nil {
		t.Errorf("%s %s: %x: %v", p.name, what, frame, err)
	}
	stream := slices.Concat(frame, frame)
	if got, skipped, rest := cut(t, p.Splitter(way), stream); len(got) != 2 || !bytes.Equal(got[0], frame) || skipped+len(rest) > 0 {
		t.Errorf("%s %s: from %x are cut %x, %d skipped, %d held", p.name, what, stream, got, skipped, len(rest))
	}
}

func TestSamplesAreTheSameEveryTimeAndEndWhenAskedTo(t *testing.T) {
	p := shipped(t, "iec104")
	var first, second []string
	for _, to := range []*[]string{&first, &second} {
		p.Samples(Any, func(message, branch string, frame []byte) bool {
			*to = append(*to, message+" "+branch+" "+string(frame))
			return true
		})
	}
	if len(first) < 20 || !slices.Equal(first, second) {
		t.Errorf("%d and %d samples", len(first), len(second))
	}
	n := 0
	p.Samples(Any, func(string, string, []byte) bool {
		n++
		return n < 3
	})
	if n != 3 {
		t.Errorf("%d samples after the end", n)
	}
}
