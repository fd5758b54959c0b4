package codec

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

// source is a definition while it is read: its lines and the problems found so far.
type source struct {
	file     string
	lines    map[string]int
	problems []Problem
	own      *Compiler          // algorithms beside those of the registries; may be nil
	parts    map[string]*source // included definitions by the prefix of their paths, for all of them the same
}

// partPrefix is how the paths of an included definition begin.
func partPrefix(name string) string { return "<" + name + ">" }

// place is where a path leads: the file it is of, and the path there.
func (s *source) place(path string) (*source, string) {
	if prefix, rest, ok := strings.Cut(path, ">"); ok && strings.HasPrefix(prefix, "<") {
		if part := s.parts[prefix+">"]; part != nil {
			return part, strings.TrimPrefix(rest, ".")
		}
	}
	return s, path
}

// parseTOML returns the root table; nil when the text is not TOML at all.
func (s *source) parseTOML(src []byte) *table {
	var root map[string]any
	if _, err := toml.Decode(string(src), &root); err != nil {
		p := Problem{File: s.file, Found: err.Error(), Expected: "TOML"}
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			p.Line, p.Found = syntax.Position.Line, syntax.Message
		}
		s.problems = append(s.problems, p)
		return nil
	}
	s.lines = positions(string(src))
	return &table{src: s, values: root}
}

// line of the key, or of the nearest thing around it.
func (s *source) line(path string) int {
	s, path = s.place(path)
	for path != "" {
		if n, ok := s.lines[path]; ok {
			return n
		}
		if strings.HasSuffix(path, "]") {
			path = path[:strings.LastIndexByte(path, '[')]
		} else if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
			path = path[:dot]
		} else {
			path = ""
		}
	}
	return 1
}

func (s *source) problem(path, found, expected string, known ...string) {
	at, key := s.place(path)
	p := Problem{File: at.file, Line: at.line(key), Key: key, Found: found, Expected: expected}
	if len(known) > 0 {
		p.Nearest = nearestIn(strings.Trim(found, `"`), known)
	}
	if !slices.Contains(s.problems, p) { // a layout has its problems in every place
		s.problems = append(s.problems, p)
	}
}

// choice reports a word that is none of the known ones.
func (s *source) choice(path, found string, known []string) {
	s.problem(path, quote(found), "one of "+strings.Join(known, ", "), known...)
}

// table reads one TOML table strictly: keys that nobody asked for are problems.
type table struct {
	src    *source
	path   string
	values map[string]any
	known  []string
	silent []string // known too, but not named in messages
}

func (t *table) at(key string) string { return join(t.path, key) }

func (t *table) get(key string) (any, bool) {
	t.known = append(t.known, key)
	v, ok := t.values[key]
	return v, ok
}

func (t *table) has(key string) bool {
	_, ok := t.values[key]
	return ok
}

// finish reports the keys that were not asked for.
func (t *table) finish() {
	known := map[string]bool{}
	for _, k := range t.known {
		known[k] = true
	}
	for _, k := range t.silent {
		known[k] = true
	}
	for _, k := range t.keys() {
		if !known[k] {
			t.src.problem(t.at(k), "unknown key "+quote(k), "one of "+strings.Join(t.known, ", "))
			t.src.problems[len(t.src.problems)-1].Nearest = nearest(k, append(t.known[:len(t.known):len(t.known)], t.silent...))
		}
	}
}

func (t *table) text(key string) string {
	v, ok := t.get(key)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		t.src.problem(t.at(key), describe(v), "a string")
	}
	return s
}

func (t *table) requiredText(key string) string {
	s := t.text(key)
	if s == "" {
		t.src.problem(t.at(key), "nothing", "a string that is not empty")
	}
	return s
}

func (t *table) flag(key string) bool {
	v, ok := t.get(key)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		t.src.problem(t.at(key), describe(v), "true or false")
	}
	return b
}

// integer between lo and hi; otherwise when the key is absent.
func (t *table) integer(key string, lo, hi, otherwise int) int {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	n, ok := v.(int64)
	if !ok || n < int64(lo) || n > int64(hi) {
		t.src.problem(t.at(key), describe(v), fmt.Sprintf("a whole number from %d to %d", lo, hi))
		return otherwise
	}
	return int(n)
}

// word that must be one of known; otherwise when the key is absent.
func (t *table) word(key string, known []string, otherwise string) string {
	if !t.has(key) {
		t.known = append(t.known, key)
		return otherwise
	}
	s := t.text(key)
	for _, k := range known {
		if s == k {
			return s
		}
	}
	if _, isText := t.values[key].(string); isText {
		t.src.choice(t.at(key), s, known)
	}
	return otherwise
}

func (t *table) table(key string) *table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.src.problem(t.at(key), describe(v), "a table")
		return nil
	}
	return &table{src: t.src, path: t.at(key), values: m}
}

// tables reads an array of tables, written [[key]] or key = [{…}].
func (t *table) tables(key string) []*table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	var out []*table
	add := func(i int, v any) {
		path := fmt.Sprintf("%s[%d]", t.at(key), i)
		if m, ok := v.(map[string]any); ok {
			out = append(out, &table{src: t.src, path: path, values: m})
		} else {
			t.src.problem(path, describe(v), "a table")
		}
	}
	switch list := v.(type) {
	case []map[string]any:
		for i, m := range list {
			add(i, m)
		}
	case []any:
		for i, m := range list {
			add(i, m)
		}
	default:
		t.src.problem(t.at(key), describe(v), "an array of tables")
	}
	return out
}

// strings reads one string or an array of them.
func (t *table) strings(key string) []string {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	var out []string
	for i, e := range asList(v) {
		if s, ok := e.(string); ok {
			out = append(out, s)
		} else {
			t.src.problem(fmt.Sprintf("%s[%d]", t.at(key), i), describe(e), "a string")
		}
	}
	return out
}

// keys of the table in the order of the file.
func (t *table) keys() []string {
	out := make([]string, 0, len(t.values))
	for k := range t.values {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := t.src.line(t.at(out[i])), t.src.line(t.at(out[j]))
		if a != b {
			return a < b
		}
		return out[i] < out[j]
	})
	return out
}

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
