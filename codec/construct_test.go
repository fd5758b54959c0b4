package codec_test

import (
	"testing"

	"trama/codec"
)

func TestATableOfLengthsSaysHowLongThePartsAre(t *testing.T) {
	p := compiled(t, `
# A table of lengths first, then the parts that it tells of.
name = "table-of-lengths"

[frame]
length = { field = "len", counts = "all" }
header = [{ key = "len", type = "byte" }]

[[message]]
name   = "parts"
fields = [
  { key = "count",   type = "byte" },
  { key = "lengths", type = "list", count = "count", of = { type = "byte" } },
  { key = "parts",   type = "list", count = "count", of = { type = "hex", size = "at(lengths.value, index)" } },
]

[[example]]
hex    = "0c 03 02 00 05 aabb 0102030405"
expect = { lengths = [2, 0, 5], parts = ["aabb", "", "0102030405"] }
`)
	var f codec.Frame
	if err := p.Decode(codec.Any, unhex(t, "09030200030102aabb"), &f); err == nil {
		t.Error("a table that asks for other bytes than there are was taken")
	}
}
