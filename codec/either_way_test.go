package codec_test

import (
	"testing"

	"trama/codec"
)

// Where the direction is not known, the fault of the message that there is the other way is told, not that none is this way.
func TestAFaultOfTheOtherDirectionIsToldBeforeAnUnknownCommand(t *testing.T) {
	p, err := codec.Compile("ping.toml", []byte(`
name = "ping"
[frame]
start = ":"
end = "\n"
header = [{ key = "cmd", type = "decimal", base = 16, size = 1, role = "command" }]
[[message]]
command = 1
from = "server"
name = "ping"
fields = [{ type = "group", size = "rest", armour = "HEX", fields = [{ key = "sum", type = "checksum", algorithm = "sum8", over = "from cmd" }] }]
[[message]]
command = 2
from = "master"
name = "pong"
`))
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	for raw, want := range map[string]string{
		":104\n": "ping ping: sum at byte 2: checksum is wrong: found 04, computed 31",
		":3\n":   "ping: cmd at byte 1: unknown command",
		":2x\n":  "ping at byte 2: length does not fit: a body of 1 bytes, message pong has at most 0",
	} {
		if err := p.Decode(codec.Any, []byte(raw), &f); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", raw, err, want)
		}
	}
	if err := p.Decode(codec.Any, []byte(":131\n"), &f); err != nil || f.Direction() != codec.Downlink {
		t.Errorf("%v, %s", err, f.Direction())
	}
}
