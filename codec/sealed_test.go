package codec_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/explain"
)

// unreadables are frames whose marks, length and checksum are right and whose body does not fit.
var unreadables = []struct {
	name, profile, hex string
	identity           string
	bad                string   // what does not fit
	keeps              []string // of the frame as JSON: what stands before the fault, and beside a bad field
	lacks              string
	reply              string // empty: none
}{
	{
		name: "keys of the header in another order", profile: "hj212", hex: hex.EncodeToString([]byte("##0114QN=20180728132826005;ST=51;CN=2011;MN=01100010001002;" +
			"PW=123456;Flag=0;CP=&&DataTime=20180726121201;CONC-Rtd=0.82&&48C0\r\n")),
		identity: "01100010001002", bad: "CP at byte 59", keeps: []string{`"message":"report"`, `"MN":"01100010001002"`}, lacks: "PW",
		reply: hex.EncodeToString([]byte("##0067QN=20180728132826005;ST=91;CN=9014;MN=01100010001002;Flag=4;CP=&&&&ACC1\r\n")),
	},
	{
		name: "the last item runs over the end", profile: "jt808",
		hex:      "7e02000026013900000017000a0000000000000003015752a006c9f9e0000a0000000026090112000001040000000530040102717e",
		identity: "013900000017", bad: "2 left, 4 needed", keeps: []string{`"message":"location"`, `"latitude":22.5`, `"mileage":0.5`}, lacks: "signal",
		reply: "7e800100050139000000170000000a020000a37e",
	},
	{
		name: "bad digits in one element of three", profile: "sl651",
		hex:      "7e7e0100123400011234320026020003260901120000f1f1001234000148f0f02609011200201900000a3923000001273812111503dd0e",
		identity: "0012340001", bad: "value at byte 39", keeps: []string{`"message":"report"`, `"value":0.127`, `"value":11.15`}, lacks: `"value":0.0`,
		reply: "7e7e001234000101123432800802000326090112000004b13e",
	},
	{
		name: "one item of a batch runs over its end", profile: "jt808",
		hex:      "7e0704004f013900000017000b00020000260000000000000003015752a006c9f9e0000a000000002609011200000104000000053004010200220000000000000003015752a006c9f9e0000a000000002609011200000104000000065a7e",
		identity: "013900000017", bad: "2 left, 4 needed", keeps: []string{`"message":"locations"`, `"mileage":0.5`, `"mileage":0.6`}, lacks: "signal",
		reply: "7e800100050139000000170000000b070400a37e",
	},
	{
		name: "two counts that differ, one behind the body", profile: "teltonika",
		hex: "000000000000003a1001000001a2265a93c0010eba7260236c4c600064005a0b0000000b050401000b27010042563a0101c70000a1b201000e00000000000003e8020000d293",
		bad: "count2 at byte 65", keeps: []string{`"message":"records-16"`, `"value":22074`}, lacks: `"crc"`,
		reply: "00000001",
	},
}

func TestSealedFramesThatDoNotReadAreFoundWithWhatReads(t *testing.T) {
	for _, c := range unreadables {
		t.Run(c.name, func(t *testing.T) {
			p, raw := shipped(t, c.profile), unhex(t, c.hex)
			var f codec.Frame
			advance, found := p.Next(codec.Uplink, slices.Concat(raw, raw), 0, &f)
			if !found || advance != len(raw) || f.Unreadable() == nil || !bytes.Equal(f.Raw(), raw) {
				t.Fatalf("found %v, advance %d, %v", found, advance, f.Unreadable())
			}
			if text := f.Unreadable().Error(); !strings.Contains(text, c.bad) {
				t.Errorf("%s, expected %q", text, c.bad)
			}
			text, err := f.AppendJSON(nil)
			for _, part := range c.keeps {
				if err != nil || !bytes.Contains(text, []byte(part)) {
					t.Errorf("%s, %v: it has no %s", text, err, part)
				}
			}
			if bytes.Contains(text, []byte(c.lacks)) {
				t.Errorf("%s: it has %s", text, c.lacks)
			}
			if string(f.Identity()) != c.identity {
				t.Errorf("it is of %q", f.Identity())
			}
			reply, due, err := p.Reply(nil, &f, codec.Env{})
			if hex.EncodeToString(reply) != c.reply || due != (c.reply != "") || err != nil {
				t.Errorf("the reply is %x, %v, %v", reply, due, err)
			}
			if err := p.Decode(codec.Uplink, raw, &f); err == nil || err != f.Unreadable() {
				t.Errorf("decoded alone: %v, %v", err, f.Unreadable())
			}
			if pieces := explain.Stream(p, codec.Uplink, raw); len(pieces) != 1 || pieces[0].Trace == nil || !pieces[0].Trace.Kept {
				t.Errorf("explain does not say that it is kept: %+v", pieces)
			}
			whole := exampleOf(t, p)
			if n, ok := p.Next(codec.Uplink, whole, 0, &f); !ok || n != len(whole) || f.Unreadable() != nil {
				t.Errorf("the next frame, in the same memory: %d, %v, %v", n, ok, f.Unreadable())
			}
		})
	}
}

// exampleOf is a frame of a master that the definition shows.
func exampleOf(t *testing.T, p *codec.Profile) []byte {
	t.Helper()
	for _, e := range p.Examples() {
		if e.Direction == codec.Uplink {
			return e.Frame
		}
	}
	t.Fatal("no example")
	return nil
}

// cutNext cuts a stream by Next as transport does; each frame is told as text.
func cutNext(p *codec.Profile, pieces ...[]byte) (frames []string, skipped int) {
	var buf []byte
	var f codec.Frame
	for i := 0; i <= len(pieces); i++ {
		around := codec.Ended
		if i < len(pieces) {
			buf, around = append(buf, pieces[i]...), 0
		}
		for len(buf) > 0 {
			advance, found := p.Next(codec.Uplink, buf, around, &f)
			if found {
				frames = append(frames, fmt.Sprintf("%x %v", f.Raw(), f.Unreadable()))
				skipped += advance - len(f.Raw())
			} else if skipped += advance; advance == 0 {
				break
			}
			buf = buf[advance:]
		}
	}
	return frames, skipped
}

func TestSealedFramesDoNotDependOnHowTheyArrive(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	found := map[string]bool{}
	for _, c := range unreadables {
		p, raw := shipped(t, c.profile), unhex(t, c.hex)
		whole := exampleOf(t, p)
		for range 200 {
			damaged := bytes.Clone(raw)
			damaged[random.IntN(len(raw))] ^= byte(1 << random.IntN(8))
			stream := slices.Concat(raw, noise(random, random.IntN(3)), whole, damaged, raw[:random.IntN(len(raw))], raw, whole, whole)
			want, skipped := cutNext(p, stream)
			var parts [][]byte
			for tail := stream; len(tail) > 0; {
				n := min(1+random.IntN(30), len(tail))
				parts, tail = append(parts, tail[:n]), tail[n:]
			}
			if got, gotSkipped := cutNext(p, parts...); !slices.Equal(got, want) || gotSkipped != skipped {
				t.Fatalf("%x in pieces: %q, %d skipped; whole: %q, %d", stream, got, gotSkipped, want, skipped)
			}
			for _, frame := range want {
				found[c.name] = found[c.name] || strings.HasPrefix(frame, c.hex)
			}
		}
		if !found[c.name] {
			t.Errorf("%s: never found in a stream", c.name)
		}
	}
}

// bare is a protocol with marks, a length and a checksum, and no message for other commands.
const bare = `
name = "bare"
[frame]
max    = 40
length = { field = "size", counts = "body" }
header = [
  { key = "mark", type = "hex", size = 1, const = "68" },
  { key = "size", type = "byte" },
  { key = "func", type = "byte", role = "command" },
]
trailer = [{ key = "sum", type = "checksum", algorithm = "sum8" }, { key = "end", type = "hex", size = 1, const = "16" }]
[[message]]
command = 1
from    = "master"
name    = "state"
fields  = [{ key = "digits", type = "bcd", size = 2 }, { key = "level", type = "byte" }]
[[message]]
command = 2
from    = "server"
name    = "order"
`

func TestWhatIsSealed(t *testing.T) {
	noSum := strings.Replace(bare, `{ key = "sum", type = "checksum", algorithm = "sum8" }, `, "", 1)
	noMark := strings.NewReplacer(`const = "68"`, "", `const = "16"`, "").Replace(bare)
	summed := func(text string) []byte {
		b := unhex(t, text)
		return append(b, sumOf(b), 0x16)
	}
	for _, c := range []struct {
		name, definition string
		frame            []byte
		sealed           bool
		message          string
	}{
		{"a bad digit", bare, summed("680301001a07"), true, "state"},
		{"a body that is too short", bare, summed("6801010d"), true, "state"},
		{"an unknown command", bare, summed("68020a0d0e"), true, "unreadable"},
		{"a wrong checksum", bare, unhex(t, "680301001a070016"), false, ""},
		{"a wrong mark at the end", bare, append(summed("680301001a07")[:7], 0x17), false, ""},
		{"a command of the server, as an echo", bare, summed("680002"), false, ""},
		{"a bad digit without a checksum", noSum, unhex(t, "680301001a0716"), false, ""},
		{"a bad digit without marks", noMark, summed("680301001a07"), false, ""},
	} {
		p, err := codec.Compile("bare.toml", []byte(c.definition))
		if err != nil {
			t.Fatal(err)
		}
		var f codec.Frame
		advance, found := p.Next(codec.Uplink, c.frame, 0, &f)
		if found != c.sealed || found && (advance != len(c.frame) || f.Unreadable() == nil || f.Message().Name != c.message) {
			t.Errorf("%s: found %v, advance %d, %v", c.name, found, advance, f.Unreadable())
		}
		if c.name == "a bad digit" {
			if level, ok := f.Item("level"); !ok || level.Uint() != 7 {
				t.Errorf("%s: the field behind it is lost", c.name)
			}
		}
	}
}

func TestAFrameThatReadsInsideASealedOneWins(t *testing.T) {
	p, err := codec.Compile("bare.toml", []byte(bare))
	if err != nil {
		t.Fatal(err)
	}
	whole := unhex(t, "68030112340752 16")
	whole[6] = sumOf(whole[:6])
	var f codec.Frame
	for _, begun := range []string{"682001", "682001ffff"} { // 32 bytes that have not come, and two that are no digits
		begun := unhex(t, begun)
		advance, found := p.Next(codec.Uplink, append(begun, whole...), 0, &f)
		if !found || advance != len(begun)+len(whole) || f.Unreadable() != nil {
			t.Errorf("behind %x: advance %d, found %v, %v", begun, advance, found, f.Unreadable())
		}
	}
}
