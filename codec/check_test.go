package codec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

func TestShippedProfilesAreCheckedWithoutAnyDoubt(t *testing.T) {
	for _, name := range codec.ShippedNames() {
		p := shipped(t, name)
		report := check.Profile(p)
		for i := range report.Findings {
			if f := &report.Findings[i]; f.Severity > codec.SeverityNote {
				t.Error(f)
			}
		}
		if report.Messages != len(p.Messages()) || report.Frames < report.Messages {
			t.Errorf("%s: %d messages, %d frames", name, report.Messages, report.Frames)
		}
		t.Logf("%s: %d messages, %d of %d branches tried by %d frames, %d replies, %d notes", name, report.Messages,
			report.Tried, report.Branches, report.Frames, report.Replies, report.Count(codec.SeverityNote))
	}
}

// Each testdata/*.warn.toml compiles, and says in its last lines what CheckProfile must find:
// "# finding: LINE: SEVERITY: KEY: text", one such line for each finding and no other finding.
func TestFindingsHavePlaceReasonAndWitness(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.warn.toml")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		name := filepath.Base(file)
		p, src := compileFile(t, file)
		var want []string
		for _, line := range strings.Split(src, "\n") {
			if text, ok := strings.CutPrefix(line, "# finding: "); ok {
				want = append(want, text)
			}
		}
		report := check.Profile(p)
		for i := range max(len(want), len(report.Findings)) {
			got, expected := "nothing", "nothing"
			if i < len(report.Findings) {
				got = report.Findings[i].String()
			}
			if i < len(want) {
				expected = want[i]
			}
			if !strings.HasPrefix(got, name+":"+expected) {
				t.Errorf("\ngot  %s\nwant %s:%s", got, name, expected)
			}
		}
		for i := range report.Findings {
			f := &report.Findings[i]
			if f.Witness == nil {
				continue
			}
			var frame codec.Frame
			if err := p.Decode(f.Direction, f.Witness, &frame); err != nil {
				t.Errorf("%s: the witness of %s is no frame: %v", name, f.Rule, err)
			}
		}
	}
}

func TestNearMissesAreCheckedWithoutAnyDoubt(t *testing.T) {
	files, _ := filepath.Glob("testdata/check-*.good.toml")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		p, _ := compileFile(t, file)
		report := check.Profile(p)
		for i := range report.Findings {
			if f := &report.Findings[i]; f.Severity > codec.SeverityNote {
				t.Error(f)
			} else if f.Rule == "untried" {
				t.Log(f)
			}
		}
	}
}

func compileFile(t *testing.T, file string) (*codec.Profile, string) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := codec.Compile(filepath.Base(file), src)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", file, err))
	}
	return p, string(src)
}
