package manual

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"trama/codec"
	"trama/codec/describe"
)

// table is a table of Markdown.  Columns in which nothing stands are left out.
type table struct {
	heads []string
	rows  [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(out *strings.Builder) {
	used := make([]bool, len(t.heads))
	for _, row := range t.rows {
		for i, cell := range row {
			used[i] = used[i] || cell != ""
		}
	}
	line := func(cells []string) {
		for i, cell := range cells {
			if used[i] {
				fmt.Fprintf(out, "| %s ", escaped(cell))
			}
		}
		out.WriteString("|\n")
	}
	line(t.heads)
	rule := make([]string, len(t.heads))
	for i := range rule {
		rule[i] = "---"
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	out.WriteByte('\n')
}

// escaped keeps a cell in its cell.
func escaped(cell string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell)
}

// code marks what stands in the definition as it is.
func code(text string) string {
	switch {
	case text == "":
		return ""
	case strings.Contains(text, "`"):
		return "`` " + text + " ``"
	}
	return "`" + printable(text) + "`"
}

// printable writes characters that cannot be seen as escapes.
func printable(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strings.Trim(strconv.Quote(text), `"`)
	}
	return text
}

// mark shows a delimiter: characters that delimit texts in quotes, others as bytes.
func mark(b describe.HexBytes) string {
	isText := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" :;,.$*#!&=|/@\r\n\t", r)
	}
	if strings.ContainsFunc(string(b), func(r rune) bool { return r > 0x7e || !isText(r) }) {
		return code(fmt.Sprintf("%x", []byte(b)))
	}
	return code(strconv.Quote(string(b)))
}

// link leads to the heading of a message or a layout.
func link(what, name string) string {
	return fmt.Sprintf("[%s](#%s-%s)", name, what, strings.ReplaceAll(name, ".", ""))
}

func note(notes []codec.Note, key string) string {
	if i := slices.IndexFunc(notes, func(n codec.Note) bool { return n.Key == key }); i >= 0 {
		return notes[i].Text
	}
	return ""
}

// upper begins with a capital letter.
func upper(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:]
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.TrimSuffix(upper(text), ".") + "."
}
