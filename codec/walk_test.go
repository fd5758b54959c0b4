package codec_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"trama/codec"
)

func TestManyDecodeAtOnce(t *testing.T) {
	for _, c := range corpora(t) {
		src, ok := codec.ShippedSource(c.Profile)
		if !ok {
			t.Fatal(c.Profile)
		}
		p, err := codec.Compile(c.Profile, src)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		var f codec.Frame
		for _, g := range c.Frames {
			if err := shipped(t, c.Profile).Decode(directionOf(g.Direction), unhex(t, g.Hex), &f); err != nil {
				t.Fatal(err)
			}
			text, _ := f.AppendJSON(nil)
			want[g.ID] = string(text)
		}
		var wait sync.WaitGroup
		wrong := make(chan string, 4)
		for range 4 {
			wait.Go(func() {
				var f codec.Frame
				for range 20 {
					for _, g := range c.Frames {
						err := p.Decode(directionOf(g.Direction), unhex(t, g.Hex), &f)
						if text, _ := f.AppendJSON(nil); err != nil || string(text) != want[g.ID] {
							select {
							case wrong <- fmt.Sprintf("%s: %s (%v), expected %s", g.ID, text, err, want[g.ID]):
							default:
							}
							return
						}
					}
				}
			})
		}
		wait.Wait()
		select {
		case text := <-wrong:
			t.Error(text)
		default:
		}
	}
}

// What expressions see of a field that is not there, or was there in an element before, of the number of elements, of bytes that
// are no number, of several fields, of the bits of a field.
func TestExpressionsSeeTheFieldsBeforeThem(t *testing.T) {
	p, err := codec.Compile("computes.toml", []byte(`
name = "computes"
zone = "UTC"
[frame]
max = 200
length = { field = "n", counts = "all" }
header = [{ key = "n", type = "byte" }]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }]
[[message]]
name = "some"
fields = [
  { key = "digits", type = "bcd", size = 2, as = "digits" },
  { key = "code", type = "hex", size = 2 },
  { key = "flags", type = "bits", size = 1, bits = [{ key = "low", at = "3-0" }, { key = "high", at = "7-4", signed = true }] },
  { key = "day", type = "time", layout = "YYMMDD" },
  { key = "turned", type = "int24", order = "little" },
  { key = "backward", type = "bits", size = 2, order = "little", bits = [{ key = "up", at = "15-12" }, { key = "down", at = "2-0" }] },
  { key = "text", type = "ascii", size = 3, chars = "any", charset = "utf-8" },
  { key = "counted", type = "uint16", counter = true },
  { key = "mark", type = "byte", const = 0x55 },
  { key = "level", type = "byte", max = 99 },
  { key = "seen", type = "computed", value = "code / 3 + digits % 7" },
  { key = "signed", type = "computed", value = "high * level" },
  { key = "mixed", type = "computed", value = "low << 2 | level & 3" },
  { key = "year", type = "computed", value = "day.year" },
  { key = "within", type = "computed", value = "level - low", max = 90 },
  { key = "all", type = "list", fields = [
    { key = "there", type = "byte" },
    { key = "x", type = "byte", when = "there = 1" },
    { key = "y", type = "computed", value = "x * 2" },
    { key = "at", type = "computed", value = "index" },
  ] },
  { key = "count", type = "computed", value = "all" },
]
`))
	if err != nil {
		t.Fatal(err)
	}
	frame := func(middle ...byte) []byte {
		b := slices.Concat([]byte{0}, middle)
		b[0] = byte(len(b) + 1)
		return append(b, sumOf(b))
	}
	head := []byte{0x12, 0x34, 0xab, 0xcd, 0xf5, 0x26, 0x11, 0x24, 1, 2, 0x83, 0x34, 0xf2, 'a', 0xff, 0, 1, 4, 0x55, 70}
	var f codec.Frame
	for _, list := range [][]byte{{0, 0, 1, 5, 0, 0}, {1, 9, 0}, {1, 1, 1, 2, 1, 3}, {}} {
		mutants(slices.Concat(head, list), func(b []byte) { agree(t, p, codec.Uplink, frame(b...)) })
	}
	if err := p.Decode(codec.Uplink, frame(slices.Concat(head, []byte{0, 0, 1, 5, 0, 0})...), &f); err != nil {
		t.Fatal(err)
	}
	text, err := f.AppendJSON(nil)
	numbers := `"turned":-8191487,"backward":62004,"up":15,"down":4,`
	want := `"seen":14665,"signed":-70,"mixed":22,"year":2026,"within":65,` +
		`"all":[{"there":0,"y":0,"at":0},{"there":0,"y":0,"at":1},{"there":1,"x":5,"y":10,"at":2},{"there":0,"y":0,"at":3},{"there":0,"y":0,"at":4}],"count":5`
	if err != nil || !strings.Contains(string(text), numbers) || !strings.Contains(string(text), want) {
		t.Errorf("%s (%v), expected %s and %s", text, err, numbers, want)
	}
}

// A list that a frame does not have has no elements, whatever the frame before had.
func TestTheListOfAnotherFrameIsNotSeen(t *testing.T) {
	p, err := codec.Compile("at.toml", []byte(`
name = "at"
[frame]
max = 20
length = { field = "n", counts = "all" }
header = [{ key = "n", type = "byte" }]
[[message]]
name = "some"
fields = [
  { key = "there", type = "byte" },
  { key = "all", type = "list", when = "there > 0", count = "there", fields = [{ key = "x", type = "byte" }] },
  { key = "first", type = "computed", value = "at(all.x, 0)" },
]
`))
	if err != nil {
		t.Fatal(err)
	}
	var f codec.Frame
	for _, test := range []struct {
		raw  string
		want uint64
	}{{"04020908", 9}, {"0200", 0}} {
		if err := p.Decode(codec.Uplink, unhex(t, test.raw), &f); err != nil {
			t.Fatal(err)
		}
		if it, _ := f.Item("first"); it.Uint() != test.want {
			t.Errorf("%s: %d, expected %d", test.raw, it.Uint(), test.want)
		}
	}
}

// A frame whose last field is there when certain bytes come waits for them in a stream.
func TestAFrameThatMayGoOnIsNotCutShort(t *testing.T) {
	p, err := codec.Compile("more.toml", []byte(`
name = "more"
[frame]
max = 20
header = [{ key = "start", type = "hex", size = 8, const = "0102030405060708" }, { key = "plain", type = "byte" }]
[[message]]
name = "open"
when = "plain < 9"
fields = [{ key = "more", type = "byte", when = "next = 0x55" }]
[[message]]
name = "closed"
when = "plain = 9"
`))
	if err != nil {
		t.Fatal(err)
	}
	open, closed := unhex(t, "010203040506070801"), unhex(t, "010203040506070809")
	for _, raw := range [][]byte{open, closed} {
		for _, tail := range []string{"", "00", "55", "5500", "0102030405060708"} {
			agree(t, p, codec.Uplink, slices.Concat(raw, unhex(t, tail)))
		}
	}
	split := p.Splitter(codec.Uplink)
	if n, token, _ := split(open, false); n != 0 || token != nil {
		t.Errorf("%d, %x: the open one is cut before it is known whether it goes on", n, token)
	}
	if n, token, _ := split(closed, false); n != len(closed) || token == nil {
		t.Errorf("%d, %x: the closed one is not cut", n, token)
	}
}
