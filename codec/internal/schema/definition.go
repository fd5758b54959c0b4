package schema

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/field"
)

// Definition is a profile as its author wrote it: the right keys with values of the right type, nothing more.
// What the values mean together is checked by compile.
type Definition struct {
	Name, Title, Zone, order string

	max      int
	Length   *lengthDef
	header   []FieldDef
	Families []FamilyDef // [[frame]], or [frame] with more than a header and a length
	Layouts  map[string][]FieldDef
	includes []string
	rich     bool // needs the grammar: the flat plan cannot hold it
	Messages []MessageDef
	Replies  []ReplyDef
	AnswerBy []string
	Resend   *ResendDef
	Simulate *SimulateDef
	Examples []exampleDef
}

type lengthDef struct {
	Path   string
	Field  string
	Counts string
	Add    int
}

type FieldDef struct {
	Path                                            string
	Key, Title, Unit, Kind, As, Order, Layout, Role string
	Chars, At                                       string
	Size, MaxSize                                   int
	Rest, Remember, BadSize                         bool
	Turned                                          bool // a time whose bytes stand the other way round
	Preset, Constant, Low, High, Scale, Offset, Pad any
	In                                              []any
	Enum                                            []enumDef
	Parts                                           []FieldDef
	Notes                                           []field.Note

	GrammarDef
}

type enumDef struct {
	Path  string
	Value string
	Label string
}

type MessageDef struct {
	Path                                        string
	Name, Title, From, Purpose, Forward, Repeat string
	Frame, When                                 string
	Commands                                    []any
	Fallback                                    bool
	Set                                         []SetDef
	Fields                                      []FieldDef
}

type ReplyDef struct {
	Path, From, Send, When string
	Damaged                bool
	To                     []any
	Messages, Without      []string
	Set                    []SetDef
}

type SetDef struct {
	Path, Key string
	Value     any
}

type exampleDef struct {
	Path, Title, Hex, Direction, Reply, Now, Request string
	Expect                                           map[string]any
}

func ReadDefinition(t *Table) *Definition {
	d := &Definition{
		Name:  t.RequiredText("name"),
		Title: t.Text("title"),
		Zone:  t.Text("zone"),
		order: t.Word("order", field.OrderWords, "big"),
		max:   field.DefaultMaxFrame,
	}
	if d.Name != "" && !field.NamePattern.MatchString(d.Name) {
		t.src.Problem(t.At("name"), field.Quote(d.Name), "lower-case letters and digits, joined by - or .")
	}
	d.readFrames(t)
	d.readLayouts(t)
	for _, m := range t.Subs("message") {
		d.Messages = append(d.Messages, readMessage(m, d.order))
	}
	for _, r := range t.Subs("reply") {
		d.Replies = append(d.Replies, ReadReply(r))
	}
	if answer := t.Sub("answer"); answer != nil {
		d.AnswerBy = answer.Texts("by")
		answer.Finish()
	}
	if again := t.Sub("resend"); again != nil {
		d.Resend = readResend(again)
	}
	if simulate := t.Sub("simulate"); simulate != nil {
		d.Simulate = readSimulate(simulate)
	}
	for _, e := range t.Subs("example") {
		d.Examples = append(d.Examples, readExample(e))
	}
	t.Finish()
	return d
}

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
	f.readGrammar(t, order)
	f.readSize(t)
	f.readValues(t)
	text := f.Kind == "ascii" || f.Kind == "hex" || f.Kind == "bcd" && f.As != "" && f.As != "number"
	f.Rich = f.Rich || text && f.In != nil && (f.Kind != "ascii" || f.Size != 1) || f.Kind == "ascii" && f.Enum != nil
	for _, part := range t.Subs("bits") {
		p := FieldDef{Path: part.Path, Kind: "part", Key: part.RequiredText("key"), At: part.place("at"),
			Title: part.Text("title"), Unit: part.Text("unit"), Role: part.Word("role", field.RoleNames[1:], ""), Notes: part.Written(shownKeys)}
		p.Signed, p.Counter = part.Flag("signed", false), part.Flag("counter", false)
		p.Missing = part.Texts("missing")
		p.Form, p.As = part.Word("form", []string{"letters", "hex"}, ""), part.Word("as", []string{"bcd"}, "")
		f.Rich = f.Rich || p.Signed || p.Counter || p.Missing != nil || p.Form != "" || p.As != ""
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
			f.Rich = true
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
	if enum := t.Sub("enum"); enum != nil {
		for _, value := range enum.Keys() {
			f.Enum = append(f.Enum, enumDef{enum.At(value), value, enum.Text(value)})
		}
	}
}

func readMessage(t *Table, order string) MessageDef {
	m := MessageDef{
		Path: t.Path, Name: t.RequiredText("name"), Title: t.Text("title"),
		From:     t.Word("from", field.PartyWords, "anyone"),
		Purpose:  t.Word("purpose", field.PurposeNames[:], ""),
		Forward:  t.Text("forward"),
		Repeat:   t.Word("repeat", field.RepeatWords, "never"),
		Fallback: t.Flag("default", false),
		Frame:    t.Text("frame"),
		When:     t.Text("when"),
		Fields:   readFields(t, "fields", order),
	}
	if v, ok := t.Get("command"); ok {
		m.Commands = asList(v)
	}
	m.Set = t.sets()
	t.Finish()
	return m
}

// nest makes groups of paths: { "g.x" = 1 } is { g = { x = 1 } }.
func nest(sets []SetDef) (out []SetDef) {
	for _, set := range sets {
		key, path, dotted := strings.Cut(set.Key, ".")
		if dotted {
			steps := strings.Split(path, ".")
			for i := len(steps) - 1; i >= 0; i-- {
				set.Value = map[string]any{steps[i]: set.Value}
			}
			set.Key = key
		}
		at := slices.IndexFunc(out, func(other SetDef) bool { return other.Key == set.Key })
		if at >= 0 && merged(out[at].Value, set.Value) {
			continue
		}
		out = append(out, set)
	}
	return out
}

// merged adds the members of a group to those of another; false: one of them is none.
func merged(into, v any) bool {
	group, ok := into.(map[string]any)
	more, also := v.(map[string]any)
	if !ok || !also {
		return false
	}
	for key, v := range more {
		if had, twice := group[key]; !twice || !merged(had, v) {
			group[key] = v
		}
	}
	return true
}

func ReadReply(t *Table) ReplyDef {
	r := ReplyDef{Path: t.Path, From: t.Word("from", field.PartyWords, "anyone"), Send: t.Text("send"), When: t.Text("when"), Damaged: t.Flag("damaged", false)}
	if r.Send == "" {
		r.Send = "header"
	}
	r.Messages = t.Texts("messages")
	if v, ok := t.Get("to"); ok {
		r.To = asList(v)
	} else if r.Messages == nil && !r.Damaged {
		t.src.Problem(t.At("to"), "nothing", "the commands that are acknowledged")
	}
	r.Set, r.Without = nest(t.sets()), t.Texts("without")
	t.Finish()
	return r
}

// sets are the fields and values under `set`.
func (t *Table) sets() (out []SetDef) {
	if set := t.Sub("set"); set != nil {
		for _, key := range set.Keys() {
			v, _ := set.Get(key)
			out = append(out, SetDef{set.At(key), key, v})
		}
	}
	return out
}

func readExample(t *Table) exampleDef {
	e := exampleDef{Path: t.Path, Title: t.Text("title"), Hex: t.RequiredText("hex"),
		Direction: t.Word("direction", field.DirectionWords, "any"), Reply: t.Text("reply"), Now: t.Text("now"), Request: t.Text("request")}
	if v, ok := t.Get("expect"); ok {
		if e.Expect, ok = v.(map[string]any); !ok {
			t.src.Problem(t.At("expect"), Describe(v), "a table of fields and their values")
		}
	}
	t.Finish()
	return e
}
