package codec

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// agreeGrammar checks that the walk that cuts, the walk that decodes and the splitter say the same of data, and that a frame used
// again shows what a new one shows.
func agreeGrammar(t testing.TB, p *Profile, d Direction, data []byte) {
	t.Helper()
	agreeFraming(t, p, d, data)
	agreeFraming(t, p, d, append(data[:len(data):len(data)], data...)) // something follows
	var m machine
	var alone, used Frame
	_, v := p.try(&m, d, &alone, data, true)
	for range 2 {
		if err := p.Decode(d, data, &used); (err == nil) != (v == whole) {
			t.Fatalf("%s %s %x: decoding says %v, the walk %v", p.name, d, data, err, v)
		}
	}
	if n, cut := p.try(&m, d, nil, data, true); v == whole && cut != whole || v != whole && cut == whole && n == len(data) {
		t.Fatalf("%s %s %x: the walk that cuts says %v and %d, the one that decodes %v", p.name, d, data, cut, n, v)
	}
	if v == whole {
		sameFrame(t, data, &used, &alone)
	}
}

// agreeFraming checks that the walk and the splitter find the same frame at the beginning of a stream.
func agreeFraming(t testing.TB, p *Profile, d Direction, data []byte) {
	t.Helper()
	var m machine
	n, v := p.try(&m, d, nil, data, false)
	advance, token, err := p.Splitter(d)(data, false)
	if err != nil || v == whole && (advance != n || len(token) != n) || v == begun && advance != 0 || v == refused && len(data) > 0 && advance == 0 {
		t.Fatalf("%s %s %x: the splitter says %d and %x (%v), the walk %v and %d", p.name, d, data, advance, token, err, v, n)
	}
}

// sameFrame checks that a frame used again shows what one shows that was decoded alone.
func sameFrame(t testing.TB, data []byte, quick, slow *Frame) {
	t.Helper()
	p := quick.program
	if quick.layout != slow.layout || quick.roles != slow.roles || !bytes.Equal(quick.data, slow.data) || len(quick.cells) != len(slow.cells) || len(quick.nums) != len(slow.nums) {
		t.Fatalf("%s %x: %d fields of %s, alone %d of %s", p.name, data, len(quick.cells), quick.layout.message.Name, len(slow.cells), slow.layout.message.Name)
	}
	for i, c := range quick.cells {
		if c != slow.cells[i] || quick.nums[i] != slow.nums[i] {
			t.Fatalf("%s %x: field %d, %s: %+v = %d, alone %+v = %d", p.name, data, i, p.ops[c.op].field.Key, c, quick.nums[i], slow.cells[i], slow.nums[i])
		}
	}
}

// mutants are b, its beginnings, and b with bytes changed, left out, repeated and filled, always the same ones.
func mutants(b []byte, visit func(b []byte)) {
	visit(b)
	for n := range b {
		visit(b[:n])
	}
	random := rand.New(rand.NewPCG(3, uint64(len(b))))
	for range 100 {
		m := slices.Clone(b)
		for range 1 + random.IntN(3) {
			if len(m) == 0 {
				break
			}
			at := random.IntN(len(m))
			switch random.IntN(5) {
			case 0:
				m[at] ^= 1 << random.IntN(8)
			case 1:
				m[at] = byte(random.Uint32())
			case 2:
				m = slices.Delete(m, at, at+1)
			case 3:
				m = slices.Insert(m, at, m[random.IntN(len(m)):]...)
			default:
				m[at] = []byte{0, 0xff, 0x7f, 0x80}[random.IntN(4)]
			}
		}
		visit(m)
	}
}

// sealed is b with a checksum that is right: most changes are refused by it alone.
func sealed(p *Profile, b []byte) []byte {
	var f Frame
	if p.Decode(Any, b, &f) == nil {
		return b
	}
	for _, family := range p.families {
		m := &machine{p: p.program, atEOF: true}
		content, _, v := m.delimit(family, b)
		if v != whole {
			continue
		}
		at := len(content)
		for i := len(family.trailer) - 1; i >= 0; i-- {
			n := family.trailer[i]
			o := &p.ops[n.op]
			if at -= o.size; at < 0 {
				break
			}
			for from := 0; n.check != nil && !n.check.hex && from < 4 && from < at; from++ {
				trial := slices.Clone(content)
				if sum := n.check.compute(trial, at, from, at); o.little {
					storeLE(trial[at:at+o.size], sum)
				} else {
					storeBE(trial[at:at+o.size], sum)
				}
				if trial = family.wrap(nil, trial); p.Decode(Any, trial, &f) == nil {
					return trial
				}
			}
		}
	}
	return b
}

func TestCuttingAndDecodingAgreeOnChangedFrames(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		decoded := 0
		for _, g := range c.Frames {
			decoded += agreeOnChanged(t, p, directionOf(g.Direction), unhex(t, g.Hex))
		}
		t.Logf("%s: of %d frames %d changed ones decoded", c.Profile, len(c.Frames), decoded)
	}
	// What no shipped profile has: bytes behind the mark, several marks, numbers of varying width, parts without a value.
	for _, name := range []string{"closing", "closing-marks", "closing-reply", "field-df1-crc", "field-3964r", "field-bsc", "field-mqtt", "field-snmp", "varints", "bits-missing"} {
		p := profileFrom(t, name+".good.toml")
		decoded := 0
		for i := range p.examples {
			if raw := p.examples[i].frame; len(raw) < 200 {
				decoded += agreeOnChanged(t, p, p.examples[i].direction, raw)
			}
		}
		t.Logf("%s: of %d frames %d changed ones decoded", name, len(p.examples), decoded)
		if decoded == 0 {
			t.Errorf("%s: no changed frame was decoded", name)
		}
	}
}

// agreeOnChanged changes a frame in many ways and tells how many of the results are frames.
func agreeOnChanged(t *testing.T, p *Profile, d Direction, raw []byte) (decoded int) {
	var f Frame
	if err := p.Decode(d, raw, &f); err != nil {
		t.Fatal(err)
	}
	mutants(raw, func(b []byte) {
		for _, d := range []Direction{d, Any} {
			agreeGrammar(t, p, d, b)
			again := sealed(p, b)
			if !bytes.Equal(again, b) {
				agreeGrammar(t, p, d, again)
			}
			if !bytes.Equal(again, raw) && p.Decode(d, again, &f) == nil {
				decoded++
			}
		}
	})
	return decoded
}

// Behind the first of two fields with the same condition, a condition that looks at the bytes at its place sees others.
func TestAConditionThatLooksAheadIsAskedBeforeEachField(t *testing.T) {
	p, err := Compile("look.toml", []byte(`
name = "look"
[frame]
length = { field = "n", counts = "all" }
header = [{ key = "n", type = "byte" }, { key = "kind", type = "byte", role = "command" }]
[[message]]
command = 0
name = "next"
fields = [
  { key = "a", type = "byte", when = "next = 0x55" },
  { key = "b", type = "byte", when = "next = 0x55" },
  { key = "c", type = "uint16" },
]
[[message]]
command = 1
name = "remaining"
fields = [
  { key = "a", type = "byte", when = "remaining > 2" },
  { key = "b", type = "byte", when = "remaining > 2" },
  { key = "c", type = "uint16" },
]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ raw, want string }{
		{"06 00 55 55 1234", `"a":85,"b":85,"c":4660`},
		{"05 00 55 41 12", `"a":85,"c":16658`},
		{"04 00 4142", `"c":16706`},
		{"06 01 07 08 1234", `"a":7,"b":8,"c":4660`},
		{"05 01 07 1234", `"a":7,"c":4660`},
		{"04 01 1234", `"c":4660`},
	} {
		raw := unhex(t, strings.ReplaceAll(test.raw, " ", ""))
		var f Frame
		if err := p.Decode(Uplink, raw, &f); err != nil {
			t.Errorf("%s: %v", test.raw, err)
			continue
		}
		if text, err := f.AppendJSON(nil); err != nil || !strings.HasSuffix(string(text), test.want+"}") {
			t.Errorf("%s: %s (%v), expected %s", test.raw, text, err, test.want)
		}
		agreeGrammar(t, p, Uplink, raw)
	}
}
