package codec_test

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"trama/codec"
)

// The marks of a frame are found wherever the stream begins, also around content that is no message of anybody.
func TestMarkedFramesAreFoundBetweenNoise(t *testing.T) {
	p, err := codec.Compile("marked.toml", []byte(`
name = "marked"
[frame]
start  = "0x7e"
end    = "0x7e"
escape = { "7e" = "7d02", "7d" = "7d01" }
header = []
[[message]]
name   = "anything"
fields = [{ key = "content", type = "hex", size = "rest" }]
`))
	if err != nil {
		t.Fatal(err)
	}
	stream := unhex(t, "24247e307d02087d01557e")
	for _, pieces := range [][][]byte{{stream}, bytes.SplitAfter(stream, []byte{0x7d})} {
		got, skipped, rest := cut(t, p.Splitter(codec.Uplink), pieces...)
		if len(got) != 1 || !bytes.Equal(got[0], stream[2:]) || skipped != 2 || len(rest) != 0 {
			t.Fatalf("%x, %d skipped, %x left", got, skipped, rest)
		}
	}
	var f codec.Frame
	if err := p.Decode(codec.Uplink, stream[2:], &f); err != nil {
		t.Fatal(err)
	}
	if it, _ := f.Item("content"); it.Text() != "307e087d55" || it.Off != 1 || it.Len != 7 {
		t.Errorf("%s at %d, %d bytes", it.Text(), it.Off, it.Len)
	}
}

// The same stream is published as a test of framing alone: the last byte is not the xor of the others, and there is
// no room for a header of twelve bytes.  A profile that verifies must refuse it, and take a frame that is right.
func TestAMarkedFrameWithAWrongChecksumIsNoFrame(t *testing.T) {
	plain := unhex(t, "307e087d55")
	if sum := xorOf(plain[:4]); sum == plain[4] {
		t.Fatalf("its checksum is right: %x", sum)
	}
	p := shipped(t, "jt808")
	var f codec.Frame
	if err := p.Decode(codec.Uplink, unhex(t, "7e307d02087d01557e"), &f); err == nil {
		t.Error("it was taken")
	}
	right := unhex(t, "7e000200000135123456780001187e") // a heartbeat
	right[len(right)-2] = (xorOf(right[1 : len(right)-2]))
	stream := append(unhex(t, "24247e307d02087d0155"), right...)
	got, skipped, rest := cut(t, p.Splitter(codec.Uplink), stream)
	if len(got) != 1 || !bytes.Equal(got[0], right) || skipped != 10 || len(rest) != 0 {
		t.Errorf("%x, %d skipped, %x left", got, skipped, rest)
	}
}

func TestValuesOfEveryFormComeBack(t *testing.T) {
	for _, test := range []struct{ field, hex, text string }{
		{`type = "uint32"`, "87654321", "2271560481"},
		{`type = "uint32", order = "cdab"`, "43218765", "2271560481"},
		{`type = "uint32", order = "little"`, "21436587", "2271560481"},
		{`type = "uint32", order = "badc"`, "65872143", "2271560481"},
		{`type = "bcd", size = 6, order = "little"`, "907856341200", "1234567890"},
		{`type = "bcd", size = 4, order = "little", scale = 0.01`, "78563412", "123456.78"},
		{`type = "bcd", size = 3, order = "little", minus = "bit", scale = 0.01`, "500580", "-5.5"},
		{`type = "bcd", size = 2, minus = "f"`, "f012", "-12"},
		{`type = "bcd", size = 3, missing = ["ff"]`, "ffffff", "-"},
		{`type = "bcd", size = 6, order = "little", as = "digits", filler = "a", align = "right"`, "89674523a1aa", "123456789"},
		{`type = "bcd", size = 4, as = "digits", swapped = true`, "21436587", "12345678"},
		{`type = "bcd", size = 3, as = "digits", digits = 5`, "012345", "12345"},
		{`type = "bitset", size = 2`, "0105", "1000000010100000"},
		{`type = "ascii", size = 8, charset = "gbk"`, "d4c1413132333435", "粤A12345"},
		{`type = "ascii", size = 6, charset = "utf-8"`, "61626364c387", "abcdÇ"},
		{`type = "ascii", size = 3, reversed = true`, "485225", "%RH"},
		{`type = "uint16", order = "little", form = "letters"`, "2d2c", "KAM"},
		{`type = "uint32", scale = 0.0001, form = "degree-minute"`, "01549210", "2232.1936"},
		{`type = "decimal", size = 5`, "31322e3530", "12.50"},
		{`type = "time", layout = "YYYYMMDDhhmmss", order = "little"`, "56341223112620", "2026-11-23T12:34:56Z"},
		{`type = "time", layout = "hhmmss", order = "little"`, "563412", "123456"},
		{`type = "time", as = "unix"`, "65920080", "2024-01-01T00:00:00Z"},
		{`type = "time", as = "cp16", order = "little"`, "5f1c", "2010-12-31"},
		{`type = "time", as = "ascii", layout = "YYYY-MM-DD hh:mm:ss"`, "323032362d31312d32332031343a33303a3030", "2026-11-23T14:30:00Z"},
		{`type = "int16", exponent = "0 - 2"`, "ff85", "-1.23"},
	} {
		p, err := codec.Compile("form.toml", []byte("name = \"form\"\nzone = \"UTC\"\n[frame]\nmax = 64\nheader = [{ key = \"x\", "+test.field+` }, { key = "end", type = "checksum", algorithm = "xor8" }]
[[message]]
name = "m"
`))
		if err != nil {
			t.Errorf("%s: %v", test.field, err)
			continue
		}
		raw := unhex(t, test.hex)
		raw = append(raw, (xorOf(raw)))
		var f, back codec.Frame
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			t.Errorf("%s: %v", test.field, err)
			continue
		}
		it, _ := f.Item("x")
		if got := it.Text(); got != test.text && !strings.Contains(test.field, "degree") {
			t.Errorf("%s of %s is %s, want %s", test.field, test.hex, got, test.text)
		}
		comesBackFrom(t, p, &f, raw)
		if it.Missing() {
			continue
		}
		if err := p.Build(&back, "m", map[string]any{"x": it.Text()}); err != nil {
			t.Errorf("%s: built from %s: %v", test.field, it.Text(), err)
		} else if got, _ := p.Append(nil, &back); !bytes.Equal(got, raw) {
			t.Errorf("%s: built from %s it is %x, want %x", test.field, it.Text(), got, raw)
		}
	}
}

func TestIdentityAndCountersLiveInTheSession(t *testing.T) {
	p := shipped(t, "jt808")
	var f codec.Frame
	var s codec.Session
	if err := p.Decode(codec.Uplink, unhex(t, "7e000200000123456789017fff0a7e"), &f); err != nil {
		t.Fatal(err)
	}
	p.Remember(&s, &f)
	if string(s.Identity()) != "012345678901" {
		t.Errorf("identity %q", s.Identity())
	}
	for want := range uint64(3) {
		reply, due, err := p.Reply(nil, &f, codec.Env{Session: &s})
		var back codec.Frame
		if err != nil || !due || p.Decode(codec.Downlink, reply, &back) != nil {
			t.Fatalf("%x %v %v", reply, due, err)
		}
		if it, _ := back.Item("msg_serial"); it.Uint() != want {
			t.Errorf("serial %d, want %d", it.Uint(), want)
		}
	}
}

func TestDecodingWithAGrammarAllocatesNothingMore(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, g := range c.Frames {
			raw := unhex(t, g.Hex)
			var f codec.Frame
			d := directionOf(g.Direction)
			if err := p.Decode(d, raw, &f); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			if n := testing.AllocsPerRun(200, func() {
				if p.Decode(d, raw, &f) != nil {
					t.Fatal()
				}
			}); n > 0.5 {
				t.Errorf("%s: %v allocations", g.ID, n)
			}
		}
	}
}

func TestSetChangesAFieldInsideAFrameOfAGrammar(t *testing.T) {
	p := shipped(t, "modbus-rtu")
	var f codec.Frame
	if err := p.Decode(codec.Uplink, unhex(t, "110304008d008efbbd"), &f); err != nil {
		t.Fatal(err)
	}
	if err := p.Set(&f, "registers[1]", 500); err != nil {
		t.Fatal(err)
	}
	if err := p.Set(&f, "registers", []any{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	text, _ := f.AppendJSON(nil)
	var got struct {
		ByteCount int   `json:"byte_count"`
		Registers []int `json:"registers"`
	}
	if err := json.Unmarshal(text, &got); err != nil || got.ByteCount != 6 || len(got.Registers) != 3 {
		t.Errorf("%s (%v)", text, err)
	}
}
