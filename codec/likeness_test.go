package codec

import (
	"fmt"
	"slices"
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
	if !f.shared {
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
