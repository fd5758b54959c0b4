package codec_test

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/check"
)

// A silence behind bytes that may begin a longer frame: what Next finds then.
func TestAWholeFrameBehindADoubtfulBeginningWinsInASilence(t *testing.T) {
	for _, c := range []struct{ profile, stream, noise, frame string }{
		{"modbus-rtu", "00 048302d0f0 00", "00", "048302d0f0"},                                                             // a line driver's zero
		{"modbus-rtu", "0103273500019eb0 01030200017984", "0103273500019eb0", "01030200017984"},                            // the echo of a two-wire line
		{"gt06", "7878ff12 78780a134606040002000a34bc0d0a 7878", "7878ff12", "78780a134606040002000a34bc0d0a"},             // a frame that was cut short
		{"gt06", "7878ff12 78780a13 78780a134606040002000a34bc0d0a", "7878ff1278780a13", "78780a134606040002000a34bc0d0a"}, // two of them
	} {
		p, data, want := shipped(t, c.profile), unhex(t, c.stream), unhex(t, c.frame)
		var f codec.Frame
		if n, found := p.Next(codec.Uplink, data, 0, &f); n != 0 || found {
			t.Errorf("%s %s: %d bytes are taken while bytes come", c.profile, c.stream, n)
		}
		n, found := p.Next(codec.Uplink, data, codec.Quiet, &f)
		if !found || string(f.Raw()) != string(want) || n != len(unhex(t, c.noise))+len(want) {
			t.Errorf("%s %s: %d bytes are taken, found %v", c.profile, c.stream, n, found)
		}
	}
}

func TestASilenceInsideAFrameTakesNothing(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		if want := time.Duration(0); p.HasChecksum() {
			if want = 300 * time.Millisecond; c.Profile == "modbus-rtu" {
				want = 500 * time.Millisecond
			}
			if p.Quiet() != want {
				t.Errorf("%s: quiet %v, want %v", c.Profile, p.Quiet(), want)
			}
		} else if p.Quiet() != want {
			t.Errorf("%s: quiet %v in a profile without checksums", c.Profile, p.Quiet())
		}
		var f codec.Frame
		for _, g := range c.Frames {
			raw, d := unhex(t, g.Hex), directionOf(g.Direction)
			for n := 1; n < len(raw) && !p.EndsSilently(d); n++ {
				if taken, found := p.Next(d, raw[:n], codec.Quiet, &f); found || taken > 0 {
					t.Fatalf("%s %x: %d of %d bytes are taken, found %v", c.Profile, raw, taken, n, found)
				}
			}
		}
	}
}

// Two glued frames may be one of another size; with a silence between them, as the definition says, they are not.
func TestExamplesOfFramesThatASilencePartsHold(t *testing.T) {
	p := profileFrom(t, "sizes-paused.warn.toml")
	if errs := check.Examples(p); len(p.Examples()) != 2 || len(errs) > 0 {
		t.Errorf("%d examples: %v", len(p.Examples()), errs)
	}
}

// One byte of checksum and nothing else to know a frame by: one of 256 beginnings inside a slow frame is right by chance.
func TestAWeakChecksumIsNoProofInASilence(t *testing.T) {
	definition := `name = "weak"
[frame]
length = { field = "len", counts = "body" }
header = [KEYS{ key = "len", type = "byte" }, { key = "unit", type = "byte", role = "identity" }]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }]
[[message]]
name = "data"
fields = [{ key = "data", type = "hex", size = "rest" }]
`
	for keys, c := range map[string]struct {
		stream string
		found  bool
	}{
		"": {"50 01 0107aab2", false},
		`{ key = "mark", type = "byte", const = 0x68 }, `: {"6850 01 680107aa1a", true},
	} {
		p := compiled(t, strings.Replace(definition, "KEYS", keys, 1))
		var f codec.Frame
		_, found := p.Next(codec.Uplink, unhex(t, c.stream), codec.Quiet, &f)
		_, ended := p.Next(codec.Uplink, unhex(t, c.stream), codec.Ended, &f)
		if found != c.found || !ended {
			t.Errorf("%s: found %v in a silence, %v at the end", c.stream, found, ended)
		}
	}
}

// arriving lists what is taken of a stream that comes in pieces, with a silence behind the last: frames, and noise byte by byte.
func arriving(p *codec.Profile, d codec.Direction, stream []byte, ends ...int) (taken []string) {
	used, around := 0, codec.Around(0)
	for _, end := range append(ends, len(stream), -1) {
		if end < 0 {
			end, around = len(stream), around|codec.Quiet
		}
		for used < end {
			var f codec.Frame
			n, found := p.Next(d, stream[used:end], around, &f)
			if n == 0 {
				break
			}
			noise := n
			if around &= codec.Quiet; found {
				noise, around = n-len(f.Raw()), around|codec.Behind
			}
			for range noise {
				taken = append(taken, "noise")
			}
			if found {
				taken = append(taken, hex.EncodeToString(f.Raw()))
			}
			used += n
		}
	}
	return taken
}

func TestPiecesWithoutAPauseChangeNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, def := range append(definitions(t, "profiles/*.toml"), definitions(t, "testdata/*.good.toml")...) {
		for _, d := range []codec.Direction{codec.Uplink, codec.Downlink} {
			for range 5 {
				var stream []byte
				for _, i := range random.Perm(len(def.examples)) {
					if e := def.examples[i]; len(stream)+2*len(e.frame) < 600 {
						stream = append(append(stream, e.frame...), noise(random, random.IntN(3))...)
						stream = append(stream, e.frame[:random.IntN(2)*random.IntN(len(e.frame))]...)
					}
				}
				want := arriving(def.p, d, stream)
				for range 20 {
					var ends []int
					for at := range stream {
						if at > 0 && random.IntN(8) == 0 {
							ends = append(ends, at)
						}
					}
					if got := arriving(def.p, d, stream, ends...); !slices.Equal(got, want) {
						t.Fatalf("%s %s %x cut at %v:\n%v, whole\n%v", def.name, d, stream, ends, got, want)
					}
				}
			}
		}
	}
}

func TestASilenceEndsAFrameOfOneOfSeveralSizes(t *testing.T) {
	p := profileFrom(t, "sizes.good.toml")
	if p.Quiet() != 200*time.Millisecond {
		t.Errorf("quiet %v", p.Quiet())
	}
	const short, long = "240700106b0cc900", "240700106b0cc900010203040506"
	for stream, want := range map[string][]string{
		short:                       {short},
		long:                        {long},
		short + short + short:       {short, short, short},
		short + long + short + long: {short, long, short, long},
		short + "0d0a":              {short, "noise", "noise"},
		"ff" + long + "ff" + short:  {"noise", long, "noise", short},
		long[:26]:                   {short, "noise", "noise", "noise", "noise", "noise"},
		short[:14]:                  {"noise", "noise", "noise", "noise", "noise", "noise", "noise"},
		short[:14] + short + "0000": {short[:14] + short[:14], "noise", "noise", "noise"}, // cut short, it takes from the next
	} {
		data := unhex(t, stream)
		if got := arriving(p, codec.Uplink, data); !slices.Equal(got, want) {
			t.Errorf("%s: %v, expected %v", stream, got, want)
		}
	}
	var f codec.Frame
	for _, stream := range []string{short, long, short[:2]} { // what follows is not known
		if n, found := p.Next(codec.Uplink, unhex(t, stream), 0, &f); n != 0 || found {
			t.Errorf("%s: %d bytes taken, found %v", stream, n, found)
		}
	}
	for _, c := range [][2]string{{"sizes-summed", "07104c02"}, {"sizes-summed", "071000204d01"}} { // but by a checksum
		data := unhex(t, c[1])
		if n, found := profileFrom(t, ""+c[0]+".good.toml").Next(codec.Uplink, append(data, 0, 0), 0, &f); n != len(data) || !found {
			t.Errorf("%s: %d bytes taken, found %v", c[1], n, found)
		}
	}
}

func TestASilenceEndsAFrameThatLooksAhead(t *testing.T) {
	p := profileFrom(t, "quiet.good.toml")
	for stream, want := range map[string][]string{
		"680701":           {"680701"},
		"680701680702":     {"680701", "680702"},
		"6807010010":       {"6807010010"},
		"68070100":         {"noise", "noise", "noise", "noise"},
		"6807":             {"noise", "noise"},
		"680701 68 680702": {"680701", "noise", "680702"},
	} {
		if got := arriving(p, codec.Uplink, unhex(t, stream)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, expected %v", stream, got, want)
		}
	}
}

func TestFramesMayShareTheMarkBetweenThem(t *testing.T) {
	p := shipped(t, "jt808")
	const a, b, c = "000200000139000000170014397e", "000200000139000000170015387e", "0002000001390000001700163b7e"
	noiseOf := func(bytes string) string { return strings.Repeat("noise", len(bytes)/2) }
	damaged := strings.Replace(b, "38", "39", 1)
	for stream, want := range map[string][]string{
		"7e" + a + b + c:                    {"7e" + a, "7e" + b, "7e" + c},
		"7e" + a + b + "7e" + c:             {"7e" + a, "7e" + b, "7e" + c},
		"7e" + a + damaged + c:              {"7e" + a, noiseOf(damaged[2:]), "7e" + c}, // its last mark begins the next
		"7e" + a + "0d0a" + "7e" + b + c:    {"7e" + a, noiseOf("0d0a"), "7e" + b, "7e" + c},
		"7e" + a + "0d0a" + b:               {"7e" + a, noiseOf("0d0a" + b[2:])},
		"7e" + a + "0d0a":                   {"7e" + a, noiseOf("0d0a")},
		a + b:                               {noiseOf(a[2:]), "7e" + b},
		"7e" + a + "7e7e" + "7e" + b + "7e": {"7e" + a, noiseOf("0d0a"), "7e" + b},
	} {
		data := unhex(t, stream)
		for i := range data {
			if got := arriving(p, codec.Uplink, data, i); strings.Join(got, "") != strings.Join(want, "") {
				t.Errorf("%s cut at %d: %v, expected %v", stream, i, got, want)
			}
		}
	}
}

func TestDirtOnALineThatEndsFramesBySilenceIsNoise(t *testing.T) {
	p := shipped(t, "modbus-rtu")
	for stream, want := range map[string][]string{
		"00048302d0f000":         {"noise", "048302d0f0", "noise"},
		"01030200017984 0103":    {"01030200017984", "noise", "noise"},
		"0103 01030200017984 00": {"noise", "noise", "01030200017984", "noise"},
	} {
		if got := arriving(p, codec.Uplink, unhex(t, stream)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, expected %v", stream, got, want)
		}
	}
}
