package codec_test

import (
	"fmt"
	"testing"

	"trama/codec"
)

// A counter of one bit alternates, as link layers want it.
func TestAPartOfBitsCanBeACounter(t *testing.T) {
	p := compiled(t, `
name = "alternating"
[frame]
header = [
  { key = "id", type = "byte", role = "identity" },
  { key = "c",  type = "bits", size = 1, bits = [{ key = "fcb", at = "5", counter = true }, { key = "n", at = "7-6", counter = true }, { key = "fc", at = "3-0", role = "command" }] },
]
[[message]]
command = 3
from    = "server"
name    = "ask"
[[message]]
command = 8
from    = "master"
name    = "answer"
[[reply]]
messages = ["answer"]
send     = "ask"
set      = { fcb = "counter" }
[[example]]
direction = "downlink"
hex       = "07 03"
`)
	var f codec.Frame
	var s codec.Session
	for _, want := range []string{"0703", "0763", "0783", "07e3", "0703"} {
		if err := p.BuildIn(codec.Env{Session: &s}, &f, "ask", map[string]any{"id": 7}); err != nil {
			t.Fatal(err)
		}
		if raw, _ := p.Append(nil, &f); fmt.Sprintf("%x", raw) != want {
			t.Errorf("%x, want %s", raw, want)
		}
	}
	for _, want := range []string{"07a3", "0783", "07a3"} { // n is that of the request, the other one counts
		if err := p.Decode(codec.Uplink, []byte{7, 0x88}, &f); err != nil {
			t.Fatal(err)
		}
		if reply, due, err := p.Reply(nil, &f, codec.Env{Session: &s}); err != nil || !due || fmt.Sprintf("%x", reply) != want {
			t.Errorf("reply %x %v %v, want %s", reply, due, err, want)
		}
	}
}
