package schema

import (
	"slices"
	"strings"

	"trama/codec/internal/field"
)

// Definition is a profile as its author wrote it: the right keys with values of the right type, nothing more.
// Package compile checks how the values go together.
type Definition struct {
	Name, Title, Zone, order string

	max        int
	Length     *lengthDef
	header     []FieldDef
	Families   []FamilyDef // [[frame]], or [frame] with more than a header and a length
	Layouts    map[string][]FieldDef
	includes   []string
	rich       bool // needs the grammar: the flat plan cannot hold it
	Messages   []MessageDef
	Commands   []CommandDef
	Replies    []ReplyDef
	AnswerBy   []string
	AnswerSame []string
	Unanswered []SetDef // fields and values of commands that nobody answers
	Resend     *ResendDef
	Security   *SecurityDef
	Settings   *SettingsDef
	Clock      *ClockDef
	Simulate   *SimulateDef
	Examples   []exampleDef
	Registers  []field.Registers
	Polls      []*field.Poll
}

// SecurityDef names the fields that protection writes.
type SecurityDef struct{ Path, Suite, Integrity string }

type lengthDef struct {
	Path   string
	Field  string
	Counts string
	Add    int
}

type MessageDef struct {
	Path                                        string
	Name, Title, From, Purpose, Forward, Repeat string
	Frame, When, Point                          string
	Commands                                    []any
	Fallback, Subscribe                         bool
	Set                                         []SetDef
	Fields                                      []FieldDef
}

type ReplyDef struct {
	Path, From, Send, When string
	Damaged                bool
	To                     []any
	Messages, Without      []string
	Set, Waiting           []SetDef
}

type SetDef struct {
	Path, Key string
	Value     any
}

type exampleDef struct {
	Path, Title, Hex, Direction, Reply, Now, Request, Command string
	Expect, Samples, Arguments                                map[string]any
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
	for _, one := range t.Subs("command") {
		d.Commands = append(d.Commands, readCommand(one))
	}
	for _, r := range t.Subs("reply") {
		d.Replies = append(d.Replies, ReadReply(r))
	}
	if answer := t.Sub("answer"); answer != nil {
		d.AnswerBy, d.AnswerSame = answer.Texts("by"), answer.Texts("same")
		if none := answer.Sub("none"); none != nil {
			for _, key := range none.Keys() {
				v, _ := none.Get(key)
				d.Unanswered = append(d.Unanswered, SetDef{none.At(key), key, v})
			}
		}
		answer.Finish()
	}
	if again := t.Sub("resend"); again != nil {
		d.Resend = readResend(again)
	}
	if security := t.Sub("security"); security != nil {
		d.Security = &SecurityDef{security.Path, security.RequiredText("suite"), security.RequiredText("integrity")}
		security.Finish()
	}
	if settings := t.Sub("settings"); settings != nil {
		d.Settings = readSettings(settings)
	}
	if clock := t.Sub("clock"); clock != nil {
		d.Clock = readClock(clock)
	}
	if simulate := t.Sub("simulate"); simulate != nil {
		d.Simulate = readSimulate(simulate)
	}
	for _, e := range t.Subs("example") {
		d.Examples = append(d.Examples, readExample(e))
	}
	d.Registers = readRegisters(t)
	d.readPolls(t)
	t.Finish()
	return d
}

func readMessage(t *Table, order string) MessageDef {
	m := MessageDef{
		Path: t.Path, Name: t.RequiredText("name"), Title: t.Text("title"),
		From:    t.Word("from", field.PartyWords, "anyone"),
		Purpose: t.Word("purpose", field.PurposeNames[:], ""),
		Forward: t.Text("forward"), Subscribe: t.Flag("subscribe", false),
		Repeat:   t.Word("repeat", field.RepeatWords, "never"),
		Fallback: t.Flag("default", false),
		Frame:    t.Text("frame"),
		When:     t.Text("when"),
		Fields:   readFields(t, "fields", order),
	}
	if v, ok := t.Get("command"); ok {
		m.Commands = asList(v)
	}
	if t.more("point") {
		m.Point = t.Text("point")
	}
	m.Set = t.sets("set")
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
	r := ReplyDef{Path: t.Path, From: t.Word("from", field.PartyWords, "anyone"), Send: t.Text("send"),
		When: t.Text("when"), Damaged: t.Flag("damaged", false)}
	if r.Send == "" {
		r.Send = "header"
	}
	r.Messages = t.Texts("messages")
	if v, ok := t.Get("to"); ok {
		r.To = asList(v)
	} else if r.Messages == nil && !r.Damaged {
		t.src.Problem(t.At("to"), "nothing", "the commands that are acknowledged")
	}
	r.Set, r.Waiting, r.Without = nest(t.sets("set")), nest(t.sets("waiting")), t.Texts("without")
	t.Finish()
	return r
}

// sets are the fields and values under a key.
func (t *Table) sets(key string) (out []SetDef) {
	if set := t.Sub(key); set != nil {
		for _, key := range set.Keys() {
			v, _ := set.Get(key)
			out = append(out, SetDef{set.At(key), key, v})
		}
	}
	return out
}

// values is a table of things and their values.
func (t *Table) values(key, of string) map[string]any {
	v, ok := t.Get(key)
	values, isTable := v.(map[string]any)
	if ok && !isTable {
		t.src.Problem(t.At(key), Describe(v), "a table of "+of+" and their values")
	}
	return values
}

func readExample(t *Table) exampleDef {
	e := exampleDef{Path: t.Path, Title: t.Text("title"), Hex: t.RequiredText("hex"),
		Direction: t.Word("direction", field.DirectionWords, "any"), Reply: t.Text("reply"), Now: t.Text("now"),
		Request: t.Text("request"), Command: t.Text("command"), Expect: t.values("expect", "fields"),
		Arguments: t.values("arguments", "arguments")}
	if t.more("samples") {
		e.Samples = t.values("samples", "points")
	}
	t.Finish()
	return e
}
