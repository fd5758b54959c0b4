package manual

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/describe"
)

var update = flag.Bool("update", false, "write the golden pages anew")

func pageOf(t *testing.T, p *codec.Profile) string {
	t.Helper()
	var out bytes.Buffer
	if err := Page(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func shipped(t *testing.T, name string) *codec.Profile {
	t.Helper()
	p, err := codec.Shipped(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The golden pages are of a flat profile and of one with a grammar; go test -update writes them.
func TestPagesAreThoseOfTheGoldenFiles(t *testing.T) {
	src, err := os.ReadFile("testdata/station.toml")
	if err != nil {
		t.Fatal(err)
	}
	station, err := codec.Compile("station.toml", src)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*codec.Profile{shipped(t, "compact"), station} {
		got, file := pageOf(t, p), filepath.Join("testdata", p.Name()+".md")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			at := 0
			for at < len(got) && at < len(want) && got[at] == want[at] {
				at++
			}
			t.Errorf("%s differs at byte %d (go test -update writes it anew)\ngot  %q\nwant %q", file, at, cutAt(got, at), cutAt(string(want), at))
		}
	}
}

func cutAt(s string, at int) string { return s[max(0, at-40):min(len(s), at+80)] }

var (
	linkPattern  = regexp.MustCompile(`\]\(#([^)]*)\)`)
	fencePattern = regexp.MustCompile("(?s)```.*?```")
)

func TestEveryProfileHasAPage(t *testing.T) {
	var all []*codec.Profile
	for _, name := range codec.ShippedNames() {
		all = append(all, shipped(t, name))
	}
	files, _ := filepath.Glob("../../../../codec/testdata/*.good.toml")
	if len(files) == 0 {
		t.Fatal("no definitions")
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := codec.Compile(file, src)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	for _, p := range all {
		page := pageOf(t, p)
		if page != pageOf(t, p) {
			t.Errorf("%s: the page differs from one time to the next", p.Name())
		}
		if strings.Contains(page, "%!") || strings.Contains(page, "<nil>") || strings.Contains(page, "map[") {
			t.Errorf("%s: what is no text stands in the page\n%s", p.Name(), page)
		}
		anchors := map[string]bool{}
		columns := 0
		for _, line := range strings.Split(fencePattern.ReplaceAllString(page, ""), "\n") {
			if heading, ok := strings.CutPrefix(line, "##"); ok {
				heading = strings.TrimSpace(strings.TrimLeft(heading, "#"))
				anchor := strings.ToLower(strings.NewReplacer(" ", "-", ".", "").Replace(heading))
				if anchors[anchor] {
					t.Errorf("%s: two headings %s", p.Name(), heading)
				}
				anchors[anchor] = true
			}
			if !strings.HasPrefix(line, "|") {
				columns = 0
				continue
			}
			n := strings.Count(line, "|") - strings.Count(line, `\|`)
			if columns > 0 && n != columns {
				t.Errorf("%s: %d columns in a table of %d: %s", p.Name(), n, columns, line)
			}
			columns = n
		}
		for _, m := range p.Messages() {
			if !strings.Contains(page, "### Message "+m.Name+"\n") {
				t.Errorf("%s: nothing about %s", p.Name(), m.Name)
			}
			for _, f := range m.Fields {
				if f.Key != "" && !strings.Contains(page, f.Key) {
					t.Errorf("%s %s: nothing about %s", p.Name(), m.Name, f.Key)
				}
			}
		}
		for _, link := range linkPattern.FindAllStringSubmatch(page, -1) {
			if !anchors[strings.ToLower(link[1])] {
				t.Errorf("%s: %s leads nowhere", p.Name(), link[1])
			}
		}
		if strings.Contains(page, "\nrefused, ") {
			t.Errorf("%s: an example is refused", p.Name())
		}
	}
}

func TestAPageSaysWhatStandsBehindTheMark(t *testing.T) {
	for file, want := range map[string]string{
		"field-df1-crc.good.toml": "`etx` is the last byte of that mark; behind it, as they are: `crc`.",
		"field-3964r.good.toml":   "`bcc` is a checksum: xor8 over all bytes before it, as they stand on the wire.",
		"closing.good.toml":       "`mark` is that mark; behind it, in sequences too: `crc`, `number`.",
	} {
		src, err := os.ReadFile(filepath.Join("../../../../codec/testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		p, err := codec.Compile(file, src)
		if err != nil {
			t.Fatal(err)
		}
		if got := pageOf(t, p); !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in\n%s", file, want, got)
		}
	}
}

// A stretch that begins with the body does not begin behind it.
func TestAPageSaysWhereAChecksumOfTheBodyBegins(t *testing.T) {
	for over, want := range map[string]string{
		"from body":         "the bytes from the beginning of the body up to itself",
		"from body to body": "the bytes from the beginning of the body to the end of the body",
		"after body":        "the bytes after the end of the body up to itself",
		"from kind to end":  "the bytes from `kind` to the end of the frame",
		"all":               "all bytes before it",
	} {
		if got := covered(&describe.SumCheck{Over: over}); got != want {
			t.Errorf("%s is %q, want %q", over, got, want)
		}
	}
}
