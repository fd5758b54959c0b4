package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"trama/codec"
	"trama/codec/explain"
	"trama/codec/protect"
)

// Ruler shows the pieces of a stream, each byte with its place and what it means.
type Ruler struct {
	Out    io.Writer
	Colour bool
}

// row is one line of a ruler.
type row struct {
	off                        int // -1: none
	bytes, field, value, about string
	look                       look
}

// look is how a row stands out on a terminal.
type look uint8

const (
	plain look = iota
	dim
	good
	bad
	part // no bytes of its own
)

var paints = [...]string{plain: "", dim: "\x1b[2m", good: "\x1b[32m", bad: "\x1b[1;31m", part: "\x1b[36m"}

func (r *Ruler) paint(l look, text string) string {
	if !r.Colour || l == plain || strings.TrimSpace(text) == "" {
		return text
	}
	return paints[l] + text + "\x1b[0m"
}

func (r *Ruler) say(format string, args ...any) { _, _ = fmt.Fprintf(r.Out, format+"\n", args...) }

// Show shows what the profile makes of the pieces of data.
func (r *Ruler) Show(p *codec.Profile, data []byte, pieces []explain.Piece) {
	frames := 0
	for i, piece := range pieces {
		if i > 0 {
			r.say("")
		}
		if piece.Trace != nil && piece.Trace.Outcome == explain.Accepted {
			frames++
		}
		r.piece(p, data, piece, frames)
	}
	if len(pieces) > 1 {
		r.say("")
		r.say("%s", Summary(pieces))
	}
}

func (r *Ruler) piece(p *codec.Profile, data []byte, piece explain.Piece, frame int) {
	where := span(piece.Off, piece.Len)
	t := piece.Trace
	if t == nil {
		r.heading(dim, "noise, %s: no frame begins here", where)
		r.rows(bytesRows(piece.Off, data[piece.Off:piece.Off+piece.Len], row{look: dim}))
		return
	}
	name := p.Name()
	if t.Message != nil {
		name += " " + t.Message.Name
	} else if t.Kind != "" {
		name += " " + t.Kind
	}
	if t.Direction != codec.Any {
		name += ", " + t.Direction.String()
	}
	switch t.Outcome {
	case explain.Accepted:
		r.heading(good, "frame %d, %s: %s, %s", frame, where, name, checked(t))
	case explain.Closed:
		r.heading(part, "protected, %s: %s, from %s", where, p.Name(), t.Protected.Head.Digits())
		wrong := slices.ContainsFunc(t.Spans, func(s explain.Span) bool { return s.Wrong != nil })
		if wrong && t.Protected.Head.Suite != protect.Auth24 {
			r.say("  its command and values stay hidden: the key does not open it")
		} else if t.Protected.Head.Suite == protect.Auth24 {
			r.say("  it is not hidden, but only --key proves it")
		} else {
			r.say("  its command and values are hidden; --key shows them")
		}
	case explain.Incomplete:
		r.heading(dim, "incomplete, %s: %s, %s", where, name, missing(t))
	default:
		if t.Protected != nil && t.Protected.Opened == nil {
			name += ", a protected frame"
		}
		r.heading(bad, "refused, %s: %s", where, name)
		r.say("  %s", r.paint(bad, reason(t, piece.Off)))
		if t.Kept {
			r.say("  a gateway keeps it as unreadable: marks, length and checksum are right")
		}
	}
	if t.Message != nil && t.Message.Title != "" {
		r.say("  %s", t.Message.Title)
	}
	for _, m := range t.Also {
		r.say("  the bytes fit %s from %s as well; --direction chooses", m.Name, m.From)
	}
	r.rows(rowsOf(t, piece.Off))
	if t.Protected != nil && t.Protected.Plain != nil {
		if ref := t.Protected.Opened.Reference; len(ref) > 0 {
			r.say("  it answers the frame of reference %x", ref)
		}
		if ref := t.Protected.Opened.ReferenceTo(); len(ref) > 0 {
			r.say("  an answer to it carries reference %x", ref)
		}
		r.say("  plain frame, %s:", count(len(t.Protected.Plain.Raw), "byte"))
		r.rows(rowsOf(t.Protected.Plain, 0))
	}
}

func (r *Ruler) heading(l look, format string, args ...any) {
	r.say("%s", r.paint(l, fmt.Sprintf(format, args...)))
}

// rows prints lines with the columns below each other.
func (r *Ruler) rows(rows []row) {
	var wide [3]int
	digits := 1
	for _, line := range rows {
		for i, text := range []string{line.bytes, line.field, line.value} {
			wide[i] = max(wide[i], width(text))
		}
		digits = max(digits, len(fmt.Sprint(max(line.off, 0))))
	}
	const most = 40 // a long value pushes its own meaning aside, not that of all others
	wide[2] = min(wide[2], most)
	for _, line := range rows {
		off := ""
		if line.off >= 0 {
			off = fmt.Sprint(line.off)
		}
		text := "  " + r.paint(dim, fmt.Sprintf("%*s", digits, off)) + "  " + r.paint(line.look, fill(line.bytes,
			wide[0])) + "  " +
			fill(line.field, wide[1]) + "  " + fill(line.value, wide[2]) + "  " + r.paint(aboutLook(line), line.about)
		r.say("%s", strings.TrimRight(text, " "))
	}
}

func aboutLook(line row) look {
	if line.look == part {
		return plain
	}
	return line.look
}

func fill(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-width(text)))
}

// width is how many columns a text takes on a terminal: the characters of East Asia take two.
func width(text string) (n int) {
	for _, r := range text {
		if n++; unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			n++
		}
	}
	return n
}

// Summary says in one line what the pieces are.
func Summary(pieces []explain.Piece) string {
	var frames, closed, refused, noise, incomplete int
	for _, p := range pieces {
		switch {
		case p.Trace == nil:
			noise += p.Len
		case p.Trace.Outcome == explain.Accepted:
			frames++
		case p.Trace.Outcome == explain.Incomplete:
			incomplete += p.Len
		case p.Trace.Outcome == explain.Closed:
			closed++
		default:
			refused++
		}
	}
	parts := []string{count(frames, "frame")}
	if closed > 0 {
		parts = append(parts, fmt.Sprintf("%d protected", closed))
	}
	if refused > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", refused))
	}
	if noise > 0 {
		parts = append(parts, count(noise, "byte")+" of noise")
	}
	if incomplete > 0 {
		parts = append(parts, count(incomplete, "byte")+" of an incomplete frame")
	}
	return strings.Join(parts, ", ")
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func span(off, n int) string {
	if n == 1 {
		return fmt.Sprintf("byte %d", off)
	}
	return fmt.Sprintf("bytes %d-%d", off, off+n-1)
}

// checked says what speaks for an accepted frame.
func checked(t *explain.Trace) string {
	if t.Protected != nil {
		return "accepted, protected by suite " + t.Protected.Head.Suite.String()
	}
	switch n := len(t.Checks); n {
	case 0:
		return "accepted, without a checksum"
	case 1:
		return "accepted, checksum ok"
	default:
		return fmt.Sprintf("accepted, %d checksums ok", n)
	}
}

func missing(t *explain.Trace) string {
	least := "at least "
	if t.Exact {
		least = ""
	}
	if t.Missing == 1 {
		return least + "1 byte is missing"
	}
	return fmt.Sprintf("%s%d bytes are missing", least, t.Missing)
}

// reason says why a frame is refused, with places in the input.
func reason(t *explain.Trace, base int) string {
	at := fmt.Sprintf("wrong at byte %d", base+t.Fault.Offset)
	if t.Fault.Field != "" {
		at += ", " + t.Fault.Field
	}
	return at + ": " + t.Fault.Err.Error()
}
