package known

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"trama/internal/tomlread"
)

// Limits of a masters.toml.
const (
	mostBytes        = 64 << 20 // of the file: about 100,000 masters of ten points
	shortestInterval = time.Second
	longestInterval  = 366 * 24 * time.Hour
	mostCharacters   = 200 // of a name, a site, a tag, a unit
)

// Error is everything wrong with a masters.toml.
type Error struct{ Problems []tomlread.Problem }

func (e *Error) Error() string { return tomlread.Text(e.Problems) }

var words = tomlread.Words{
	String:    "a text in quotes",
	Value:     tomlread.Named,
	Unknown:   func(string) string { return "an unknown key" },
	MostBytes: mostBytes,
}

// Read reads a masters.toml.  The error is an *Error with every problem, or the reason why the file cannot be read.
func Read(file string) (*Masters, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, src)
}

// Parse is Read for a text in memory; file names it in problems.
func Parse(file string, src []byte) (*Masters, error) {
	s := tomlread.NewSource(file, words)
	m := &Masters{serials: map[string]*Master{}, prefixes: map[string]*Master{}, profiles: map[string]*Master{}}
	if root := s.Parse(src); root != nil {
		for _, t := range root.Tables("master") {
			m.read(t)
		}
		root.Finish()
	}
	if len(s.Problems) > 0 {
		return nil, &Error{Problems: s.Problems}
	}
	for prefix := range m.prefixes {
		if !slices.Contains(m.lengths, len(prefix)) {
			m.lengths = append(m.lengths, len(prefix))
		}
	}
	slices.Sort(m.lengths)
	m.sorted = slices.Sorted(maps.Keys(m.serials))
	return m, nil
}

// read reads one [[master]].
func (m *Masters) read(t *tomlread.Table) {
	key, into := m.entry(t)
	k := &Master{
		Name: text(t, "name"), Site: text(t, "site"),
		Interval: t.Duration("interval", shortestInterval, longestInterval, false, 0),
		Window:   t.Duration("delivery_window", shortestInterval, longestInterval, true, 0),
		Points:   map[string]Point{},
	}
	for _, tag := range t.Texts("tags") {
		if reason := unprintable(tag); reason != "" || strings.ContainsAny(tag, ", ") || tag == "" {
			t.Problem(t.At("tags"), fmt.Sprintf("%q", tag), "words without blanks and commas")
		}
		k.Tags = append(k.Tags, tag)
	}
	if k.Name != "" && key != "serial" && key != "" {
		t.Problem(t.At("name"), "a name beside "+key, "a name beside serial: it names one master")
	}
	for _, pt := range t.Tables("point") {
		name := pt.RequiredText("point")
		if _, twice := k.Points[name]; twice {
			pt.Problem(pt.At("point"), fmt.Sprintf("%q again", name), "one [[master.point]] for each point")
		}
		k.Points[name] = readPoint(pt)
	}
	t.Finish()
	if into != nil {
		*into = *k
	}
}

// entry finds the key that says whom an entry is about, and the place for it; nil when that is wrong.
func (m *Masters) entry(t *tomlread.Table) (key string, into *Master) {
	kinds := []struct {
		key string
		of  map[string]*Master
	}{{"serial", m.serials}, {"prefix", m.prefixes}, {"profile", m.profiles}}
	var named []string
	for _, kind := range kinds {
		if t.Has(kind.key) {
			named = append(named, kind.key)
		}
	}
	if len(named) != 1 {
		found := "none of them"
		if len(named) > 0 {
			found = strings.Join(named, " and ")
		}
		t.Problem(t.At(append(named, "serial")[0]), found, "one of serial, prefix, profile")
	}
	for _, kind := range kinds {
		v, has := t.Get(kind.key)
		who, isText := v.(string)
		number, isNumber := v.(int64)
		switch reason := unprintable(who); {
		case !has:
		case isNumber:
			t.Problem(t.At(kind.key), "a number", fmt.Sprintf("the digits in quotes: \"%d\"", number))
		case !isText:
			t.Problem(t.At(kind.key), tomlread.Named(v), words.String)
		case who == "" || reason != "":
			t.Problem(t.At(kind.key), cmp.Or(reason, "an empty text"), "a text that can be printed")
		case kind.of[who] != nil:
			t.Problem(t.At(kind.key), fmt.Sprintf("%q again", who), "one [[master]] for each "+kind.key)
		default:
			key, into = kind.key, new(Master)
			kind.of[who] = into
		}
	}
	return key, into
}

func readPoint(t *tomlread.Table) Point {
	p := Point{Name: text(t, "name"), Unit: text(t, "unit"), Min: t.Number("min"), Max: t.Number("max")}
	if scale := t.Number("scale"); scale != nil {
		if p.Scale = *scale; p.Scale == 0 {
			t.Problem(t.At("scale"), fmt.Sprint(p.Scale), "a factor other than 0")
		}
	}
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		t.Problem(t.At("min"), fmt.Sprintf("%v, which is above max = %v", *p.Min, *p.Max), "min below max")
	}
	t.Finish()
	return p
}

// text is a text that can be shown in one line.
func text(t *tomlread.Table, key string) string {
	s := t.Text(key)
	if reason := unprintable(s); reason != "" {
		t.Problem(t.At(key), reason, fmt.Sprintf("at most %d characters that can be printed", mostCharacters))
	}
	return s
}

// unprintable says why a text cannot be shown in one line; empty when it can.
func unprintable(s string) string {
	if n := len([]rune(s)); n > mostCharacters {
		return fmt.Sprintf("%d characters", n)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Sprintf("the character %U", r)
		}
	}
	return ""
}
