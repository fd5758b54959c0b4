package config

import (
	"fmt"
	"strings"
)

// lines knows on which line a key stands, by paths such as listener[1].address.  The TOML library tells lines only of
// syntax errors, and config.toml is plain: headers and one key per line.  What is written otherwise has no line.
type lines map[string]int

func findLines(src string) lines {
	found, table, tables := lines{}, "", map[string]int{}
	n := 0
	for text := range strings.Lines(src) {
		n++
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(text, "[["); ok {
			name, _, _ = strings.Cut(name, "]]")
			name = strings.TrimSpace(name)
			table = fmt.Sprintf("%s[%d]", name, tables[name])
			tables[name]++
			found.mark(table, n)
			found.mark(name, n)
			continue
		}
		if name, ok := strings.CutPrefix(text, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			table = strings.TrimSpace(name)
			found.mark(table, n)
			continue
		}
		if name, _, ok := strings.Cut(text, "="); ok {
			found.mark(join(table, strings.Trim(strings.TrimSpace(name), `"'`)), n)
		}
	}
	return found
}

func (l lines) mark(key string, line int) {
	if _, ok := l[key]; !ok {
		l[key] = line
	}
}

// of returns the line of a key, or of the table it is missing from; 0 when neither is known.
func (l lines) of(key string) int {
	for key != "" {
		if line, ok := l[key]; ok {
			return line
		}
		dot := strings.LastIndexByte(key, '.')
		if dot < 0 {
			return 0
		}
		key = key[:dot]
	}
	return 0
}

func join(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}
