package schema

import (
	"fmt"

	"trama/internal/tomlread"

	"trama/codec/internal/field"
)

// Reader is a definition while it is read.
type Reader struct {
	*tomlread.Source
	own    *Algorithms // may be nil
	tables int         // in arrays of tables, read so far
}

// maxTables bounds the fields, parts of bits, cases, messages and others of one text: each takes kilobytes while it is
// read.
const maxTables = 20_000

// words are the phrases of messages about definitions.
var words = tomlread.Words{
	String:  "a string",
	Value:   Describe,
	Unknown: func(key string) string { return "unknown key " + field.Quote(key) },
	Foreign: field.Foreign,
	Top:     1,
}

func NewSource(file string, own *Algorithms) *Reader {
	return &Reader{Source: tomlread.NewSource(file, words), own: own}
}

// PartPrefix is how the paths of an included definition begin.
func PartPrefix(name string) string { return "<" + name + ">" }

// ParseTOML returns the root table; nil when the text is not TOML at all.
func (s *Reader) ParseTOML(src []byte) *Table {
	if root := s.Parse(src); root != nil {
		return &Table{root, s}
	}
	return nil
}

// Table is one table of a definition.
type Table struct {
	*tomlread.Table
	src *Reader
}

// NewTable is a table that is written in another way, or for another table.
func NewTable(src *Reader, path string, values map[string]any) *Table {
	return &Table{&tomlread.Table{Source: src.Source, Path: path, Values: values}, src}
}

func (t *Table) Sub(key string) *Table {
	if inner := t.Table.Table(key); inner != nil {
		return &Table{inner, t.src}
	}
	return nil
}

func (t *Table) Subs(key string) (out []*Table) {
	all := t.Tables(key)
	before := t.src.tables
	if t.src.tables += len(all); t.src.tables > maxTables {
		if before <= maxTables {
			t.src.Problem(t.At(key), fmt.Sprintf("%d tables of fields, cases, messages and others", t.src.tables),
				fmt.Sprintf("at most %d", maxTables))
		}
		return nil
	}
	for _, inner := range all {
		out = append(out, &Table{inner, t.src})
	}
	return out
}

func Join(path, name string) string { return tomlread.Join(path, name) }

func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// Describe says in the words of TOML what a value is.
func Describe(v any) string {
	switch v := v.(type) {
	case string:
		return field.Quote(v)
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "an array"
	case nil:
		return "nothing"
	}
	return fmt.Sprintf("%v", v)
}
