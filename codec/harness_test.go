package codec_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

func shipped(t testing.TB, name string) *codec.Profile {
	t.Helper()
	p, err := codec.Shipped(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func profileFrom(t testing.TB, file string) *codec.Profile {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := codec.Compile(file, src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func directionOf(text string) codec.Direction {
	if text == "downlink" {
		return codec.Downlink
	}
	return codec.Uplink
}

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

// corpus is testdata/corpus/*.json: published frames of one protocol with what they say, frames to refuse or to wait
// on, and streams with the frames that must come out of them.
type corpus struct {
	Profile string
	Frames  []struct {
		ID, Direction, Hex, Source string
		Expect                     map[string]any
	}
	Refused []struct {
		ID, Hex, Reason, Source string
		Waits                   bool
	}
	Streams []struct {
		ID, Source     string
		Chunks, Frames []string
	}
}

func corpora(t testing.TB) (out []corpus) {
	files, _ := filepath.Glob("testdata/corpus/*.json")
	if len(files) == 0 {
		t.Fatal("no corpus")
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c corpus
		if err := json.Unmarshal(src, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, c)
	}
	return out
}

func decodeHex(t testing.TB, p *codec.Profile, d codec.Direction, text string) *codec.Frame {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	f := new(codec.Frame)
	if err := p.Decode(d, raw, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// compiled is a profile whose examples hold, whole and in pieces.
func compiled(t *testing.T, src string) *codec.Profile {
	t.Helper()
	p, err := codec.Compile("inline.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range check.Examples(p) {
		t.Error(err)
	}
	examplesInPieces(t, p, shownFrames(t, src))
	return p
}

// examplesInPieces feeds all examples of one direction as one stream, in halves cut at every byte and byte by byte.
func examplesInPieces(t *testing.T, p *codec.Profile, examples []shownFrame) {
	t.Helper()
	for _, d := range []codec.Direction{codec.Uplink, codec.Downlink, codec.Any} {
		var stream []byte
		var want [][]byte
		for _, e := range examples {
			var f codec.Frame
			if e.direction == d && p.Decode(d, e.frame, &f) == nil { // else it is a damaged one, with the reply to it
				stream, want = append(stream, e.frame...), append(want, e.frame)
			}
		}
		pieces := [][][]byte{slices.Collect(slices.Chunk(stream, 1)), slices.Collect(slices.Chunk(stream, 3))}
		for i := range stream {
			pieces = append(pieces, [][]byte{stream[:i], stream[i:]})
		}
		for _, cuts := range pieces {
			got, skipped, rest := cut(t, p.Splitter(d), cuts...)
			var last codec.Frame // which a silence ends
			if n, found := p.Next(d, rest, codec.Quiet, &last); found && n == len(last.Raw()) {
				got = append(got, last.Raw())
			}
			if skipped != 0 || !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("%s: cut into %d pieces of %d bytes and more, %d bytes are skipped and the frames are %x", p.Name(), len(cuts), len(cuts[0]), skipped, got)
				return
			}
		}
	}
}

// sumOf is the sum of all bytes.
func sumOf(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

// xorOf is the exclusive or of all bytes.
func xorOf(b []byte) (sum byte) {
	for _, c := range b {
		sum ^= c
	}
	return sum
}
