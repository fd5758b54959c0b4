package tomlread

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a text.
type Problem struct {
	File     string
	Line     int    // 1 for the first line; 0 when no line can be named
	Key      string // path of the key, such as message[2].fields[0].size
	Found    string // what the text has
	Expected string // what it may have; empty: Found says it all
	Nearest  string // the known word most like what was found; may be empty
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	if p.Expected == "" {
		b.WriteString(p.Found)
	} else {
		b.WriteString("found " + p.Found + ", expected " + p.Expected)
	}
	if p.Nearest != "" {
		fmt.Fprintf(&b, "; did you mean %q?", p.Nearest)
	}
	return b.String()
}

// Text holds all problems, one on a line.
func Text(problems []Problem) string {
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
