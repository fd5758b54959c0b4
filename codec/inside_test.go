package codec

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// What the tests of this package share with those of codec_test (harness_test.go).

func shipped(t testing.TB, name string) *Profile {
	t.Helper()
	p, err := Shipped(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func profileFrom(t testing.TB, file string) *Profile {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(file, src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func directionOf(text string) Direction {
	if text == "downlink" {
		return Downlink
	}
	return Uplink
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
