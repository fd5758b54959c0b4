package codec

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// cut runs a stream through the splitter as transport does: the bytes arrive in the given pieces.
func cut(t testing.TB, split bufio.SplitFunc, pieces ...[]byte) (frames [][]byte, skipped int, rest []byte) {
	t.Helper()
	var buf []byte
	for _, piece := range pieces {
		buf = append(buf, piece...)
		for len(buf) > 0 {
			advance, token, err := split(buf, false)
			if err != nil || advance < len(token) || advance > len(buf) {
				t.Fatalf("advance %d, token %x, error %v", advance, token, err)
			}
			if token != nil {
				if !bytes.Equal(token, buf[advance-len(token):advance]) {
					t.Fatalf("token %x is not the end of the advance", token)
				}
				frames = append(frames, bytes.Clone(token))
			} else if advance == 0 {
				break
			}
			skipped += advance - len(token)
			buf = buf[advance:]
		}
	}
	return frames, skipped, buf
}

func uplinkFrames(t testing.TB, profile string) (out [][]byte) {
	for _, g := range goldens {
		if g.profile == profile && g.direction == Uplink {
			out = append(out, g.bytes(t))
		}
	}
	return out
}

func TestFramesGluedTogetherComeOutOneByOneUnderEveryCut(t *testing.T) {
	for _, name := range nativeNames {
		split := shipped(t, name).Splitter(Uplink)
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
		split := shipped(t, name).Splitter(Uplink)
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
		split := shipped(t, name).Splitter(Uplink)
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
		split := p.Splitter(Uplink)
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
		{"ML too large", "01"},
		{"ML above the largest frame", "0085"},
		{"ML below the header", "0019"},
		{"ML second byte not BCD", "002a"},
		{"PV not BCD", "00250f"},
		{"TE not 00", "00250101"},
		{"I not zero", "0025010001"},
		{"I not zero at its end", "00250100000001"},
		{"SD not BCD", "00250100000000123a"},
		{"CC not BCD", "00250100000000123456780102" + "0f"},
		{"C not a letter", "002501000000001234567801020330"},
		{"ML of another command", "00200100000000123456780102036d"},
		{"ML of another command, longer", "00260100000000123456780102036d"},
		{"TS not BCD", extended[:32] + "2a"},
		{"TS not BCD at its end", extended[:44] + "0f"},
		{"NUT not BCD", extended[:46] + "a0"},
	} {
		p := shipped(t, "extended")
		g := golden{hex: test.prefix}
		data := g.bytes(t)
		if _, v := p.probe(Uplink, data[:len(data)-1]); len(data) > 1 && v != begun {
			t.Errorf("%s: refused before its last byte", test.name)
		}
		if _, v := p.probe(Uplink, data); v != refused {
			t.Errorf("%s: %x is taken for the beginning of a frame", test.name, data)
		}
	}
}

func TestAnIncompleteFrameIsGivenUpAtTheEnd(t *testing.T) {
	p := shipped(t, "extended")
	split := p.Splitter(Uplink)
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
	// The quick and the general plan accept the same frames: every byte of each golden frame in every value.
	for _, g := range goldens {
		p, raw := shipped(t, g.profile), g.bytes(t)
		for i := range raw {
			changed := bytes.Clone(raw)
			for v := range 256 {
				changed[i] = byte(v)
				agree(t, p, g.direction, changed)
				agree(t, p, Any, changed)
			}
		}
	}
}

// agree checks that framing, the quick plan and the general plan say the same of one candidate.
func agree(t testing.TB, p *Profile, d Direction, data []byte) {
	if p.grammar != nil {
		agreeGrammar(t, p, d, data)
		return
	}
	t.Helper()
	n, v := p.probe(d, data)
	c := candidate{data: data, total: -1}
	general := refused
	if p.chooseAt >= 0 || c.choose(p, d) {
		general = c.take(p, d, p.ops[:p.headerOps])
	}
	if general == whole {
		general = c.take(p, d, c.layout.ops)
	}
	if v != general {
		t.Fatalf("%s %s %x: the quick plan says %v, the general plan %v", p.name, d, data, v, general)
	}
	var quick, slow Frame
	err := p.Decode(d, data, &quick)
	if fits := v == whole && n == len(data); fits != (err == nil) {
		t.Fatalf("%s %s %x: framing says %v, decode %v", p.name, d, data, v, err)
	}
	slow.reset(p, d)
	if fits := p.decodeGeneral(d, data, &slow) == nil; fits != (err == nil) {
		t.Fatalf("%s %s %x: decode says %v, the general plan differs", p.name, d, data, err)
	}
	if err != nil {
		return
	}
	for i := range quick.cells {
		if quick.cells[i] != slow.cells[i] || quick.layout != slow.layout || quick.roles != slow.roles {
			t.Fatalf("%s %s %x: the plans differ in cell %d", p.name, d, data, i)
		}
		if o := &p.ops[quick.cells[i].op]; o.numeric() && quick.nums[i] != slow.nums[i] {
			t.Fatalf("%s %s %x: %s is %d and %d", p.name, d, data, o.field.Key, quick.nums[i], slow.nums[i])
		}
	}
	if again, err := p.Append(nil, &quick); err != nil || !bytes.Equal(again, data) {
		t.Fatalf("%s %s %x: encoded again %x (%v)", p.name, d, data, again, err)
	}
}

func TestTheScannerOfTheStandardLibraryTakesTheSplitter(t *testing.T) {
	p := shipped(t, "compact")
	frame := golden{hex: "0013010000000012345678010273000041ac0000"}.bytes(t)
	stream := append([]byte("hello"), frame...)
	stream = append(stream, 0xff)
	stream = append(stream, frame...)
	scanner := bufio.NewScanner(bytes.NewReader(stream))
	scanner.Split(p.Splitter(Uplink))
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

func TestEscapesOfTwoBytesAreThoseOfAnySize(t *testing.T) {
	quick := shipped(t, "jt808").grammar.families[0].escape
	slow := *quick
	slow.after = nil
	if quick.after == nil {
		t.Fatal("no table")
	}
	random := rand.New(rand.NewPCG(5, 6))
	decoded := 0
	for range 20000 {
		b := make([]byte, random.IntN(12))
		for i := range b {
			b[i] = []byte{0x7d, 0x7d, 1, 2, 3, 0x55}[random.IntN(6)]
		}
		got, ok := quick.decode([]byte{9}, b)
		want, fits := slow.decode([]byte{9}, b)
		if ok != fits || ok && !bytes.Equal(got, want) {
			t.Fatalf("%x: %x (%v), expected %x (%v)", b, got, ok, want, fits)
		}
		if ok {
			decoded++
		}
	}
	if decoded < 1000 {
		t.Errorf("only %d of 20000 decoded", decoded)
	}
}
