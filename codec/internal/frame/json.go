package frame

import (
	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// AppendTree writes the fields of a frame of a grammar: groups as objects, lists as arrays.
func (f *Frame) AppendTree(dst []byte) []byte {
	var closers []byte
	first := false // nothing written yet at this depth
	list := false  // the level around is a list
	for i := range f.Cells {
		o := &f.Program.Ops[f.Cells[i].Op]
		for len(closers) > int(f.Cells[i].Depth) {
			dst = append(dst, closers[len(closers)-1])
			closers = closers[:len(closers)-1]
			first = false
		}
		list = len(closers) > 0 && closers[len(closers)-1] == ']'
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if !list {
			dst = append(dst, '"')
			dst = append(dst, o.Field.Key...)
			dst = append(dst, '"', ':')
		}
		switch o.Code {
		case scalar.OpGroup:
			dst, closers, first = append(dst, '{'), append(closers, '}'), true
		case scalar.OpList:
			dst, closers, first = append(dst, '['), append(closers, ']'), true
		default:
			it := f.ItemAt(i, o)
			dst = it.V.AppendJSON(dst)
		}
	}
	for len(closers) > 0 {
		dst = append(dst, closers[len(closers)-1])
		closers = closers[:len(closers)-1]
	}
	return dst
}

// AppendFields appends all fields of the frame as one JSON object.
func (f *Frame) AppendFields(dst []byte) []byte {
	from := len(dst)
	if dst = f.AppendTree(dst); len(dst) == from {
		dst = append(dst, '{')
	}
	dst[from] = '{' // in place of a comma
	return append(dst, '}')
}

// AppendJSON appends the frame as one JSON object: profile, message and direction, then each field under its
// key.  Whole and real numbers are numbers, labelled values their label, digits and text strings, bytes
// hexadecimal strings, times RFC 3339 in the zone of the profile (a time that does not exist: its digits).
// ParseJSON reads it back to the same bytes.
func (f *Frame) AppendJSON(dst []byte) ([]byte, error) {
	if f.Body == nil {
		return dst, &field.FieldError{Offset: -1, Err: field.ErrNoMessage}
	}
	dst = append(dst, `{"profile":`...)
	dst = scalar.AppendQuoted(dst, f.Program.Name)
	dst = append(dst, `,"message":`...)
	dst = scalar.AppendQuoted(dst, f.Body.Message.Name)
	dst = append(dst, `,"direction":"`...)
	dst = append(dst, f.Way.String()...)
	dst = append(dst, '"')
	return append(f.AppendTree(dst), '}'), nil
}
