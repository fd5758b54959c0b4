package codec

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// One frame object that is used for everything, as a connection does, shows of each frame what the plain walk shows of it alone: nothing of
// the frames before, whatever they were like.
func TestAFrameUsedAgainShowsWhatTheWalkShows(t *testing.T) {
	var used Frame // by all profiles
	for _, p := range fuzzProfiles(t) {
		reuse(t, p, &used, 1)
	}
}

// reuse decodes frames of p and broken ones, so many rounds.
func reuse(t testing.TB, p *Profile, used *Frame, rounds int) {
	t.Helper()
	type sent struct {
		d   Direction
		raw []byte
	}
	var known []sent
	for _, d := range []Direction{Uplink, Downlink} {
		Samples(p, d, func(_, _ string, raw []byte) bool {
			known = append(known, sent{d, raw})
			return true
		})
	}
	for _, e := range p.examples {
		known = append(known, sent{e.direction, e.frame})
	}
	random := rand.New(rand.NewPCG(11, uint64(len(known))))
	var m machine
	for range rounds {
		for range 20 * len(known) {
			s := known[random.IntN(len(known))]
			b := broken(random, s.raw)
			if random.IntN(2) == 0 {
				b = sealed(p, b)
			}
			d := []Direction{s.d, s.d, Any}[random.IntN(3)]
			var slow Frame
			_, v := p.try(&m, d, &slow, b, true)
			if err := p.Decode(d, b, used); (err == nil) != (v == whole) {
				t.Fatalf("%s %s %x: decoding says %v, the walk %v", p.name, d, b, err, v)
			}
			if v == whole {
				sameFrame(t, b, used, &slow)
				sameText(t, b, used, &slow, d)
				comesBack(t, p, b, used)
			}
			agreeFraming(t, p, d, b)
			agreeFraming(t, p, d, slices.Concat(b, s.raw))
		}
	}
}

// sameText checks that a frame reads in JSON as one that was walked.
func sameText(t testing.TB, b []byte, used, alone *Frame, d Direction) {
	t.Helper()
	alone.raw = b
	if d == Any {
		alone.direction = alone.layout.direction
	}
	want, err := alone.AppendJSON(nil)
	got, failed := used.AppendJSON(nil)
	if err != nil || failed != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s %x: %s (%v), walked %s (%v)", used.program.name, b, got, failed, want, err)
	}
	if a, w := string(used.Identity()), string(alone.Identity()); a != w {
		t.Fatalf("%s %x: identity %s, walked %s", used.program.name, b, a, w)
	}
}

// comesBack checks that a frame is made again out of its JSON, byte for byte.
func comesBack(t testing.TB, p *Profile, b []byte, used *Frame) {
	t.Helper()
	text, err := used.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back Frame
	if err := p.ParseJSON(text, &back); err != nil {
		t.Fatalf("%s %x: %s: %v", p.name, b, text, err)
	}
	if again, err := p.Append(nil, &back); err != nil || !bytes.Equal(again, b) {
		t.Fatalf("%s: %x became %x (%v)\n%s", p.name, b, again, err, text)
	}
}

// broken is b with a few bytes changed, left out or repeated.
func broken(random *rand.Rand, b []byte) []byte {
	m := slices.Clone(b)
	for range random.IntN(4) {
		if len(m) == 0 {
			break
		}
		at := random.IntN(len(m))
		switch random.IntN(8) {
		case 0, 1:
			m[at] ^= 1 << random.IntN(8)
		case 2:
			m[at] = byte(random.Uint32())
		case 3:
			m = slices.Delete(m, at, at+1)
		case 4:
			m = slices.Insert(m, at, m[at])
		case 5:
			m[at]++
		default:
			m[at] = []byte{0, 0xff, 0x7f, 0x80, '0', 'A', ' ', 1}[random.IntN(8)]
		}
	}
	return m
}
