package codec_test

import (
	"strings"
	"testing"
	"time"

	"trama/codec"
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
			if want = 300 * time.Millisecond; p.Quiet() != want {
				t.Errorf("%s: quiet %v, want %v", c.Profile, p.Quiet(), want)
			}
		} else if p.Quiet() != want {
			t.Errorf("%s: quiet %v in a profile without checksums", c.Profile, p.Quiet())
		}
		var f codec.Frame
		for _, g := range c.Frames {
			raw, d := unhex(t, g.Hex), directionOf(g.Direction)
			for n := 1; n < len(raw); n++ {
				if taken, found := p.Next(d, raw[:n], codec.Quiet, &f); found || taken > 0 {
					t.Fatalf("%s %x: %d of %d bytes are taken, found %v", c.Profile, raw, taken, n, found)
				}
			}
		}
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
