package codec_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

// fence is a block of code in a document.
type fence struct {
	file, kind, body string
	line             int
}

func fences(t *testing.T, file string) (out []fence) {
	t.Helper()
	text, err := os.ReadFile("../docs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	line := 1
	for i, block := range strings.Split(string(text), "```") {
		if kind, body, ok := strings.Cut(block, "\n"); i%2 == 1 && ok {
			out = append(out, fence{file, kind, body, line})
		}
		line += strings.Count(block, "\n")
	}
	return out
}

// wireOf reads the left side of an example of a part: bytes in hexadecimal, characters in quotes.
func wireOf(text string) (out []byte, err error) {
	for i, piece := range strings.Split(text, `"`) {
		if i%2 == 1 {
			out = append(out, strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(piece)...)
			continue
		}
		b, err := hex.DecodeString(strings.Join(strings.Fields(piece), ""))
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// definition is the profile that a fence shows, or one around the fields that it shows.  Each line "# BYTES → VALUES"
// among fields becomes an example.
func (f *fence) definition(t *testing.T) string {
	if f.kind == "toml" {
		return f.body
	}
	var examples strings.Builder
	for _, line := range strings.Split(f.body, "\n") {
		wire, expect, ok := strings.Cut(strings.TrimPrefix(line, "# "), " → ")
		if !strings.HasPrefix(line, "# ") || !ok {
			continue
		}
		body, err := wireOf(wire)
		if err != nil {
			t.Errorf("%s:%d: %s: %v", f.file, f.line, line, err)
		}
		frame := append([]byte{byte(len(body) + 2)}, body...)
		frame = append(frame, sumOf(frame))
		expect, samples, named := strings.Cut(expect, " → ")
		if fmt.Fprintf(&examples, "[[example]]\nhex = \"%x\"\nexpect = %s\n", frame, expect); named {
			fmt.Fprintf(&examples, "samples = %s\n", samples)
		}
	}
	return `name = "part"
[frame]
length  = { field = "L", counts = "all" }
header  = [{ key = "L", type = "byte" }]
trailer = [{ key = "sum8", type = "checksum", algorithm = "sum8" }]
[[message]]
name   = "part"
fields = [
` + f.body + "\n]\n" + examples.String()
}

// What the documents show is true: whole profiles compile, their examples hold, whole and in pieces; lists of fields
// compile, and the frames that stand with them hold too.
func TestTheReferenceShowsWhatCompiles(t *testing.T) {
	for _, file := range []string{"frame-language.md", "tutorial.md"} {
		profiles, lists, shown := 0, 0, 0
		for _, f := range fences(t, file) {
			switch f.kind {
			case "toml fields":
				lists++
			case "toml":
				profiles++
			default:
				continue
			}
			src := f.definition(t)
			p, err := codec.Compile(file, []byte(src))
			if err != nil {
				t.Errorf("%s:%d: %v", file, f.line, err)
				continue
			}
			examples := shownFrames(t, src)
			if len(examples) == 0 {
				t.Errorf("%s:%d: no frame is shown with it", file, f.line)
			}
			for _, err := range check.Examples(p) {
				t.Errorf("%s:%d: %v", file, f.line, err)
			}
			examplesInPieces(t, p, examples)
			shown += len(examples)
		}
		if profiles < 4 || file == "frame-language.md" && (lists < 17 || shown < 30) {
			t.Errorf("%s: %d profiles, %d lists of fields, %d frames", file, profiles, lists, shown)
		}
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
		p, err := codec.Compile("check", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(body, "\n")
		proof := check.Profile(p)
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
		name, d := "extended", codec.Uplink
		if len(words[0]) < 2*27 {
			name = "compact"
		}
		if strings.HasPrefix(who, "server") {
			d = codec.Downlink
		}
		var f codec.Frame
		if err := shipped(t, name).Decode(d, golden{hex: words[0]}.bytes(t), &f); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		n++
	}
	if n < 6 {
		t.Errorf("found %d frames", n)
	}
}
