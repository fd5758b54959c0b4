package manual

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec"
)

// cursor is where the next field stands.
type cursor struct {
	known bool
	off   int
	sign  string // "+" inside an element or a layout, whose own place varies
	after string // when it is not known: behind what
}

func (c cursor) String() string {
	switch {
	case c.known:
		return fmt.Sprintf("%s%d", c.sign, c.off)
	case c.after != "":
		return "after " + c.after
	}
	return ""
}

// pass moves the cursor behind a field.
func (c *cursor) pass(name string, size int, fixed bool) {
	if fixed && size == 0 {
		return
	}
	if c.after = name; c.known && fixed {
		c.off += size
	} else {
		c.known = false
	}
}

var fieldHeads = []string{"offset", "bytes", "field", "type", "unit", "values", "meaning", "role", "when"}

// fields writes the table of fields that stand one after the other.
func (pg *page) fields(list []codec.ManualField, at cursor) {
	t := table{heads: fieldHeads}
	pg.rows(&t, list, "", &at)
	t.write(&pg.out)
}

func (pg *page) rows(t *table, list []codec.ManualField, prefix string, at *cursor) {
	for i := range list {
		pg.row(t, &list[i], prefix, at)
	}
}

func (pg *page) row(t *table, f *codec.ManualField, prefix string, at *cursor) {
	name := prefix + f.Key
	size, fixed := pg.sizeOf(f)
	about, when := f.Title, code(f.When)
	if note(f.More, "optional") == "true" {
		when = strings.TrimPrefix(when+", if present", ", ")
	}
	shown := code(name)
	switch {
	case f.Use != "":
		about = strings.TrimSuffix(fmt.Sprintf("as layout %s: %s", link("layout", f.Use), about), ": ")
	case f.Type == "choice":
		about = "one of the following"
		if on := note(f.More, "on"); on != "" {
			about += " by " + code(on)
		}
	case f.Type == "list" && f.Single && !composite(&f.Fields[0]):
		about = strings.TrimPrefix(about+"; each is "+pg.element(&f.Fields[0]), "; ")
	}
	if f.Key == "" && !strings.HasSuffix(prefix, "[]") {
		shown = ""
	}
	t.add(at.String(), pg.bytes(f, size, fixed), shown, pg.kind(f), f.Unit, values(f), about, f.Role, when)
	for i := range f.Bits {
		pg.bit(t, &f.Bits[i], prefix)
	}
	if f.Key != "" || strings.HasSuffix(prefix, "[]") {
		prefix = name + "."
	}
	switch {
	case f.Type == "choice":
		pg.cases(t, f, prefix, at)
	case f.Type == "computed":
		for _, c := range f.Cases {
			t.add("", "", "**"+caseText(f, &c)+"**", "", "", code(c.Value), "", "", "")
		}
	case f.Type == "list" && !f.Single:
		pg.rows(t, f.Fields, strings.TrimSuffix(prefix, ".")+"[].", &cursor{known: true, sign: "+"})
	case f.Type == "list" && composite(&f.Fields[0]):
		pg.row(t, &f.Fields[0], strings.TrimSuffix(prefix, ".")+"[]", &cursor{known: true, sign: "+"})
	case f.Type == "group" && len(f.Fields) > 0:
		inner := *at
		pg.rows(t, f.Fields, prefix, &inner)
	}
	if name = f.Key; name == "" {
		name = f.Use
	}
	if name == "" {
		name = "these"
	}
	at.pass(name, size, fixed)
}

// composite says that a field has others inside.
func composite(f *codec.ManualField) bool { return len(f.Fields)+len(f.Cases)+len(f.Bits) > 0 }

// bit writes a part of a field of bits.
func (pg *page) bit(t *table, f *codec.ManualField, prefix string) {
	bits := "bits "
	if !strings.Contains(f.At, "-") {
		bits = "bit "
	}
	t.add("", bits+f.At, code(prefix+f.Key), pg.kind(f), f.Unit, values(f), f.Title, f.Role, code(f.When))
}

// cases writes the branches of a choice, each of which begins where the choice does.
func (pg *page) cases(t *table, f *codec.ManualField, prefix string, at *cursor) {
	for i := range f.Cases {
		c := &f.Cases[i]
		nothing := ""
		if len(c.Fields) == 0 {
			nothing = "nothing"
		}
		t.add("", "", strings.Repeat("› ", pg.depth)+"**"+caseText(f, c)+"**", "", "", "", nothing, "", "")
		inner := *at
		pg.depth++
		pg.rows(t, c.Fields, prefix, &inner)
		pg.depth--
	}
}

// caseText says when a branch is taken.
func caseText(f *codec.ManualField, c *codec.ManualCase) string {
	var parts []string
	if len(c.Is) > 0 {
		parts = append(parts, code(note(f.More, "on")+" = "+strings.Join(c.Is, ", ")))
	}
	if c.When != "" {
		parts = append(parts, code(c.When))
	}
	if len(parts) == 0 {
		return "otherwise"
	}
	return "if " + strings.Join(parts, " and ")
}

// element describes the one field of each element.
func (pg *page) element(f *codec.ManualField) string {
	size, fixed := pg.sizeOf(f)
	parts := []string{pg.kind(f)}
	if f.Use != "" {
		parts = []string{"layout " + link("layout", f.Use)}
	} else if text := pg.bytes(f, size, fixed); text != "" {
		parts = append(parts, text+" "+plural(text))
	}
	if f.Unit != "" {
		parts = append(parts, f.Unit)
	}
	if text := values(f); text != "" {
		parts = append(parts, text)
	}
	if f.Title != "" {
		parts = append(parts, f.Title)
	}
	return strings.Join(parts, ", ")
}

func plural(n string) string {
	if n == "1" {
		return "byte"
	}
	return "bytes"
}

// bytes says how long a field is.
func (pg *page) bytes(f *codec.ManualField, size int, fixed bool) string {
	switch {
	case f.Varies == "rest":
		return "the rest"
	case f.Varies != "":
		return code(f.Varies)
	case f.Size > 0:
		return fmt.Sprint(f.Size)
	case fixed && size > 0:
		return fmt.Sprint(size)
	}
	return ""
}

// kind is the type and what the definition says about it beyond what has a column.
func (pg *page) kind(f *codec.ManualField) string {
	parts := []string{f.Type}
	if f.Type == "" {
		parts = nil
	}
	for _, n := range f.More {
		switch {
		case n.Key == "optional" || n.Key == "on" && f.Type == "choice":
		case n.Text == "true":
			parts = append(parts, n.Key)
		case n.Key == "separator" || n.Key == "before" || n.Key == "until":
			parts = append(parts, n.Key+" "+mark(n.Text))
		default:
			parts = append(parts, n.Key+" "+code(n.Text))
		}
	}
	return strings.Join(parts, ", ")
}

// values says what a field may hold.
func values(f *codec.ManualField) string {
	var parts []string
	low, high := note(f.Values, "min"), note(f.Values, "max")
	switch {
	case low != "" && high != "":
		parts = append(parts, low+" to "+high)
	case low != "":
		parts = append(parts, "from "+low)
	case high != "":
		parts = append(parts, "up to "+high)
	}
	for _, n := range f.Values {
		switch n.Key {
		case "const":
			parts = append(parts, "always "+code(printable(n.Text)))
		case "in":
			parts = append(parts, code(printable(n.Text)))
		case "default":
			parts = append(parts, "default "+code(n.Text))
		}
	}
	for _, l := range f.Labels {
		parts = append(parts, code(l.Key)+" "+l.Text)
	}
	return strings.Join(parts, ", ")
}

// size of fields one after the other; fixed is false when it varies.
func (pg *page) size(list []codec.ManualField) (size int, fixed bool) {
	for i := range list {
		n, ok := pg.sizeOf(&list[i])
		if !ok {
			return 0, false
		}
		size += n
	}
	return size, true
}

func (pg *page) sizeOf(f *codec.ManualField) (size int, fixed bool) {
	for _, key := range []string{"before", "until", "optional", "separator", "armour", "blocks", "stop"} {
		if note(f.More, key) != "" {
			return 0, false
		}
	}
	switch {
	case f.When != "" || f.Varies != "":
		return 0, false
	case f.Type == "computed":
		return 0, true
	case f.Use != "" && f.Size == 0 && f.Type == "":
		at := slices.IndexFunc(pg.m.Layouts, func(l codec.ManualLayout) bool { return l.Name == f.Use })
		if at < 0 {
			return 0, false
		}
		return pg.size(pg.m.Layouts[at].Fields)
	case f.Type == "group" && f.Size == 0 && f.Use == "":
		return pg.size(f.Fields)
	}
	return f.Size, f.Size > 0
}
