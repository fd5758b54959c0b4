package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// table is one TOML table being read.  Each method reads one key into *into, which holds the default and keeps it when
// the key is absent or wrong; done reports every key that no method asked for.
type table struct {
	*report
	path   string // "" for the file itself
	values map[string]any
	known  []string
}

// take returns the value of a key, and makes the key known.
func (t *table) take(key string) (value any, path string, present bool) {
	t.known = append(t.known, key)
	value, present = t.values[key]
	return value, join(t.path, key), present
}

// has tells whether a key stands in the table.
func (t *table) has(key string) bool { _, ok := t.values[key]; return ok }

// done reports the keys that nobody read.
func (t *table) done() {
	slices.Sort(t.known)
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		if !slices.Contains(t.known, key) {
			t.unknown(join(t.path, key), "an unknown key", t.known)
		}
	}
}

func (t *table) text(key string, into *string) bool {
	value, path, present := t.take(key)
	if !present {
		return false
	}
	s, ok := value.(string)
	switch {
	case !ok:
		t.add(path, typeName(value), "a text in quotes")
	case strings.TrimSpace(s) == "":
		t.add(path, "an empty text", "a text")
	default:
		*into = s
		return true
	}
	return false
}

func (t *table) texts(key string, into *[]string) {
	value, path, present := t.take(key)
	if !present {
		return
	}
	list, ok := value.([]any)
	if !ok {
		t.add(path, typeName(value), `a list of texts, such as ["gateway.example"]`)
		return
	}
	all := make([]string, 0, len(list))
	for i, element := range list {
		s, ok := element.(string)
		if !ok || s == "" {
			t.add(path, fmt.Sprintf("%s as element %d", typeName(element), i+1), "texts in quotes")
			continue
		}
		all = append(all, s)
	}
	*into = all
}

func (t *table) enum(key string, into *string, allowed ...string) {
	s := *into
	if !t.text(key, &s) {
		return
	}
	if !slices.Contains(allowed, s) {
		t.unknown(join(t.path, key), fmt.Sprintf("%q", s), allowed)
		return
	}
	*into = s
}

func (t *table) flag(key string, into *bool) {
	value, path, present := t.take(key)
	if !present {
		return
	}
	b, ok := value.(bool)
	if !ok {
		t.add(path, typeName(value), "true or false")
		return
	}
	*into = b
}

func (t *table) count(key string, into *int, least, most int) {
	value, path, present := t.take(key)
	if !present {
		return
	}
	n, ok := value.(int64)
	if !ok || n < int64(least) || n > int64(most) {
		t.add(path, typeName(value), fmt.Sprintf("a whole number from %d to %d", least, most))
		return
	}
	*into = int(n)
}

// off is what a duration is called that is switched off, and the value transport takes for it.
const (
	off             = "off"
	switchedOff     = time.Duration(-1)
	offIsNotAllowed = false
	offIsAllowed    = true
)

func (t *table) duration(key string, into *time.Duration, least, most time.Duration, mayBeOff bool) {
	value, path, present := t.take(key)
	if !present {
		return
	}
	expected := fmt.Sprintf("a duration from %s to %s", short(least), short(most))
	if mayBeOff {
		expected += fmt.Sprintf(", or %q", off)
	}
	s, ok := value.(string)
	if !ok {
		found := typeName(value)
		if n, isNumber := value.(int64); isNumber {
			found += " without a unit"
			expected += fmt.Sprintf(", with its unit, such as \"%ds\" or \"%dm\"", n, n)
		}
		t.add(path, found, expected)
		return
	}
	if s == off && mayBeOff {
		*into = switchedOff
		return
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && strings.Contains(err.Error(), "missing unit"):
		t.add(path, fmt.Sprintf("%q without a unit", s), expected+fmt.Sprintf(", with its unit, such as \"%ss\" or \"%sm\"", s, s))
	case err != nil:
		t.add(path, fmt.Sprintf("%q", s), expected+`, such as "90s" or "1m30s"`)
	case d < least || d > most:
		t.add(path, fmt.Sprintf("%q", s), expected)
	default:
		*into = d
	}
}

// short prints a duration without its zero parts: "10m" for 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
