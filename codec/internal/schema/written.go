package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/field"
)

// shownKeys are those of a field that a description has by themselves; all others are its notes.
var shownKeys = []string{"key", "title", "unit", "type", "role", "role_when", "point", "size", "size_bits", "when",
	"at", "enum", "bits", "use", "fields", "of", "cases", "optional", "on",
	"value", "exponent", "count", "stop", "separator", "before", "until", "algorithm", "over", "blocks"}

// Written are the keys of a table except some, in the order of the file, with their values as text.
func (t *Table) Written(except []string) (out []field.Note) {
	for _, key := range t.Keys() {
		if !slices.Contains(except, key) {
			out = append(out, field.Note{Key: key, Text: WrittenText(t.Values[key])})
		}
	}
	return out
}

// WrittenText is a value of TOML without the marks of TOML.  Numbers are decimal.
func WrittenText(v any) string {
	var parts []string
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			text := WrittenText(one)
			if _, table := one.(map[string]any); table {
				text = "(" + text + ")"
			}
			parts = append(parts, text)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+" = "+WrittenText(v[key]))
		}
	case []map[string]any:
		for _, one := range v {
			parts = append(parts, "("+WrittenText(one)+")")
		}
	default:
		return fmt.Sprint(v)
	}
	return strings.Join(parts, ", ")
}
