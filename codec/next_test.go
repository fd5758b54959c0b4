package codec_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"trama/codec"
)

// sameNext checks that Next finds at the beginning of data what the splitter finds, or a sealed frame that the splitter passes
// over, and that its frame is as one decoded alone.
func sameNext(t testing.TB, p *codec.Profile, d codec.Direction, data []byte, atEOF bool, used *codec.Frame) (advance int) {
	t.Helper()
	want, token, _ := p.Splitter(d)(data, atEOF)
	around := codec.Around(0)
	if atEOF {
		around = codec.Ended
	}
	advance, found := p.Next(d, data, around, used)
	passed := p.HasChecksum() && d != codec.Any // so many bytes may hold a sealed frame, or the beginning of one
	// one whose checksum is right begins before the frame without checksum that the splitter finds inside it
	outside := found && used.Unreadable() != nil && token != nil && advance-len(used.Raw()) < want-len(token)
	if (advance != want || found != (token != nil)) && !outside && (!passed || advance > want && token != nil || atEOF && !found) {
		t.Fatalf("%s %s %x at the end %v: Next says %d and %v, the splitter %d and %x", p.Name(), d, data, atEOF, advance, found, want, token)
	}
	if !found {
		return advance
	}
	raw := used.Raw()
	if at := advance - len(raw); !bytes.Equal(raw, data[at:advance]) || &raw[0] != &data[at] {
		t.Fatalf("%s %s %x: Next finds %x, which does not end the %d bytes", p.Name(), d, data, raw, advance)
	}
	if used.Unreadable() == nil && (advance != want || !bytes.Equal(raw, token)) {
		t.Fatalf("%s %s %x: Next finds %x, the splitter %x", p.Name(), d, data, raw, token)
	}
	if used.Closed() {
		if !p.Security().Is(raw) || !bytes.Equal(raw, token) {
			t.Fatalf("%s %s: Next finds %x closed, the splitter %x", p.Name(), d, raw, token)
		}
		return advance
	}
	var alone codec.Frame
	if err := p.Decode(d, bytes.Clone(raw), &alone); err != alone.Unreadable() || (err == nil) != (used.Unreadable() == nil) {
		t.Fatalf("%s %s %x: %v, in the stream %v", p.Name(), d, raw, err, used.Unreadable())
	}
	got, _ := used.AppendJSON(nil)
	text, _ := alone.AppendJSON(nil)
	if !bytes.Equal(got, text) || used.Message() != alone.Message() || used.Direction() != alone.Direction() || !bytes.Equal(used.Identity(), alone.Identity()) {
		t.Fatalf("%s %s %x: %s, decoded alone %s", p.Name(), d, raw, got, text)
	}
	items, others := used.Items(), alone.Items()
	for i := range items {
		if len(others) != len(items) || items[i].Off != others[i].Off || items[i].Len != others[i].Len {
			t.Fatalf("%s %s %x: %d fields, decoded alone %d, or another place of %s", p.Name(), d, raw, len(items), len(others), items[i].Field.Key)
		}
	}
	return advance
}

// sameStream reads a stream by Next and by the splitter.
func sameStream(t testing.TB, p *codec.Profile, d codec.Direction, stream []byte, used *codec.Frame) {
	t.Helper()
	for rest := stream; len(rest) > 0; {
		sameNext(t, p, d, rest, false, used)
		rest = rest[max(sameNext(t, p, d, rest, true, used), 1):]
	}
}

func TestNextFindsAndDecodesWhatTheSplitterFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var used codec.Frame // for all frames of all profiles
	for _, def := range append(definitions(t, "profiles/*.toml"), definitions(t, "testdata/*.good.toml")...) {
		var stream []byte
		for _, e := range def.examples {
			if len(e.request) > 0 {
				continue // which an answer needs
			}
			b := bytes.Clone(e.frame)
			stream = append(append(append(stream, b...), noise(random, random.IntN(5))...), b...)
			b[random.IntN(len(b))]++
			stream = append(append(stream, b...), b[:random.IntN(len(b))]...)
			if len(stream) > 4000 {
				break
			}
		}
		for d := codec.Any; d <= codec.Downlink; d++ {
			sameStream(t, def.p, d, stream, &used)
		}
	}
}

func FuzzNext(f *testing.F) {
	all := fuzzDefinitions(f)
	for i, def := range all {
		for _, e := range def.examples {
			f.Add(append([]byte("\x68\x7e"), append(e.frame, e.frame...)...), uint16(i), uint8(e.direction))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, of uint16, way uint8) {
		if len(stream) < 2000 {
			var used codec.Frame
			p, d := all[int(of)%len(all)].p, codec.Direction(way%3)
			sameStream(t, p, d, stream, &used)
			whole := arriving(p, d, stream)
			for _, at := range []int{1, len(stream) / 3, len(stream) / 2, len(stream) - 1} {
				if at > 0 && at < len(stream) {
					if got := arriving(p, d, stream, at); !slices.Equal(got, whole) {
						t.Fatalf("%s %s %x cut at %d: %v, whole %v", p.Name(), d, stream, at, got, whole)
					}
				}
			}
		}
	})
}

func TestNextAllocatesNothingOnceWarm(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		var used codec.Frame
		for _, g := range c.Frames {
			raw, d := unhex(t, g.Hex), directionOf(g.Direction)
			if n := testing.AllocsPerRun(20, func() { p.Next(d, raw, 0, &used) }); n > 0 {
				t.Errorf("%s %x: %v allocations", c.Profile, raw, n)
			}
		}
	}
}
