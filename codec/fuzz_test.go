package codec_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"trama/codec"
	"trama/codec/check"
	"trama/codec/protect"
)

// fuzzDefinitions are the shipped profiles and one with every type.
func fuzzDefinitions(t testing.TB) []definition {
	return append(definitions(t, "profiles/*.toml"), definitions(t, "testdata/types.good.toml")...)
}

// FuzzDecode: framing and decoding agree on any bytes; what is accepted encodes to the same
// bytes, from JSON too; a reply is itself a frame.
func FuzzDecode(f *testing.F) {
	profiles := fuzzDefinitions(f)
	for _, g := range goldens {
		f.Add(g.bytes(f), uint8(g.direction))
	}
	for _, c := range corpora(f) {
		for _, g := range c.Frames {
			f.Add(unhex(f, g.Hex), uint8(directionOf(g.Direction)))
		}
	}
	for _, d := range profiles {
		for _, e := range d.examples {
			f.Add(e.frame, uint8(e.direction))
		}
	}
	f.Add([]byte("\x00\x0e\x01\x07\xa3\xe7\x55\x00\x01\x12\x34\x56\x7f"), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, way uint8) {
		d := codec.Direction(way % 3)
		for _, definition := range profiles {
			p := definition.p
			agree(t, p, d, data)
			var frame, back codec.Frame
			if p.Decode(d, data, &frame) != nil {
				if frame.Unreadable() != nil { // what stands before the fault is kept
					samplesHold(t, p, &frame)
				}
				continue
			}
			for _, it := range frame.Items() {
				_, _, _, _ = it.Uint(), it.Int(), it.Float(), it.Text()
			}
			samplesHold(t, p, &frame)
			reply, due, err := p.Reply(nil, &frame, codec.Env{})
			if err != nil {
				t.Fatal(err)
			}
			if due {
				other := codec.Downlink
				if frame.Direction() == codec.Downlink {
					other = codec.Uplink
				}
				if err := p.Decode(other, reply, &back); err != nil {
					t.Fatalf("reply %x to %x: %v", reply, data, err)
				}
			}
		}
	})
}

// FuzzSplit: what comes out of a stream does not depend on how it is cut, adds up, and decodes.
func FuzzSplit(f *testing.F) {
	profiles := fuzzDefinitions(f)
	all := []byte{}
	for _, g := range goldens {
		all = append(all, g.bytes(f)...)
		f.Add(append([]byte("\x00\x25noise"), g.bytes(f)...), uint16(7), uint16(13))
	}
	f.Add(all, uint16(100), uint16(3))
	for _, name := range nativeNames {
		frames, _ := protectedFrames(f, name, protect.CCM8, protect.None)
		f.Add(bytes.Join(frames[:8], []byte{0, 0x34}), uint16(33), uint16(20))
	}
	for _, c := range corpora(f) {
		for _, g := range c.Frames[:min(len(c.Frames), 4)] {
			f.Add(append([]byte("\x68\x7e\x05\x64"), unhex(f, g.Hex)...), uint16(5), uint16(11))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, at, size uint16) {
		for _, definition := range profiles {
			p := definition.p
			split := p.Splitter(codec.Uplink)
			want, skipped, rest := cut(t, split, stream)
			total := skipped + len(rest)
			for _, frame := range want {
				total += len(frame)
				if l := p.Security(); l != nil && l.Is(frame) {
					continue
				}
				var decoded codec.Frame
				if err := p.Decode(codec.Uplink, frame, &decoded); err != nil {
					t.Fatalf("%x was cut: %v", frame, err)
				}
			}
			if total != len(stream) || len(rest) >= p.MaxFrameBytes() {
				t.Fatalf("%d bytes of %d accounted for, %d held", total, len(stream), len(rest))
			}
			i := min(int(at), len(stream))
			var parts [][]byte
			for tail := stream[i:]; len(tail) > 0; tail = tail[min(int(size)+1, len(tail)):] {
				parts = append(parts, tail[:min(int(size)+1, len(tail))])
			}
			got, gotSkipped, gotRest := cut(t, split, append([][]byte{stream[:i]}, parts...)...)
			if !bytes.Equal(bytes.Join(got, []byte("|")), bytes.Join(want, []byte("|"))) || gotSkipped != skipped || !bytes.Equal(gotRest, rest) {
				t.Fatalf("%x cut at %d and every %d: %d frames, %d skipped, %d left; whole: %d, %d, %d",
					stream, i, int(size)+1, len(got), gotSkipped, len(gotRest), len(want), skipped, len(rest))
			}
			// Nothing is left when the stream ends.
			for tail := rest; len(tail) > 0; {
				advance, _, _ := split(tail, true)
				if advance <= 0 || advance > len(tail) {
					t.Fatalf("at the end: advance %d of %d", advance, len(tail))
				}
				tail = tail[advance:]
			}
		}
	})
}

// FuzzCompile: no definition makes the compiler fail other than by its report; what compiles can be used.
func FuzzCompile(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.toml")
	shippedOnes, _ := filepath.Glob("profiles/*.toml")
	for _, file := range append(files, shippedOnes...) {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := codec.Compile("fuzz.toml", src)
		if err != nil {
			if bad, ok := err.(*codec.DefinitionError); !ok || len(bad.Problems) == 0 || p != nil {
				t.Fatalf("%v", err)
			}
			return
		}
		check.Examples(p)
		check.Profile(p)
		data := make([]byte, 64)
		for i := range data {
			data[i] = byte(i)
		}
		var frame codec.Frame
		for _, d := range []codec.Direction{codec.Any, codec.Uplink, codec.Downlink} {
			p.Splitter(d)(data, false)
			agree(t, p, d, data)
			agree(t, p, d, make([]byte, 20))
		}
		for _, c := range p.DeclaredCommands() {
			args := map[string]any{}
			for i, a := range c.Arguments {
				args[a.Key] = []any{1, "on", 2.5, "0x10"}[i%4]
			}
			fields, err := c.Fields(args)
			if err != nil || p.Build(&frame, c.Message.Name, fields) != nil {
				continue
			}
			p.AnswersCommand(c, &frame, &frame)
			p.Verifies(c, &frame, &frame)
			for _, next := range c.Then {
				next.Arguments(fields)
			}
		}
		for _, m := range p.Messages() {
			if p.Build(&frame, m.Name, nil) == nil {
				raw, err := p.Append(nil, &frame)
				if err != nil {
					t.Fatal(err)
				}
				_ = p.Decode(codec.Any, raw, &frame)
			}
		}
	})
}
