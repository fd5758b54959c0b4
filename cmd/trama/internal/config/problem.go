package config

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec"
)

// Error holds every problem of a configuration in the order of the lines, those of its profiles at the end.
type Error struct {
	Problems []codec.Problem
}

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// report collects the problems of one file.
type report struct {
	file     string
	lines    lines
	problems []codec.Problem
}

// add notes that found stands at key where expected should.
func (r *report) add(key, found, expected string) {
	r.problems = append(r.problems, codec.Problem{File: r.file, Line: r.lines.of(key), Key: key, Found: found, Expected: expected})
}

// unknown notes a word that is none of the known ones.
func (r *report) unknown(key, found string, known []string) {
	r.problems = append(r.problems, codec.Problem{
		File: r.file, Line: r.lines.of(key), Key: key, Found: found,
		Expected: "one of " + strings.Join(known, ", "), Nearest: nearest(lastName(key, found), known),
	})
}

// sorted returns the problems in the order of the lines; those without a line come last.
func (r *report) sorted() []codec.Problem {
	slices.SortStableFunc(r.problems, func(a, b codec.Problem) int {
		switch {
		case a.Line == b.Line:
			return 0
		case a.Line == 0:
			return 1
		case b.Line == 0:
			return -1
		}
		return a.Line - b.Line
	})
	return r.problems
}

// lastName is the word a suggestion is looked for: the value found, or the key itself where the key is what is wrong.
func lastName(key, found string) string {
	if word, ok := strings.CutPrefix(found, `"`); ok {
		return strings.TrimSuffix(word, `"`)
	}
	return key[strings.LastIndexByte(key, '.')+1:]
}

// longestKey bounds what a suggestion is looked for.
const longestKey = 64

// nearest returns the known word that differs least from s, or "" when more than a third of its letters differ.
func nearest(s string, known []string) string {
	if len(s) > longestKey {
		return ""
	}
	best, least := "", len(s)/3+2
	for _, word := range known {
		if d := distance(strings.ToLower(s), strings.ToLower(word)); d < least {
			best, least = word, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// typeName says in the words of TOML what a decoded value is.
func typeName(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the text %q", v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return fmt.Sprintf("%t", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	}
	return fmt.Sprintf("%v", v)
}
