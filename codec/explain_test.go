package codec_test

import (
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/describe"
	"trama/codec/explain"
)

const twoKinds = `
name = "kinds"
[[frame]]
name = "up"
from = "master"
length = { field = "len", counts = "body" }
header = [{ key = "mark", type = "byte", const = 1 }, { key = "len", type = "byte" }, { key = "unit", type = "byte", role = "identity" }]
trailer = [{ key = "crc", type = "checksum", algorithm = "crc-16/modbus" }]
[[frame]]
name = "down"
from = "server"
header = [{ key = "mark", type = "byte", const = 2 }, { key = "a", type = "byte" }, { key = "b", type = "byte" }]
[[message]]
frame = "up"
from = "master"
name = "data"
fields = [{ key = "tag", type = "byte" }, { type = "choice", on = "tag", cases = [{ is = 0x10, fields = [{ key = "v", type = "uint16" }] }] }]
[[message]]
frame = "down"
from = "server"
name = "receipt"
`

// A frame of which the profile does not know a tag holds bytes that are a frame of the other direction, without a checksum.
func TestARefusedFrameWithARightChecksumBeatsUncheckedOnesInside(t *testing.T) {
	p := compiled(t, twoKinds)
	data := unhex(t, "010307 20 0203 1504")
	pieces := explain.Stream(p, codec.Any, data)
	if len(pieces) != 1 || pieces[0].Trace == nil || pieces[0].Trace.Outcome != explain.Refused || !pieces[0].Trace.HasChecks() {
		t.Fatalf("%d pieces: %+v", len(pieces), pieces)
	}
	if text := pieces[0].Trace.Fault.Error(); !strings.Contains(text, "no branch for the value: 32 (0x20)") {
		t.Error(text)
	}
	if good := explain.Stream(p, codec.Any, unhex(t, "ff 020304")); len(good) != 2 || good[1].Trace == nil || good[1].Trace.Outcome != explain.Accepted {
		t.Errorf("a frame behind noise is %+v", good)
	}
}

func TestANamedMessageBeatsACatchAllOfTheOtherDirection(t *testing.T) {
	p := compiled(t, `
name = "catch"
[frame]
header = [{ key = "unit", type = "byte", role = "identity" }, { key = "func", type = "byte", role = "command" }]
[[message]]
command = "0-255"
from = "master"
name = "other"
fields = [{ key = "content", type = "hex", size = 2 }]
[[message]]
command = 3
from = "server"
name = "read"
fields = [{ key = "at", type = "uint16" }]
`)
	for _, c := range []struct {
		d    codec.Direction
		hex  string
		want string
		also int
	}{
		{codec.Any, "07030102", "read", 1},
		{codec.Uplink, "07030102", "other", 0},
		{codec.Downlink, "07030102", "read", 0},
		{codec.Any, "07040102", "other", 0},
	} {
		raw := unhex(t, c.hex)
		var f codec.Frame
		if err := p.Decode(c.d, raw, &f); err != nil {
			t.Fatal(err)
		}
		tr := explain.Frame(p, c.d, raw)
		if f.Message().Name != c.want || tr.Message != f.Message() || len(tr.Also) != c.also || tr.Direction != f.Direction() {
			t.Errorf("%s %s is %s, explained as %s, beside %d others", c.d, c.hex, f.Message().Name, tr.Message.Name, len(tr.Also))
		}
	}
	// So does a range of commands: no message of compact has this letter, and receipts have all.
	var f codec.Frame
	if err := shipped(t, "compact").Decode(codec.Any, unhex(t, "000801000000000123456751586900"), &f); err != nil || f.Message().Name != "acknowledgement" {
		t.Errorf("%v %v", f.Message(), err)
	}
	// The catch-all of jt808 has no direction.
	if err := shipped(t, "jt808").Decode(codec.Any, unhex(t, "7e8300000d012345678900000105736d616c6c63686920353138027e"), &f); err != nil || f.Message().Name != "text" {
		t.Errorf("%v %v", f.Message(), err)
	}
}

func TestASumIsCalledByItsName(t *testing.T) {
	p := compiled(t, `
name = "sum"
[frame]
header = [{ key = "a", type = "byte" }, { key = "s", type = "checksum", algorithm = { sum = "sum16", xorout = 0xffff } }]
[[message]]
name = "m"
`)
	if c := explain.Frame(p, codec.Any, unhex(t, "01fffe")).Checks; len(c) != 1 || c[0].Algorithm != "sum16 xorout=0xffff" {
		t.Errorf("%+v", c)
	}
}

func TestAPartOfBitsIsWhereItsFieldIs(t *testing.T) {
	p := compiled(t, `
name = "bits"
[frame]
header = [{ key = "a", type = "byte" }, { key = "b", type = "bits", size = 1, bits = [{ key = "hi", at = "7-4" }, { key = "lo", at = "3-0" }] }, { key = "c", type = "byte" }]
[[message]]
name = "m"
`)
	var f codec.Frame
	if err := p.Decode(codec.Any, unhex(t, "011203"), &f); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 1, 1, 2} {
		if it := f.Items()[i]; it.Off != want {
			t.Errorf("%s is at %d, want %d", it.Field.Key, it.Off, want)
		}
	}
	if it, _ := f.Item("lo"); it.Off != 1 || it.Len != 0 {
		t.Errorf("lo is at %d", it.Off)
	}
}

// The field of a mark of several bytes is its last ones; they do not stand for anything.
func TestTheMarkAtTheEndStandsForItself(t *testing.T) {
	p := profileFrom(t, "field-df1-crc.good.toml")
	for _, e := range describe.Profile(p).Examples {
		for _, s := range explain.Frame(p, codec.Any, e.Frame).Spans {
			if s.Field != nil && s.Field.Key == "etx" && s.Plain != nil {
				t.Errorf("etx stands for %x", s.Plain)
			}
		}
	}
}
