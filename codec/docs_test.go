package codec

import (
	"os"
	"strings"
	"testing"
)

// What docs/frame-language.md shows is true: whole profiles compile and their examples hold, lists of fields compile.
func TestTheReferenceShowsWhatCompiles(t *testing.T) {
	text, err := os.ReadFile("../docs/frame-language.md")
	if err != nil {
		t.Fatal(err)
	}
	profiles, lists := 0, 0
	parts := strings.Split(string(text), "\n```")
	for i, block := range parts {
		kind, body, _ := strings.Cut(block, "\n")
		switch {
		case i%2 == 0:
			continue
		case kind == "toml fields":
			lists++
			body = "name = \"list\"\n[frame]\nheader = []\n[[message]]\nname = \"list\"\nfields = [\n" + body + "\n]\n"
			if strings.Contains(body, `"rest"`) {
				body = strings.Replace(body, "header = []", "header = [{ key = \"L\", type = \"byte\" }]\nlength = { field = \"L\", counts = \"all\" }", 1)
			}
		case kind == "toml part":
			lists++
			body = "name = \"part\"\n[frame]\nlength = { field = \"L\", counts = \"all\" }\nheader = [{ key = \"L\", type = \"byte\" }]\ntrailer = [{ key = \"sum\", type = \"checksum\", algorithm = \"sum8\" }]\n[[message]]\nname = \"part\"\nfields = [\n" + body + "\n]\n"
		case kind == "toml":
			profiles++
		default:
			continue
		}
		p, err := Compile("frame-language.md", []byte(body))
		if err != nil {
			t.Errorf("%s\n%v", body, err)
			continue
		}
		if kind == "toml" && len(p.examples) == 0 {
			t.Errorf("profile %s shows no example", p.Name())
		}
		for _, err := range p.CheckExamples() {
			t.Errorf("%s: %v", p.Name(), err)
		}
	}
	if profiles < 2 || lists < 4 {
		t.Errorf("found %d profiles and %d lists of fields", profiles, lists)
	}
}

// What docs/frame-language.md says that check finds, it finds: there, and nothing else.
func TestTheReferenceShowsWhatCheckFinds(t *testing.T) {
	text, err := os.ReadFile("../docs/frame-language.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for i, block := range strings.Split(string(text), "\n```") {
		body, ok := strings.CutPrefix(block, "toml check\n")
		if i%2 == 0 || !ok {
			continue
		}
		p, err := Compile("check", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(body, "\n")
		proof := p.Prove()
		for i := range proof.Findings {
			f := &proof.Findings[i]
			_, want, said := strings.Cut(lines[f.Line-1], "# check: ")
			for back := 1; !said && back < 4; back++ { // the line of a message is that of its table
				_, want, said = strings.Cut(lines[f.Line-1+back], "# check: ")
			}
			if !said || !strings.Contains(f.String(), want) {
				t.Errorf("line %d: found %s, shown %q", f.Line, f, want)
			}
			shown++
		}
		if shown != strings.Count(body, "# check: ") {
			t.Errorf("%d findings for\n%s", shown, body)
		}
	}
	if shown == 0 {
		t.Error("nothing is shown")
	}
}

// The frames of docs/wire-protocol.md are frames.
func TestTheFramesOfTheProtocolDescriptionDecode(t *testing.T) {
	text, err := os.ReadFile("../docs/wire-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range strings.Split(string(text), "\n") {
		who, rest, ok := strings.Cut(line, "   ")
		words := strings.Fields(rest)
		if !ok || len(words) == 0 || !strings.Contains(who, "→") {
			continue
		}
		name, d := "extended", Uplink
		if len(words[0]) < 2*27 {
			name = "compact"
		}
		if strings.HasPrefix(who, "server") {
			d = Downlink
		}
		var f Frame
		if err := shipped(t, name).Decode(d, golden{hex: words[0]}.bytes(t), &f); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		n++
	}
	if n < 6 {
		t.Errorf("found %d frames", n)
	}
}
