package manual

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"trama/cmd/trama/internal/explain"
	"trama/codec"
)

// Page writes the manual of a profile.
func Page(w io.Writer, p *codec.Profile) error {
	pg := &page{m: p.Manual(), p: p}
	pg.write()
	_, err := w.Write(pg.out.Bytes())
	return err
}

type page struct {
	p   *codec.Profile
	m   *codec.Manual
	out bytes.Buffer

	depth int // choices around the case that is being written
}

func (pg *page) say(format string, args ...any) { fmt.Fprintf(&pg.out, format+"\n", args...) }

// paragraph writes lines and an empty one behind them.
func (pg *page) paragraph(format string, args ...any) { pg.say(format+"\n", args...) }

func (pg *page) write() {
	m := pg.m
	pg.paragraph("# %s", m.Name)
	if m.Title != "" {
		pg.paragraph("%s", sentence(m.Title))
	}
	for i := range m.Frames {
		pg.frame(&m.Frames[i])
	}
	pg.messages()
	if len(m.Layouts) > 0 {
		pg.paragraph("## Layouts")
		pg.paragraph("Fields that stand in several places.")
		for _, l := range m.Layouts {
			pg.paragraph("### Layout %s", l.Name)
			pg.fields(l.Fields, cursor{known: true, sign: "+"})
		}
	}
	pg.replies()
	pg.examples()
}

// frame writes how one kind of frame is cut and what all of them have in common.
func (pg *page) frame(f *codec.ManualFrame) {
	title := "Frames"
	if f.Name != "" {
		title = "Frame " + f.Name
	}
	pg.paragraph("## %s", title)
	for _, line := range pg.framing(f) {
		pg.say("- %s", line)
	}
	pg.say("")
	at := cursor{known: true}
	if f.Start != "" {
		at.off = markSize(f.Start)
	}
	if len(f.Header) > 0 {
		pg.paragraph("### Header%s", of(f.Name))
		pg.fields(f.Header, at)
	}
	if len(f.Trailer) > 0 {
		pg.paragraph("### Trailer%s", of(f.Name))
		pg.fields(f.Trailer, cursor{after: "the body"})
	}
}

// marks are those of which one ends a frame.
func marks(texts []string) string {
	var all []string
	for _, text := range texts {
		all = append(all, mark(text))
	}
	return strings.Join(all, " or ")
}

// closing says which field is the mark at the end, and what stands behind it.
func closing(fields []codec.ManualField) string {
	text := code(fields[0].Key) + " is that mark"
	switch n := fields[0].Size; {
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
	case note(fields[0].More, "stuffed") == "true":
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

func (pg *page) framing(f *codec.ManualFrame) (lines []string) {
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
	case f.Start != "" && f.Ends != nil:
		add("They begin with %s and end with %s.", mark(f.Start), marks(f.Ends))
	case f.Ends != nil:
		add("They end with %s.", marks(f.Ends))
	}
	if at := slices.IndexFunc(f.Trailer, func(t codec.ManualField) bool { return t.Type == "end" }); at >= 0 {
		add("%s", closing(f.Trailer[at:]))
	}
	var escapes []string
	for _, e := range f.Escapes {
		escapes = append(escapes, fmt.Sprintf("`%s` as `%s`", e.Key, e.Text))
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
	for _, field := range slices.Concat(f.Header, f.Trailer) {
		if field.Type == "checksum" {
			wire := ""
			if note(field.More, "wire") == "true" {
				wire = ", as they stand on the wire"
			}
			add("`%s` is a checksum: %s over %s%s.", field.Key, note(field.More, "algorithm"), covered(note(field.More, "over")), wire)
		}
	}
	add("A frame has at most %d bytes.", f.Max)
	order := "most"
	if pg.m.Order == "little" {
		order = "least"
	}
	add("Numbers stand with their %s significant byte first, unless a field says otherwise.  Times are in the zone %s.", order, pg.m.Zone)
	for _, n := range f.More {
		add("%s: %s", n.Key, n.Text)
	}
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
func covered(over string) string {
	if over == "" || over == "all" {
		return "all bytes before it"
	}
	text, upTo := stretch(strings.TrimPrefix(over, "all "))
	if text = "the bytes " + text; !upTo {
		text += " up to itself"
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
	for i := range pg.m.Messages {
		m := &pg.m.Messages[i]
		t.add(link("message", m.Name), commands(m), m.From, m.Purpose, m.Frame, code(m.When), m.Title)
	}
	t.write(&pg.out)
	for i := range pg.m.Messages {
		m := &pg.m.Messages[i]
		pg.paragraph("### Message %s", m.Name)
		if m.Title != "" {
			pg.paragraph("%s", sentence(m.Title))
		}
		about := []string{"from " + m.From}
		if text := commands(m); text != "" {
			about = append(about, "command "+text)
		}
		if m.Frame != "" {
			about = append(about, "frame "+m.Frame)
		}
		if m.When != "" {
			about = append(about, "when "+code(m.When))
		}
		for _, n := range m.More {
			about = append(about, n.Key+" "+n.Text)
		}
		pg.paragraph("%s", sentence(strings.Join(about, "; ")))
		if len(m.Fields) == 0 {
			pg.paragraph("It has no fields besides those of every frame.")
			continue
		}
		pg.fields(m.Fields, pg.bodyAt(m))
	}
}

// bodyAt is where the body of a message begins.
func (pg *page) bodyAt(m *codec.ManualMessage) cursor {
	at := max(0, slices.IndexFunc(pg.m.Frames, func(f codec.ManualFrame) bool { return f.Name == m.Frame }))
	f := &pg.m.Frames[at]
	size, fixed := pg.size(f.Header)
	if !fixed {
		return cursor{after: "the header"}
	}
	if f.Start != "" {
		size += markSize(f.Start)
	}
	return cursor{known: true, off: size}
}

// commands are the values of the command field that a message has.
func commands(m *codec.ManualMessage) string {
	var words []string
	for _, c := range m.Commands {
		words = append(words, code(c))
	}
	if m.Default {
		words = append(words, "all others")
	}
	return strings.Join(words, ", ")
}

func (pg *page) replies() {
	if len(pg.m.Replies) > 0 {
		pg.paragraph("## Replies")
		t := table{heads: []string{"to", "from", "goes back", "with"}}
		for _, r := range pg.m.Replies {
			to := slices.Clone(r.Messages)
			for _, c := range r.To {
				to = append(to, code(c))
			}
			var set []string
			for _, n := range r.Set {
				set = append(set, code(n.Key+" = "+n.Text))
			}
			for _, key := range r.Without {
				set = append(set, "no "+code(key))
			}
			back := r.Send
			switch back {
			case "", "header":
				back = "the header of the request"
			case "frame":
				back = "the whole request"
			}
			t.add(strings.Join(to, ", "), r.From, back, strings.Join(set, ", "))
		}
		t.write(&pg.out)
	}
	if len(pg.m.Answer) > 0 {
		var words []string
		for _, by := range pg.m.Answer {
			words = append(words, code(by))
		}
		pg.paragraph("An answer is known by what it shares with its command: %s.", strings.Join(words, ", "))
	}
	for _, n := range pg.m.More {
		pg.paragraph("%s: %s.", upper(n.Key), code(n.Text))
	}
}

// examples shows the frames of the definition, each byte explained.
func (pg *page) examples() {
	if len(pg.m.Examples) == 0 {
		return
	}
	pg.paragraph("## Examples")
	for i, e := range pg.m.Examples {
		if i > 0 {
			pg.say("")
		}
		if e.Title != "" {
			pg.paragraph("%s:", upper(e.Title))
		}
		pg.say("```text")
		ruler := explain.Ruler{Out: &pg.out}
		ruler.Show(pg.p, e.Frame, []codec.Piece{{Len: len(e.Frame), Trace: pg.p.Trace(e.Direction, e.Frame)}})
		pg.say("```")
		if len(e.Reply) > 0 {
			pg.say("")
			pg.say("It is answered with `% x`.", e.Reply)
		}
	}
}
