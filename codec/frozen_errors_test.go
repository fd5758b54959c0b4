package codec_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/codec"
)

// Every problem of every bad definition of testdata, in full.
func TestProblemsOfBadDefinitionsAreFrozen(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no definitions", err)
	}
	var out strings.Builder
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = codec.Compile(filepath.Base(file), src)
		var bad *codec.DefinitionError
		if !errors.As(err, &bad) || len(bad.Problems) == 0 {
			t.Errorf("%s: %v", file, err)
			continue
		}
		fmt.Fprintln(&out, err)
	}
	frozen(t, "bad", out.String())
}

// The words with which beginnings of a frame and damaged frames are refused: the longest example of a profile that is
// not too long, cut behind every byte, and with each byte inverted, and what framing makes of them.
func TestErrorsOfRefusedFramesAreFrozen(t *testing.T) {
	var out strings.Builder
	shipped := definitions(t, "profiles/*.toml")
	for i, d := range append(shipped, definitions(t, "testdata/*.good.toml")...) {
		limit := 80
		if i >= len(shipped) {
			limit = 32
		}
		e, ok := longest(d.examples, limit)
		if !ok {
			continue
		}
		fmt.Fprintf(&out, "== %s %s %x\n", d.name, e.direction, e.frame)
		lines := runs{out: &out}
		for n := range e.frame {
			lines.add("cut", n, refusal(d.p, e.direction, e.frame[:n]))
		}
		lines.end()
		for i := range e.frame {
			damaged := append([]byte(nil), e.frame...)
			damaged[i] ^= 0xff
			lines.add("damaged", i, refusal(d.p, e.direction, damaged))
		}
		lines.end()
	}
	frozen(t, "refused", out.String())
}

// refusal is what framing and decoding say of bytes.
func refusal(p *codec.Profile, d codec.Direction, b []byte) string {
	advance, token, _ := p.Splitter(d)(b, false)
	framing := "waits"
	switch {
	case token != nil:
		framing = fmt.Sprintf("frame of %d behind %d", len(token), advance-len(token))
	case advance > 0:
		framing = fmt.Sprintf("skips %d", advance)
	}
	var f codec.Frame
	if err := p.Decode(d, b, &f); err != nil {
		return framing + "; " + strings.TrimPrefix(err.Error(), p.Name())
	}
	return framing + "; decoded"
}

// longest is the longest of the examples that is not too long.
func longest(all []shownFrame, limit int) (out shownFrame, ok bool) {
	for _, e := range all {
		if len(e.frame) > len(out.frame) && len(e.frame) <= limit {
			out, ok = e, true
		}
	}
	return out, ok
}

// runs writes lines, equal ones as one with the first and last number.
type runs struct {
	out         *strings.Builder
	what, text  string
	first, last int
	begun       bool
}

func (r *runs) add(what string, n int, text string) {
	if r.begun && r.text == text {
		r.last = n
		return
	}
	r.end()
	r.what, r.text, r.first, r.last, r.begun = what, text, n, n, true
}

func (r *runs) end() {
	if r.begun {
		fmt.Fprintf(r.out, "%s %d-%d: %s\n", r.what, r.first, r.last, r.text)
	}
	r.begun = false
}
