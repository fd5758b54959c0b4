package codec_test

import (
	"strings"
	"testing"

	"trama/codec"
)

// A number of as many bytes as a field says is refused when a frame cannot hold it.
func TestANumberMustFitTheBytesThatAFieldSays(t *testing.T) {
	p := profileFrom(t, "number-size.good.toml")
	for _, test := range [][2]string{
		{`{"tag":17,"level":25.6}`, "items[0].level: out of range"},
		{`{"tag":33,"drift":-129}`, "items[0].drift: out of range"},
		{`{"tag":17,"drift":1}`, "items[0].level: missing"},
		{`{"tag":16,"level":1}`, "items[0].level: length does not fit: 0 bytes, allowed 1 to 8"},
		{`{"tag":31,"level":1}`, "items[0].level: length does not fit: 15 bytes, allowed 1 to 8"},
	} {
		var f codec.Frame
		text := `{"message":"one","id":1,"items":[` + test[0] + `]}`
		if err := p.ParseJSON([]byte(text), &f); err == nil || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("%s: %v", test[0], err)
		}
	}
	for _, frame := range []string{"a502 000001 1001", "a50a 000001 19 000000000000000001"} {
		var f codec.Frame
		if err := p.Decode(codec.Any, unhex(t, frame), &f); err == nil || !strings.Contains(err.Error(), "allowed 1 to 8") {
			t.Errorf("%s: %v", frame, err)
		}
	}
}
