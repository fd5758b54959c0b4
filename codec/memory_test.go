package codec_test

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"trama/codec"
)

// spent is what f allocates, in bytes; other goroutines are counted too, so the least of a few is taken.
func spent(f func()) uint64 {
	least := ^uint64(0)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// What a decoder may take for one frame, beyond four times its bytes: the fields of a new frame.
const mostSpent = 128 << 10

func TestDecodingAnyBytesTakesLittleMemory(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		worst, n := uint64(0), 0
		for _, g := range c.Frames {
			raw := unhex(t, g.Hex)
			seal := sealOf(raw)
			mutants(raw, func(b []byte) {
				if n++; n%7 != 0 {
					return
				}
				b = seal.put(b)
				took := spent(func() {
					var f codec.Frame // a new one each time: one that is used again takes nothing
					_ = p.Decode(directionOf(g.Direction), b, &f)
				})
				if worst = max(worst, took); took > uint64(4*len(b)+mostSpent) {
					t.Errorf("%s %x: %d bytes took %d", c.Profile, b, len(b), took)
				}
			})
		}
		t.Logf("%s: %d bytes at the most", c.Profile, worst)
	}
}

// The most fields that a frame can have cost this much, however it is made.
const mostForFields = 1 << 20

// location is a frame of jt808.
const location = "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e"

func TestAFrameOfNothingButSmallFieldsTakesBoundedMemory(t *testing.T) {
	p := shipped(t, "jt808")
	const marks, head = 1, 40
	plain := bytes.ReplaceAll(unhex(t, location)[marks:], []byte{0x7d, 2}, []byte{0x7e})
	plain = bytes.ReplaceAll(plain, []byte{0x7d, 1}, []byte{0x7d})
	plain = slices.Concat(plain[:head], bytes.Repeat([]byte{0x99, 0}, 490))
	plain[2], plain[3] = byte((len(plain)-12)>>8), byte(len(plain)-12)
	plain = append(plain, xorOf(plain))
	plain = bytes.ReplaceAll(plain, []byte{0x7d}, []byte{0x7d, 1})
	plain = bytes.ReplaceAll(plain, []byte{0x7e}, []byte{0x7d, 2})
	raw := slices.Concat([]byte{0x7e}, plain, []byte{0x7e})
	fields := 0
	took := spent(func() {
		var f codec.Frame
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			t.Fatal(err)
		}
		fields = len(f.Items())
	})
	if fields < 4*490 {
		t.Fatalf("%d fields", fields)
	}
	t.Logf("%d bytes, %d fields, took %d", len(raw), fields, took)
	if took > uint64(4*len(raw)+mostForFields) {
		t.Errorf("%d bytes took %d", len(raw), took)
	}
}

func TestTooManyFieldsAreRefusedBeforeTheyAreAllKept(t *testing.T) {
	p, err := codec.Compile("many.toml", []byte(`
name = "many"
[frame]
max = 9999
length = { field = "n", counts = "all" }
header = [{ key = "n", type = "uint16" }]
[[message]]
name = "some"
fields = [{ key = "all", type = "list", fields = [{ key = "a", type = "byte" }, { key = "b", type = "hex", size = "a" }] }]
`))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 9998)
	b[0], b[1] = byte(len(b)>>8), byte(len(b)&0xff)
	took := spent(func() {
		var f codec.Frame
		if p.Decode(codec.Uplink, b, &f) == nil {
			t.Fatal("decoded")
		}
	})
	if t.Logf("%d bytes took %d", len(b), took); took > uint64(4*len(b)+mostForFields) {
		t.Errorf("%d bytes took %d", len(b), took)
	}
}

// Lists of 9,000 elements are allowed; with their groups these are too many fields.
func TestAFrameOfTooManyFieldsIsNoFrameWhenItIsCutEither(t *testing.T) {
	for of, fits := range map[string]bool{
		`of = { type = "byte" }`: true,
		`fields = [{ key = "a", type = "bits", size = 1, bits = [{ key = "b", at = "0" }] }]`: false,
		`fields = [{ key = "a", type = "byte" }]`:                                             false,
		`fields = [{ key = "a", type = "list", count = "1", of = { type = "byte" } }]`:        false,
	} {
		p := compiled(t, `name = "many"
[frame]
max = 9999
header = [{ key = "mark", type = "byte", const = 0x68 }]
[[message]]
name = "some"
fields = [{ key = "n", type = "uint16" }, { key = "all", type = "list", count = "n", `+of+` }]
`)
		b := make([]byte, 3+9000)
		b[0], b[1], b[2] = 0x68, 9000>>8, 9000&0xff
		var f codec.Frame
		sameNext(t, p, codec.Uplink, b, false, &f)
		_, token, _ := p.Splitter(codec.Uplink)(b, false)
		if decodes := p.Decode(codec.Uplink, b, &f) == nil; decodes != fits || fits != (len(token) == len(b)) {
			t.Errorf("%s: decoded %v, %d bytes are cut, expected a frame: %v", of, decodes, len(token), fits)
		}
	}
}
