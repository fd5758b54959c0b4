package tomlread

import (
	"strconv"
	"strings"
)

// Lines is the line of every key of a TOML text, by paths such as message[2].fields[0].size.  The TOML library tells
// lines only of syntax errors.  The text is known to be well formed: the scanner follows its structure, and stops on
// anything odd.
func Lines(src string) map[string]int {
	s := &scanner{src: src, line: 1, lines: map[string]int{}, arrays: map[string]int{}}
	table := ""
	for s.space(); s.i < len(s.src); s.space() {
		before := s.i
		if s.src[s.i] == '[' {
			table = s.header()
		} else {
			s.pair(table)
		}
		if s.i == before {
			break
		}
	}
	return s.lines
}

type scanner struct {
	src    string
	i      int
	line   int
	lines  map[string]int
	arrays map[string]int // tables seen so far of each [[array]]
}

func (s *scanner) mark(path string) {
	if _, ok := s.lines[path]; !ok {
		s.lines[path] = s.line
	}
}

// is tells whether the next byte is c.
func (s *scanner) is(c byte) bool { return s.i < len(s.src) && s.src[s.i] == c }

// skip passes bytes up to one of stop.
func (s *scanner) skip(stop string) string {
	start := s.i
	for s.i < len(s.src) && strings.IndexByte(stop, s.src[s.i]) < 0 {
		s.i++
	}
	return s.src[start:s.i]
}

// header reads [a.b] or [[a.b]] and returns the path of the table that it opens.
func (s *scanner) header() (path string) {
	double := strings.HasPrefix(s.src[s.i:], "[[")
	for s.is('[') {
		s.i++
	}
	names := s.key()
	for n, name := range names {
		path = Join(path, name)
		count, isArray := s.arrays[path]
		switch {
		case n == len(names)-1 && double:
			s.arrays[path] = count + 1
			s.mark(path)
			path += "[" + strconv.Itoa(count) + "]"
		case isArray:
			path += "[" + strconv.Itoa(count-1) + "]"
		}
		s.mark(path)
	}
	for s.is(']') {
		s.i++
	}
	return path
}

func (s *scanner) pair(table string) {
	path := table
	for _, name := range s.key() {
		path = Join(path, name)
		s.mark(path)
	}
	if s.is('=') {
		s.i++
		s.space()
		s.value(path)
	}
}

// key reads a dotted key and the blanks around its parts.
func (s *scanner) key() (names []string) {
	for {
		s.space()
		name := ""
		if start := s.i; s.is('"') || s.is('\'') {
			s.text()
			s.i = min(s.i, len(s.src))
			name = s.src[start+1 : max(start+1, s.i-1)]
			if plain, err := strconv.Unquote(s.src[start:s.i]); err == nil && s.src[start] == '"' {
				name = plain
			}
		} else {
			name = s.skip(" \t\r\n.=]")
		}
		names = append(names, name)
		if s.space(); !s.is('.') {
			return names
		}
		s.i++
	}
}

func (s *scanner) value(path string) {
	switch {
	case s.is('"'), s.is('\''):
		s.text()
	case s.is('['):
		n := 0
		s.list(']', func() {
			element := path + "[" + strconv.Itoa(n) + "]"
			n++
			s.mark(element)
			s.value(element)
		})
	case s.is('{'):
		s.list('}', func() { s.pair(path) })
	default:
		s.skip(",]}#\n")
	}
}

// list reads elements up to the closing bracket.
func (s *scanner) list(end byte, element func()) {
	s.i++
	for s.space(); s.i < len(s.src) && !s.is(end); s.space() {
		before := s.i
		if s.is(',') {
			s.i++
		} else {
			element()
		}
		if s.i == before {
			return
		}
	}
	s.i++
}

// text passes one string of any of the four kinds.
func (s *scanner) text() {
	quote := s.src[s.i : s.i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.src[s.i:], triple) {
		quote = triple
	}
	for s.i += len(quote); s.i < len(s.src); s.i++ {
		switch {
		case s.is('\\') && quote[0] == '"':
			s.i++
		case strings.HasPrefix(s.src[s.i:], quote):
			s.i += len(quote)
			for len(quote) == 3 && s.is(quote[0]) {
				s.i++
			}
			return
		}
		if s.is('\n') {
			s.line++
		}
	}
}

// space passes blanks, line ends and comments.
func (s *scanner) space() {
	for ; s.i < len(s.src); s.i++ {
		switch s.src[s.i] {
		case ' ', '\t', '\r':
		case '\n':
			s.line++
		case '#':
			s.skip("\n")
			s.i--
		default:
			return
		}
	}
}
