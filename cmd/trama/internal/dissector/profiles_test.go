package dissector

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"trama/codec"
	"trama/codec/check"
)

const codecDir = "../../../../codec"

// profile with its frames that are known to be good.
type profile struct {
	*codec.Profile
	source []byte
}

// sample is one frame.
type sample struct {
	id        string
	direction codec.Direction
	raw       []byte
}

// shippedProfiles are those that the program brings along.
func shippedProfiles(t *testing.T) (out []profile) {
	t.Helper()
	for _, name := range codec.ShippedNames() {
		p, err := codec.Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		src, _ := codec.ShippedSource(name)
		out = append(out, profile{p, src})
	}
	return out
}

// otherProfiles are definitions of tests, which use what no shipped profile does.
func otherProfiles(t *testing.T) (out []profile) {
	t.Helper()
	for _, pattern := range []string{filepath.Join(codecDir, "testdata/*.good.toml")} {
		files, _ := filepath.Glob(pattern)
		if len(files) == 0 {
			t.Fatalf("no %s", pattern)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, compiled(t, file, string(src)))
		}
	}
	return out
}

func compiled(t *testing.T, file, text string) profile {
	t.Helper()
	p, err := codec.Compile(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return profile{p, []byte(text)}
}

// published frames of a protocol, the examples of its definition and their replies.
func (p profile) published(t *testing.T) (out []sample) {
	t.Helper()
	add := func(id, direction, text string) {
		raw := unhex(t, text)
		for d, word := range map[codec.Direction]string{codec.Uplink: "uplink", codec.Downlink: "downlink"} {
			var f codec.Frame
			if direction == word || direction == "" && len(raw) > 0 && p.Decode(d, raw, &f) == nil {
				out = append(out, sample{id, d, raw})
			}
		}
	}
	for _, f := range p.corpus(t).Frames {
		if f.Direction != "downlink" {
			f.Direction = "uplink"
		}
		add(f.ID, f.Direction, f.Hex)
	}
	var definition struct {
		Example []struct{ Direction, Hex, Reply string }
	}
	if err := toml.Unmarshal(p.source, &definition); err != nil {
		t.Fatal(err)
	}
	for i, e := range definition.Example {
		if e.Direction == "any" {
			e.Direction = ""
		}
		add(fmt.Sprintf("example %d", i+1), e.Direction, e.Hex)
		add(fmt.Sprintf("reply %d", i+1), "", e.Reply)
	}
	return out
}

// made are frames of every message and branch of the definition.
func (p profile) made() (out []sample) {
	for _, d := range []codec.Direction{codec.Uplink, codec.Downlink} {
		check.SampleFrames(p.Profile, d, func(message, branch string, frame []byte) bool {
			out = append(out, sample{message + " " + branch, d, frame})
			return true
		})
	}
	return out
}

type corpus struct {
	Frames  []struct{ ID, Direction, Hex string }
	Refused []struct{ ID, Hex, Reason string }
	Streams []struct {
		ID             string
		Chunks, Frames []string
	}
}

func (p profile) corpus(t *testing.T) (c corpus) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(codecDir, "testdata/corpus", p.Name()+".json"))
	if err != nil {
		return c // the native profiles and those of tests have none
	}
	if err := json.Unmarshal(src, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
