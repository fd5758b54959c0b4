package codec

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func stored(l *likenesses) (n int) {
	if all := l.bySize.Load(); all != nil {
		for _, some := range all {
			n += len(some)
		}
	}
	return n
}

func TestLikenessesAreFew(t *testing.T) {
	p, err := Compile("few.toml", []byte(`
name = "few"
[frame]
max = 2000
length = { field = "n", counts = "all" }
header = [{ key = "n", type = "uint16" }]
[[message]]
name = "some"
fields = [{ key = "all", type = "list", fields = [{ key = "size", type = "byte" }, { key = "bytes", type = "hex", size = "size" }] }]
`))
	if err != nil {
		t.Fatal(err)
	}
	var f Frame
	of := p.grammar.families[0].likenesses
	for again := range 40 {
		for n := range 1000 {
			b := append([]byte{0, 0, byte(n % 200)}, make([]byte, n%200)...)
			b = append(b, slices.Repeat([]byte{0}, n/200)...)
			b[0], b[1] = byte(len(b)>>8), byte(len(b))
			if err := p.Decode(Uplink, b, &f); err != nil {
				t.Fatal(err)
			}
			if again > 0 && n == 500 && len(f.Items()) != 1+1+3+2*3 {
				t.Fatalf("%d fields", len(f.Items()))
			}
		}
	}
	if n := stored(of); n == 0 || n > likeMost {
		t.Errorf("%d kept", n)
	}
}

func TestALikenessIsMadeOfWhatDecides(t *testing.T) {
	p := shipped(t, "jt808")
	raw := unhex(t, grammarFrames[0].hex)
	var f Frame
	for range 100 {
		if err := p.Decode(Uplink, raw, &f); err != nil {
			t.Fatal(err)
		}
	}
	if f.alike == nil {
		t.Fatal("no likeness of a frame that came 100 times")
	}
	plain, _ := p.grammar.families[0].escape.decode(nil, raw[1:len(raw)-1])
	for _, change := range []struct {
		what  string
		at    int
		value byte
		alike bool
	}{
		{"latitude", 21, 0x11, true},
		{"south", 19, 0x06, true},
		{"the mileage", 45, 0x55, true},
		{"the length of an extra", 41, 3, false},
		{"the kind of an extra", 40, 0x77, false},
		{"the length of the body", 3, 0x25, false},
	} {
		b := slices.Clone(plain)
		b[change.at] = change.value
		b[len(b)-1] = byte(xorSum(b[:len(b)-1]))
		if alike := p.grammar.families[0].likenesses.find(b, true) != nil; alike != change.alike {
			t.Errorf("another %s: alike %v", change.what, alike)
		}
		agreeGrammar(t, p, Uplink, slices.Concat([]byte{0x7e}, p.grammar.families[0].escape.encode(nil, b), []byte{0x7e}))
	}
}

func TestManyDecodeAndLearnAtOnce(t *testing.T) {
	for _, c := range corpora(t) {
		src, ok := ShippedSource(c.Profile)
		if !ok {
			t.Fatal(c.Profile)
		}
		p, err := Compile(c.Profile, src)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		var f Frame
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
				var f Frame
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

// What expressions see must be the same in a likeness: of a field that is not there, or was there in an element before,
// of the number of elements, of bytes that are no number, of several fields, of the bits of a field.
func TestALikenessComputesWhatTheWalkComputes(t *testing.T) {
	p, err := Compile("computes.toml", []byte(`
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
		return append(b, byte(plainSum(b)))
	}
	head := []byte{0x12, 0x34, 0xab, 0xcd, 0xf5, 0x26, 0x11, 0x24, 1, 2, 0x83, 0x34, 0xf2, 'a', 0xff, 0, 1, 4, 0x55, 70}
	var f Frame
	for _, list := range [][]byte{{0, 0, 1, 5, 0, 0}, {1, 9, 0}, {1, 1, 1, 2, 1, 3}, {}} {
		raw := frame(slices.Concat(head, list)...)
		for range 40 {
			if err := p.Decode(Uplink, raw, &f); err != nil {
				t.Fatal(err)
			}
		}
		if f.alike == nil {
			t.Fatalf("no likeness of a frame with the list %x", list)
		}
		for at := range head {
			for _, value := range []byte{0, 1, 0x0a, 0x31, 0x55, 0x7f, 0x80, 98, 0xff} {
				changed := slices.Clone(head)
				changed[at] = value
				agreeGrammar(t, p, Uplink, frame(slices.Concat(changed, list)...))
			}
		}
		mutants(slices.Concat(head, list), func(b []byte) { agreeGrammar(t, p, Uplink, frame(b...)) })
	}
	if err := p.Decode(Uplink, frame(slices.Concat(head, []byte{0, 0, 1, 5, 0, 0})...), &f); err != nil {
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
	p, err := Compile("at.toml", []byte(`
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
	var f Frame
	var m machine
	for _, test := range []struct {
		raw  string
		want uint64
	}{{"04020908", 9}, {"0200", 0}} {
		if _, v := p.try(&m, Uplink, &f, unhex(t, test.raw), true); v != whole {
			t.Fatal(v)
		}
		if got := f.nums[len(f.nums)-1]; got != test.want {
			t.Errorf("%s: %d, expected %d", test.raw, got, test.want)
		}
	}
}

// A frame at whose end it was looked for more is not known by how it begins: in a stream, more may come.
func TestALikenessKnowsThatMoreMayCome(t *testing.T) {
	p, err := Compile("more.toml", []byte(`
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
	var f Frame
	open, closed := unhex(t, "010203040506070801"), unhex(t, "010203040506070809")
	for _, raw := range [][]byte{open, closed} {
		for range 40 {
			if err := p.Decode(Uplink, raw, &f); err != nil {
				t.Fatal(err)
			}
		}
		if f.alike == nil {
			t.Fatal("no likeness")
		}
		for _, tail := range []string{"", "00", "55", "5500", "0102030405060708"} {
			agreeGrammar(t, p, Uplink, slices.Concat(raw, unhex(t, tail)))
		}
	}
	all := p.grammar.families[0].likenesses
	if all.findBegin(append(closed, 0x55), true) == nil || all.findBegin(append(open, 0), true) != nil {
		t.Error("known by how they begin should be the closed one, not the open one")
	}
}
