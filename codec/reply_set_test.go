package codec_test

import (
	"bytes"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

const eachReply = `
name = "each"
[frame]
header = [{ key = "kind", type = "byte", role = "command", enum = { 1 = "DATA", 2 = "ACK" } }, { key = "unit", type = "byte", role = "identity" }]
[[message]]
command = "DATA"
from = "master"
name = "data"
fields = [{ key = "n", type = "byte" }, { key = "records", type = "list", count = "n", fields = [
  { key = "rn", type = "byte", enum = { 9 = "nine" } },
  { key = "m", type = "byte" },
  { key = "parts", type = "list", count = "m", fields = [{ key = "id", type = "byte" }] },
] }]
[[message]]
command = "ACK"
from = "server"
name = "ack"
purpose = "acknowledgement"
fields = [
  { key = "t", type = "byte" },
  { key = "taken", type = "list", count = "t", fields = [
    { key = "number", type = "byte" },
    { key = "of", type = "byte" },
    { key = "p", type = "byte" },
    { key = "ids", type = "list", count = "p", fields = [{ key = "id", type = "byte" }, { key = "rn", type = "byte" }] },
  ] },
  { key = "first", type = "group", fields = [{ key = "kind_of", type = "byte" }, { key = "count", type = "byte" }] },
]
[[reply]]
messages = ["data"]
send = "ack"
set = { kind = "ACK", first = { kind_of = "$kind", count = "$n + 1" }, taken = [
  { number = 0, of = "$unit", ids = [] },
  { each = "$records", number = "$rn", of = "$unit", ids = [{ each = "$parts", id = "$id + 0x10", rn = "$unit" }] },
] }
`

// A table of `set` stands once for each element of a list of the request; what it takes is looked for in the element first.
func TestAReplyHasATableForEachElementOfTheRequest(t *testing.T) {
	p, err := codec.Compile("each.toml", []byte(eachReply))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // nothing is kept of the reply before
		for _, test := range []struct{ asked, want string }{
			{"01 05 02 09 01 41 08 02 42 43", "02 05 03 00 05 00 09 05 01 51 05 08 05 02 52 05 53 05 01 03"},
			{"01 06 01 07 00", "02 06 02 00 06 00 07 06 00 01 02"},
			{"01 07 00", "02 07 01 00 07 00 01 01"},
		} {
			f := decodeHex(t, p, codec.Uplink, test.asked)
			reply, due, err := p.Reply(nil, f, codec.Env{})
			if want := unhex(t, strings.ReplaceAll(test.want, " ", "")); err != nil || !due || string(reply) != string(want) {
				t.Errorf("%s: %x %v, want %x", test.asked, reply, err, want)
			}
		}
	}
	if proof := check.Profile(p); proof.Count(codec.SeverityError) > 0 || proof.Replies == 0 {
		t.Errorf("%d replies, %v", proof.Replies, proof.Findings)
	}
}

// A group takes a group of the request field by field: bits, groups inside and computed fields too.
func TestAGroupTakesAGroupOfTheRequest(t *testing.T) {
	p := compiled(t, `
name = "swap"
[layout.address]
fields = [
  { key = "area", type = "bits", size_bits = 4 }, { key = "low", type = "bits", size_bits = 12 },
  { key = "unit", type = "group", fields = [{ key = "a", type = "byte" }, { key = "b", type = "bits", size = 1, bits = [{ key = "x", at = "7-4" }, { key = "y", at = "3-0" }] }] },
  { key = "end",  type = "byte", const = 0x0d },
  { key = "name", type = "computed", text = "{area}-{low}" },
]
[frame]
header = [{ key = "cmd", type = "byte", role = "command" }, { key = "dest", use = "address" }, { key = "source", use = "address" }]
[[message]]
command = 1
name    = "m"
from    = "master"
[[message]]
command = 2
name    = "ack"
from    = "server"
[[reply]]
messages = ["m"]
send     = "ack"
set      = { dest = "$source", source = "$dest" }
`)
	f := decoded(t, p, "01 1234 05 67 0d 89ab 0c de 0d")
	got, due, err := p.Reply(nil, f, codec.Env{})
	if want := unhex(t, "02 89ab 0c de 0d 1234 05 67 0d"); err != nil || !due || !bytes.Equal(got, want) {
		t.Errorf("%x, due %t (%v), expected %x", got, due, err, want)
	}
}
