package tomlread

import (
	"fmt"
	"strings"
)

// Limits of a text, checked before the TOML library reads it: what it costs grows faster than depth and length of keys.
const (
	maxBytes    = 1 << 20
	maxNesting  = 64 // arrays and inline tables, each inside another one
	maxKeyParts = 64 // of a.b.c
	maxKeyBytes = 1 << 10
	maxProblems = 100
)

// bounded is the problem of a text that has more than most bytes, nests too deep or has a key that
// is too long; nil when it is none.
// Anything else that is wrong is left to the parser.
func bounded(src string, most int) *Problem {
	if len(src) > most {
		return &Problem{Line: 1, Found: fmt.Sprintf("a text of %d bytes", len(src)), Expected: fmt.Sprintf("at most %d", most)}
	}
	line, depth, parts, start := 1, 0, 1, 0
	tooMuch := func(found string, most int) *Problem {
		return &Problem{Line: line, Found: found, Expected: fmt.Sprintf("at most %d", most)}
	}
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case '\n':
			line, parts, start = line+1, 1, i+1
		case '#':
			i += restOfLine(src[i:]) - 1
		case '"', '\'':
			n := quoted(src[i:])
			line += strings.Count(src[i:i+n], "\n")
			i += n - 1
		case '[', '{':
			if depth++; depth > maxNesting {
				return tooMuch(fmt.Sprintf("%d arrays and tables inside each other", depth), maxNesting)
			}
			parts, start = 1, i+1
		case ']', '}':
			depth = max(depth-1, 0)
		case '=', ',':
			parts, start = 1, i+1
		case '.':
			if parts++; parts > maxKeyParts {
				return tooMuch(fmt.Sprintf("a key of %d parts or more", parts), maxKeyParts)
			}
		}
		if i-start > maxKeyBytes && parts > 1 {
			return tooMuch(fmt.Sprintf("a key of %d bytes or more", i-start), maxKeyBytes)
		}
	}
	return nil
}

// restOfLine is how many bytes stand before the next line.
func restOfLine(src string) int {
	if n := strings.IndexByte(src, '\n'); n >= 0 {
		return n
	}
	return len(src)
}

// quoted is the size of the string that src begins with.
func quoted(src string) int {
	quote := src[:1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(src, long) {
		for i := 3; i < len(src); i++ {
			if src[i] == '\\' && quote == `"` {
				i++
			} else if strings.HasPrefix(src[i:], long) {
				return i + 3
			}
		}
		return len(src)
	}
	for i := 1; i < len(src) && src[i] != '\n'; i++ {
		switch {
		case src[i] == '\\' && quote == `"`:
			i++
		case src[i] == quote[0]:
			return i + 1
		}
	}
	return max(restOfLine(src), 1)
}
