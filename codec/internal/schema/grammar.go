package schema

import (
	"fmt"
	"regexp"

	"trama/codec/internal/field"
)

// GrammarDef is what a field may say beyond a flat place in a frame.
type GrammarDef struct {
	Rich bool // any of these is used

	SizeExpr, When, Count, Stop, On, Use, Value, Exponent string
	Separator, Before, Until                              string
	Text                                                  string // of a computed field: text with fields in braces
	Optional, Reversed, Swapped, Counter, Elements        bool
	Signed                                                bool // a part of bits in two's complement
	Wire                                                  bool // a checksum over bytes as they stand on the wire
	Stuffed                                               bool // what stands behind the mark is written like the content
	Column                                                bool // stands between separators
	Fields                                                []FieldDef
	Cases                                                 []CaseDef
	Algorithm                                             any
	Over, Charset, Filler, Minus, Align, Epoch, Form      string
	Armour, Zone                                          string
	Joins                                                 any // of a time: the fields that say it together
	Digits, Add, Xor, Fill, Base, Places                  int
	Missing                                               []string
	Blocks                                                *blocksDef
}

// CaseDef is one branch of a choice, or one row of a computed value.
type CaseDef struct {
	Path   string
	Is     []any // empty: everything else
	When   string
	Value  string
	Fields []FieldDef
}

type blocksDef struct {
	Path      string
	Size      int
	Algorithm any
	Order     string
}

// FamilyDef is one kind of frame on a stream.
type FamilyDef struct {
	Path, Name, From string
	Start            string
	Ends             []string
	Armour           string
	Escapes          []escapeDef
	Max              int
	Length           *lengthDef
	Header, Trailer  []FieldDef
}

type escapeDef struct{ Path, Plain, Coded string }

var (
	sizePattern   = regexp.MustCompile(`^[A-Za-z0-9_(].*[A-Za-z0-9_)]$|^[A-Za-z_]$`)
	asWords       = []string{"number", "digits", "hex", "bcd", "binary", "ascii", "unix", "unix-ms", "cp16", "cp32", "cp56"}
	allOrderWords = []string{"big", "little", "cdab", "badc"}
	alignWords    = []string{"left", "right"}
	formWords     = []string{"degree-minute", "letters", "hex", "ber"}
	ownTypes      = map[string]bool{"group": true, "list": true, "choice": true, "computed": true, "checksum": true, "run": true,
		"decimal": true, "bitset": true, "varint": true}
)

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
	if t.hidden("armour"); t.Has("armour") {
		f.Armour = t.Text("armour")
	}
	f.From = t.Word("from", field.PartyWords, "anyone")
	f.Trailer = readFields(t, "trailer", d.order)
	if escape := t.Sub("escape"); escape != nil {
		for _, plain := range escape.Keys() {
			f.Escapes = append(f.Escapes, escapeDef{escape.At(plain), plain, escape.Text(plain)})
		}
	}
	d.rich = d.rich || f.Armour != "" || f.Start != "" || f.Ends != nil || len(f.Trailer) > 0 || len(f.Escapes) > 0
	t.Finish()
	return f
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

func (f *FieldDef) readGrammar(t *Table, order string) {
	for key, to := range map[string]*string{"when": &f.When, "count": &f.Count, "stop": &f.Stop, "on": &f.On, "use": &f.Use, "value": &f.Value, "text": &f.Text,
		"exponent": &f.Exponent, "separator": &f.Separator, "before": &f.Before, "until": &f.Until,
		"over": &f.Over, "armour": &f.Armour, "filler": &f.Filler, "minus": &f.Minus, "epoch": &f.Epoch} {
		if !t.Has(key) {
			t.hidden(key)
			continue
		}
		if n, ok := t.Values[key].(int64); ok && (key == "count" || key == "value" || key == "exponent") {
			*to = fmt.Sprint(n)
			t.hidden(key)
		} else {
			*to = t.Text(key)
		}
		f.Rich = true
	}
	for key, to := range map[string]*bool{"optional": &f.Optional, "reversed": &f.Reversed, "swapped": &f.Swapped, "counter": &f.Counter,
		"wire": &f.Wire, "stuffed": &f.Stuffed} {
		t.hidden(key)
		if t.Has(key) {
			*to, f.Rich = t.Flag(key, false), true
		}
	}
	for key, to := range map[string]*int{"digits": &f.Digits, "add": &f.Add, "xor": &f.Xor, "fill": &f.Fill,
		"base": &f.Base, "places": &f.Places} {
		t.hidden(key)
		if t.Has(key) {
			*to, f.Rich = t.Integer(key, 0, 255, 0), true
		}
	}
	for key, words := range map[string][]string{"align": alignWords, "form": formWords, "charset": t.src.charsetNames()} {
		t.hidden(key)
		if t.Has(key) {
			word := t.Word(key, words, "")
			switch f.Rich = true; key {
			case "align":
				f.Align = word
			case "form":
				f.Form = word
			default:
				f.Charset = word
			}
		}
	}
	if t.hidden("zone"); t.Has("zone") {
		f.Zone = t.Text("zone")
	}
	if t.hidden("parts"); t.Has("parts") {
		f.Joins, _ = t.Get("parts")
		f.Rich = true
	}
	if f.Algorithm = t.Values["algorithm"]; f.Algorithm != nil {
		f.Rich = true
	}
	t.hidden("algorithm")
	if t.Has("missing") {
		f.Missing, f.Rich = t.Texts("missing"), true
	}
	f.Fields = readFields(t, "fields", order)
	if of := t.Sub("of"); of != nil {
		of.Values["key"] = "value"
		if _, named := of.Values["type"]; !named && of.Has("use") {
			delete(of.Values, "key")
		}
		f.Fields, f.Elements = []FieldDef{readField(of, order)}, true
	}
	for _, c := range t.Subs("cases") {
		f.Cases = append(f.Cases, readCase(c, order))
	}
	if b := t.Sub("blocks"); b != nil {
		f.Blocks = &blocksDef{Path: b.Path, Size: b.Integer("size", 1, field.HardMaxFrame, 16), Order: b.Word("order", field.OrderWords, order)}
		f.Blocks.Algorithm, _ = b.Get("algorithm")
		b.Finish()
	}
	f.Rich = f.Rich || ownTypes[f.Kind] || len(f.Fields) > 0 || len(f.Cases) > 0 || f.Blocks != nil ||
		f.Kind == "time" && f.As != "" || f.Order == "cdab" || f.Order == "badc"
}

func readCase(t *Table, order string) CaseDef {
	c := CaseDef{Path: t.Path, When: t.Text("when"), Value: t.Text("value"), Fields: readFields(t, "fields", order)}
	if v, ok := t.Get("is"); ok {
		c.Is = asList(v)
	}
	if use := t.Text("use"); use != "" {
		f := FieldDef{Path: t.Path}
		f.Use, f.Rich = use, true
		c.Fields = append(c.Fields, f)
	}
	t.Finish()
	return c
}

// fieldTable checks what a field cannot do without: a key, except for parts that need none, and a type.
func fieldTable(t *Table) *Table {
	kind, _ := t.Values["type"].(string)
	keyless := t.Has("use") || kind == "choice" || kind == "list" || kind == "group"
	if _, isText := t.Values["key"].(string); !keyless && (isText || !t.Has("key")) && t.Values["key"] == nil {
		t.src.Problem(t.At("key"), "nothing", "a string that is not empty")
	}
	if !t.Has("use") && t.Values["type"] == nil {
		t.src.Problem(t.At("type"), "nothing", "a string that is not empty")
	}
	return t
}

// hidden makes a key known without listing it among those that a plain field has.
func (t *Table) hidden(key string) { t.Silent = append(t.Silent, key) }

// isRich says whether any field needs the grammar.
func isRich(fields []FieldDef) bool {
	for i := range fields {
		if fields[i].Rich {
			return true
		}
	}
	return false
}

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
