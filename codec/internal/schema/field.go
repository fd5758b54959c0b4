package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"trama/codec/internal/field"
)

// FieldDef is a field, a part of bits, or a group, list or choice.
type FieldDef struct {
	Path, Key, Title, Unit, Kind, Role, RoleWhen, Point string
	Notes                                               []field.Note
	rich                                                bool // it says more than a place of fixed size and its value

	// Where its bytes are.
	Size, MaxSize                            int
	SizeBits                                 int // of a field that need not begin with a byte; 0: it has whole ones
	Rest, BadSize                            bool
	SizeExpr, When, Separator, Before, Until string
	Optional, Column                         bool // Column: it stands between separators
	Order, At                                string
	Add, Xor                                 int
	Armour                                   string
	Blocks                                   *blocksDef

	// Values.
	As, Layout, Chars, Charset, Filler, Minus, Align, Epoch, Form, Zone string
	Turned                                                              bool // a time whose bytes stand the other way round
	Reversed, Swapped, Signed                                           bool // Signed: a part of bits in two's complement
	Digits, Fill, Base, Places                                          int
	Preset, Constant, Low, High, Scale, Offset, Pad                     any
	In                                                                  []any
	Enum                                                                []enumDef
	Missing                                                             []string
	Exponent, Value                                                     string
	Text                                                                string // of a computed field: text with fields in braces
	Joins                                                               any    // of a time: the fields that say it together
	Remember, Counter                                                   bool
	Algorithm                                                           any
	Over                                                                string
	Wire                                                                bool // a checksum over bytes as they stand on the wire
	// what stands behind the mark is written like the content
	Stuffed bool

	// Contents.
	Use, Count, Stop, On string
	Fields               []FieldDef
	Elements             bool // Fields is one, and each element of the list
	Cases                []CaseDef
	Parts                []FieldDef // of bits
}

type enumDef struct {
	Path  string
	Value string
	Label string
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

var (
	sizePattern   = regexp.MustCompile(`^[A-Za-z0-9_(].*[A-Za-z0-9_)]$|^[A-Za-z_]$`)
	asWords       = []string{"number", "digits", "hex", "bcd", "binary", "ascii", "unix", "unix-ms", "cp16", "cp32", "cp56"}
	allOrderWords = []string{"big", "little", "cdab", "badc"}
	alignWords    = []string{"left", "right"}
	formWords     = []string{"degree-minute", "letters", "hex", "ber"}
	ownTypes      = []string{"group", "list", "choice", "computed", "checksum", "run", "decimal", "bitset", "varint"}
)

func readFields(t *Table, key, order string) []FieldDef {
	var out []FieldDef
	for _, f := range t.Subs(key) {
		out = append(out, readField(f, order))
	}
	return out
}

func readField(t *Table, order string) FieldDef {
	fieldTable(t)
	f := FieldDef{
		Path: t.Path, Key: t.Text("key"), Kind: t.Text("type"),
		Title: t.Text("title"), Unit: t.Text("unit"),
		As:     t.Word("as", asWords, ""),
		Order:  t.Word("order", allOrderWords, order),
		Layout: t.Text("layout"), Chars: t.Word("chars", field.CharWords, ""),
		Role: t.Word("role", field.RoleNames[1:], ""), Remember: t.Flag("remember", false), Notes: t.Written(shownKeys),
	}
	f.Turned = f.Kind == "time" && t.Values["order"] == "little"
	t.fit(f.Kind)
	f.readMore(t, order)
	f.readSize(t)
	if t.more("size_bits") {
		f.SizeBits, f.Signed = t.Integer("size_bits", 1, 64, 1), t.Flag("signed", false)
		t.fitBits(f.Kind)
	}
	f.readValues(t)
	f.rich = f.beyondPlain(t)
	for _, part := range t.Subs("bits") {
		p := FieldDef{Path: part.Path, Kind: "part", Key: part.RequiredText("key"), At: part.place("at"),
			Title: part.Text("title"), Unit: part.Text("unit"), Role: part.Word("role", field.RoleNames[1:], ""),
			Notes: part.Written(shownKeys)}
		p.Signed, p.Counter, p.Remember = part.Flag("signed", false), part.Flag("counter", false), part.Flag("remember", false)
		p.Missing = part.Texts("missing")
		if part.more("point") {
			p.Point = part.Text("point")
		}
		p.Form, p.As = part.Word("form", []string{"letters", "hex"}, ""), part.Word("as", []string{"bcd"}, "")
		f.rich = f.rich || p.Signed || p.Counter || p.Missing != nil || p.Form != "" || p.As != ""
		p.readValues(part)
		if p.Pad != nil {
			t.src.Problem(part.At("pad"), "it on a part of bits", "it on type ascii only")
		}
		part.Finish()
		p.checkKey(t.src)
		f.Parts = append(f.Parts, p)
	}
	t.Finish()
	f.checkKey(t.src)
	return f
}

// place of bits, which may be written as a number where it is one bit.
func (t *Table) place(key string) string {
	if n, ok := t.Values[key].(int64); ok {
		t.Known = append(t.Known, key)
		return fmt.Sprint(n)
	}
	return t.RequiredText(key)
}

func (f *FieldDef) checkKey(s *Reader) {
	switch {
	case f.Key == "":
	case !field.KeyPattern.MatchString(f.Key):
		s.Problem(f.Path+".key", field.Quote(f.Key), "letters, digits and _, not beginning with a digit")
	case slices.Contains(field.ReservedKeys, f.Key):
		s.Problem(f.Path+".key", field.Quote(f.Key), "a key other than "+strings.Join(field.ReservedKeys, ", "))
	}
}

func (f *FieldDef) readSize(t *Table) {
	f.MaxSize = t.Integer("max_size", 0, field.HardMaxFrame, field.HardMaxFrame)
	if s := t.Values["size"]; t.Has("max_size") && s != "rest" && t.Values["type"] != "run" && t.Values["type"] != "varint" {
		beside := "it beside a size"
		if s == nil {
			beside = "it without a size"
		}
		t.src.Problem(t.At("max_size"), beside, `it with size = "rest"`)
	}
	v, ok := t.Get("size")
	if !ok {
		return
	}
	switch v := v.(type) {
	case int64:
		if v >= 1 && v <= field.HardMaxFrame {
			f.Size = int(v)
			return
		}
	case string:
		if v == "rest" {
			f.Rest = true
			return
		}
		if f.SizeExpr = v; v != "" && sizePattern.MatchString(v) {
			return
		}
	}
	f.BadSize = true
	t.src.Problem(t.At("size"), Describe(v), fmt.Sprintf(`a number of bytes from 1 to %d, or "rest"`, field.HardMaxFrame))
}

// readValues reads what restricts and explains the value.
func (f *FieldDef) readValues(t *Table) {
	f.Preset, _ = t.Get("default")
	f.Constant, _ = t.Get("const")
	f.Low, _ = t.Get("min")
	f.High, _ = t.Get("max")
	f.Scale, _ = t.Get("scale")
	f.Offset, _ = t.Get("offset")
	f.Pad, _ = t.Get("pad")
	if in, ok := t.Get("in"); ok {
		f.In = asList(in)
		if len(f.In) == 0 {
			t.src.Problem(t.At("in"), "an empty array", "at least one value")
		}
	}
	f.Enum = t.enum()
}

// enum are the names of values.
func (t *Table) enum() (out []enumDef) {
	if enum := t.Sub("enum"); enum != nil {
		for _, value := range enum.Keys() {
			out = append(out, enumDef{enum.At(value), value, enum.Text(value)})
		}
	}
	return out
}

// plainKeys are those of a field of fixed place and size.
var plainKeys = []string{"key", "type", "title", "unit", "point", "as", "order", "layout", "role", "chars", "remember",
	"size", "max_size", "zone", "bits",
	"default", "const", "min", "max", "scale", "offset", "pad", "in", "enum"}

// beyondPlain says that a field has more than a place of fixed size and a value.
func (f *FieldDef) beyondPlain(t *Table) bool {
	for key := range t.Values {
		if !slices.Contains(plainKeys, key) {
			return true
		}
	}
	text := f.Kind == "ascii" || f.Kind == "hex" || f.Kind == "bcd" && f.As != "" && f.As != "number"
	return f.SizeExpr != "" && !f.BadSize || slices.Contains(ownTypes, f.Kind) || f.Kind == "time" && f.As != "" ||
		f.Order == "cdab" || f.Order == "badc" ||
		text && f.In != nil && (f.Kind != "ascii" || f.Size != 1) || f.Kind == "ascii" && f.Enum != nil
}

// readMore reads the keys that a plain field does not have.
func (f *FieldDef) readMore(t *Table, order string) {
	for _, one := range []struct {
		key string
		to  *string
	}{{"when", &f.When}, {"point", &f.Point}, {"role_when", &f.RoleWhen}, {"count", &f.Count}, {"stop", &f.Stop},
		{"on", &f.On}, {"use", &f.Use}, {"value", &f.Value}, {"text", &f.Text},
		{"exponent", &f.Exponent}, {"separator", &f.Separator}, {"before", &f.Before}, {"until", &f.Until}, {"over", &f.Over},
		{"armour", &f.Armour}, {"filler", &f.Filler}, {"minus", &f.Minus}, {"epoch", &f.Epoch}, {"zone", &f.Zone}} {
		n, number := t.Values[one.key].(int64)
		switch {
		case !t.more(one.key):
		case number && (one.key == "count" || one.key == "value" || one.key == "exponent"):
			*one.to = fmt.Sprint(n)
		default:
			*one.to = t.Text(one.key)
		}
	}
	for _, one := range []struct {
		key string
		to  *bool
	}{{"optional", &f.Optional}, {"reversed", &f.Reversed}, {"swapped", &f.Swapped}, {"counter", &f.Counter}, {"wire", &f.Wire},
		{"stuffed", &f.Stuffed}} {
		if t.more(one.key) {
			*one.to = t.Flag(one.key, false)
		}
	}
	for _, one := range []struct {
		key string
		to  *int
	}{{"digits", &f.Digits}, {"add", &f.Add}, {"xor", &f.Xor}, {"fill", &f.Fill}, {"base", &f.Base}, {"places", &f.Places}} {
		if t.more(one.key) {
			*one.to = t.Integer(one.key, 0, 255, 0)
		}
	}
	if t.more("align") {
		f.Align = t.Word("align", alignWords, "")
	}
	if t.more("form") {
		f.Form = t.Word("form", formWords, "")
	}
	if t.more("charset") {
		f.Charset = t.Word("charset", t.src.charsetNames(), "")
	}
	if t.more("parts") {
		f.Joins = t.Values["parts"]
	}
	if t.more("algorithm") {
		f.Algorithm = t.Values["algorithm"]
	}
	if t.Has("missing") {
		f.Missing = t.Texts("missing")
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
		f.Blocks = &blocksDef{Path: b.Path, Size: b.Integer("size", 1, field.HardMaxFrame, 16),
			Order: b.Word("order", field.OrderWords, order)}
		f.Blocks.Algorithm, _ = b.Get("algorithm")
		b.Finish()
	}
}

func readCase(t *Table, order string) CaseDef {
	c := CaseDef{Path: t.Path, When: t.Text("when"), Value: t.Text("value"), Fields: readFields(t, "fields", order)}
	if v, ok := t.Get("is"); ok {
		c.Is = asList(v)
	}
	if use := t.Text("use"); use != "" {
		c.Fields = append(c.Fields, FieldDef{Path: t.Path, Use: use, rich: true})
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

// more says that the table has a key that a plain field does not have.  The key is known, but messages do not list it.
func (t *Table) more(key string) bool {
	t.Silent = append(t.Silent, key)
	return t.Has(key)
}
