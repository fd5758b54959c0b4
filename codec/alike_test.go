package codec_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"trama/codec"
)

// Behind a command that nobody has answered, only one whose answer could be taken for its has to wait.
func TestRequestsAreAlikeWhenOneAnswerFitsBoth(t *testing.T) {
	for _, c := range []struct {
		profile, a, b string
		want          bool
	}{
		{"modbus-rtu", "1103007c00020743", "1103007c00020743", true},
		{"modbus-rtu", "1103007c00020743", "11 03 006b 0003 7687", true}, // an exception names no register
		{"modbus-rtu", "1103007c00020743", "11 04 0008 0001 b298", false},
		{"modbus-rtu", "1103007c00020743", "12 03 0000 0001 86a9", false},
		{"compact", "000801000000001234567801024100", "000801000000001234567801024100", true},
		{"compact", "000801000000001234567801024100", "000801000000001234567801024800", false},
		{"extended", "002001000000001234567801020341002026112315333400000101", "002001000000001234567801020341002026112315333400000102", false},
	} {
		p := shipped(t, c.profile)
		var frames [2]codec.Frame
		for i, text := range []string{c.a, c.b} {
			raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
			if err == nil {
				err = p.Decode(codec.Downlink, raw, &frames[i])
			}
			if err != nil {
				t.Fatalf("%s %s: %v", c.profile, text, err)
			}
		}
		if got := p.Alike(&frames[0], &frames[1]); got != c.want {
			t.Errorf("%s: %s and %s alike: %v", c.profile, c.a, c.b, got)
		}
	}
}
