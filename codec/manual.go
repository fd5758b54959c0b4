package codec

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Manual is a definition as its author wrote it, for people: expressions are text, and layouts are named rather than put
// in place.  It is plain data; how it is shown is not the business of this package.
type Manual struct {
	Name, Title string
	Zone, Order string
	Frames      []ManualFrame
	Layouts     []ManualLayout
	Messages    []ManualMessage
	Replies     []ManualReply
	Answer      []string // fields that an answer shares with its command
	Examples    []ManualExample
	More        []ManualNote // tables of the definition beyond these, such as resend
}

// ManualFrame is one kind of frame.
type ManualFrame struct {
	Name, From      string
	Start           string
	Ends            []string     // the marks of which one ends a frame
	Escapes         []ManualNote // byte and sequence
	Max             int
	Length          *ManualLength
	Header, Trailer []ManualField
	More            []ManualNote
}

// ManualLength says what the length field counts, in the words of the definition.
type ManualLength struct {
	Field, Counts string
	Add           int
}

// ManualLayout is a list of fields that has a name.
type ManualLayout struct {
	Name   string
	Fields []ManualField
}

// ManualMessage is one message.
type ManualMessage struct {
	Name, Title, From, Purpose string
	Frame, When                string
	Commands                   []string
	Default                    bool
	Fields                     []ManualField
	More                       []ManualNote // repeat, forward
}

// ManualField is one field, a part of a field of bits, or a group, list or choice.
type ManualField struct {
	Key, Title, Unit, Type, Role string
	Size                         int    // bytes; 0 when it varies, or has none
	Varies                       string // size as written, when it is no number
	When, At                     string
	Values                       []ManualNote // const, in, min, max, default
	Labels                       []ManualNote // value and label
	Bits                         []ManualField
	Use                          string        // the layout that stands here
	Fields                       []ManualField // of a group, or of each element of a list
	Single                       bool          // each element is one field and not several
	Cases                        []ManualCase
	More                         []ManualNote // every other key, as written
}

// ManualCase is one branch of a choice, or one row of a computed value.
type ManualCase struct {
	Is          []string
	When, Value string
	Fields      []ManualField
}

// ManualReply says what is answered with what.
type ManualReply struct {
	From     string
	To       []string // commands
	Messages []string
	Send     string
	Set      []ManualNote
	Without  []string // keys that are not echoed
}

// ManualExample is a frame of the definition.
type ManualExample struct {
	Title     string
	Frame     []byte
	Direction Direction
	Reply     []byte
}

// ManualNote is a key and its value as written.
type ManualNote struct{ Key, Text string }

// Manual describes the profile in the words of its definition.
func (p *Profile) Manual() *Manual {
	root := (&source{}).parseTOML(p.sources[0].Text)
	m := &manualReader{order: cmp.Or(plainText(root.values["order"]), "big")}
	out := &Manual{Name: p.name, Title: p.title, Zone: cmp.Or(plainText(root.values["zone"]), "Local"), Order: m.order}
	for _, frame := range root.tables("frame") {
		out.Frames = append(out.Frames, m.frame(frame))
	}
	if _, one := root.values["frame"].(map[string]any); one {
		out.Frames = []ManualFrame{m.frame(root.table("frame"))}
	}
	m.rest(out, root)
	for _, part := range p.sources[1:] {
		inner := &manualReader{order: m.order}
		t := (&source{}).parseTOML(part.Text)
		if order := plainText(t.values["order"]); order != "" {
			inner.order, inner.told = order, order != m.order
		}
		messages := out.Messages
		out.Messages = nil
		inner.rest(out, t)
		out.Messages = append(out.Messages, messages...)
	}
	for i := range out.Messages {
		out.Messages[i].From, out.Messages[i].Purpose = p.messages[i].From.String(), p.messages[i].Purpose.String()
	}
	for _, r := range root.tables("reply") {
		out.Replies = append(out.Replies, ManualReply{From: plainText(r.values["from"]), To: named(r.values["to"]), Messages: texts(r.values["messages"]),
			Send: plainText(r.values["send"]), Set: notes(r.table("set")), Without: texts(r.values["without"])})
	}
	if answer := root.table("answer"); answer != nil {
		out.Answer = texts(answer.values["by"])
	}
	for _, key := range root.keys() {
		if t, ok := root.values[key].(map[string]any); ok && !slices.Contains([]string{"frame", "layout", "answer", "simulate"}, key) {
			out.More = append(out.More, ManualNote{key, plainText(t)})
		}
	}
	for i := range p.examples {
		e := &p.examples[i]
		out.Examples = append(out.Examples, ManualExample{e.title, e.frame, e.direction, e.reply})
	}
	return out
}

// rest adds the layouts and messages of a file.
func (m *manualReader) rest(out *Manual, root *table) {
	if layouts := root.table("layout"); layouts != nil {
		for _, name := range layouts.keys() {
			if slices.ContainsFunc(out.Layouts, func(l ManualLayout) bool { return l.Name == name }) {
				continue // that of the definition stands for that of a part
			}
			out.Layouts = append(out.Layouts, ManualLayout{name, m.fields(layouts.table(name), "fields")})
		}
	}
	for _, t := range root.tables("message") {
		v := t.values
		out.Messages = append(out.Messages, ManualMessage{
			Name: plainText(v["name"]), Title: plainText(v["title"]),
			Frame: plainText(v["frame"]), When: plainText(v["when"]), Commands: named(v["command"]), Default: v["default"] == true,
			Fields: m.fields(t, "fields"),
			More:   notes(t, "name", "title", "from", "purpose", "frame", "when", "command", "default", "fields"),
		})
	}
}

// manualReader reads fields.
type manualReader struct {
	order string // of fields that do not say their own
	told  bool   // it is another one than that of the definition, so fields must say it
}

func (m *manualReader) frame(t *table) ManualFrame {
	f := ManualFrame{
		Name: plainText(t.values["name"]), From: cmp.Or(plainText(t.values["from"]), "anyone"),
		Start: plainText(t.values["start"]), Ends: texts(t.values["end"]),
		Escapes: notes(t.table("escape")), Max: t.integer("max", 1, hardMaxFrame, defaultMaxFrame),
		Header: m.fields(t, "header"), Trailer: m.fields(t, "trailer"),
		More: notes(t, "name", "from", "start", "end", "escape", "max", "length", "header", "trailer"),
	}
	if l := t.table("length"); l != nil {
		f.Length = &ManualLength{plainText(l.values["field"]), plainText(l.values["counts"]), l.integer("add", -hardMaxFrame, hardMaxFrame, 0)}
	}
	return f
}

func (m *manualReader) fields(t *table, key string) (out []ManualField) {
	for _, f := range t.tables(key) {
		out = append(out, m.field(f))
	}
	return out
}

var (
	valueKeys = []string{"const", "in", "min", "max", "default"}
	fieldKeys = append([]string{"key", "title", "unit", "type", "role", "size", "when", "at", "enum", "bits", "use", "fields", "of", "cases"}, valueKeys...)
)

func (m *manualReader) field(t *table) ManualField {
	v := t.values
	f := ManualField{
		Key: plainText(v["key"]), Title: plainText(v["title"]), Unit: plainText(v["unit"]), Type: plainText(v["type"]), Role: plainText(v["role"]),
		When: plainText(v["when"]), At: plainText(v["at"]), Use: plainText(v["use"]),
		Labels: notes(t.table("enum")), Bits: m.fields(t, "bits"), Fields: m.fields(t, "fields"),
		More: notes(t, fieldKeys...),
	}
	if size, ok := v["size"].(string); ok {
		f.Varies = size
	} else {
		f.Size = m.size(t)
	}
	if of := t.table("of"); of != nil {
		f.Fields, f.Single = []ManualField{m.field(of)}, true
	}
	for _, key := range valueKeys {
		if value, ok := v[key]; ok {
			f.Values = append(f.Values, ManualNote{key, plainText(value)})
		}
	}
	for _, c := range t.tables("cases") {
		one := ManualCase{Is: named(c.values["is"]), When: plainText(c.values["when"]), Value: plainText(c.values["value"]), Fields: m.fields(c, "fields")}
		if use := plainText(c.values["use"]); use != "" {
			one.Fields = append(one.Fields, ManualField{Use: use})
		}
		f.Cases = append(f.Cases, one)
	}
	if _, said := v["order"]; !said && m.told && f.Size > 1 {
		f.More = append(f.More, ManualNote{"order", m.order})
	}
	return f
}

// size of a field as its type says; 0 when it has none, or when it varies.
func (m *manualReader) size(t *table) int {
	values := make(map[string]any, len(t.values))
	for key, v := range t.values {
		values[key] = v
	}
	c := &compiler{src: &source{}, p: &program{}, zone: time.UTC}
	switch kind := plainText(values["type"]); kind {
	case "", "group", "list", "choice", "computed", "run":
		n, _ := values["size"].(int64)
		return int(n)
	case "checksum":
		if n, ok := values["size"].(int64); ok {
			return int(n)
		}
		sum, _ := c.algorithm("", values["algorithm"])
		if size := (sum.width + 7) / 8; values["as"] != "hex" {
			return size
		}
		return (sum.width + 7) / 8 * 2
	}
	def := readField(&table{src: c.src, values: values}, m.order)
	if ops := c.field(&def); len(ops) > 0 {
		return ops[0].size
	}
	return 0
}

// notes are the keys of a table except some, in the order of the file, with their values as text.
func notes(t *table, except ...string) (out []ManualNote) {
	if t == nil {
		return nil
	}
	for _, key := range t.keys() {
		if !slices.Contains(except, key) {
			out = append(out, ManualNote{key, plainText(t.values[key])})
		}
	}
	return out
}

// texts is a value, or each of an array, as text.
func texts(v any) (out []string) {
	if v == nil {
		return nil
	}
	for _, one := range asList(v) {
		out = append(out, plainText(one))
	}
	return out
}

// named is texts for values that choose: protocols name them in hexadecimal.
func named(v any) (out []string) {
	if v == nil {
		return nil
	}
	for _, one := range asList(v) {
		if n, ok := one.(int64); ok && n >= 10 {
			out = append(out, fmt.Sprintf("0x%02x", n))
		} else {
			out = append(out, plainText(one))
		}
	}
	return out
}

// plainText writes a value of TOML without the marks of TOML.  Numbers are decimal.
func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		return strings.Join(texts(v), ", ")
	case []map[string]any:
		var parts []string
		for _, one := range v {
			parts = append(parts, plainText(one))
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		var parts []string
		for _, key := range keysOf(v) {
			inner := plainText(v[key])
			switch v[key].(type) {
			case map[string]any, []map[string]any, []any: // one inside another would run together
				inner = "(" + inner + ")"
			}
			parts = append(parts, key+" = "+inner)
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}
