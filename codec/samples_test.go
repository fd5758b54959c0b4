package codec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/codec/check"
)

// received is when the frames of these tests come.
var received = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// samplesOf lists the samples of a frame: point=value, and its quality where it is not good.
func samplesOf(t *testing.T, p *codec.Profile, frame string) string {
	t.Helper()
	var samples codec.Samples
	p.Samples(decoded(t, p, frame), received, &samples)
	var words []string
	for _, s := range samples.List {
		word := fmt.Sprintf("%s=%s", s.Point, s.Item.Value())
		if s.Quality != codec.Good {
			word += " (" + s.Quality.String() + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func TestAFrameHasASampleForEachOfItsValues(t *testing.T) {
	for _, test := range []struct{ profile, frame, want string }{
		{"extended", "00250100000000123456780102036d0020261123143000000000070041ac0000", "AL=0, MS=21.5"},
		{"extended", "00220100000000123456780102036f0020261123143000000000130301", "RN=3, OP=1"},
		{"sl651", "7e7e010012345678123430002b020003591011154947f1f1001234567848f0f0591011154920190000052619000005392300000127381211150320fa",
			"current_rain_mm=0.5 (suspect time), rain_total_mm=0.5 (suspect time), river_level_m=0.127 (suspect time), battery_v=11.15 (suspect time)"}, // 2059
	} {
		if got := samplesOf(t, fresh(t, test.profile), test.frame); got != test.want {
			t.Errorf("%s: %s, want %s", test.profile, got, test.want)
		}
	}
}

// A value of every kind is the same after it was kept, and JSON can hold it.
func TestAValueCanBeKeptApartFromItsFrame(t *testing.T) {
	var samples codec.Samples
	for _, name := range codec.ShippedNames() {
		p := fresh(t, name)
		check.Samples(p, codec.Uplink, func(_, _ string, raw []byte) bool {
			var f codec.Frame
			if p.Decode(codec.Uplink, raw, &f) != nil {
				return true
			}
			p.Samples(&f, received, &samples)
			for _, it := range f.Items() {
				v, kept := it.Value(), codec.Value{}
				rest, err := kept.DecodeBinary(append(v.AppendBinary(nil), 7))
				if err != nil || kept != v || len(rest) != 1 {
					t.Errorf("%s: %s: %v, kept %v, %v", name, it.Field.Key, v, kept, err)
				}
				if _, err := json.Marshal(v.Any()); err != nil {
					t.Errorf("%s: %s: %v", name, it.Field.Key, err)
				}
			}
			return true
		})
	}
}
