package dissector

import (
	_ "embed"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"trama/codec"
)

//go:embed dissector.lua
var dissectorLua string

// Options of a script.
type Options struct {
	Ports []int // TCP ports of the server on which Wireshark uses it by itself
}

// Script returns the dissector of a profile: one Lua file, for Wireshark 4.0 or later.
func Script(d *codec.Description, o Options) string {
	w := &writer{classes: map[string]string{}, index: map[string]int{}}
	kinds := "{\n"
	for i := range d.Frames {
		kinds += w.kind(d, &d.Frames[i])
	}
	ports := strings.Trim(strings.ReplaceAll(fmt.Sprint(o.Ports), " ", ","), "[]")
	title := d.Title
	if title == "" {
		title = d.Name
	}
	head := fmt.Sprintf("-- Wireshark dissector of the profile %s, made by: trama profile dissector\n"+
		"-- Load it with -X lua_script:FILE, or put it into the folder of personal Lua plugins.  Changes belong into the profile.\n\n"+
		"local profile = %s\nlocal title = %s\nlocal ports = %s\n\nlocal fields = {\n%s}\n\n", d.Name, quoted(d.Name), quoted(title), quoted(ports), strings.Join(w.fields, ""))
	parts := strings.SplitN(dissectorLua, "\n-- Frames\n", 2) // what formulas call stands before the tables, what walks them behind
	return head + parts[0] + "\nlocal kinds = " + kinds + "}\n\n-- Frames\n" + parts[1]
}

// writer turns nodes into tables of Lua.
type writer struct {
	fields  []string          // { filter, title, class, unit }
	classes map[string]string // by filter
	index   map[string]int
}

// table collects the entries of a table, without those that are zero.
type table []string

func (t *table) put(key, value string, when bool) {
	if when {
		*t = append(*t, "["+quoted(key)+"] = "+value)
	}
}

func (t *table) number(key string, v int)  { t.put(key, strconv.Itoa(v), v != 0) }
func (t *table) flag(key string, v bool)   { t.put(key, "true", v) }
func (t *table) text(key string, v string) { t.put(key, quoted(v), v != "") }
func (t *table) formula(key string, f *codec.Formula) {
	if f != nil {
		t.put(key, "function(m) return "+lua(f)+" end", true)
	}
}

func (t *table) ranges(key string, all [][2]uint64, signed bool) {
	var words []string
	for _, r := range all {
		lo, hi := fmt.Sprint(r[0]), fmt.Sprint(r[1])
		if signed {
			lo, hi = fmt.Sprint(int64(r[0]^1<<63)), fmt.Sprint(int64(r[1]^1<<63))
		}
		words = append(words, "{ "+lo+", "+hi+" }")
	}
	t.put(key, list(words), len(all) > 0)
}

func (t table) String() string { return list(t) }

func list(words []string) string { return "{ " + strings.Join(words, ", ") + " }" }

// quoted is a string of Lua in plain ASCII.
func quoted(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "\\%03d", c)
		} else {
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}

func (w *writer) kind(d *codec.Description, k *codec.FrameKind) string {
	var t, ends, escapes, bodies table
	t.text("name", k.Name)
	t.text("direction", k.Direction)
	t.text("start", string(k.Start))
	for _, mark := range k.Ends {
		ends = append(ends, quoted(string(mark)))
	}
	t.put("ends", ends.String(), len(ends) > 0)
	for _, e := range k.Escapes {
		escapes = append(escapes, list([]string{quoted(string(e.Plain)), quoted(string(e.Coded))}))
	}
	t.put("escapes", escapes.String(), len(escapes) > 0)
	for key, v := range map[string]int{"kept": k.Kept, "behind": k.Behind, "max": k.Max, "tail": k.Tail} {
		t.put(key, strconv.Itoa(v), true)
	}
	t.number("command", k.Command)
	t.number("body", k.Body)
	if l := k.Length; l != nil {
		t.put("length", fmt.Sprintf("{ register = %d, mark = %d, add = %d, after = %d }", l.Register, l.Mark, l.Add, l.After), true)
	}
	t.put("header", w.nodes(k.Header, ""), true)
	for _, late := range []bool{false, true} {
		for i := range d.Messages {
			if m := &d.Messages[i]; m.Frame == k.Name && m.Default == late {
				bodies = append(bodies, w.body(m))
			}
		}
	}
	t.put("bodies", "{\n"+strings.Join(bodies, ",\n")+" }", true)
	t.put("trailer", w.nodes(k.Trailer, ""), true)
	slices.Sort(t)
	return t.String() + ",\n"
}

func (w *writer) body(m *codec.MessageDescription) string {
	var t table
	t.text("name", m.Name)
	t.text("direction", m.Direction)
	t.ranges("commands", m.Ranges, false)
	t.flag("default", m.Default)
	t.put("min", strconv.Itoa(m.Min), true)
	t.put("max", strconv.Itoa(m.Max), true)
	t.formula("when", m.When)
	t.put("fields", w.nodes(m.Fields, ""), true)
	return t.String()
}

func (w *writer) nodes(list []*codec.Node, prefix string) string {
	out := "{"
	for _, n := range list {
		out += "\n" + w.node(n, prefix) + ","
	}
	return out + " }"
}

func (w *writer) node(n *codec.Node, prefix string) string {
	var t table
	t.text("node", n.Node)
	for key, f := range map[string]*codec.Formula{"when": n.When, "size": n.Size, "value": n.Value, "exponent": n.Exponent, "count": n.Count, "stop": n.Stop, "on": n.On} {
		t.formula(key, f)
	}
	t.flag("rest", n.Rest)
	t.flag("optional", n.Optional)
	t.flag("asks", n.Asks)
	t.flag("single", n.Single)
	t.put("tail", strconv.Itoa(n.Tail), true)
	t.number("mark", n.Mark)
	t.number("counted", n.Counted)
	t.text("before", string(n.Before))
	t.text("until", string(n.Until))
	t.text("separator", string(n.Separator))
	t.put("clear", strings.NewReplacer("[", "{", "]", "}", " ", ", ").Replace(fmt.Sprint(n.Clear)), len(n.Clear) > 0)
	inner := prefix
	if n.Node != "choice" && (n.Key != "" || n.Node == "field") {
		w.field(&t, &n.FieldDescription, prefix, n.Column)
		inner = prefix + n.Key + "."
	}
	var cases, parts table
	for _, c := range n.Cases {
		var one table
		one.ranges("is", c.Ranges, false)
		one.formula("when", c.When)
		one.formula("value", c.Value)
		one.put("fields", w.nodes(c.Fields, inner), true)
		cases = append(cases, one.String())
	}
	t.put("cases", cases.String(), len(cases) > 0)
	for _, bit := range n.Bits {
		var one table
		w.field(&one, bit, prefix, false)
		parts = append(parts, one.String())
	}
	t.put("bits", parts.String(), len(parts) > 0)
	if c := n.Check; c != nil {
		t.put("check", fmt.Sprintf("{ sum = %s, from = %s, to = %s, hex = %v, wire = %v }", sum(&c.Sum), orNil(c.From), orNil(c.To), c.Hex, c.OnWire), true)
	}
	if f := n.Wire; f != nil {
		t.put("wire", fmt.Sprintf("{ block = %s, bytes = %d, armour = %s }", orNil(f.Block), f.Sum.Width/8, quoted(f.Armour)), true)
	}
	t.put("fields", w.nodes(n.Fields, inner), len(n.Fields) > 0)
	slices.Sort(t)
	return t.String()
}

func orNil(n int) string {
	if n == 0 {
		return "nil"
	}
	return strconv.Itoa(n)
}

func sum(s *codec.Sum) string {
	var t table
	t.text("name", s.Name)
	for key, v := range map[string]uint64{"init": s.Init, "xor": s.Xor, "poly": s.Poly, "width": uint64(s.Width)} {
		t.put(key, fmt.Sprint(v), true)
	}
	t.put("extra", quoted(string(s.Extra)), true)
	t.flag("refin", s.Refin)
	t.flag("refout", s.Refout)
	t.flag("late", s.Late)
	slices.Sort(t)
	return t.String()
}

// classes of the fields of Wireshark, by the kind of the value.
var classes = map[string]string{"uint": "uint64", "int": "int64", "float": "double", "digits": "string", "text": "string", "bytes": "bytes", "time": "time",
	"list": "none", "group": "none"}

func (w *writer) field(t *table, f *codec.FieldDescription, prefix string, column bool) {
	form := &f.Form
	class := classes[f.Kind]
	zone := ""
	if form.Zone != nil {
		switch _, offset := time.Unix(0, 0).In(form.Zone).Zone(); {
		case form.Zone == time.Local:
			zone = `"local"`
		case form.Zone == time.UTC || strings.ContainsAny(form.Zone.String(), "+-"):
			zone = strconv.Itoa(offset)
		}
	}
	odd := form.Odd || column || form.Coding == "time" && zone == "" || form.As != "" && form.Coding != "time" && form.As != "count"
	t.flag("odd", odd)
	coding := form.Coding
	if form.As == "count" {
		coding = "time"
	}
	t.text("coding", coding)
	t.number("f", w.filter(f, prefix, class))
	t.number("r", f.Register)
	t.text("key", f.Key)
	t.text("role", f.Role)
	t.put("bytes", strconv.Itoa(f.Bytes), f.Bytes > 0)
	t.flag("little", form.Little)
	t.flag("signed", form.Signed)
	t.put("shift", strconv.Itoa(form.Shift), form.Coding == "part")
	t.number("width", bits.Len64(form.Mask))
	t.ranges("ranges", form.Ranges, form.Signed)
	t.text("want", string(form.Want))
	t.text("chars", string(form.Chars))
	t.put("pad", quoted(string([]byte{form.Pad})), form.Padded)
	t.put("fill", quoted(fmt.Sprintf("%%%s", string([]byte{form.Fill}))), form.Coding == "run")
	t.put("most", strconv.Itoa(form.Most), form.Most > 0)
	t.flag("bad", form.Bad)
	t.flag("reversed", form.Reversed)
	t.flag("right", form.Right)
	t.put("filler", quoted(fmt.Sprintf("%x", form.Filler)), form.Filler >= 0)
	t.number("digits", form.Digits)
	t.text("charset", form.Charset)
	t.text("layout", form.Layout)
	t.text("as", form.As)
	t.put("step", fmt.Sprint(form.Step.Milliseconds()), form.Step > 0)
	t.put("epoch", fmt.Sprint(form.Epoch), form.As == "count")
	t.put("zone", zone, zone != "")
	s := form.Scale
	t.put("scale", fmt.Sprintf("{ %d, %d, %d }", s[0], s[1], s[2]), s[2] != 0)
	var labels, missing table
	for _, l := range f.Enum {
		labels = append(labels, fmt.Sprintf("{ %d, %d, %s }", l.Lo, l.Hi, quoted(l.Label)))
	}
	t.put("labels", labels.String(), len(labels) > 0)
	for _, b := range form.Missing {
		missing = append(missing, quoted(string(b)))
	}
	t.put("missing", missing.String(), len(missing) > 0)
}

// filter is the number of the field of Wireshark for a path.  One name has one class: another class gets a name of its own.
func (w *writer) filter(f *codec.FieldDescription, prefix, class string) int {
	path, title := prefix+f.Key, f.Title
	if known, ok := w.classes[path]; ok && known != class {
		path += "." + class
	}
	w.classes[path] = class
	if title = f.Key; f.Title != "" {
		title = f.Title + " (" + f.Key + ")"
	}
	row := fmt.Sprintf("  { %s, %s, %s, %s },\n", quoted(path), quoted(title), quoted(class), quoted(f.Unit))
	if w.index[row] == 0 {
		w.fields = append(w.fields, row)
		w.index[row] = len(w.fields)
	}
	return w.index[row]
}

// lua is an expression of Lua; what it cannot say ends the walk.
func lua(f *codec.Formula) string {
	a, b := "", ""
	if f.A != nil {
		a = lua(f.A)
	}
	if f.B != nil {
		b = lua(f.B)
	}
	switch f.Op {
	case "number":
		if f.Value > 1<<53 || f.Value < -1<<53 {
			return "m:opaque()"
		}
		return fmt.Sprint(f.Value)
	case "register":
		return fmt.Sprintf("m:v(%d)", f.Register)
	case "remaining", "next":
		return "m:" + f.Op + "()"
	case "ahead":
		return "m:ahead(" + quoted(string(f.Bytes)) + ")"
	case "uplink":
		return "m.up"
	case "index":
		return "m.index"
	case "not":
		return "t(" + a + " == 0)"
	case "negative":
		return "-" + a
	case "and", "or":
		return fmt.Sprintf("t(%s ~= 0 %s %s ~= 0)", a, f.Op, b)
	case "=":
		return fmt.Sprintf("t(%s == %s)", a, b)
	case "!=":
		return fmt.Sprintf("t(%s ~= %s)", a, b)
	case "<", "<=", ">", ">=":
		return fmt.Sprintf("t(%s %s %s)", a, f.Op, b)
	case "+", "-", "*":
		return fmt.Sprintf("(%s %s %s)", a, f.Op, b)
	}
	if name := map[string]string{"/": "div", "%": "mod", "<<": "shl", ">>": "shr", "&": "band", "|": "bor"}[f.Op]; name != "" {
		return fmt.Sprintf("%s(%s, %s)", name, a, b)
	}
	return "m:opaque()"
}
