package codec_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"trama/codec"
)

var update = flag.Bool("update", false, "write testdata/golden instead of comparing with it")

// TestMain makes the zone "local" of definitions the same on every machine.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// frozen compares got with testdata/golden/name.txt, line by line.
func frozen(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, lines := strings.Split(string(src), "\n"), strings.Split(got, "\n")
	section, different := "", 0
	for i := range max(len(want), len(lines)) {
		var a, b string
		if i < len(want) {
			a = want[i]
		}
		if i < len(lines) {
			b = lines[i]
		}
		if strings.HasPrefix(a, "== ") {
			section = a[3:]
		}
		if a == b {
			continue
		}
		if different++; different <= 10 {
			t.Errorf("%s:%d: %s\nwant %s\ngot  %s", file, i+1, section, a, b)
		}
	}
	if different > 10 {
		t.Errorf("%s: %d lines differ; if that is meant: go test ./codec -run %s -update", file, different, t.Name())
	}
}

// definition is a profile with the examples that its file shows.
type definition struct {
	name     string
	p        *codec.Profile
	examples []shownFrame
}

// shownFrame is one [[example]] of a definition.
type shownFrame struct {
	direction      codec.Direction
	frame, request []byte
	now            time.Time
}

// definitions are all shipped profiles, or all good definitions of testdata.
func definitions(t testing.TB, pattern string) (out []definition) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no definitions", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := codec.Compile(filepath.Base(file), src)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		out = append(out, definition{name, p, shownFrames(t, string(src))})
	}
	return out
}

// shownFrames reads the [[example]] tables of a definition.
func shownFrames(t testing.TB, src string) (out []shownFrame) {
	t.Helper()
	var read struct {
		Example []struct{ Direction, Hex, Request, Now string }
	}
	if _, err := toml.Decode(src, &read); err != nil {
		t.Fatal(err)
	}
	for _, e := range read.Example {
		shown := shownFrame{frame: unhex(t, e.Hex), request: unhex(t, e.Request)}
		switch e.Direction {
		case "uplink":
			shown.direction = codec.Uplink
		case "downlink":
			shown.direction = codec.Downlink
		}
		if e.Now != "" {
			now, err := time.Parse("2006-01-02T15:04:05Z07:00", e.Now)
			if err != nil {
				now, err = time.Parse("2006-01-02T15:04:05", e.Now)
			}
			if err != nil {
				t.Fatal(err)
			}
			shown.now = now
		}
		out = append(out, shown)
	}
	return out
}
