package codec

import (
	"fmt"
	"strings"
)

// What follows from other fields stands in JSON too, for those who read it.  Who changes it there alone is told so:
// the bytes come from the others.

// disagree is the error of a part that says something else than the field of bits around it.
func disagree(v any, whole string, had uint64) error {
	return fmt.Errorf("%w: %v, but %s says %d; leave one of them out", ErrValue, v, whole, had)
}

// follows compares the computed values that were given with those of f, which was made from the other ones.
func (p *program) follows(f *Frame, fields map[string]any) error {
	type level struct {
		path   string
		fields map[string]any
		list   []any
		next   int
	}
	levels := []level{{fields: fields}}
	for i := range f.cells {
		c := &f.cells[i]
		o := &p.ops[c.op]
		if int(c.depth)+1 > len(levels) {
			continue
		}
		levels = levels[:c.depth+1]
		at := &levels[c.depth]
		path, v := o.field.Key, any(nil)
		if at.fields != nil {
			v = at.fields[path]
		} else if at.next < len(at.list) {
			path, v = fmt.Sprintf("[%d]", at.next), at.list[at.next]
			at.next++
		}
		if path = strings.TrimPrefix(at.path+"."+path, "."); strings.Contains(path, ".[") {
			path = strings.ReplaceAll(path, ".[", "[")
		}
		switch o.code {
		case opGroup, opList:
			inner := level{path: path}
			inner.fields, _ = v.(map[string]any)
			inner.list, _ = v.([]any)
			levels = append(levels, inner)
		case opComputed:
			it := f.item(i, o)
			if v == nil || it.says(v) || p.named(f, i) {
				continue
			}
			return &FieldError{Profile: p.name, Frame: f.layout.message.Name, Field: path, Offset: -1,
				Err: fmt.Errorf("%w: %v, but the fields that it follows from say %s", ErrValue, v, it.Text())}
		}
	}
	return nil
}

// named says that another field beside cell i has its name: an object has room for one of them.
func (p *program) named(f *Frame, i int) bool {
	same := func(k int) bool {
		return f.cells[k].depth == f.cells[i].depth && p.ops[f.cells[k].op].field.Key == p.ops[f.cells[i].op].field.Key
	}
	for k := i - 1; k >= 0 && f.cells[k].depth >= f.cells[i].depth; k-- {
		if same(k) {
			return true
		}
	}
	for k := i + 1; k < len(f.cells) && f.cells[k].depth >= f.cells[i].depth; k++ {
		if same(k) {
			return true
		}
	}
	return false
}

// says whether v is the value of an item, in any way in which it can be written.
func (it Item) says(v any) bool {
	if _, num, err := it.v.op.parseForm(nil, v, int(it.v.exp), true); err == nil && num == it.v.num {
		return true
	}
	text, ok := textOf(v)
	return ok && (text == it.Text() || strings.Trim(string(it.v.appendJSON(nil)), `"`) == text)
}

// levelOf is the object around the last step of a path.
func levelOf(fields map[string]any, path string) map[string]any {
	end := strings.LastIndexByte(path, '.')
	if end < 0 {
		return fields
	}
	level, _ := valueAtPath(fields, path[:end]).(map[string]any)
	return level
}
