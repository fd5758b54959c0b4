package manual

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"trama/cmd/trama/internal/explain"
	"trama/codec"
	"trama/codec/describe"
	trace "trama/codec/explain"
)

// Page writes the manual of a profile.
func Page(w io.Writer, p *codec.Profile) error {
	pg := &page{d: describe.Profile(p), p: p}
	pg.write()
	_, err := io.WriteString(w, pg.out.String())
	return err
}

type page struct {
	p   *codec.Profile
	d   *describe.Description
	out strings.Builder

	layouts []layoutOf // in the order in which they are met

	depth int // choices around the case that is being written
}

// layoutOf is fields that stand in several places.
type layoutOf struct {
	name   string
	fields []*describe.Node
}

func (pg *page) say(format string, args ...any) { fmt.Fprintf(&pg.out, format+"\n", args...) }

// paragraph writes lines and an empty one behind them.
func (pg *page) paragraph(format string, args ...any) { pg.say(format+"\n", args...) }

func (pg *page) write() {
	pg.paragraph("# %s", pg.d.Name)
	if pg.d.Title != "" {
		pg.paragraph("%s", sentence(pg.d.Title))
	}
	for i := range pg.d.Frames {
		pg.frame(&pg.d.Frames[i])
	}
	pg.messages()
	pg.commands()
	for i := 0; i < len(pg.layouts); i++ { // one may name others
		if i == 0 {
			pg.paragraph("## Layouts")
			pg.paragraph("Fields that stand in several places.")
		}
		l := pg.layouts[i]
		pg.paragraph("### Layout %s", l.name)
		pg.fields(l.fields, cursor{known: true, sign: "+"}, l.name)
	}
	pg.replies()
	pg.examples()
}

// frame writes how one kind of frame is cut and what all of them have in common.
func (pg *page) frame(f *describe.FrameKind) {
	title := "Frames"
	if f.Name != "" {
		title = "Frame " + f.Name
	}
	pg.paragraph("## %s", title)
	for _, line := range pg.framing(f) {
		pg.say("- %s", line)
	}
	pg.say("")
	at := cursor{known: true, off: len(f.Start)}
	if len(f.Header) > 0 {
		pg.paragraph("### Header%s", of(f.Name))
		pg.fields(f.Header, at, "")
	}
	if len(f.Trailer) > 0 {
		pg.paragraph("### Trailer%s", of(f.Name))
		pg.fields(f.Trailer, cursor{after: "the body"}, "")
	}
}

// marks are those of which one ends a frame.
func marks(ends []describe.HexBytes) string {
	var all []string
	for _, b := range ends {
		all = append(all, mark(b))
	}
	return strings.Join(all, " or ")
}

// sizes lists sizes, the smallest first.
func sizes(all []int) string {
	var words []string
	for _, n := range slices.Backward(all) {
		words = append(words, fmt.Sprint(n))
	}
	return strings.Join(words, " or ")
}

// closing says which field is the mark at the end, and what stands behind it.
func closing(mark int, fields []*describe.Node) string {
	text := code(fields[0].Key) + " is that mark"
	switch n := fields[0].Bytes; {
	case n == mark:
	case n == 1:
		text = code(fields[0].Key) + " is the last byte of that mark"
	case n > 1:
		text = fmt.Sprintf("%s are the last %d bytes of that mark", code(fields[0].Key), n)
	}
	var behind []string
	for _, f := range fields[1:] {
		behind = append(behind, code(f.Key))
	}
	switch {
	case len(behind) == 0:
		return text + "."
	case note(fields[0].Notes, "stuffed") == "true":
		return text + "; behind it, in sequences too: " + strings.Join(behind, ", ") + "."
	}
	return text + "; behind it, as they are: " + strings.Join(behind, ", ") + "."
}

func of(name string) string {
	if name == "" {
		return ""
	}
	return " of " + name
}

func (pg *page) framing(f *describe.FrameKind) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch f.From {
	case "master":
		add("They come from the master.")
	case "server":
		add("They come from the server.")
	case "integrator":
		add("They come from an integrator.")
	}
	switch {
	case f.Start != nil && f.Ends != nil:
		add("They begin with %s and end with %s.", mark(f.Start), marks(f.Ends))
	case f.Ends != nil:
		add("They end with %s.", marks(f.Ends))
	}
	if at := slices.IndexFunc(f.Trailer, func(t *describe.Node) bool { return t.Type == "end" }); at >= 0 {
		add("%s", closing(len(f.Ends[0]), f.Trailer[at:]))
	}
	var escapes []string
	for _, e := range f.Escapes {
		escapes = append(escapes, fmt.Sprintf("`%x` as `%x`", []byte(e.Plain), []byte(e.Coded)))
	}
	if len(escapes) > 0 {
		add("In between some bytes are sent as sequences: %s.", strings.Join(escapes, ", "))
	}
	if l := f.Length; l != nil {
		plus := ""
		if l.Add != 0 {
			plus = fmt.Sprintf(", plus %d", l.Add)
			if l.Add < 0 {
				plus = fmt.Sprintf(", less %d", -l.Add)
			}
		}
		add("`%s` is the length: the bytes %s%s.", l.Field, counted(l.Counts), plus)
	}
	for _, n := range slices.Concat(f.Header, f.Trailer) {
		if n.Check != nil {
			add("`%s` is a checksum: %s over %s.", n.Key, n.Check.Algorithm, covered(n.Check))
		}
	}
	if f.Armour != "" {
		add("Between the marks the bytes are written in %s.", f.Armour)
	}
	if f.Sizes == nil {
		add("A frame has at most %d bytes.", f.Max)
	} else {
		add("A frame has %s bytes.", sizes(f.Sizes))
	}
	if f.Quiet != "" {
		add("A silence of %s ends a frame.", f.Quiet)
	}
	order := "most"
	if pg.d.Order == "little" {
		order = "least"
	}
	add("Numbers stand with their %s significant byte first, unless a field says otherwise.  Times are in the zone %s.",
		order, pg.d.Zone)
	return lines
}

// counted says which bytes a length counts.
func counted(counts string) string {
	switch counts {
	case "all":
		return "of the whole frame"
	case "body":
		return "of the body"
	}
	text, upTo := stretch(counts)
	if !upTo {
		text += " to the end"
	}
	return text
}

// covered says which bytes a checksum covers.
func covered(c *describe.SumCheck) string {
	text, upTo := stretch(strings.TrimPrefix(c.Over, "all"))
	switch text = "the bytes " + text; {
	case c.Over == "" || c.Over == "all":
		text = "all bytes before it"
	case !upTo:
		text += " up to itself"
	}
	if c.OnWire {
		text += ", as they stand on the wire"
	}
	return text
}

// stretch puts "from KEY to KEY" into words; upTo: it says where the bytes end.
func stretch(text string) (out string, upTo bool) {
	words := strings.Fields(text)
	for i := 1; i < len(words); i += 2 {
		switch words[i] {
		case "body":
			words[i] = "the end of the body"
			if words[i-1] == "from" {
				words[i] = "the beginning of the body"
			}
		case "end":
			words[i] = "the end of the frame"
		default:
			words[i] = code(words[i])
		}
		upTo = upTo || words[i-1] == "to"
	}
	return strings.Join(words, " "), upTo
}

func (pg *page) messages() {
	pg.paragraph("## Messages")
	t := table{heads: []string{"message", "command", "from", "purpose", "frame", "when", "meaning"}}
	for i := range pg.d.Messages {
		m := &pg.d.Messages[i]
		t.add(link("message", m.Name), commands(m), m.From, m.Purpose, m.Frame, when(m), m.Title)
	}
	t.write(&pg.out)
	for i := range pg.d.Messages {
		m := &pg.d.Messages[i]
		pg.paragraph("### Message %s", m.Name)
		if m.Title != "" {
			pg.paragraph("%s", sentence(m.Title))
		}
		about := []string{"from " + m.From}
		for _, one := range []struct{ word, text string }{{"command", commands(m)}, {"frame", m.Frame},
			{"when", when(m)}, {"repeat", m.Repeat}, {"forward", m.Forward}} {
			if one.text != "" {
				about = append(about, one.word+" "+one.text)
			}
		}
		pg.paragraph("%s", sentence(strings.Join(about, "; ")))
		if len(m.Fields) == 0 {
			pg.paragraph("It has no fields besides those of every frame.")
			continue
		}
		pg.fields(m.Fields, pg.bodyAt(m), "")
	}
}

func when(m *describe.MessageDescription) string {
	if m.When == nil {
		return ""
	}
	return code(m.When.Text)
}

// bodyAt is where the body of a message begins.
func (pg *page) bodyAt(m *describe.MessageDescription) cursor {
	at := slices.IndexFunc(pg.d.Frames, func(f describe.FrameKind) bool { return f.Name == m.Frame })
	f := &pg.d.Frames[at]
	if size, fixed := sizeOf(f.Header...); fixed || len(f.Header) == 0 {
		return cursor{known: true, off: size + len(f.Start)}
	}
	return cursor{after: "the header"}
}

// commands are the values of the command field that a message has.
func commands(m *describe.MessageDescription) string {
	var words []string
	for _, c := range m.Commands {
		words = append(words, code(c))
	}
	if m.Default {
		words = append(words, "all others")
	}
	return strings.Join(words, ", ")
}

// commands shows what may be ordered, with the arguments.
func (pg *page) commands() {
	t := table{heads: []string{"command", "message", "arguments", "with", "class", "expires", "report", "read back by", "then"}}
	for i := range pg.d.Commands {
		c := &pg.d.Commands[i]
		if of, _ := pg.p.Command(c.Name); of.Path == "" { // its message says it all
			continue
		}
		var args, set []string
		for _, n := range c.Arguments {
			args = append(args, argument(n))
		}
		for _, n := range c.Set {
			set = append(set, code(n.Key+" = "+n.Text))
		}
		t.add(code(c.Name), link("message", c.Message), strings.Join(args, ", "), strings.Join(set, ", "), c.Repeat, c.Expires, c.Report,
			c.Verify, strings.Join(c.Then, ", "))
	}
	if len(t.rows) > 0 {
		pg.paragraph("## Commands")
		pg.paragraph("Arguments in brackets may be left out.")
		t.write(&pg.out)
	}
}

// argument is one of a command: its name, its field, and what it may be.
func argument(n *describe.Node) string {
	text, labels := code(n.Key), []string{}
	if n.Field != "" {
		text += " (" + n.Field + ")"
	}
	for _, l := range n.Enum {
		labels = append(labels, l.Label)
	}
	switch {
	case len(labels) > 0:
		text += " " + strings.Join(labels, " or ")
	case n.Min != nil || n.Max != nil:
		text += " " + bound(n.Min) + ".." + bound(n.Max)
	}
	if n.Unit != "" {
		text += " " + n.Unit
	}
	if n.Given == "optional" {
		return "[" + text + "]"
	}
	return text
}

func bound(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

func (pg *page) replies() {
	if len(pg.d.Replies) > 0 {
		pg.paragraph("## Replies")
		t := table{heads: []string{"to", "from", "goes back", "with"}}
		for _, r := range pg.d.Replies {
			var set []string
			for _, n := range r.Set {
				set = append(set, code(n.Key+" = "+n.Text))
			}
			for _, key := range r.Without {
				set = append(set, "no "+code(key))
			}
			back := r.Send
			switch back {
			case "header":
				back = "the header of the request"
			case "frame":
				back = "the whole request"
			}
			from := r.From
			if from == "anyone" {
				from = ""
			}
			t.add(strings.Join(r.To, ", "), from, back, strings.Join(set, ", "))
		}
		t.write(&pg.out)
	}
	if len(pg.d.Answer) > 0 {
		pg.paragraph("An answer is known by what it shares with its command: `%s`.", strings.Join(pg.d.Answer, "`, `"))
	}
	for _, n := range pg.d.Notes {
		pg.paragraph("%s: %s.", upper(n.Key), code(n.Text))
	}
}

// examples shows the frames of the definition, each byte explained.
func (pg *page) examples() {
	for i, e := range pg.d.Examples {
		if i == 0 {
			pg.paragraph("## Examples")
		} else {
			pg.say("")
		}
		if e.Title != "" {
			pg.paragraph("%s:", upper(e.Title))
		}
		pg.say("```text")
		ruler := explain.Ruler{Out: &pg.out}
		direction := map[string]codec.Direction{"uplink": codec.Uplink, "downlink": codec.Downlink}[e.Direction]
		ruler.Show(pg.p, e.Frame, []trace.Piece{{Len: len(e.Frame), Trace: trace.Frame(pg.p, direction, e.Frame)}})
		pg.say("```")
		if len(e.Reply) > 0 {
			pg.say("")
			pg.say("It is answered with `% x`.", []byte(e.Reply))
		}
	}
}
