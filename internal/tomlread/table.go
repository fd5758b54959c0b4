package tomlread

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"trama/internal/words"
)

// Table is one TOML table.  Its getters read one key each; otherwise is the value of an absent or wrong one.
type Table struct {
	*Source
	Path   string // empty for the text itself
	Values map[string]any
	Known  []string // keys that were asked for
	Silent []string // known too, but not named in messages
}

// At is the path of a key of the table.
func (t *Table) At(key string) string { return Join(t.Path, key) }

// Join is the path of a key in a table.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Get returns the value of a key, and makes the key known.
func (t *Table) Get(key string) (v any, ok bool) {
	t.Known = append(t.Known, key)
	v, ok = t.Values[key]
	return v, ok
}

// Has tells whether the table holds a key.
func (t *Table) Has(key string) bool {
	_, ok := t.Values[key]
	return ok
}

// wrong notes that a key holds v where expected should be.
func (t *Table) wrong(key string, v any, expected string) {
	t.Problem(t.At(key), t.words.Value(v), expected)
}

// Keys of the table in the order of the text.
func (t *Table) Keys() []string {
	return slices.SortedFunc(maps.Keys(t.Values), func(a, b string) int {
		return cmp.Or(t.Line(t.At(a))-t.Line(t.At(b)), strings.Compare(a, b))
	})
}

// Finish reports the keys that nobody asked for.
func (t *Table) Finish() {
	all := slices.Concat(t.Known, t.Silent)
	for _, k := range t.Keys() {
		if !slices.Contains(all, k) {
			t.Suggest(t.At(k), t.words.Unknown(k), "one of "+strings.Join(t.Known, ", "), words.Nearest(k, all, t.words.Foreign))
		}
	}
}

// Text is a string; empty when it is absent.
func (t *Table) Text(key string) string {
	v, ok := t.Get(key)
	s, isText := v.(string)
	if ok && !isText {
		t.wrong(key, v, t.words.String)
	}
	return s
}

// RequiredText is a string that is not empty.
func (t *Table) RequiredText(key string) string {
	s := t.Text(key)
	if s == "" {
		t.Problem(t.At(key), "nothing", t.words.String+" that is not empty")
	}
	return s
}

// Flag is true or false.
func (t *Table) Flag(key string, otherwise bool) bool {
	v, ok := t.Get(key)
	if b, isFlag := v.(bool); isFlag {
		return b
	}
	if ok {
		t.wrong(key, v, "true or false")
	}
	return otherwise
}

// Integer is a whole number between lo and hi.
func (t *Table) Integer(key string, lo, hi, otherwise int) int {
	v, ok := t.Get(key)
	if n, isNumber := v.(int64); isNumber && int64(lo) <= n && n <= int64(hi) {
		return int(n)
	}
	if ok {
		t.wrong(key, v, fmt.Sprintf("a whole number from %d to %d", lo, hi))
	}
	return otherwise
}

// Number is a number, whole or not; nil when it is absent.
func (t *Table) Number(key string) *float64 {
	v, ok := t.Get(key)
	var f float64
	switch n := v.(type) {
	case float64:
		f = n
	case int64:
		f = float64(n)
	default:
		if ok {
			t.wrong(key, v, "a number")
		}
		return nil
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		t.wrong(key, v, "a number")
		return nil
	}
	return &f
}

// Word is one of the known ones.
func (t *Table) Word(key string, known []string, otherwise string) string {
	s := t.Text(key)
	if slices.Contains(known, s) && t.Has(key) {
		return s
	}
	if _, isText := t.Values[key].(string); isText {
		t.Choice(t.At(key), s, known)
	}
	return otherwise
}

// Table is the table of a key; nil when it is absent.
func (t *Table) Table(key string) *Table {
	v, ok := t.Get(key)
	m, isTable := v.(map[string]any)
	switch {
	case isTable:
		return &Table{Source: t.Source, Path: t.At(key), Values: m}
	case ok:
		t.wrong(key, v, "a table")
	}
	return nil
}

// Tables are the tables of an array, written [[key]] or key = [{…}].
func (t *Table) Tables(key string) (out []*Table) {
	v, ok := t.Get(key)
	list, isList := v.([]any)
	if tables, isTables := v.([]map[string]any); isTables {
		isList = true
		for _, m := range tables {
			list = append(list, m)
		}
	}
	if ok && !isList {
		t.wrong(key, v, "an array of tables")
	}
	for i, e := range list {
		path := fmt.Sprintf("%s[%d]", t.At(key), i)
		if m, isTable := e.(map[string]any); isTable {
			out = append(out, &Table{Source: t.Source, Path: path, Values: m})
		} else {
			t.Problem(path, t.words.Value(e), "a table")
		}
	}
	return out
}

// Texts is one string or an array of them.
func (t *Table) Texts(key string) (out []string) {
	v, ok := t.Get(key)
	if !ok {
		return nil
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for i, e := range list {
		if s, isText := e.(string); isText {
			out = append(out, s)
		} else {
			t.Problem(fmt.Sprintf("%s[%d]", t.At(key), i), t.words.Value(e), t.words.String)
		}
	}
	return out
}

// Off is a duration that is switched off.
const Off = time.Duration(-1)

// Duration has a unit and is between least and most; or "off", where that is allowed.
func (t *Table) Duration(key string, least, most time.Duration, mayBeOff bool, otherwise time.Duration) time.Duration {
	v, ok := t.Get(key)
	if !ok {
		return otherwise
	}
	expected := fmt.Sprintf("a duration from %s to %s", short(least), short(most))
	if mayBeOff {
		expected += `, or "off"`
	}
	found := t.words.Value(v)
	switch v := v.(type) {
	case int64:
		found += " without a unit"
		expected += fmt.Sprintf(", with its unit, such as \"%ds\" or \"%dm\"", v, v)
	case string:
		if v == "off" && mayBeOff {
			return Off
		}
		found = fmt.Sprintf("%q", v)
		d, err := words.Duration(v)
		_, bare := strconv.ParseFloat(v, 64)
		switch {
		case err == nil && least <= d && d <= most:
			return d
		case err != nil && bare == nil:
			found += " without a unit"
			expected += fmt.Sprintf(", with its unit, such as \"%ss\" or \"%sm\"", v, v)
		case err != nil:
			expected += `, such as "90s" or "1m30s"`
		}
	}
	t.Problem(t.At(key), found, expected)
	return otherwise
}

// short is a duration without its zero parts: "10m" for 10m0s, "30d" for 720h0m0s.
func short(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 3*day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
