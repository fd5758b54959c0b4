package codec_test

import (
	"encoding/hex"
	"testing"
	"time"

	"trama/codec"
)

// Constants and defaults are written when nothing is given, and what is no constant is refused with what it should be.
func TestConstantsAndDefaultsOfEveryTypeAreFilledIn(t *testing.T) {
	p := profileFrom(t, "presets.good.toml")
	env := codec.Env{Now: time.Date(2024, 1, 1, 0, 0, 1, 0, time.UTC)}
	for _, test := range []struct{ message, want string }{
		{"presets", "01" + hex.EncodeToString([]byte("021234567890-3;4;0125"+"2.5;"+"1"+"1F")) + "01" + "d4c14142" + "0201" + "12ff" + "65920080" + "65920081"},
		{"columns", "02" + hex.EncodeToString([]byte("3,x,2#"))},
	} {
		var f codec.Frame
		if err := p.BuildIn(env, &f, test.message, nil); err != nil {
			t.Errorf("%s: %v", test.message, err)
			continue
		}
		raw, _ := p.Append(nil, &f)
		if hex.EncodeToString(raw) != test.want {
			t.Errorf("%s is %x, want %s", test.message, raw, test.want)
		}
		comesBackFrom(t, p, &f, raw)
	}
	var f codec.Frame
	for text, want := range map[string]string{
		"\x023,x,3#":   "presets columns: c at byte 5: not the constant value: found 3, expected 2",
		"\x023,x,2.5#": "presets columns: c at byte 5: not the constant value: found 2.5, expected 2",
		"\x023,x,y#":   `presets columns: c at byte 5: not a decimal digit: "y" is not a number`,
	} {
		if err := p.Decode(codec.Any, []byte(text), &f); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
