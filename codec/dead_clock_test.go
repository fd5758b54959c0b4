package codec_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

// clocked is a protocol with checksums whose receipt echoes the time of a report; the types of both times are filled in.
const clocked = `
name = "clocked"
zone = "UTC"
[frame]
max    = 40
length = { field = "size", counts = "body" }
header = [
  { key = "mark", type = "hex", size = 1, const = "68" },
  { key = "size", type = "byte" },
  { key = "func", type = "byte", role = "command" },
  { key = "unit", type = "byte", role = "identity" },
]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }]
[[message]]
command = 1
from    = "master"
name    = "report"
fields  = [{ key = "at", role = "timestamp", %s }, { key = "level", type = "byte" }]
[[message]]
command = 0x81
from    = "server"
name    = "receipt"
purpose = "acknowledgement"
fields  = [{ key = "heard", %s }]
[[reply]]
messages = ["report"]
send     = "receipt"
set      = { heard = "$at" }
`

func TestADeadClockIsEchoedByteForByte(t *testing.T) {
	for _, c := range []struct {
		kind  string
		times []string
	}{
		{`type = "time", layout = "YYMMDDhhmmss"`, []string{"000000000000", "ffffffffffff", "260001120000", "26130a000000"}},
		{`type = "time", layout = "YYMMDDhhmmss", order = "little"`, []string{"000000000000", "ffffffffffff", "000012010026"}},
		{`type = "time", as = "binary", layout = "YYYYMMDD"`, []string{"00000000", "ffffffff", "07ea0001"}},
		{`type = "time", as = "ascii", layout = "YYMMDD"`, []string{"303030303030", "ffffffffffff", "202020202020"}},
		{`type = "time", as = "unix"`, []string{"00000000", "ffffffff"}},
		{`type = "time", as = "cp56"`, []string{"00000000000000", "ffffffffffffff"}},
	} {
		p, err := codec.Compile("clocked.toml", fmt.Appendf(nil, clocked, c.kind, c.kind))
		if err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
		for _, text := range c.times {
			at := unhex(t, text)
			raw := slices.Concat([]byte{0x68, byte(len(at) + 1), 1, 7}, at, []byte{9})
			raw = append(raw, sumOf(raw))
			var f codec.Frame
			if _, found := p.Next(codec.Uplink, raw, 0, &f); !found {
				t.Errorf("%s: a frame with the time %s is lost", c.kind, text)
				continue
			}
			if _, ok := f.Timestamp(); ok && f.Unreadable() != nil {
				t.Errorf("%s: %s is a time", c.kind, text)
			}
			reply, due, err := p.Reply(nil, &f, codec.Env{})
			want := slices.Concat([]byte{0x68, byte(len(at)), 0x81, 7}, at)
			if want = append(want, sumOf(want)); !due || err != nil || !bytes.Equal(reply, want) {
				t.Errorf("%s: the reply to the time %s is %x, %v, want %x", c.kind, text, reply, err, want)
			}
		}
		if report := check.Profile(p); slices.ContainsFunc(report.Findings, func(f codec.Finding) bool { return f.Rule == "reply" }) {
			t.Errorf("%s: %v", c.kind, report.Findings)
		}
	}
}

func TestCheckTriesDeadClocksOnEachEcho(t *testing.T) {
	for name, kinds := range map[string][2]string{
		"1970 in a year of two digits": {`type = "time", as = "unix"`, `type = "time", layout = "YYMMDDhhmmss"`},
		"a month 0 in a number":        {`type = "time", layout = "YYMMDD"`, `type = "time", as = "unix"`},
	} {
		p, err := codec.Compile("clocked.toml", fmt.Appendf(nil, clocked, kinds[0], kinds[1]))
		if err != nil {
			t.Fatal(err)
		}
		report := check.Profile(p)
		if !slices.ContainsFunc(report.Findings, func(f codec.Finding) bool {
			return f.Rule == "reply" && strings.Contains(f.Found, "when the clock of the device is not set")
		}) {
			t.Errorf("%s: nothing is said of the reply: %v", name, report.Findings)
		}
	}
}
