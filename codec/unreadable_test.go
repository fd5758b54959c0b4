package codec_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/explain"
)

// summedUp puts right checksums into a frame, in either byte order, or in characters.
func summedUp(p *codec.Profile, raw []byte) (all [][]byte) {
	little, big := slices.Clone(raw), slices.Clone(raw)
	for _, s := range explain.Frame(p, codec.Uplink, raw).Spans {
		if s.Check == nil || s.Check.OK() {
			continue
		}
		if s.Len == s.Check.Digits {
			copy(big[s.Off:], fmt.Sprintf("%0*X", s.Len, s.Check.Computed))
			continue
		}
		for i := range s.Len {
			little[s.Off+i] = byte(s.Check.Computed >> (8 * i))
			big[s.Off+s.Len-1-i] = byte(s.Check.Computed >> (8 * i))
		}
	}
	return [][]byte{little, big}
}

// Bytes of published frames are damaged in turn, before the checksum was made.
func TestWhatReadsOfAFrameThatDoesNotReadCanBeShown(t *testing.T) {
	for _, c := range corpora(t) {
		p, kept := shipped(t, c.Profile), 0
		for _, g := range c.Frames {
			for i, raw := 0, unhex(t, g.Hex); i < len(raw); i += 1 + len(raw)/64 {
				damaged := slices.Clone(raw)
				damaged[i] = 0xfa
				for _, raw := range summedUp(p, damaged) {
					var f codec.Frame
					if p.Decode(codec.Uplink, raw, &f) == nil || f.Unreadable() == nil {
						continue
					}
					kept++
					samplesHold(t, p, &f)
					text, err := f.AppendJSON(nil)
					if err != nil || !json.Valid(text) {
						t.Fatalf("%s %x: %s, %v", c.Profile, raw, text, err)
					}
					for _, it := range f.Items() {
						_, _, _, _ = it.Text(), it.MissingText(), it.Value().String(), it.Value().Any()
					}
				}
			}
		}
		if kept == 0 && slices.Contains([]string{"jt808", "sl651", "hj212", "szy206", "gt06"}, c.Profile) {
			t.Errorf("%s: no frame of %d is kept", c.Profile, len(c.Frames))
		}
	}
}

func TestATimeWithABadDigitIsShownAndSuspect(t *testing.T) {
	for profile, text := range map[string]string{
		"jt808": "7e02000026123456789013007d02000000010000000200ba7f0e07e4f11c0028003c0000fa10151010100104000000640202007d01f07e",
		"sl651": "7e7e01001234567812342f00080200035910fa155111037cee",
	} {
		p := shipped(t, profile)
		var f codec.Frame
		if err := p.Decode(codec.Uplink, unhex(t, text), &f); err == nil || f.Unreadable() == nil {
			t.Fatalf("%s: %v, %v", profile, err, f.Unreadable())
		}
		if text, err := f.AppendJSON(nil); err != nil || !json.Valid(text) || !strings.Contains(string(text), "fa1") {
			t.Errorf("%s: %s, %v", profile, text, err)
		}
		var samples codec.Samples
		p.Samples(&f, received, &samples)
		for _, s := range samples.List {
			if s.Quality != codec.SuspectTime || !s.Device.IsZero() {
				t.Errorf("%s: %s is %s at %s", profile, s.Point, s.Quality, s.Device)
			}
		}
		if profile == "jt808" && len(samples.List) == 0 {
			t.Errorf("%s: no samples", profile)
		}
	}
}
