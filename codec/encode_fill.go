package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// filler puts fields of the request into the value of a set.
type filler struct{ f *Frame }

// fill returns the value with everything filled in.  key is the field that it goes to; within is the element of the
// request around it, "" for the frame.
func (r *filler) fill(key string, v any, within string) (any, error) {
	switch v := v.(type) {
	case string:
		path, plus, _ := echoed(v)
		if path == "" {
			return v, nil
		}
		i := -1
		if within != "" {
			i = r.f.at(within + "." + path)
		}
		if i < 0 {
			i = r.f.at(path)
		}
		if i < 0 {
			return nil, &FieldError{Profile: r.f.program.name, Frame: r.f.layout.message.Name, Field: path, Offset: -1, Err: ErrUnknownField}
		}
		it := r.f.item(i, &r.f.program.ops[r.f.cells[i].op])
		switch {
		case plus != 0:
			return it.Int() + plus, nil
		case it.Label() != "" && !slices.ContainsFunc(r.f.program.ops, func(o op) bool { return o.field.Key == key && o.labels(it.Label()) }):
			return it.v.unlabelled(), nil
		}
		return it.v.give(), nil
	case map[string]any:
		return r.table(v, within)
	case []any, []map[string]any:
		return r.elements(key, elementsOf(v), within)
	}
	return v, nil
}

func (r *filler) table(v map[string]any, within string) (map[string]any, error) {
	out := make(map[string]any, len(v))
	for _, key := range slices.Sorted(maps.Keys(v)) {
		if key == eachKey {
			if text, _ := v[key].(string); strings.HasPrefix(text, "$") {
				continue
			}
		}
		said, err := r.fill(key, v[key], within)
		if err != nil {
			return nil, err
		}
		out[key] = said
	}
	return out, nil
}

func (r *filler) elements(key string, v []any, within string) ([]any, error) {
	out := []any{}
	for _, element := range v {
		t, _ := element.(map[string]any)
		list, _ := t[eachKey].(string)
		list, is := strings.CutPrefix(list, "$")
		if !is {
			said, err := r.fill(key, element, within)
			if err != nil {
				return nil, err
			}
			out = append(out, said)
			continue
		}
		if deeper := within + "." + list; within != "" && r.f.at(deeper) >= 0 {
			list = deeper
		}
		for n := 0; r.f.at(fmt.Sprintf("%s[%d]", list, n)) >= 0; n++ {
			said, err := r.table(t, fmt.Sprintf("%s[%d]", list, n))
			if err != nil {
				return nil, err
			}
			out = append(out, said)
		}
	}
	return out, nil
}
