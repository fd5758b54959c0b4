package codec

import (
	"fmt"
	"regexp"
)

// grammarDef is what a field may say beyond a flat place in a frame.
type grammarDef struct {
	rich bool // any of these is used

	sizeExpr, when, count, stop, on, use, value, exponent string
	separator, before, until                              string
	optional, reversed, swapped, counter, elements        bool
	signed                                                bool // a part of bits in two's complement
	wire                                                  bool // a checksum over bytes as they stand on the wire
	stuffed                                               bool // what stands behind the mark is written like the content
	column                                                bool // stands between separators
	fields                                                []fieldDef
	cases                                                 []caseDef
	algorithm                                             any
	over, charset, filler, minus, align, epoch, form      string
	armour, zone                                          string
	joins                                                 any // of a time: the fields that say it together
	digits, add, xor, fill, base, places                  int
	missing                                               []string
	blocks                                                *blocksDef
}

// caseDef is one branch of a choice, or one row of a computed value.
type caseDef struct {
	path   string
	is     []any // empty: everything else
	when   string
	value  string
	fields []fieldDef
}

type blocksDef struct {
	path      string
	size      int
	algorithm any
	order     string
}

// familyDef is one kind of frame on a stream.
type familyDef struct {
	path, name, from string
	start            string
	ends             []string
	armour           string
	escapes          []escapeDef
	max              int
	length           *lengthDef
	header, trailer  []fieldDef
}

type escapeDef struct{ path, plain, coded string }

var (
	sizePattern   = regexp.MustCompile(`^[A-Za-z0-9_(].*[A-Za-z0-9_)]$|^[A-Za-z_]$`)
	asWords       = []string{"number", "digits", "hex", "bcd", "binary", "ascii", "unix", "unix-ms", "cp16", "cp32", "cp56"}
	allOrderWords = []string{"big", "little", "cdab", "badc"}
	alignWords    = []string{"left", "right"}
	formWords     = []string{"degree-minute", "letters", "hex", "ber"}
	ownTypes      = map[string]bool{"group": true, "list": true, "choice": true, "computed": true, "checksum": true, "run": true,
		"decimal": true, "bitset": true, "varint": true}
)

func (d *definition) readFrames(t *table) {
	switch t.Values["frame"].(type) {
	case []map[string]any, []any:
		d.rich = true
		for _, frame := range t.tables("frame") {
			d.families = append(d.families, d.readFamily(frame))
		}
		return
	}
	frame := t.table("frame")
	if frame == nil {
		if !t.Has("frame") {
			t.src.problem("frame", "nothing", "a table with the header and what all frames have in common")
		}
		return
	}
	f := d.readFamily(frame)
	d.max, d.length, d.header = f.max, f.length, f.header
	d.families = []familyDef{f}
}

func (d *definition) readFamily(t *table) familyDef {
	f := familyDef{path: t.Path, max: t.Integer("max", 1, hardMaxFrame, defaultMaxFrame)}
	if length := t.table("length"); length != nil {
		f.length = &lengthDef{path: length.Path, field: length.RequiredText("field"),
			counts: length.RequiredText("counts"), add: length.Integer("add", -hardMaxFrame, hardMaxFrame, 0)}
		length.Finish()
	}
	f.header = readFields(t, "header", d.order)
	f.name, f.start = t.Text("name"), t.Text("start")
	if _, several := t.Values["end"].([]any); several {
		if f.ends = t.Texts("end"); len(t.Values["end"].([]any)) == 0 {
			t.src.problem(t.At("end"), "an empty array", "at least one mark")
		}
	} else if end := t.Text("end"); end != "" {
		f.ends = []string{end}
	}
	if t.hidden("armour"); t.Has("armour") {
		f.armour = t.Text("armour")
	}
	f.from = t.Word("from", partyWords, "anyone")
	f.trailer = readFields(t, "trailer", d.order)
	if escape := t.table("escape"); escape != nil {
		for _, plain := range escape.Keys() {
			f.escapes = append(f.escapes, escapeDef{escape.At(plain), plain, escape.Text(plain)})
		}
	}
	d.rich = d.rich || f.armour != "" || f.start != "" || f.ends != nil || len(f.trailer) > 0 || len(f.escapes) > 0
	t.Finish()
	return f
}

func (d *definition) readLayouts(t *table) {
	d.includes = t.Texts("include")
	d.rich = d.rich || len(d.includes) > 0
	layouts := t.table("layout")
	if layouts == nil {
		return
	}
	d.layouts = map[string][]fieldDef{}
	for _, name := range layouts.Keys() {
		if one := layouts.table(name); one != nil {
			d.layouts[name] = readFields(one, "fields", d.order)
			one.Finish()
		}
	}
}

func (f *fieldDef) readGrammar(t *table, order string) {
	for key, to := range map[string]*string{"when": &f.when, "count": &f.count, "stop": &f.stop, "on": &f.on, "use": &f.use, "value": &f.value,
		"exponent": &f.exponent, "separator": &f.separator, "before": &f.before, "until": &f.until,
		"over": &f.over, "armour": &f.armour, "filler": &f.filler, "minus": &f.minus, "epoch": &f.epoch} {
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
		f.rich = true
	}
	for key, to := range map[string]*bool{"optional": &f.optional, "reversed": &f.reversed, "swapped": &f.swapped, "counter": &f.counter,
		"wire": &f.wire, "stuffed": &f.stuffed} {
		t.hidden(key)
		if t.Has(key) {
			*to, f.rich = t.Flag(key, false), true
		}
	}
	for key, to := range map[string]*int{"digits": &f.digits, "add": &f.add, "xor": &f.xor, "fill": &f.fill,
		"base": &f.base, "places": &f.places} {
		t.hidden(key)
		if t.Has(key) {
			*to, f.rich = t.Integer(key, 0, 255, 0), true
		}
	}
	for key, words := range map[string][]string{"align": alignWords, "form": formWords, "charset": t.src.charsetNames()} {
		t.hidden(key)
		if t.Has(key) {
			word := t.Word(key, words, "")
			switch f.rich = true; key {
			case "align":
				f.align = word
			case "form":
				f.form = word
			default:
				f.charset = word
			}
		}
	}
	if t.hidden("zone"); t.Has("zone") {
		f.zone = t.Text("zone")
	}
	if t.hidden("parts"); t.Has("parts") {
		f.joins, _ = t.Get("parts")
		f.rich = true
	}
	if f.algorithm = t.Values["algorithm"]; f.algorithm != nil {
		f.rich = true
	}
	t.hidden("algorithm")
	if t.Has("missing") {
		f.missing, f.rich = t.Texts("missing"), true
	}
	f.fields = readFields(t, "fields", order)
	if of := t.table("of"); of != nil {
		of.Values["key"] = "value"
		if _, named := of.Values["type"]; !named && of.Has("use") {
			delete(of.Values, "key")
		}
		f.fields, f.elements = []fieldDef{readField(of, order)}, true
	}
	for _, c := range t.tables("cases") {
		f.cases = append(f.cases, readCase(c, order))
	}
	if b := t.table("blocks"); b != nil {
		f.blocks = &blocksDef{path: b.Path, size: b.Integer("size", 1, hardMaxFrame, 16), order: b.Word("order", orderWords, order)}
		f.blocks.algorithm, _ = b.Get("algorithm")
		b.Finish()
	}
	f.rich = f.rich || ownTypes[f.kind] || len(f.fields) > 0 || len(f.cases) > 0 || f.blocks != nil ||
		f.kind == "time" && f.as != "" || f.order == "cdab" || f.order == "badc"
}

func readCase(t *table, order string) caseDef {
	c := caseDef{path: t.Path, when: t.Text("when"), value: t.Text("value"), fields: readFields(t, "fields", order)}
	if v, ok := t.Get("is"); ok {
		c.is = asList(v)
	}
	if use := t.Text("use"); use != "" {
		f := fieldDef{path: t.Path}
		f.use, f.rich = use, true
		c.fields = append(c.fields, f)
	}
	t.Finish()
	return c
}

// fieldTable checks what a field cannot do without: a key, except for parts that need none, and a type.
func fieldTable(t *table) *table {
	kind, _ := t.Values["type"].(string)
	keyless := t.Has("use") || kind == "choice" || kind == "list" || kind == "group"
	if _, isText := t.Values["key"].(string); !keyless && (isText || !t.Has("key")) && t.Values["key"] == nil {
		t.src.problem(t.At("key"), "nothing", "a string that is not empty")
	}
	if !t.Has("use") && t.Values["type"] == nil {
		t.src.problem(t.At("type"), "nothing", "a string that is not empty")
	}
	return t
}

// hidden makes a key known without listing it among those that a plain field has.
func (t *table) hidden(key string) { t.Silent = append(t.Silent, key) }

// isRich says whether any field needs the grammar.
func isRich(fields []fieldDef) bool {
	for i := range fields {
		if fields[i].rich {
			return true
		}
	}
	return false
}

func (d *definition) needsGrammar() bool {
	rich := d.rich || isRich(d.header)
	for i := range d.messages {
		rich = rich || isRich(d.messages[i].fields) || d.messages[i].when != "" || d.messages[i].set != nil || d.messages[i].frame != ""
	}
	for _, r := range d.replies {
		rich = rich || r.when != "" || r.damaged || r.messages != nil || r.without != nil
	}
	return rich
}
