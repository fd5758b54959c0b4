package codec_test

import (
	"slices"
	"testing"

	"trama/codec"
)

// The tail of a line that is refused looks like a line of another master.
func TestTheRestOfARefusedLineIsNoFrame(t *testing.T) {
	p := compiled(t, `
name = "lines"
[frame]
end    = "\n"
header = [
  { key = "id",   type = "ascii", size = 1, role = "identity" },
  { key = "word", type = "ascii", until = ",", role = "command" },
]
[[message]]
command = "RT"
name    = "m"
from    = "master"
fields  = [{ key = "v", type = "decimal", size = "rest", role = "value" }]
`)
	for stream, want := range map[string][]string{
		"7SHORT,1\n":                  nil,
		"7SHORT,1\n7RT,2\n":           {"7RT,2\n"},
		"7RT,1\n\n7RT,2\n":            {"7RT,1\n", "7RT,2\n"},
		"\x007RT,1\n7SHORT,1,8RT,1\n": {"7RT,1\n"},
	} {
		for size := range len(stream) {
			var pieces [][]byte
			for piece := range slices.Chunk([]byte(stream), size+1) {
				pieces = append(pieces, piece)
			}
			frames, skipped, rest := cut(t, p.Splitter(codec.Uplink), pieces...)
			var got []string
			left := len(stream) - skipped - len(rest)
			for _, f := range frames {
				got, left = append(got, string(f)), left-len(f)
			}
			if !slices.Equal(got, want) || len(rest) > 0 || left != 0 {
				t.Errorf("%q in pieces of %d: %q, %d left, %d not counted", stream, size+1, got, len(rest), left)
			}
		}
	}
}
