package schema

import (
	"fmt"
	"slices"
	"time"

	"trama/codec/internal/field"
)

// FamilyDef is one kind of frame on a stream.
type FamilyDef struct {
	Path, Name, From string
	Start            string
	Ends             []string
	Armour           string
	Escapes          []escapeDef
	Max              int
	Length           *lengthDef
	Sizes            []int         // as written; nil: as the frames say
	Quiet            time.Duration // of a silence that ends frames; 0: not said
	Header, Trailer  []FieldDef
}

type escapeDef struct{ Path, Plain, Coded string }

func (d *Definition) readFrames(t *Table) {
	switch t.Values["frame"].(type) {
	case []map[string]any, []any:
		d.rich = true
		for _, frame := range t.Subs("frame") {
			d.Families = append(d.Families, d.readFamily(frame))
		}
		return
	}
	frame := t.Sub("frame")
	if frame == nil {
		if !t.Has("frame") {
			t.src.Problem("frame", "nothing", "a table with the header and what all frames have in common")
		}
		return
	}
	f := d.readFamily(frame)
	d.max, d.Length, d.header = f.Max, f.Length, f.Header
	d.Families = []FamilyDef{f}
}

func (d *Definition) readFamily(t *Table) FamilyDef {
	f := FamilyDef{Path: t.Path, Max: t.Integer("max", 1, field.HardMaxFrame, field.DefaultMaxFrame)}
	if length := t.Sub("length"); length != nil {
		f.Length = &lengthDef{Path: length.Path, Field: length.RequiredText("field"),
			Counts: length.RequiredText("counts"), Add: length.Integer("add", -field.HardMaxFrame, field.HardMaxFrame, 0)}
		length.Finish()
	}
	f.Header = readFields(t, "header", d.order)
	f.Name, f.Start = t.Text("name"), t.Text("start")
	if _, several := t.Values["end"].([]any); several {
		if f.Ends = t.Texts("end"); len(t.Values["end"].([]any)) == 0 {
			t.src.Problem(t.At("end"), "an empty array", "at least one mark")
		}
	} else if end := t.Text("end"); end != "" {
		f.Ends = []string{end}
	}
	if t.more("armour") {
		f.Armour = t.Text("armour")
	}
	f.From = t.Word("from", field.PartyWords, "anyone")
	f.Trailer = readFields(t, "trailer", d.order)
	f.Sizes = t.sizes("sizes")
	f.Quiet = t.Duration("quiet", 10*time.Millisecond, 10*time.Second, false, 0)
	if escape := t.Sub("escape"); escape != nil {
		for _, plain := range escape.Keys() {
			f.Escapes = append(f.Escapes, escapeDef{escape.At(plain), plain, escape.Text(plain)})
		}
	}
	d.rich = d.rich || f.Armour != "" || f.Start != "" || f.Ends != nil || f.Sizes != nil || len(f.Trailer) > 0 || len(f.Escapes) > 0
	t.Finish()
	return f
}

// sizes reads the sizes of frames.
func (t *Table) sizes(key string) (out []int) {
	v, ok := t.Get(key)
	if !ok {
		return nil
	}
	list, _ := v.([]any)
	for _, e := range list {
		n, is := e.(int64)
		if !is || n < 1 || n > field.HardMaxFrame || slices.Contains(out, int(n)) {
			list = nil
			break
		}
		out = append(out, int(n))
	}
	if len(list) == 0 {
		t.src.Problem(t.At(key), Describe(v), fmt.Sprintf("an array of numbers of bytes that differ, from 1 to %d", field.HardMaxFrame))
	}
	return out
}

func (d *Definition) readLayouts(t *Table) {
	d.includes = t.Texts("include")
	d.rich = d.rich || len(d.includes) > 0
	layouts := t.Sub("layout")
	if layouts == nil {
		return
	}
	d.Layouts = map[string][]FieldDef{}
	for _, name := range layouts.Keys() {
		if one := layouts.Sub(name); one != nil {
			d.Layouts[name] = readFields(one, "fields", d.order)
			one.Finish()
		}
	}
}

// NeedsGrammar says that frames are more than a header of fixed size and bodies of plain fields.
func (d *Definition) NeedsGrammar() bool {
	rich := d.rich || isRich(d.header)
	for i := range d.Messages {
		rich = rich || isRich(d.Messages[i].Fields) || d.Messages[i].When != "" || d.Messages[i].Set != nil || d.Messages[i].Frame != ""
	}
	for _, r := range d.Replies {
		rich = rich || r.When != "" || r.Damaged || r.Messages != nil || r.Without != nil
	}
	return rich
}

func isRich(fields []FieldDef) bool {
	return slices.ContainsFunc(fields, func(f FieldDef) bool { return f.rich })
}
