package tomlread

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"trama/internal/words"
)

// Words are the phrases in which the messages about two kinds of texts differ.
type Words struct {
	String    string                  // what a text is called: "a string"
	Value     func(v any) string      // what a value is, in words
	Unknown   func(key string) string // what an unknown key is called
	Foreign   map[string]string       // words that other languages have for ours; may be nil
	MostBytes int                     // size of a text; 0 stands for 1 MiB
	Top       int                     // line of a problem that belongs to no key: 0 for none, or 1
}

// Source is a text while it is read: its lines and the problems found so far.
type Source struct {
	File     string
	Problems []Problem
	Parts    map[string]*Source // included texts by the prefix of their paths: "<name>"
	words    Words
	lines    map[string]int
}

// NewSource is a source without a text.
func NewSource(file string, words Words) *Source { return &Source{File: file, words: words} }

// Parse returns the root table; nil, with a problem, when the text is not TOML at all.
func (s *Source) Parse(src []byte) *Table {
	if p := bounded(string(src), cmp.Or(s.words.MostBytes, maxBytes)); p != nil {
		p.File = s.File
		s.Problems = append(s.Problems, *p)
		return nil
	}
	values := map[string]any{}
	if _, err := toml.Decode(string(src), &values); err != nil {
		p := Problem{File: s.File, Found: err.Error()}
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			p.Line, p.Found, p.Expected = slip(string(src), syntax.Position.Line, syntax.Message)
		}
		s.Problems = append(s.Problems, p)
		return nil
	}
	s.lines = Lines(string(src))
	return &Table{Source: s, Values: values}
}

// Place is where a path leads: the source it is of, and the path there.
func (s *Source) Place(path string) (*Source, string) {
	if prefix, rest, ok := strings.Cut(path, ">"); ok && strings.HasPrefix(prefix, "<") {
		if part := s.Parts[prefix+">"]; part != nil {
			return part, strings.TrimPrefix(rest, ".")
		}
	}
	return s, path
}

// Knows tells whether the text has a key.
func (s *Source) Knows(path string) bool {
	s, path = s.Place(path)
	return s.lines[path] > 0
}

// Line of a key, or of the nearest key around it.
func (s *Source) Line(path string) int {
	s, path = s.Place(path)
	for path != "" {
		if n, ok := s.lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return s.words.Top
}

// nearest is the known word most like found, or empty.  Where found is a phrase, such as "from KEY to KEY", the first
// of its words that is unknown is looked for.
func (s *Source) nearest(found string, known []string) string {
	phrase := strings.Fields(found)
	if near := words.Nearest(found, known, s.words.Foreign); near != "" || len(phrase) < 2 {
		return near
	}
	for _, w := range phrase {
		if slices.Contains([]string{"from", "after", "to", "all", "body", "end"}, w) || slices.Contains(known, w) {
			continue
		}
		if near := words.Nearest(w, known, s.words.Foreign); near != "" {
			return near
		}
	}
	return ""
}

// Problem notes that found is at path where expected should be.  Of the known words, the one most like found is
// suggested.
func (s *Source) Problem(path, found, expected string, known ...string) {
	nearest := ""
	if len(known) > 0 && len(s.Problems) < maxProblems {
		nearest = s.nearest(strings.Trim(found, `"`), known)
	}
	s.Suggest(path, found, expected, nearest)
}

// Suggest is Problem with a suggestion.  The same problem at the same place is noted once; of very many problems, the
// first ones are.
func (s *Source) Suggest(path, found, expected, nearest string) {
	at, key := s.Place(path)
	p := Problem{File: at.File, Line: at.Line(key), Key: key, Found: found, Expected: expected, Nearest: nearest}
	if len(s.Problems) < maxProblems && !slices.Contains(s.Problems, p) {
		s.Problems = append(s.Problems, p)
	}
}

// Choice notes a word that is none of the known ones.
func (s *Source) Choice(path, found string, known []string) {
	s.Problem(path, fmt.Sprintf("%q", found), "one of "+strings.Join(known, ", "), known...)
}
