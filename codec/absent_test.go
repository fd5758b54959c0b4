package codec_test

import (
	"testing"

	"trama/codec"
)

// A value that is left out because of what others say is there again when they say something else, though the frame is
// otherwise like those before.
func TestAFrameHasTheComputedFieldsThatThoseLikeItLacked(t *testing.T) {
	p, err := codec.Compile("clock.toml", []byte(`
name = "clock"
zone = "UTC"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }]
[[message]]
name = "reading"
fields = [
  { key = "year", type = "uint16" },
  { key = "month", type = "byte" },
  { key = "day", type = "byte" },
  { key = "kind", type = "byte" },
  { key = "data", type = "hex", size = 8 },
  { key = "at", type = "time", parts = { year = "year", month = "month", day = "day" } },
  { key = "what", type = "computed", on = "kind", cases = [{ is = 1, value = "7" }] },
]
`))
	if err != nil {
		t.Fatal(err)
	}
	dead, well := unhex(t, "0100000000021122334455667788"), unhex(t, "0107ea0b17021122334455667788")
	known := unhex(t, "0107ea0b17011122334455667788")
	var f codec.Frame
	for _, raw := range [][]byte{dead, dead, dead, dead, dead, dead, well, dead, well, known, dead, known, well, known} {
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			t.Fatal(err)
		}
		at, hasTime := f.Item("at")
		what, hasWhat := f.Item("what")
		if hasTime != (raw[1] != 0) || hasTime && at.Text() != "2026-11-23" {
			t.Errorf("%x: time %v %s", raw, hasTime, at.Text())
		}
		if hasWhat != (raw[5] == 1) || hasWhat && what.Uint() != 7 {
			t.Errorf("%x: what %v %s", raw, hasWhat, what.Text())
		}
	}
}
