package terminal_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"trama/cmd/trama/internal/terminal"
)

// hostile is every character that does something instead of being seen, and bytes that are no UTF-8.
func hostile() string {
	var out strings.Builder
	for r := rune(0); r < 0xffff; r++ {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			out.WriteRune(r)
		}
	}
	return out.String() + "\xff\xc3\x9b\xed\xa0\x80\x9b2J\xc3"
}

func TestNothingThatIsObeyedIsLeft(t *testing.T) {
	for _, s := range []string{hostile(), "a\x1b[2Jb", "x\u202ey", "1\n2"} {
		got := terminal.Text(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool {
			return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
		}) {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
	for s, want := range map[string]string{
		"": "", "plain °C é 漢字 \u200c": "plain °C é 漢字 \u200c", "a\x1b[2J": `a\x1b[2J`, "a\nb\tc\rd": `a\nb\tc\rd`, "\x00\x7f": `\x00\x7f`, "\u009b": `\u009b`,
		"\u202eevil": `\u202eevil`, "\xff": `\xff`, "\u2028": `\u2028`, "a\\n": "a\\n",
	} {
		if got := terminal.Text(s); got != want {
			t.Errorf("%q is shown as %q, want %q", s, got, want)
		}
	}
	if got := terminal.Lines("a\nb\x1b"); got != "a\nb\\x1b" {
		t.Errorf("lines are shown as %q", got)
	}
}

func TestJSONMeansTheSame(t *testing.T) {
	in := map[string]string{"a\u202e": "x\u009b\u007f\u2066é\x1b\n"}
	text, err := json.MarshalIndent(in, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	for cut := range text {
		var out bytes.Buffer
		w := terminal.Writer(&out)
		for _, part := range [][]byte{text[:cut], text[cut:]} {
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if bytes.ContainsFunc(out.Bytes(), func(r rune) bool {
			return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
		}) {
			t.Fatalf("cut at %d: %q", cut, out.String())
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["a\u202e"] != in["a\u202e"] {
			t.Fatalf("cut at %d: %v, %v", cut, back, err)
		}
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	got := terminal.Cells([]string{"=1+1", "+a", "-5", "-5.5e3", "@x", "\t=1", "a=1", "", "-", "+Inf", "a\nb"})
	want := []string{"'=1+1", "'+a", "-5", "-5.5e3", "'@x", `\t=1`, "a=1", "", "-", "+Inf", `a\nb`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
