package explain

import (
	"fmt"
	"strconv"
	"strings"

	"trama/codec"
	"trama/codec/explain"
)

// perRow is how many bytes stand in one line.
const perRow = 8

// rowsOf makes the lines of a frame that begins at base.
func rowsOf(t *explain.Trace, base int) (out []row) {
	for i := range t.Spans {
		s := &t.Spans[i]
		line := row{field: indented(s), look: lookOf(s)}
		describe(&line, t, i, base)
		if !s.Owns() {
			if line.off = -1; s.Kind == explain.SpanFault || s.Kind == explain.SpanPartial {
				line.off = base + s.Off
			}
			out = append(out, line)
			continue
		}
		out = append(out, bytesRows(base+s.Off, t.Raw[s.Off:s.Off+s.Len], line)...)
	}
	return out
}

// bytesRows spreads bytes over as many lines as they need; the first carries what is said about them.
func bytesRows(off int, raw []byte, first row) (out []row) {
	for n := 0; n < len(raw); n += perRow {
		line := row{look: first.look}
		if n == 0 {
			line = first
		}
		line.off, line.bytes = off+n, spaced(raw[n:min(n+perRow, len(raw))])
		out = append(out, line)
	}
	return out
}

func spaced(raw []byte) string { return strings.TrimSpace(fmt.Sprintf("% x", raw)) }

// indented is the key of the field, deeper inside groups and lists.
func indented(s *explain.Span) string {
	name := ""
	switch {
	case s.Kind == explain.SpanContinued || s.Kind == explain.SpanMark:
	case s.Index >= 0:
		name = "[" + strconv.Itoa(s.Index) + "]"
		if s.Field != nil && s.Field.Key != "" && s.Field.Key != "value" {
			name += " " + s.Field.Key
		}
	case s.Field != nil:
		name = s.Field.Key
	case s.Kind == explain.SpanClear:
		name = s.Path
	case s.Kind == explain.SpanSum:
		name = "checksum"
	}
	depth := s.Depth
	if _, _, isPart := s.Item.Bits(); isPart {
		depth++
	}
	return strings.Repeat("  ", depth) + name
}

func lookOf(s *explain.Span) look {
	switch {
	case s.Check != nil && s.Check.OK():
		return good
	case s.Check != nil, s.Kind == explain.SpanFault, s.Kind == explain.SpanClear && s.Wrong != nil:
		return bad
	case s.Kind == explain.SpanMark, s.Kind == explain.SpanUnread, s.Kind == explain.SpanPartial:
		return dim
	case !s.Owns():
		return part
	}
	return plain
}

// describe fills in value and meaning of span i.
func describe(line *row, t *explain.Trace, i, base int) {
	s := &t.Spans[i]
	switch s.Kind {
	case explain.SpanField:
		if line.value = number(s.Item); s.Len > perRow && s.Plain == nil && s.Field.Kind == codec.KindBytes {
			line.value = "" // it would only repeat the bytes
		}
		if s.Field.Unit != "" && !s.Item.Missing() {
			line.value += " " + s.Field.Unit
		}
		if line.about = meaning(s.Item); s.Point != "" {
			line.about = strings.TrimPrefix(line.about+", point "+s.Point, ", ")
		}
		if hi, lo, ok := s.Item.Bits(); ok && hi == lo {
			line.bytes = fmt.Sprintf("bit %d", lo)
		} else if ok {
			line.bytes = fmt.Sprintf("bits %d-%d", hi, lo)
		}
		if s.Check != nil {
			line.value = hexOf(s)
		}
	case explain.SpanContinued:
		line.about = s.Field.Key + " goes on"
	case explain.SpanGroup:
		line.about = s.Field.Title
	case explain.SpanMark:
		line.value, line.about = mark(t, i)
	case explain.SpanSum:
		line.value = hexOf(s)
	case explain.SpanFault:
		line.about = "HERE: " + s.Wrong.Error()
	case explain.SpanPartial:
		line.about = partial(s)
	case explain.SpanUnread:
		line.about = "not read"
	case explain.SpanClear:
		line.value, line.about = s.Text, s.About
	}
	if s.Plain != nil {
		line.about = join("stands for "+spaced(s.Plain), line.about)
	}
	if s.Check != nil {
		line.about = join(verdict(s.Check, base), line.about)
	}
}

func hexOf(s *explain.Span) string { return fmt.Sprintf("%0*x", s.Check.Digits, s.Check.Found) }

func join(first, second string) string {
	if second == "" {
		return first
	}
	return first + "; " + second
}

// mark says what a delimiter is for.
func mark(t *explain.Trace, i int) (value, about string) {
	s := &t.Spans[i]
	if text := string(t.Raw[s.Off : s.Off+s.Len]); Text(text) == text {
		value = strconv.Quote(text)
	}
	switch {
	case s.Field != nil && i+1 < len(t.Spans) && t.Spans[i+1].Field == s.Field:
		about = "before " + s.Field.Key
	case s.Field != nil:
		about = "ends " + s.Field.Key
	case i == 0:
		about = "start of the frame"
	case s.Off+s.Len == len(t.Raw):
		about = "end of the frame"
	default:
		about = "delimiter"
	}
	return value, about
}

// partial says how much of a field has come.
func partial(s *explain.Span) string {
	switch {
	case s.Field == nil:
		return "more is to come"
	case s.Len == 0:
		return "still to come"
	case s.Field.Size > s.Len:
		return fmt.Sprintf("%d of %d bytes", s.Len, s.Field.Size)
	}
	return "not whole yet"
}
