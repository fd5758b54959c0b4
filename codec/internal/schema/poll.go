package schema

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"trama/codec/internal/field"
	"trama/internal/tomlread"
)

// Limits of a [[poll]].
const (
	shortestEvery = time.Second
	longestEvery  = 30 * 24 * time.Hour
	defaultWait   = 10 * time.Second
	longestWait   = 5 * time.Minute
	mostName      = 100  // bytes of the name of a point, and of a unit
	mostSamples   = 4096 // bytes that the samples of one answer take in the journal
	mostPolls     = 200  // in one text
)

// ReadPolls reads the [[poll]] of a text.  Of each table, more reads the keys that polls of such a text have beside; it
// may be nil.
func ReadPolls(t *tomlread.Table, more func(t *tomlread.Table, q *field.Poll)) (all []*field.Poll) {
	tables := t.Tables("poll")
	if len(tables) > mostPolls {
		t.Problem(t.At("poll"), fmt.Sprintf("%d polls", len(tables)), fmt.Sprintf("at most %d", mostPolls))
		return nil
	}
	names := map[string]bool{}
	for _, each := range tables {
		q := readPoll(each)
		if more != nil {
			more(each, q)
		}
		if names[q.Name] {
			each.Problem(each.At("name"), strconv.Quote(q.Name)+" a second time", "a name of its own")
		}
		names[q.Name] = true
		each.Finish()
		all = append(all, q)
	}
	return all
}

func readPoll(t *tomlread.Table) *field.Poll {
	q := &field.Poll{Path: t.Path, Name: t.RequiredText("name"), Command: t.Text("command")}
	if q.Name != "" && !field.NamePattern.MatchString(q.Name) {
		t.Problem(t.At("name"), strconv.Quote(q.Name), "lower-case letters and digits, joined by - or .")
	}
	q.Every = t.Duration("every", shortestEvery, longestEvery, false, 0)
	if !t.Has("every") {
		t.Problem(t.At("every"), "nothing", `how often it is asked, such as "60s"`)
	}
	q.Wait = t.Duration("wait", 100*time.Millisecond, longestWait, false, min(defaultWait, max(q.Every, shortestEvery)))
	if fields := t.Table("fields"); fields != nil {
		q.Fields = fields.Values
	}
	size, names := 0, map[string]bool{}
	for _, each := range t.Tables("points") {
		p := readPollPoint(each)
		if names[p.Name] {
			each.Problem(each.At("name"), strconv.Quote(p.Name)+" a second time", "a name of its own")
		}
		names[p.Name] = true
		size += len(p.Name) + len(p.Unit) + 16
		q.Points = append(q.Points, p)
	}
	if size > mostSamples {
		t.Problem(t.At("points"), fmt.Sprintf("%d points, whose samples take %d bytes", len(q.Points), size),
			fmt.Sprintf("at most %d bytes: two polls", mostSamples))
	}
	if q.Command == "" && len(q.Points) == 0 {
		t.Problem(t.At("command"), "nothing", "the message that asks, or points with registers")
	}
	return q
}

func readPollPoint(t *tomlread.Table) field.PollPoint {
	p := field.PollPoint{Path: t.Path, Name: t.RequiredText("name"), Unit: t.Text("unit"), Field: t.Text("field"), Scale: 1,
		Register: t.Integer("register", 1, 465_536, -1), Address: t.Integer("address", 0, 65_535, -1),
		Type: t.Word("type", field.PollTypes, ""), Order: t.Word("order", field.PollOrders, "")}
	if scale := t.Number("scale"); scale != nil {
		if p.Scale = *scale; p.Scale == 0 {
			t.Problem(t.At("scale"), "0", "a factor other than 0")
		}
	}
	if offset := t.Number("offset"); offset != nil {
		p.Offset = *offset
	}
	for _, key := range []string{"name", "unit"} {
		s, _ := t.Values[key].(string)
		if len(s) > mostName || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Problem(t.At(key), strconv.Quote(s), fmt.Sprintf("at most %d bytes that can be printed", mostName))
		}
	}
	var where []string
	for _, key := range []string{"register", "address", "field"} {
		if t.Has(key) {
			where = append(where, key)
		}
	}
	if len(where) != 1 {
		found := "none of them"
		if len(where) > 0 {
			found = strings.Join(where, " and ")
		}
		t.Problem(t.At(append(where, "register")[0]), found, "one of register, address, field")
	}
	for _, key := range []string{"type", "order"} {
		if p.Field != "" && t.Has(key) {
			t.Problem(t.At(key), key+" beside field", "register or address: a field has its own type")
		}
	}
	if p.Order != "" && p.Words() == 1 && (p.Order == "abcd" || p.Order == "cdab") {
		t.Problem(t.At("order"), strconv.Quote(p.Order)+" of one register", "badc for one whose bytes are exchanged, or no order")
	}
	t.Finish()
	return p
}

// readRegisters reads the [[registers]] of a definition or a part.
func readRegisters(t *Table) (all []field.Registers) {
	if !t.more("registers") {
		return nil
	}
	for _, each := range t.Subs("registers") {
		r := field.Registers{Path: each.Path, Command: each.RequiredText("command"), Values: each.RequiredText("values"),
			Start: each.Text("start"), Count: each.Text("count"), Most: each.Integer("most", 1, 65_536, 1)}
		if r.Start == "" {
			r.Start = "start"
		}
		if r.Count == "" {
			r.Count = "count"
		}
		for i, text := range each.Texts("numbers") {
			from, to, _ := strings.Cut(text, "-")
			lo, err := strconv.Atoi(from)
			hi, err2 := strconv.Atoi(to)
			if err != nil || err2 != nil || lo < 1 || hi < lo || hi-lo > 65_535 {
				each.Problem(fmt.Sprintf("%s[%d]", each.At("numbers"), i), strconv.Quote(text), `the first and the last number, such as "40001-49999"`)
				continue
			}
			r.Numbers = append(r.Numbers, [2]int{lo, hi})
		}
		each.Finish()
		all = append(all, r)
	}
	return all
}

// readPolls reads the [[poll]] of a definition.
func (d *Definition) readPolls(t *Table) {
	if t.more("poll") {
		d.Polls = ReadPolls(t.Table, nil)
	}
}
