package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"trama/internal/tomlread"
)

// phrases are those of messages about config.toml.
var phrases = tomlread.Words{
	String:  "a text in quotes",
	Value:   tomlread.Named,
	Unknown: func(string) string { return "an unknown key" },
}

// table is one TOML table being read.  Each method reads one key into *into, which holds the default and keeps it when
// the key is absent or wrong; done reports every key that no method asked for.
type table struct{ *tomlread.Table }

// done reports the keys that nobody read.
func (t table) done() {
	slices.Sort(t.Known)
	t.Finish()
}

func (t table) text(key string, into *string) bool {
	s := t.Text(key)
	if _, isText := t.Values[key].(string); !isText {
		return false
	}
	if strings.TrimSpace(s) == "" {
		t.Problem(t.At(key), "an empty text", "a text")
		return false
	}
	*into = s
	return true
}

func (t table) texts(key string, into *[]string) {
	value, ok := t.Get(key)
	if !ok {
		return
	}
	list, ok := value.([]any)
	if !ok {
		t.Problem(t.At(key), tomlread.Named(value), `a list of texts, such as ["gateway.example"]`)
		return
	}
	all := make([]string, 0, len(list))
	for i, element := range list {
		if s, ok := element.(string); ok && s != "" {
			all = append(all, s)
		} else {
			t.Problem(t.At(key), fmt.Sprintf("%s as element %d", tomlread.Named(element), i+1), "texts in quotes")
		}
	}
	*into = all
}

func (t table) enum(key string, into *string, allowed ...string) {
	s := *into
	if t.text(key, &s) && !slices.Contains(allowed, s) {
		t.Choice(t.At(key), s, allowed)
		return
	}
	*into = s
}

func (t table) flag(key string, into *bool) { *into = t.Flag(key, *into) }

func (t table) count(key string, into *int, least, most int) {
	*into = t.Integer(key, least, most, *into)
}

// Values that transport takes for a duration that is switched off, and whether it may be.
const (
	switchedOff     = tomlread.Off
	offIsNotAllowed = false
	offIsAllowed    = true
)

func (t table) duration(key string, into *time.Duration, least, most time.Duration, mayBeOff bool) {
	*into = t.Duration(key, least, most, mayBeOff, *into)
}

// section returns the named table of the file, empty when it is absent.
func (t table) section(name string) table {
	value, ok := t.Get(name)
	inner := &tomlread.Table{Source: t.Source, Path: t.At(name)}
	if inner.Values, _ = value.(map[string]any); ok && inner.Values == nil {
		t.Problem(inner.Path, tomlread.Named(value), fmt.Sprintf("a table [%s]", name))
	}
	return table{inner}
}

// sections returns the named list of tables.
func (t table) sections(name string) (all []table) {
	if value, ok := t.Values[name]; ok {
		if _, ok := value.([]map[string]any); !ok {
			t.Get(name)
			t.Problem(t.At(name), tomlread.Named(value), fmt.Sprintf("tables [[%s]], in double brackets", name))
			return nil
		}
	}
	for _, inner := range t.Tables(name) {
		all = append(all, table{inner})
	}
	return all
}
