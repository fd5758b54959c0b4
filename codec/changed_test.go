package codec_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"trama/codec"
)

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
	total := 0
	for _, name := range []string{"closing", "closing-marks", "closing-reply", "field-df1-crc", "field-3964r", "field-bsc", "field-mqtt", "field-snmp", "varints", "bits-missing"} {
		d := definitions(t, "testdata/"+name+".good.toml")[0]
		decoded := 0
		for _, e := range d.examples {
			if len(e.frame) < 200 {
				decoded += agreeOnChanged(t, d.p, e.direction, e.frame)
			}
		}
		t.Logf("%s: of %d frames %d changed ones decoded", name, len(d.examples), decoded)
		total += decoded
	}
	if total < 500 {
		t.Errorf("only %d changed frames were decoded", total)
	}
}

// agreeOnChanged changes a frame in many ways and tells how many of the results are frames.
func agreeOnChanged(t *testing.T, p *codec.Profile, d codec.Direction, raw []byte) (decoded int) {
	var f codec.Frame
	if err := p.Decode(d, raw, &f); err != nil {
		t.Fatal(err)
	}
	seal := sealOf(raw)
	mutants(raw, func(b []byte) {
		for _, d := range []codec.Direction{d, codec.Any} {
			agree(t, p, d, b)
			agree(t, p, d, append(b[:len(b):len(b)], b...)) // something follows
			again := seal.put(b)
			if !bytes.Equal(again, b) {
				agree(t, p, d, again)
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
	p, err := codec.Compile("look.toml", []byte(`
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
		var f codec.Frame
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			t.Errorf("%s: %v", test.raw, err)
			continue
		}
		if text, err := f.AppendJSON(nil); err != nil || !strings.HasSuffix(string(text), test.want+"}") {
			t.Errorf("%s: %s (%v), expected %s", test.raw, text, err, test.want)
		}
		agree(t, p, codec.Uplink, raw)
	}
}

// seal is where a frame has a checksum, and how that is computed.
type seal struct {
	sum             func(b []byte) uint64
	from, end, size int // the bytes before it that it leaves out, those behind it, its own
	little          bool
}

// sealOf finds the checksum of a frame; the zero seal when there is none that is known.
func sealOf(frame []byte) seal {
	for _, sum := range []struct {
		of   func(b []byte) uint64
		size int
	}{
		{bitwiseCRC{width: 16, poly: 0x8005, init: 0xffff, reflected: true}.sum, 2},
		{bitwiseCRC{width: 16, poly: 0x1021, init: 0xffff, reflected: true, xor: 0xffff}.sum, 2},
		{bitwiseCRC{width: 16, poly: 0x3d65, reflected: true, xor: 0xffff}.sum, 2},
		{bitwiseCRC{width: 16, poly: 0x8005, reflected: true}.sum, 2},
		{bitwiseCRC{width: 16, poly: 0x8005, reflected: true}.sum, 4},
		{bitwiseCRC{width: 8, poly: 0xe5}.sum, 1},
		{func(b []byte) uint64 { return uint64(xorOf(b)) }, 1},
		{func(b []byte) uint64 { return uint64(sumOf(b)) }, 1},
	} {
		for _, end := range []int{1, 2, 0, 3} {
			for from := range 9 {
				for _, little := range []bool{false, true} {
					s := seal{sum.of, from, end, sum.size, little}
					if len(frame)-end-sum.size > from && bytes.Equal(s.put(frame), frame) {
						return s
					}
				}
			}
		}
	}
	return seal{}
}

// put is b with a checksum that is right: most changes are refused by it alone.
func (s seal) put(b []byte) []byte {
	at := len(b) - s.end - s.size
	if s.sum == nil || at <= s.from {
		return b
	}
	out, v := slices.Clone(b), s.sum(b[s.from:at])
	for i := range s.size {
		k := s.size - 1 - i
		if s.little {
			k = i
		}
		out[at+k] = byte(v >> (8 * i))
	}
	return out
}
