package fleet

import (
	"testing"
	"time"

	"trama/codec"
)

// tank is a profile unlike the shipped ones: scaled values, bits, an answer with a body and no reply rule for commands.
const tank = `
name  = "tank"
title = "level of a tank, with a pump"
zone  = "UTC"

[frame]
length = { field = "LEN", counts = "after LEN" }
header = [
  { key = "LEN",  type = "byte" },
  { key = "MARK", type = "hex",   size = 2, const = "a55a" },
  { key = "UNIT", type = "bcd",   size = 3, as = "digits", role = "identity" },
  { key = "SEQ",  type = "uint16", role = "transaction" },
  { key = "TYPE", type = "ascii", size = 1, chars = "letters", role = "command" },
]

[[message]]
command = "l"
from    = "master"
name    = "level"
purpose = "measurement"
fields  = [
  { key = "when",  type = "time",   layout = "YYMMDDhhmmss", role = "timestamp" },
  { key = "level", type = "uint16", scale = 0.1, unit = "cm", max = 1000, role = "value" },
  { key = "state", type = "bits",   size = 1, bits = [
    { key = "pump",  at = "7",   enum = { 0 = "off", 1 = "on" } },
    { key = "alarm", at = "3-0", role = "alarm" },
  ] },
]

[[message]]
command = "P"
from    = "server"
name    = "switch-pump"
fields  = [{ key = "wanted", type = "byte", enum = { 0 = "off", 1 = "on" } }]

[[message]]
command = "P"
from    = "master"
name    = "pump-answer"
purpose = "answer"
fields  = [{ key = "result", type = "byte", role = "result" }]

[[message]]
command = "a-z"
from    = "server"
name    = "receipt"
purpose = "acknowledgement"

[[reply]]
to   = "a-z"
send = "header"

[answer]
by = ["TYPE", "SEQ"]
`

func TestAnyProfileIsSpoken(t *testing.T) {
	p, err := codec.Compile("tank.toml", []byte(tank))
	if err != nil {
		t.Fatal(err)
	}
	g := listenWith(t, p, func(c *link, f *codec.Frame) {
		c.acknowledge(f)
		if c.n > 1 {
			return
		}
		var order codec.Frame
		fields := map[string]any{"UNIT": string(f.Identity()), "SEQ": 77, "wanted": "on"}
		if err := p.BuildIn(codec.Env{Now: time.Now()}, &order, "switch-pump", fields); err != nil {
			t.Error(err)
		}
		raw, err := p.Append(nil, &order)
		if err != nil {
			t.Error(err)
		}
		_, _ = c.Write(raw) // a master that has left misses nothing
	})
	o := g.options(3, 0)
	o.SerialFrom, o.Duration, o.Every = "000001", 200*time.Millisecond, 10*time.Millisecond
	s := runFleet(t, o)
	if s.Acknowledged < 9 || s.Waiting != 0 || s.Commands != 3 || s.Unexpected != 0 {
		t.Errorf("%+v", s)
	}
	if !g.has(`"message":"pump-answer"`, `"SEQ":77`, `"result":0`) {
		t.Errorf("no answer to the command in %v", g.heard)
	}
}
