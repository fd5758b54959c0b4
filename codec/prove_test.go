package codec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestShippedProfilesAreProvenWithoutAnyDoubt(t *testing.T) {
	for _, name := range ShippedNames() {
		p := shipped(t, name)
		proof := p.Prove()
		for i := range proof.Findings {
			if f := &proof.Findings[i]; f.Severity > SeverityNote {
				t.Error(f)
			}
		}
		if proof.Messages != len(p.messages) || proof.Frames < proof.Messages {
			t.Errorf("%s: %d messages, %d frames", name, proof.Messages, proof.Frames)
		}
		if proof.Steps > totalSteps/4 {
			t.Errorf("%s: %d steps", name, proof.Steps)
		}
		t.Logf("%s: %d messages, %d of %d branches shown by %d frames, %d replies, %d steps, %d notes", name, proof.Messages,
			proof.Shown, proof.Branches, proof.Frames, proof.Replies, proof.Steps, proof.Count(SeverityNote))
	}
}

// Each testdata/*.warn.toml compiles, and says in its last lines what Prove must find:
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
		proof := p.Prove()
		for i := range max(len(want), len(proof.Findings)) {
			got, expected := "nothing", "nothing"
			if i < len(proof.Findings) {
				got = proof.Findings[i].String()
			}
			if i < len(want) {
				expected = want[i]
			}
			if !strings.HasPrefix(got, name+":"+expected) {
				t.Errorf("\ngot  %s\nwant %s:%s", got, name, expected)
			}
		}
		for i := range proof.Findings {
			f := &proof.Findings[i]
			if f.Witness == nil {
				continue
			}
			var frame Frame
			if err := p.Decode(f.Direction, f.Witness, &frame); err != nil {
				t.Errorf("%s: the witness of %s is no frame: %v", name, f.Rule, err)
			}
		}
	}
}

func TestNearMissesAreProvenWithoutAnyDoubt(t *testing.T) {
	files, _ := filepath.Glob("testdata/prove-*.good.toml")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		p, _ := compileFile(t, file)
		proof := p.Prove()
		for i := range proof.Findings {
			if f := &proof.Findings[i]; f.Severity > SeverityNote {
				t.Error(f)
			}
		}
		if proof.Shown != proof.Branches {
			t.Errorf("%s: %d of %d branches", file, proof.Shown, proof.Branches)
		}
	}
}

func compileFile(t *testing.T, file string) (*Profile, string) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(filepath.Base(file), src)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", file, err))
	}
	return p, string(src)
}
