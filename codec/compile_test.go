package codec_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

// Each testdata/*.bad.toml breaks one rule and says in its last lines what must be reported:
// "# expect: LINE KEY: text", one such line for each problem and no other problem.
func TestBadDefinitionsAreRefusedWithPlaceAndReason(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, line := range strings.Split(string(src), "\n") {
			if text, ok := strings.CutPrefix(line, "# expect: "); ok {
				want = append(want, text)
			}
		}
		name := filepath.Base(file)
		p, err := codec.Compile(name, src)
		var bad *codec.DefinitionError
		if p != nil || !errors.As(err, &bad) {
			t.Errorf("%s: compiled (%v)", name, err)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(want) || len(lines) != len(bad.Problems) {
			t.Errorf("%s: %d problems, want %d:\n%v", name, len(lines), len(want), err)
			continue
		}
		for i, line := range lines {
			number, text, _ := strings.Cut(want[i], " ")
			if !strings.HasPrefix(line, name+":"+number+": ") || !strings.Contains(line, text) {
				t.Errorf("%s\ngot  %s\nwant %s:%s: %s", name, line, name, number, text)
			}
		}
	}
}

func TestProblemsOfAnIncludedPartAreNamedThere(t *testing.T) {
	part := `
[layout.place]
fields = [
  { key = "x", type = "uint16", when = "mod = 1" },
  { key = "y",
    type = "uint61" },
]

[[message]]
name   = "one"
fields = [{ use = "plase" }]
sise   = 3
`
	_, err := codec.CompileWith("mine.toml", []byte(`
name    = "mine"
include = ["places"]
[frame]
header = [
  { key = "mode", type = "byte" },
]
[[message]]
name   = "two"
fields = [
  { use = "place" },
]
`), func(string) ([]byte, error) { return []byte(part), nil })
	want := []string{
		`places.toml:4: layout.place.fields[0].when: found "mod = 1" (no field "mod" before this one; did you mean "mode"?)`,
		`places.toml:6: layout.place.fields[1].type: found "uint61", expected one of`,
		`places.toml:11: message[0].fields[0].use: found "plase", expected the name of a [layout]; did you mean "place"?`,
		`places.toml:12: message[0].sise: found unknown key "sise", expected one of`,
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d problems:\n%v", len(lines), err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("got  %s\nwant %s", lines[i], want[i])
		}
	}
}

func TestGoodDefinitionsCompileAndTheirExamplesHold(t *testing.T) {
	files, err := filepath.Glob("testdata/*.good.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	profiles, _ := filepath.Glob("profiles/*.toml")
	for _, file := range append(files, profiles...) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := codec.Compile(filepath.Base(file), src)
		if err != nil {
			t.Errorf("%s:\n%v", file, err)
			continue
		}
		for _, err := range check.Examples(p) {
			t.Error(err)
		}
		examplesInPieces(t, p, shownFrames(t, string(src)))
	}
}

func TestExamplesThatDoNotHoldAreNamed(t *testing.T) {
	src, _ := codec.ShippedSource("compact")
	p, err := codec.Compile("mine.toml", append(src, []byte(`
[[example]]
direction = "uplink"
hex       = "0013010000000012345678010273000041ac0000"
expect    = { MS = 21, SD = "12345678", RN = 1 }
reply     = "00"

[[example]]
hex = "0013010000000012345678010273000041ac000000"
`)...))
	if err != nil {
		t.Fatal(err)
	}
	errs := check.Examples(p)
	want := []string{
		"MS: found 21.5, expected 21",
		"RN: no such field in message measurement",
		"the reply is 000801000000001234567801027300, expected 00",
		"ML at byte 0: length does not fit: says 13, found 14",
	}
	if len(errs) != len(want) {
		t.Fatalf("%d errors: %v", len(errs), errs)
	}
	for i, err := range errs {
		if !strings.HasPrefix(err.Error(), "mine.toml:") || !strings.Contains(err.Error(), want[i]) {
			t.Errorf("got  %v\nwant %s", err, want[i])
		}
	}
}

func TestShippedProfilesAreFoundByName(t *testing.T) {
	for _, name := range codec.ShippedNames() {
		p := shipped(t, name)
		if p.Name() != name || p.Title() == "" {
			t.Errorf("%s is called %s (%s)", name, p.Name(), p.Title())
		}
		if again := shipped(t, name); again != p {
			t.Errorf("%s is compiled twice", name)
		}
	}
	for name, text := range map[string]string{"extendet": `did you mean "extended"?`, "zzz": "known are", "../x": "known are"} {
		if _, err := codec.Shipped(name); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
