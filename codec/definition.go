package codec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// definition is a profile as its author wrote it: the right keys with values of the right type, nothing more.
// What the values mean together is checked by compile.
type definition struct {
	name, title, zone, order string

	max      int
	length   *lengthDef
	header   []fieldDef
	families []familyDef // [[frame]], or [frame] with more than a header and a length
	layouts  map[string][]fieldDef
	includes []string
	rich     bool // needs the grammar: the flat plan cannot hold it
	messages []messageDef
	replies  []replyDef
	answerBy []string
	resend   *resendDef
	simulate *simulateDef
	examples []exampleDef
}

type lengthDef struct {
	path   string
	field  string
	counts string
	add    int
}

type fieldDef struct {
	path                                            string
	key, title, unit, kind, as, order, layout, role string
	chars, at                                       string
	size, maxSize                                   int
	rest, remember, badSize                         bool
	turned                                          bool // a time whose bytes stand the other way round
	preset, constant, low, high, scale, offset, pad any
	in                                              []any
	enum                                            []enumDef
	parts                                           []fieldDef
	notes                                           []Note

	grammarDef
}

type enumDef struct {
	path  string
	value string
	label string
}

type messageDef struct {
	path                                        string
	name, title, from, purpose, forward, repeat string
	frame, when                                 string
	commands                                    []any
	fallback                                    bool
	set                                         []setDef
	fields                                      []fieldDef
}

type replyDef struct {
	path, from, send, when string
	damaged                bool
	to                     []any
	messages, without      []string
	set                    []setDef
}

type setDef struct {
	path, key string
	value     any
}

type exampleDef struct {
	path, title, hex, direction, reply, now, request string
	expect                                           map[string]any
}

var (
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*([-.][a-z0-9]+)*$`)
	keyPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

	orderWords     = []string{"big", "little"}
	directionWords = []string{"any", "uplink", "downlink"}
	partyWords     = []string{"anyone", "master", "server", "integrator"}
	repeatWords    = []string{"idempotent", "verify", "never"}
	sendWords      = []string{"header", "frame"}
	charWords      = []string{"printable", "letters", "digits", "alphanumeric", "any"}

	// Keys that stand beside the fields in JSON.
	reservedKeys = []string{"profile", "message", "direction"}
)

func readDefinition(t *table) *definition {
	d := &definition{
		name:  t.RequiredText("name"),
		title: t.Text("title"),
		zone:  t.Text("zone"),
		order: t.Word("order", orderWords, "big"),
		max:   defaultMaxFrame,
	}
	if d.name != "" && !namePattern.MatchString(d.name) {
		t.src.problem(t.At("name"), quote(d.name), "lower-case letters and digits, joined by - or .")
	}
	d.readFrames(t)
	d.readLayouts(t)
	for _, m := range t.tables("message") {
		d.messages = append(d.messages, readMessage(m, d.order))
	}
	for _, r := range t.tables("reply") {
		d.replies = append(d.replies, readReply(r))
	}
	if answer := t.table("answer"); answer != nil {
		d.answerBy = answer.Texts("by")
		answer.Finish()
	}
	if again := t.table("resend"); again != nil {
		d.resend = readResend(again)
	}
	if simulate := t.table("simulate"); simulate != nil {
		d.simulate = readSimulate(simulate)
	}
	for _, e := range t.tables("example") {
		d.examples = append(d.examples, readExample(e))
	}
	t.Finish()
	return d
}

func readFields(t *table, key, order string) []fieldDef {
	var out []fieldDef
	for _, f := range t.tables(key) {
		out = append(out, readField(f, order))
	}
	return out
}

func readField(t *table, order string) fieldDef {
	fieldTable(t)
	f := fieldDef{
		path: t.Path, key: t.Text("key"), kind: t.Text("type"),
		title: t.Text("title"), unit: t.Text("unit"),
		as:     t.Word("as", asWords, ""),
		order:  t.Word("order", allOrderWords, order),
		layout: t.Text("layout"), chars: t.Word("chars", charWords, ""),
		role: t.Word("role", roleNames[1:], ""), remember: t.Flag("remember", false), notes: t.written(shownKeys),
	}
	f.turned = f.kind == "time" && t.Values["order"] == "little"
	t.fit(f.kind)
	f.readGrammar(t, order)
	f.readSize(t)
	f.readValues(t)
	text := f.kind == "ascii" || f.kind == "hex" || f.kind == "bcd" && f.as != "" && f.as != "number"
	f.rich = f.rich || text && f.in != nil && (f.kind != "ascii" || f.size != 1) || f.kind == "ascii" && f.enum != nil
	for _, part := range t.tables("bits") {
		p := fieldDef{path: part.Path, kind: "part", key: part.RequiredText("key"), at: part.place("at"),
			title: part.Text("title"), unit: part.Text("unit"), role: part.Word("role", roleNames[1:], ""), notes: part.written(shownKeys)}
		p.signed, p.counter = part.Flag("signed", false), part.Flag("counter", false)
		p.missing = part.Texts("missing")
		p.form, p.as = part.Word("form", []string{"letters", "hex"}, ""), part.Word("as", []string{"bcd"}, "")
		f.rich = f.rich || p.signed || p.counter || p.missing != nil || p.form != "" || p.as != ""
		p.readValues(part)
		if p.pad != nil {
			t.src.problem(part.At("pad"), "it on a part of bits", "it on type ascii only")
		}
		part.Finish()
		p.checkKey(t.src)
		f.parts = append(f.parts, p)
	}
	t.Finish()
	f.checkKey(t.src)
	return f
}

// place of bits, which may be written as a number where it is one bit.
func (t *table) place(key string) string {
	if n, ok := t.Values[key].(int64); ok {
		t.Known = append(t.Known, key)
		return fmt.Sprint(n)
	}
	return t.RequiredText(key)
}

func (f *fieldDef) checkKey(s *source) {
	switch {
	case f.key == "":
	case !keyPattern.MatchString(f.key):
		s.problem(f.path+".key", quote(f.key), "letters, digits and _, not beginning with a digit")
	case slices.Contains(reservedKeys, f.key):
		s.problem(f.path+".key", quote(f.key), "a key other than "+strings.Join(reservedKeys, ", "))
	}
}

func (f *fieldDef) readSize(t *table) {
	f.maxSize = t.Integer("max_size", 0, hardMaxFrame, hardMaxFrame)
	if s := t.Values["size"]; t.Has("max_size") && s != "rest" && t.Values["type"] != "run" && t.Values["type"] != "varint" {
		beside := "it beside a size"
		if s == nil {
			beside = "it without a size"
		}
		t.src.problem(t.At("max_size"), beside, `it with size = "rest"`)
	}
	v, ok := t.Get("size")
	if !ok {
		return
	}
	switch v := v.(type) {
	case int64:
		if v >= 1 && v <= hardMaxFrame {
			f.size = int(v)
			return
		}
	case string:
		if v == "rest" {
			f.rest = true
			return
		}
		if f.sizeExpr = v; v != "" && sizePattern.MatchString(v) {
			f.rich = true
			return
		}
	}
	f.badSize = true
	t.src.problem(t.At("size"), describe(v), fmt.Sprintf(`a number of bytes from 1 to %d, or "rest"`, hardMaxFrame))
}

// readValues reads what restricts and explains the value.
func (f *fieldDef) readValues(t *table) {
	f.preset, _ = t.Get("default")
	f.constant, _ = t.Get("const")
	f.low, _ = t.Get("min")
	f.high, _ = t.Get("max")
	f.scale, _ = t.Get("scale")
	f.offset, _ = t.Get("offset")
	f.pad, _ = t.Get("pad")
	if in, ok := t.Get("in"); ok {
		f.in = asList(in)
		if len(f.in) == 0 {
			t.src.problem(t.At("in"), "an empty array", "at least one value")
		}
	}
	if enum := t.table("enum"); enum != nil {
		for _, value := range enum.Keys() {
			f.enum = append(f.enum, enumDef{enum.At(value), value, enum.Text(value)})
		}
	}
}

func readMessage(t *table, order string) messageDef {
	m := messageDef{
		path: t.Path, name: t.RequiredText("name"), title: t.Text("title"),
		from:     t.Word("from", partyWords, "anyone"),
		purpose:  t.Word("purpose", purposeNames[:], ""),
		forward:  t.Text("forward"),
		repeat:   t.Word("repeat", repeatWords, "never"),
		fallback: t.Flag("default", false),
		frame:    t.Text("frame"),
		when:     t.Text("when"),
		fields:   readFields(t, "fields", order),
	}
	if v, ok := t.Get("command"); ok {
		m.commands = asList(v)
	}
	m.set = t.sets()
	t.Finish()
	return m
}

// nest makes groups of paths: { "g.x" = 1 } is { g = { x = 1 } }.
func nest(sets []setDef) (out []setDef) {
	for _, set := range sets {
		key, path, dotted := strings.Cut(set.key, ".")
		if dotted {
			steps := strings.Split(path, ".")
			for i := len(steps) - 1; i >= 0; i-- {
				set.value = map[string]any{steps[i]: set.value}
			}
			set.key = key
		}
		at := slices.IndexFunc(out, func(other setDef) bool { return other.key == set.key })
		if at >= 0 && merged(out[at].value, set.value) {
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

func readReply(t *table) replyDef {
	r := replyDef{path: t.Path, from: t.Word("from", partyWords, "anyone"), send: t.Text("send"), when: t.Text("when"), damaged: t.Flag("damaged", false)}
	if r.send == "" {
		r.send = "header"
	}
	r.messages = t.Texts("messages")
	if v, ok := t.Get("to"); ok {
		r.to = asList(v)
	} else if r.messages == nil && !r.damaged {
		t.src.problem(t.At("to"), "nothing", "the commands that are acknowledged")
	}
	r.set, r.without = nest(t.sets()), t.Texts("without")
	t.Finish()
	return r
}

// sets are the fields and values under `set`.
func (t *table) sets() (out []setDef) {
	if set := t.table("set"); set != nil {
		for _, key := range set.Keys() {
			v, _ := set.Get(key)
			out = append(out, setDef{set.At(key), key, v})
		}
	}
	return out
}

func readExample(t *table) exampleDef {
	e := exampleDef{path: t.Path, title: t.Text("title"), hex: t.RequiredText("hex"),
		direction: t.Word("direction", directionWords, "any"), reply: t.Text("reply"), now: t.Text("now"), request: t.Text("request")}
	if v, ok := t.Get("expect"); ok {
		if e.expect, ok = v.(map[string]any); !ok {
			t.src.problem(t.At("expect"), describe(v), "a table of fields and their values")
		}
	}
	t.Finish()
	return e
}
