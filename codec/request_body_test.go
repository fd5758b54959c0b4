package codec_test

import (
	"strings"
	"testing"

	"trama/codec"
)

// An answer that does not fit what was asked is still shown: as it is read without the request.
func TestAnAnswerThatDoesNotFitItsRequestIsShownWithoutIt(t *testing.T) {
	p := profileFrom(t, "request-body.good.toml")
	for request, want := range map[string]string{
		"07 01 04 00 0000 0a 16": `"coils":[1,0,1,1,0,0,1,1,1,0]`,
		"07 01 04 02 0000 02 16": `"raw":"cd01"`, // a name has printable characters
		"07 01 04 01 0000 02 16": `"raw":"cd01"`, // two registers have four bytes
	} {
		asked := decodeHex(t, p, codec.Downlink, request)
		f := decodeHex(t, p, codec.Uplink, "07 01 03 00 cd01 16")
		err := p.Relate(asked, f)
		text, _ := f.AppendJSON(nil)
		if (err == nil) != strings.Contains(want, "coils") || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v %s", request, err, text)
		}
	}
}
