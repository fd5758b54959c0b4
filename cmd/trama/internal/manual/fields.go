package manual

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec"
	"trama/codec/describe"
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
func (pg *page) fields(list []*describe.Node, at cursor, layout string) {
	t := table{heads: fieldHeads}
	pg.rows(&t, list, "", &at, layout)
	t.write(&pg.out)
}

// rows writes nodes; nodes of another layout than the one around are a reference to it.
func (pg *page) rows(t *table, list []*describe.Node, prefix string, at *cursor, layout string) {
	for len(list) > 0 {
		n := list[0]
		if n.Layout == layout || n.Layout == "" {
			pg.row(t, n, prefix, at, layout)
			list = list[1:]
			continue
		}
		end := 1
		for end < len(list) && list[end].Layout == n.Layout {
			end++
		}
		if !slices.ContainsFunc(pg.layouts, func(l layoutOf) bool { return l.name == n.Layout }) {
			pg.layouts = append(pg.layouts, layoutOf{n.Layout, list[:end]})
		}
		size, fixed := sizeOf(list[:end]...)
		t.add(at.String(), number(size, fixed), "", "", "", "", "as layout "+link("layout", n.Layout), "", "")
		at.pass(n.Layout, size, fixed)
		list = list[end:]
	}
}

func number(size int, fixed bool) string {
	if !fixed || size == 0 {
		return ""
	}
	return fmt.Sprint(size)
}

func (pg *page) row(t *table, n *describe.Node, prefix string, at *cursor, layout string) {
	if n.Packed {
		pg.rows(t, n.Fields, prefix, at, layout)
		return
	}
	name, about := prefix+n.Key, n.Title
	size, fixed := sizeOf(n)
	shown := code(name)
	if n.Key == "" && !strings.HasSuffix(prefix, "[]") {
		shown = ""
	}
	switch {
	case n.Node == "choice" && n.On != nil:
		about = "one of the following by " + code(n.On.Text)
	case n.Node == "choice":
		about = "one of the following"
	case simple(n):
		about = strings.TrimPrefix(about+"; each is "+element(n.Fields[0]), "; ")
	}
	t.add(at.String(), bytesOf(n, size, fixed), shown, kind(n), n.Unit, values(&n.FieldDescription), about, n.Role,
		condition(n))
	for _, bit := range n.Bits {
		bits := "bit "
		if strings.Contains(bit.At, "-") {
			bits = "bits "
		}
		t.add("", bits+bit.At, code(prefix+bit.Key), notes(bit.Notes), bit.Unit, values(bit), bit.Title, bit.Role, "")
	}
	if n.Key != "" || strings.HasSuffix(prefix, "[]") {
		prefix = name + "."
	}
	inner, inside := *at, layout
	switch {
	case n.Node == "list" && !simple(n):
		pg.rows(t, n.Fields, strings.TrimSuffix(prefix, ".")+"[].", &cursor{known: true, sign: "+"}, inside)
	case n.Node == "group":
		pg.rows(t, n.Fields, prefix, &inner, inside)
	}
	pg.cases(t, n, prefix, at, layout)
	if name = n.Key; name == "" {
		name = "these"
	}
	at.pass(name, size, fixed)
}

// simple says that each element of a list is one field with nothing inside.
func simple(n *describe.Node) bool {
	return n.Node == "list" && n.Single && n.Fields[0].Node == "field" && n.Fields[0].Bits == nil
}

func condition(n *describe.Node) string {
	switch {
	case n.When != nil && n.Optional:
		return code(n.When.Text) + ", if present"
	case n.When != nil:
		return code(n.When.Text)
	case n.Optional:
		return "if present"
	}
	return ""
}

// cases writes the branches of a choice, each of which begins where the choice does, or the rows of a computed value.
func (pg *page) cases(t *table, n *describe.Node, prefix string, at *cursor, layout string) {
	for _, c := range n.Cases {
		value, nothing := "", ""
		if c.Value != nil {
			value = code(c.Value.Text)
		} else if len(c.Fields) == 0 {
			nothing = "nothing"
		}
		t.add("", "", strings.Repeat("› ", pg.depth)+"**"+caseText(n, &c)+"**", "", "", value, nothing, "", "")
		inner := *at
		pg.depth++
		pg.rows(t, c.Fields, prefix, &inner, layout)
		pg.depth--
	}
}

// caseText says when a branch is taken.
func caseText(n *describe.Node, c *describe.Case) string {
	var parts []string
	if len(c.Is) > 0 {
		parts = append(parts, code(n.On.Text+" = "+strings.Join(c.Is, ", ")))
	}
	if c.When != nil {
		parts = append(parts, code(c.When.Text))
	}
	if len(parts) == 0 {
		return "otherwise"
	}
	return "if " + strings.Join(parts, " and ")
}

// element describes the one field of each element.
func element(n *describe.Node) string {
	size, fixed := sizeOf(n)
	parts := []string{kind(n)}
	if text := bytesOf(n, size, fixed); text == "1" {
		parts = append(parts, "1 byte")
	} else if n.SizeBits > 0 {
		parts = append(parts, text)
	} else if text != "" {
		parts = append(parts, text+" bytes")
	}
	for _, text := range []string{n.Unit, values(&n.FieldDescription), n.Title} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

// bytesOf says how long a field is.
func bytesOf(n *describe.Node, size int, fixed bool) string {
	switch {
	case n.Rest && !n.Column:
		return "the rest"
	case n.Size != nil:
		return code(n.Size.Text)
	case n.Bytes > 0:
		return fmt.Sprint(n.Bytes)
	case n.SizeBits == 1:
		return "1 bit"
	case n.SizeBits > 0:
		return fmt.Sprint(n.SizeBits, " bits")
	}
	return number(size, fixed)
}

// kind is the type and what there is to say about it beyond what has a column.
func kind(n *describe.Node) string {
	parts := []string{n.Type}
	if n.Type == "" && n.Node != "list" {
		parts[0] = n.Node
	}
	formula := func(word string, f *describe.Formula) {
		if f != nil {
			parts = append(parts, word+" "+code(f.Text))
		}
	}
	formula("value", n.Value)
	formula("exponent", n.Exponent)
	formula("count", n.Count)
	formula("stop", n.Stop)
	if n.On != nil && n.Node == "field" {
		formula("on", n.On)
	}
	for word, b := range map[string]describe.HexBytes{"before": n.Before, "separator": n.Separator, "until": n.Until} {
		if b != nil {
			parts = append(parts, word+" "+mark(b))
		}
	}
	slices.Sort(parts[1:])
	if c := n.Check; c != nil {
		parts = append(parts, code(c.Algorithm), covered(c))
	}
	if w := n.Wire; w != nil {
		parts = append(parts, wire(w))
	}
	return strings.Trim(strings.Join(append(parts, notes(n.Notes)), ", "), ", ")
}

// wire says how the bytes of a part differ on the wire.
func wire(w *describe.WireForm) string {
	switch {
	case w.Block > 0:
		return fmt.Sprintf("%s after each %d bytes", code(w.Algorithm), w.Block)
	case w.Armour != "":
		return "written in " + w.Armour
	case w.Xor > 0:
		return fmt.Sprintf("each byte xor %s", code(fmt.Sprintf("0x%02x", w.Xor)))
	}
	return fmt.Sprintf("each byte plus %s", code(fmt.Sprintf("0x%02x", w.Add)))
}

// valueNotes say what a field may hold; they have a column.
var valueNotes = []string{"const", "in", "min", "max", "default"}

func notes(all []codec.Note) string {
	var parts []string
	for _, n := range all {
		switch {
		case slices.Contains(valueNotes, n.Key):
		case n.Text == "true":
			parts = append(parts, n.Key)
		default:
			parts = append(parts, n.Key+" "+code(n.Text))
		}
	}
	return strings.Join(parts, ", ")
}

// values says what a field may hold.
func values(f *describe.FieldDescription) string {
	var parts []string
	low, high := note(f.Notes, "min"), note(f.Notes, "max")
	switch {
	case low != "" && high != "":
		parts = append(parts, low+" to "+high)
	case low != "":
		parts = append(parts, "from "+low)
	case high != "":
		parts = append(parts, "up to "+high)
	}
	if text := note(f.Notes, "const"); text != "" {
		parts = append(parts, "always "+code(printable(text)))
	}
	if text := note(f.Notes, "in"); text != "" {
		parts = append(parts, code(printable(text)))
	}
	if text := note(f.Notes, "default"); text != "" {
		parts = append(parts, "default "+code(text))
	}
	for _, l := range f.Enum {
		parts = append(parts, code(l.Value)+" "+l.Label)
	}
	return strings.Join(parts, ", ")
}

// sizeOf nodes one after the other; fixed is false when it varies.
func sizeOf(list ...*describe.Node) (size int, fixed bool) {
	for _, n := range list {
		one := 0
		fixed = n.When == nil && !n.Optional && n.Before == nil && n.Until == nil && n.Size == nil && n.Wire == nil &&
			n.Separator == nil
		switch {
		case n.Type == "computed":
		case n.Node == "group" && fixed:
			one, fixed = sizeOf(n.Fields...)
		default:
			one, fixed = n.Bytes, fixed && n.Bytes > 0
		}
		if size += one; !fixed {
			return 0, false
		}
	}
	return size, true
}
