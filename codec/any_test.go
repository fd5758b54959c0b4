package codec_test

import (
	"testing"

	"trama/codec"
)

// Of two ways to read a frame, the message that names the command is the better one, also where all of its fields have fixed places.
func TestANamedMessageOfTheOtherWayIsPreferredToACatchAllOfFixedSize(t *testing.T) {
	p, err := codec.Compile("named.toml", []byte(`
name = "named"
[frame]
length = { field = "n", counts = "all" }
header = [{ key = "n", type = "uint16" }, { key = "kind", type = "byte", role = "command" }]
[[message]]
name = "other"
default = true
from = "master"
fields = [{ key = "body", type = "hex", size = 6 }]
[[message]]
name = "named"
command = 3
from = "server"
fields = [{ key = "value", type = "uint32" }, { key = "more", type = "uint16" }]
`))
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	for _, test := range []struct {
		d    codec.Direction
		raw  string
		want string
	}{{codec.Any, "0009 03 00000001 0002", "named"}, {codec.Any, "0009 04 00000001 0002", "other"}, {codec.Uplink, "0009 03 00000001 0002", "other"}} {
		if err := p.Decode(test.d, unhex(t, test.raw), &f); err != nil || f.Message().Name != test.want {
			t.Errorf("%s %s: %v (%v), expected %s", test.d, test.raw, f.Message(), err, test.want)
		}
	}
}
