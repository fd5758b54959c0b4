package dissector

import (
	_ "embed"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"trama/codec/describe"
	"trama/codec/protect"
)

//go:embed dissector.lua
var dissectorLua string

// Options of a script.
type Options struct {
	Ports []int // TCP ports of the server on which Wireshark uses it by itself
}

// Script returns the dissector of a profile: one Lua file, for Wireshark 4.0 or later.
func Script(d *describe.Description, o Options) string {
	w := &writer{classes: map[string]string{}, index: map[string]int{}, filters: map[*describe.FieldDescription]int{}}
	for i := range d.Frames {
		w.nodes(d.Frames[i].Header, "")
		w.nodes(d.Frames[i].Trailer, "")
	}
	for i := range d.Messages {
		w.nodes(d.Messages[i].Fields, "")
	}
	title := d.Title
	if title == "" {
		title = d.Name
	}
	walk, shows, _ := strings.Cut(dissectorLua, "-- Frames\n") // what formulas call stands before the tables
	return fmt.Sprintf(`-- Wireshark dissector of the profile %s, made by: trama profile dissector
-- Load it with -X lua_script:FILE, or put it into the folder of personal Lua plugins.  Changes belong into the profile.

local profile = %s
local title = %s
local ports = %s

local fields = {
%s}

%s
local kinds = %s

local messages = %s

local security = %s

-- Frames
%s`, d.Name, quoted(d.Name), quoted(title), quoted(strings.Trim(strings.ReplaceAll(fmt.Sprint(o.Ports), " ", ","), "[]")), strings.Join(w.rows, ""),
		walk, w.lua(reflect.ValueOf(d.Frames)), w.lua(reflect.ValueOf(d.Messages)), security(d.Security), shows)
}

// security is where protected frames have what can be read without a key.
func security(l *protect.Layout) string {
	if l == nil {
		return "nil"
	}
	var letters []byte
	for c, is := range l.Letters {
		if is {
			letters = append(letters, byte(c))
		}
	}
	return fmt.Sprintf("{ header = %d, max = %d, command = %d, result = %d, digits = { %s }, letters = %s }", l.Header,
		l.Max, l.Command, l.Result,
		strings.Trim(strings.ReplaceAll(fmt.Sprint(l.Digits), " ", ", "), "[]"), quoted(string(letters)))
}

// writer writes a description as tables of Lua.
type writer struct {
	rows    []string // of the fields of Wireshark: filter, title, class, unit
	index   map[string]int
	classes map[string]string // by filter
	filters map[*describe.FieldDescription]int
}

// classes of the fields of Wireshark, by the kind of the value.
var classes = map[string]string{"uint": "uint64", "int": "int64", "float": "double", "digits": "string",
	"text": "string", "bytes": "bytes", "time": "time",
	"list": "none", "group": "none"}

// nodes gives every field its filter: its key behind those of the groups and lists around it.
func (w *writer) nodes(list []*describe.Node, prefix string) {
	for _, n := range list {
		inner := prefix
		if n.Key != "" {
			w.filter(&n.FieldDescription, prefix+n.Key)
			inner = prefix + n.Key + "."
		} else if n.Node == "field" { // of a list
			w.filter(&n.FieldDescription, prefix+"value")
		}
		for _, bit := range n.Bits {
			w.filter(bit, prefix+bit.Key)
		}
		w.nodes(n.Fields, inner)
		for _, c := range n.Cases {
			w.nodes(c.Fields, inner)
		}
	}
}

// filter notes the field of Wireshark for a path.  A name has one class: fields of another class get a name of their own.
func (w *writer) filter(f *describe.FieldDescription, path string) {
	class, title := classes[f.Kind], f.Key
	if known, ok := w.classes[path]; ok && known != class {
		path += "." + class
	}
	w.classes[path] = class
	if f.Title != "" {
		title = f.Title + " (" + f.Key + ")"
	}
	unit := ""
	if f.Unit != "" {
		unit = " " + f.Unit
	}
	row := fmt.Sprintf("  { %s, %s, %s, %s },\n", quoted(path), quoted(title), quoted(class), quoted(unit))
	if w.index[row] == 0 {
		w.rows = append(w.rows, row)
		w.index[row] = len(w.rows)
	}
	w.filters[f] = w.index[row]
}

// left out of the tables: what is for people.
var left = []string{"Title", "Unit", "Type", "Kind", "At", "Notes", "Given", "Algorithm", "Over", "Is", "Purpose",
	"Repeat", "Forward", "Set", "Commands", "Value string"}

// lua writes a value: structs as tables with lower-case keys, without what is zero.
func (w *writer) lua(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case *describe.Formula:
		return "function(m) return " + expression(x) + " end"
	case *time.Location:
		_, offset := time.Unix(0, 0).In(x).Zone()
		switch {
		case x == time.Local:
			return `"local"`
		case x == time.UTC || strings.ContainsAny(x.String(), "+-"):
			return fmt.Sprint(offset)
		}
		return "nil" // its offset changes
	case describe.HexBytes:
		return quoted(string(x))
	case time.Duration:
		return fmt.Sprint(x.Milliseconds())
	}
	var parts []string
	switch v.Kind() {
	case reflect.Pointer:
		return w.lua(v.Elem())
	case reflect.String:
		return quoted(v.String())
	case reflect.Slice, reflect.Array:
		between := ", "
		for i := range v.Len() {
			if parts = append(parts, w.lua(v.Index(i))); v.Index(i).Kind() == reflect.Struct ||
				v.Index(i).Kind() == reflect.Pointer {
				between = ",\n"
			}
		}
		return "{ " + strings.Join(parts, between) + " }"
	case reflect.Struct:
		return "{ " + strings.Join(w.entries(v), ", ") + " }"
	}
	return fmt.Sprint(v.Interface())
}

func (w *writer) entries(v reflect.Value) (parts []string) {
	if f, is := v.Addr().Interface().(*describe.FieldDescription); is && w.filters[f] > 0 {
		parts = append(parts, fmt.Sprintf("f = %d", w.filters[f]))
	}
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case v.Type() == reflect.TypeFor[describe.Node]() && name == "Layout":
		case name == "Ranges" && f.Len() > 0 && v.Type() == reflect.TypeFor[describe.FieldForm]() &&
			v.FieldByName("Signed").Bool():
			var signed [][2]int64 // they stand in the order of numbers without sign
			for _, r := range f.Interface().([][2]uint64) {
				signed = append(signed, [2]int64{int64(r[0] ^ 1<<63), int64(r[1] ^ 1<<63)})
			}
			parts = append(parts, "ranges = "+w.lua(reflect.ValueOf(signed)))
		case f.IsZero() || slices.Contains(left, name) || slices.Contains(left, name+" "+f.Kind().String()) ||
			f.Type() == reflect.TypeFor[*float64]():
		case f.Type() == reflect.TypeFor[describe.FieldDescription]() || f.Type() == reflect.TypeFor[describe.FieldForm]():
			parts = append(parts, w.entries(f)...)
		default:
			parts = append(parts, `["`+strings.ToLower(name)+`"] = `+w.lua(f))
		}
	}
	return parts
}

// expression is a formula in Lua; what this cannot say ends the walk.
func expression(f *describe.Formula) string {
	a, b := "", ""
	if f.A != nil {
		a = expression(f.A)
	}
	if f.B != nil {
		b = expression(f.B)
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
		if f.A != nil {
			return "m:ahead(" + quoted(string(f.Bytes)) + ", " + a + ")"
		}
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
	if name := map[string]string{"/": "div", "%": "mod", "<<": "shl", ">>": "shr", "&": "band",
		"|": "bor"}[f.Op]; name != "" {
		return fmt.Sprintf("%s(%s, %s)", name, a, b)
	}
	return "m:opaque()"
}

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
