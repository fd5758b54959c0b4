package codec_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"trama/codec"
)

func uplinkFrames(t testing.TB, profile string) (out [][]byte) {
	for _, g := range goldens {
		if g.profile == profile && g.direction == codec.Uplink {
			out = append(out, g.bytes(t))
		}
	}
	return out
}

func TestFramesGluedTogetherComeOutOneByOneUnderEveryCut(t *testing.T) {
	for _, name := range nativeNames {
		split := shipped(t, name).Splitter(codec.Uplink)
		frames := uplinkFrames(t, name)
		stream := bytes.Join(frames, nil)
		check := func(what string, pieces ...[]byte) {
			t.Helper()
			got, skipped, rest := cut(t, split, pieces...)
			if len(got) != len(frames) || !bytes.Equal(bytes.Join(got, nil), stream) || skipped != 0 || len(rest) != 0 {
				t.Fatalf("%s %s: %d frames of %d, %d bytes skipped, %d left", name, what, len(got), len(frames), skipped, len(rest))
			}
		}
		check("in one piece", stream)
		for i := range stream {
			check(fmt.Sprintf("cut at byte %d", i), stream[:i], stream[i:])
		}
		for size := 1; size <= 40; size++ {
			var pieces [][]byte
			for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				pieces = append(pieces, rest[:min(size, len(rest))])
			}
			check(fmt.Sprintf("in pieces of %d", size), pieces...)
		}
	}
}

func TestAGoodFrameIsNeverPartlyTaken(t *testing.T) {
	for _, name := range nativeNames {
		split := shipped(t, name).Splitter(codec.Uplink)
		for _, frame := range uplinkFrames(t, name) {
			for n := range frame {
				if advance, token, _ := split(frame[:n], false); advance != 0 || token != nil {
					t.Fatalf("%s: %x: advance %d, token %x", name, frame[:n], advance, token)
				}
			}
		}
	}
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// pieces cuts a stream at random.
func pieces(r *rand.Rand, stream []byte) (out [][]byte) {
	for len(stream) > 0 {
		n := min(1+r.IntN(60), len(stream))
		out = append(out, stream[:n])
		stream = stream[n:]
	}
	return out
}

func TestIntactFramesSurviveNoiseBeforeAndBetween(t *testing.T) {
	for _, name := range nativeNames {
		split := shipped(t, name).Splitter(codec.Uplink)
		frames := uplinkFrames(t, name)
		for seed := uint64(0); seed < 2000; seed++ {
			r := rand.New(rand.NewPCG(seed, 1))
			var stream []byte
			var want [][]byte
			noisy := 0
			for range 8 {
				if r.IntN(3) > 0 {
					n := 1 + r.IntN(200)
					noisy += n
					stream = append(stream, noise(r, n)...)
				}
				frame := frames[r.IntN(len(frames))]
				want = append(want, frame)
				stream = append(stream, frame...)
			}
			got, skipped, rest := cut(t, split, pieces(r, stream)...)
			if len(got) != len(want) || !bytes.Equal(bytes.Join(got, nil), bytes.Join(want, nil)) || skipped != noisy || len(rest) != 0 {
				t.Fatalf("%s, seed %d: %d frames of %d, %d bytes skipped of %d, %d left\n%x", name, seed, len(got), len(want), skipped, noisy, len(rest), stream)
			}
		}
	}
}

func TestIntactFramesSurviveFramesWithNoiseInside(t *testing.T) {
	for _, name := range nativeNames {
		p := shipped(t, name)
		split := p.Splitter(codec.Uplink)
		frames := uplinkFrames(t, name)
		for seed := uint64(0); seed < 2000; seed++ {
			r := rand.New(rand.NewPCG(seed, 2))
			var stream []byte
			var want [][]byte
			for range 6 {
				broken := frames[r.IntN(len(frames))]
				at := 1 + r.IntN(len(broken)-1)
				stream = append(stream, broken[:at]...)
				stream = append(stream, noise(r, 1+r.IntN(200))...)
				stream = append(stream, broken[at:]...)
				frame := frames[r.IntN(len(frames))]
				want = append(want, frame)
				stream = append(stream, frame...)
			}
			got, skipped, rest := cut(t, split, pieces(r, stream)...)
			total := skipped + len(rest)
			next := 0
			for _, frame := range got {
				total += len(frame)
				if next < len(want) && bytes.Equal(frame, want[next]) {
					next++
				}
			}
			// Without a checksum noise in a body may pass for a value; what counts is that nothing intact is lost.
			if next != len(want) {
				t.Fatalf("%s, seed %d: %d intact frames of %d\n%x", name, seed, next, len(want), stream)
			}
			if total != len(stream) {
				t.Fatalf("%s, seed %d: %d bytes accounted for of %d", name, seed, total, len(stream))
			}
		}
	}
}

func TestNoiseIsRefusedAtItsFirstWrongByte(t *testing.T) {
	extended := "00250100000000123456780102036d0020261123143000000000070041ac0000"
	for _, test := range []struct {
		name, prefix string // the last byte cannot belong to a frame
	}{
		{"ML not BCD", "0a"},
		{"ML too large", "02"},
		{"ML above the largest protected frame", "0114"},
		{"ML above the largest frame", "00850100"},
		{"ML below the header", "0019"},
		{"ML second byte not BCD", "002a"},
		{"PV not BCD", "00250f"},
		{"TE not 00", "00250101"},
		{"I of a protected frame, which is wrong", extended[:8] + "000001" + extended[14:]},
		{"PV of no protected frame", "00340020"},
		{"SD not BCD", "00250100000000123a"},
		{"CC not BCD", "00250100000000123456780102" + "0f"},
		{"C not a letter", "002501000000001234567801020330"},
		{"ML of another command", "00200100000000123456780102036d"},
		{"ML of another command, longer", "00260100000000123456780102036d"},
		{"TS not BCD", extended[:32] + "2a"},
		{"TS not BCD at its end", extended[:44] + "0f"},
		{"NUT not BCD", extended[:46] + "a0"},
	} {
		split := shipped(t, "extended").Splitter(codec.Uplink)
		g := golden{hex: test.prefix}
		data := g.bytes(t)
		if advance, token, _ := split(data[:len(data)-1], false); advance != 0 || token != nil {
			t.Errorf("%s: refused before its last byte", test.name)
		}
		if advance, _, _ := split(data, false); advance == 0 {
			t.Errorf("%s: %x is taken for the beginning of a frame", test.name, data)
		}
	}
}

func TestAnIncompleteFrameIsGivenUpAtTheEnd(t *testing.T) {
	p := shipped(t, "extended")
	split := p.Splitter(codec.Uplink)
	good := goldens[0].bytes(t)
	cutOff := good[:20]
	if advance, token, _ := split(cutOff, false); advance != 0 || token != nil {
		t.Fatal("an incomplete frame is not waited for")
	}
	advance, token, _ := split(cutOff, true)
	if token != nil || advance != len(cutOff) {
		t.Errorf("at the end: advance %d of %d, token %x", advance, len(cutOff), token)
	}
	// A candidate that never completes must not hide the good frame that came after its first bytes.
	stream := append(bytes.Clone(good[:9]), good...)
	stream[1] = 0x84
	stream[2] = 0x77
	advance, token, _ = split(stream, true)
	if advance != len(stream) || !bytes.Equal(token, good) {
		t.Errorf("advance %d of %d, token %x", advance, len(stream), token)
	}
}

func TestWhatIsCutIsDecoded(t *testing.T) {
	// Every byte of each golden frame in values at the edges.
	for _, g := range goldens {
		p, raw := shipped(t, g.profile), g.bytes(t)
		for i := range raw {
			changed := bytes.Clone(raw)
			for _, v := range []byte{0, 1, 9, 10, 0x19, 0x1a, 0x7f, 0x80, 0x99, 0xa0, 0xff, raw[i] ^ 1, raw[i] ^ 0x10, raw[i] + 1, 'A', 'z'} {
				changed[i] = v
				agree(t, p, g.direction, changed)
				agree(t, p, codec.Any, changed)
			}
		}
	}
}

// agree checks that framing, decoding and encoding say the same of one candidate, again and again.
func agree(t testing.TB, p *codec.Profile, d codec.Direction, data []byte) {
	t.Helper()
	split := p.Splitter(d)
	var f, again codec.Frame
	err := p.Decode(d, data, &f)
	advance, token, _ := split(data, false)
	if last, end, _ := split(data, true); token != nil && (last != advance || !bytes.Equal(end, token)) || len(data) > 0 && last <= 0 {
		t.Fatalf("%s %s %x: framing says %d, %x, and %d, %x at the end", p.Name(), d, data, advance, token, last, end)
	}
	if l := p.Security(); l != nil && l.Is(token) {
		return // a protected frame: there is nothing to decode
	}
	if len(token) == len(data) && len(data) > 0 && err != nil {
		t.Fatalf("%s %s %x: framing takes it, decoding says %v", p.Name(), d, data, err)
	}
	if token != nil {
		if err := p.Decode(d, token, &again); err != nil {
			t.Fatalf("%s %s %x: framing finds %x, decoding says %v", p.Name(), d, data, token, err)
		}
	}
	if failed := p.Decode(d, data, &again); (failed == nil) != (err == nil) {
		t.Fatalf("%s %s %x: decoding says %v, then %v", p.Name(), d, data, err, failed)
	}
	if err != nil {
		return
	}
	text, _ := f.AppendJSON(nil)
	if other, _ := again.AppendJSON(nil); !bytes.Equal(text, other) {
		t.Fatalf("%s %s %x: %s, then %s", p.Name(), d, data, text, other)
	}
	comesBackFrom(t, p, &f, data)
}

func TestTheScannerOfTheStandardLibraryTakesTheSplitter(t *testing.T) {
	p := shipped(t, "compact")
	frame := golden{hex: "0013010000000012345678010273000041ac0000"}.bytes(t)
	stream := append([]byte("hello"), frame...)
	stream = append(stream, 0xff)
	stream = append(stream, frame...)
	scanner := bufio.NewScanner(bytes.NewReader(stream))
	scanner.Split(p.Splitter(codec.Uplink))
	n := 0
	for scanner.Scan() {
		if !bytes.Equal(scanner.Bytes(), frame) {
			t.Errorf("frame %x", scanner.Bytes())
		}
		n++
	}
	if n != 2 || scanner.Err() != nil {
		t.Errorf("%d frames, %v", n, scanner.Err())
	}
}
