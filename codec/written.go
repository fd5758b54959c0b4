package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// shownKeys are those of a field that a description has by themselves; all others are its notes.
var shownKeys = []string{"key", "title", "unit", "type", "role", "size", "when", "at", "enum", "bits", "use", "fields", "of", "cases", "optional", "on",
	"value", "exponent", "count", "stop", "separator", "before", "until", "algorithm", "over", "blocks"}

// written are the keys of a table except some, in the order of the file, with their values as text.
func (t *table) written(except []string) (out []Note) {
	for _, key := range t.Keys() {
		if !slices.Contains(except, key) {
			out = append(out, Note{key, writtenText(t.Values[key])})
		}
	}
	return out
}

// writtenText is a value of TOML without the marks of TOML.  Numbers are decimal.
func writtenText(v any) string {
	var parts []string
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			parts = append(parts, writtenText(one))
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+" = "+writtenText(v[key]))
		}
	case []map[string]any:
		for _, one := range v {
			parts = append(parts, "("+writtenText(one)+")")
		}
	default:
		return fmt.Sprint(v)
	}
	return strings.Join(parts, ", ")
}
