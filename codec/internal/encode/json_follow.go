package encode

import (
	"fmt"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Derived fields stand in JSON too, for readers.  A change of one alone is refused:
// the bytes come from the others.

// disagree is the error of a part that says something else than the field of bits around it.
func disagree(v any, whole string, had uint64) error {
	return fmt.Errorf("%w: %v, but %s says %d; leave one of them out", field.ErrValue, v, whole, had)
}

// follows compares the computed values that were given with those of f, which was made from the other ones.
func follows(p *program.Program, f *frame.Frame, fields map[string]any) error {
	type level struct {
		path   string
		fields map[string]any
		list   []any
		next   int
	}
	levels := []level{{fields: fields}}
	for i := range f.Cells {
		c := &f.Cells[i]
		o := &p.Ops[c.Op]
		if int(c.Depth)+1 > len(levels) {
			continue
		}
		levels = levels[:c.Depth+1]
		at := &levels[c.Depth]
		path, v := o.Field.Key, any(nil)
		if at.fields != nil {
			v = at.fields[path]
		} else if at.next < len(at.list) {
			path, v = fmt.Sprintf("[%d]", at.next), at.list[at.next]
			at.next++
		}
		if path = strings.TrimPrefix(at.path+"."+path, "."); strings.Contains(path, ".[") {
			path = strings.ReplaceAll(path, ".[", "[")
		}
		switch o.Code {
		case scalar.OpGroup, scalar.OpList:
			inner := level{path: path}
			inner.fields, _ = v.(map[string]any)
			inner.list, _ = v.([]any)
			levels = append(levels, inner)
		case scalar.OpComputed:
			it := f.ItemAt(i, o)
			if v == nil || says(it, v) || named(p, f, i) {
				continue
			}
			return &field.FieldError{Profile: p.Name, Frame: f.Body.Message.Name, Field: path, Offset: -1,
				Err: fmt.Errorf("%w: %v, but the fields that it follows from say %s", field.ErrValue, v, it.Text())}
		}
	}
	return nil
}

// named says that another field beside cell i has its name: an object has room for one of them.
func named(p *program.Program, f *frame.Frame, i int) bool {
	same := func(k int) bool {
		return f.Cells[k].Depth == f.Cells[i].Depth && p.Ops[f.Cells[k].Op].Field.Key == p.Ops[f.Cells[i].Op].Field.Key
	}
	for k := i - 1; k >= 0 && f.Cells[k].Depth >= f.Cells[i].Depth; k-- {
		if same(k) {
			return true
		}
	}
	for k := i + 1; k < len(f.Cells) && f.Cells[k].Depth >= f.Cells[i].Depth; k++ {
		if same(k) {
			return true
		}
	}
	return false
}

// says whether v is the value of an item, in any way in which it can be written.
func says(it frame.Item, v any) bool {
	if _, num, err := it.V.Op.Parse(nil, v, int(it.V.Exp), true); err == nil && num == it.V.Num {
		return true
	}
	text, ok := scalar.TextOf(v)
	return ok && (text == it.Text() || strings.Trim(string(it.V.AppendJSON(nil)), `"`) == text)
}
