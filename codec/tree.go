package codec

import (
	"fmt"

	"trama/internal/tomlread"
)

// source is a definition while it is read.
type source struct {
	*tomlread.Source
	own *algorithms // may be nil
}

// words are the phrases of messages about definitions.
var words = tomlread.Words{
	String:  "a string",
	Value:   describe,
	Unknown: func(key string) string { return "unknown key " + quote(key) },
	Foreign: foreign,
	Top:     1,
}

func newSource(file string, own *algorithms) *source {
	return &source{tomlread.NewSource(file, words), own}
}

// partPrefix is how the paths of an included definition begin.
func partPrefix(name string) string { return "<" + name + ">" }

// parseTOML returns the root table; nil when the text is not TOML at all.
func (s *source) parseTOML(src []byte) *table {
	if root := s.Parse(src); root != nil {
		return &table{root, s}
	}
	return nil
}

func (s *source) problem(path, found, expected string, known ...string) {
	s.Problem(path, found, expected, known...)
}

// choice reports a word that is none of the known ones.
func (s *source) choice(path, found string, known []string) { s.Choice(path, found, known) }

// table is one table of a definition.
type table struct {
	*tomlread.Table
	src *source
}

// newTable is a table that is written in another way, or for another table.
func newTable(src *source, path string, values map[string]any) *table {
	return &table{&tomlread.Table{Source: src.Source, Path: path, Values: values}, src}
}

func (t *table) table(key string) *table {
	if inner := t.Table.Table(key); inner != nil {
		return &table{inner, t.src}
	}
	return nil
}

func (t *table) tables(key string) (out []*table) {
	for _, inner := range t.Tables(key) {
		out = append(out, &table{inner, t.src})
	}
	return out
}

func join(path, name string) string { return tomlread.Join(path, name) }

func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// describe says in the words of TOML what a value is.
func describe(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "an array"
	case nil:
		return "nothing"
	}
	return fmt.Sprintf("%v", v)
}
