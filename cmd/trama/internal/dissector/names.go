package dissector

import (
	"strings"

	"trama/codec"
)

// filter is one field of Wireshark: a name by which it is filtered and what its values are.
type filter struct {
	Path   string // behind the name of the profile
	Title  string
	Class  string // see classOf
	Hex    bool   // shown in hexadecimal
	Labels []codec.OutlineLabel
}

// shown says under which filters a field of the profile appears; 0 is none.
type shown struct {
	Filter int
	Aside  int // what stands there when the value is none: missing, or a time that does not exist; the verdict of a checksum
}

// naming gives every field its filter.  Filters of one name must have one type, so fields of one path share the widest of
// theirs; what has nothing in common gets a name of its own.
type naming struct {
	out     *codec.Outline
	paths   []string // by field
	wide    map[string]string
	filters []filter
	index   map[string]int
	shown   []shown
}

func name(out *codec.Outline) *naming {
	n := &naming{out: out, paths: make([]string, len(out.Fields)), wide: map[string]string{}, index: map[string]int{}}
	for _, k := range out.Kinds {
		n.walk(k.Header, "")
		for _, b := range k.Bodies {
			n.walk(b.Nodes, "")
		}
		n.walk(k.Trailer, "")
	}
	for i := range out.Fields {
		n.widen(n.paths[i], classOf(&out.Fields[i]))
	}
	for i := range out.Fields {
		if suffix := asideOf(&out.Fields[i]); suffix != "" {
			n.widen(n.paths[i]+suffix, "string")
		}
	}
	for i := range out.Fields {
		n.field(i)
	}
	return n
}

// walk notes the path of each field: its key behind those of the groups and lists around it.
func (n *naming) walk(nodes []*codec.OutlineNode, prefix string) {
	for _, node := range nodes {
		inner := prefix
		if f := node.Field; f > 0 {
			for i := f; i <= f+node.Parts; i++ {
				n.paths[i-1] = prefix + n.out.Fields[i-1].Key
			}
			if node.Kind != "leaf" && n.out.Fields[f-1].Key != "" {
				inner = n.paths[f-1] + "."
			}
		}
		if node.Element > 0 {
			n.paths[node.Element-1] = inner + "element"
		}
		n.walk(node.Kids, inner)
		for _, c := range node.Cases {
			n.walk(c.Kids, inner)
		}
	}
}

// classOf says what Wireshark holds of a field: u32, u64, i32, i64, double, string, bytes, time, or none for a part.
func classOf(f *codec.OutlineField) string {
	small := f.Size > 0 && f.Size <= 4
	switch f.Kind {
	case "list", "group":
		return "none"
	case "time":
		return "time"
	case "float":
		return "double"
	case "digits", "text":
		return "string"
	case "bytes":
		if f.Form != nil && f.Form.Reversed {
			return "string"
		}
		return "bytes"
	case "int":
		if small {
			return "i32"
		}
		return "i64"
	}
	if small || f.Code == "run" || f.Code == "part" && f.Mask < 1<<32 {
		return "u32"
	}
	return "u64"
}

var wider = map[string]string{"u32 u64": "u64", "u32 i32": "i64", "u32 i64": "i64", "u64 i32": "i64", "u64 i64": "i64", "i32 i64": "i64"}

// widen notes that fields of a class have the path; a double holds any number.
func (n *naming) widen(path, class string) {
	for suffix := ""; ; suffix = "." + family(class) {
		have, known := n.wide[path+suffix]
		switch {
		case !known || have == class:
			n.wide[path+suffix] = class
			return
		case family(have) == "number" && family(class) == "number":
			n.wide[path+suffix] = "double"
			if both := wider[have+" "+class] + wider[class+" "+have]; both != "" {
				n.wide[path+suffix] = both
			}
			return
		}
	}
}

// find is the full path of the filter for a path and a class, and the class that it has.
func (n *naming) find(path, class string) (string, string) {
	if have := n.wide[path]; family(have) == family(class) {
		return path, have
	}
	path += "." + family(class)
	return path, n.wide[path]
}

func family(class string) string {
	switch class {
	case "u32", "u64", "i32", "i64", "double":
		return "number"
	case "none":
		return "part"
	}
	return class
}

// add returns the number of a filter; the same one for the same name, title and labels.
func (n *naming) add(f filter) int {
	key := strings.Join([]string{f.Path, f.Title, string(appendLuaOf(nil, f.Labels))}, "\x00")
	if n.index[key] == 0 {
		n.filters = append(n.filters, f)
		n.index[key] = len(n.filters)
	}
	return n.index[key]
}

func (n *naming) field(i int) {
	f := &n.out.Fields[i]
	s := shown{}
	class := ""
	one := filter{Title: f.Title, Hex: f.Code == "bits" || f.Code == "checksum"}
	one.Path, class = n.find(n.paths[i], classOf(f))
	one.Class = class
	switch {
	case f.Key == "":
		one.Title = "element"
	case f.Title == "":
		one.Title = f.Key
	default:
		one.Title = f.Title + " (" + f.Key + ")"
	}
	if class == "u32" && exact(f.Labels) {
		one.Labels = f.Labels
	}
	s.Filter = n.add(one)
	if suffix := asideOf(f); suffix != "" {
		aside := filter{Title: one.Title + strings.ReplaceAll(suffix, "-", " "), Class: "string"}
		aside.Path, _ = n.find(n.paths[i]+suffix, "string")
		s.Aside = n.add(aside)
	}
	n.shown = append(n.shown, s)
}

// asideOf is how a filter is called that shows what the field itself cannot.
func asideOf(f *codec.OutlineField) string {
	switch {
	case f.Code == "checksum":
		return "-status"
	case f.Kind == "time" || f.Form != nil && len(f.Form.Missing)+len(f.Form.None) > 0:
		return "-raw"
	}
	return ""
}

// exact says that labels name single values that Wireshark can hold in a table.
func exact(labels []codec.OutlineLabel) bool {
	for _, l := range labels {
		if l.Lo != l.Hi || l.Lo < 0 {
			return false
		}
	}
	return true
}
