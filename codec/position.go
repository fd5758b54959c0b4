package codec

import (
	"strconv"
	"strings"
)

// positions finds the line of every key of a TOML document.  The TOML library reports lines only of syntax
// errors; problems of meaning need them too.  The document is known to be well formed when this runs, so the
// scanner only has to follow the structure; on anything odd it stops, and lines after that are unknown.
//
// Paths look like message[2].fields[0].size: array elements carry their index.
func positions(src string) map[string]int {
	s := &positionScanner{src: src, line: 1, lines: map[string]int{}, arrays: map[string]int{}}
	s.document()
	return s.lines
}

type positionScanner struct {
	src    string
	i      int
	line   int
	lines  map[string]int
	arrays map[string]int // tables seen so far of each [[array]]
}

func (s *positionScanner) mark(path string) {
	if _, ok := s.lines[path]; !ok {
		s.lines[path] = s.line
	}
}

func (s *positionScanner) document() {
	table := ""
	for s.space(); s.i < len(s.src); s.space() {
		before := s.i
		if s.src[s.i] == '[' {
			table = s.header()
		} else {
			s.pair(table)
		}
		if s.i == before {
			return
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the path of the table it opens.
func (s *positionScanner) header() string {
	double := strings.HasPrefix(s.src[s.i:], "[[")
	s.i++
	if double {
		s.i++
	}
	path := ""
	names := s.key()
	for n, name := range names {
		path = join(path, name)
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
	for s.i < len(s.src) && s.src[s.i] == ']' {
		s.i++
	}
	return path
}

func (s *positionScanner) pair(table string) {
	path := table
	for _, name := range s.key() {
		path = join(path, name)
		s.mark(path)
	}
	if s.i < len(s.src) && s.src[s.i] == '=' {
		s.i++
		s.space()
		s.value(path)
	}
}

// key reads a dotted key and the blanks around its parts.
func (s *positionScanner) key() []string {
	var names []string
	for {
		s.space()
		if s.i >= len(s.src) {
			return names
		}
		if c := s.src[s.i]; c == '"' || c == '\'' {
			start := s.i
			s.text()
			name := s.src[start+1 : max(start+1, s.i-1)]
			if c == '"' {
				if plain, err := strconv.Unquote(s.src[start:s.i]); err == nil {
					name = plain
				}
			}
			names = append(names, name)
		} else {
			start := s.i
			for s.i < len(s.src) && !strings.ContainsRune(" \t\r\n.=]", rune(s.src[s.i])) {
				s.i++
			}
			names = append(names, s.src[start:s.i])
		}
		s.space()
		if s.i >= len(s.src) || s.src[s.i] != '.' {
			return names
		}
		s.i++
	}
}

func (s *positionScanner) value(path string) {
	if s.i >= len(s.src) {
		return
	}
	switch s.src[s.i] {
	case '"', '\'':
		s.text()
	case '[':
		s.i++
		for n := 0; ; {
			s.space()
			if s.i >= len(s.src) {
				return
			}
			switch s.src[s.i] {
			case ']':
				s.i++
				return
			case ',':
				s.i++
			default:
				before := s.i
				element := path + "[" + strconv.Itoa(n) + "]"
				s.mark(element)
				s.value(element)
				n++
				if s.i == before {
					return
				}
			}
		}
	case '{':
		s.i++
		for {
			s.space()
			if s.i >= len(s.src) {
				return
			}
			switch s.src[s.i] {
			case '}':
				s.i++
				return
			case ',':
				s.i++
			default:
				before := s.i
				s.pair(path)
				if s.i == before {
					return
				}
			}
		}
	default:
		for s.i < len(s.src) && !strings.ContainsRune(",]}#\n", rune(s.src[s.i])) {
			s.i++
		}
	}
}

// text skips one string of any of the four kinds.
func (s *positionScanner) text() {
	quote := s.src[s.i : s.i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.src[s.i:], triple) {
		quote = triple
	}
	s.i += len(quote)
	for s.i < len(s.src) {
		switch {
		case s.src[s.i] == '\\' && quote[0] == '"':
			s.i++
		case strings.HasPrefix(s.src[s.i:], quote):
			s.i += len(quote)
			for len(quote) == 3 && s.i < len(s.src) && s.src[s.i] == quote[0] {
				s.i++
			}
			return
		}
		if s.i < len(s.src) && s.src[s.i] == '\n' {
			s.line++
		}
		s.i++
	}
}

// space skips blanks, line ends and comments.
func (s *positionScanner) space() {
	for s.i < len(s.src) {
		switch s.src[s.i] {
		case ' ', '\t', '\r':
		case '\n':
			s.line++
		case '#':
			for s.i < len(s.src) && s.src[s.i] != '\n' {
				s.i++
			}
			continue
		default:
			return
		}
		s.i++
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
