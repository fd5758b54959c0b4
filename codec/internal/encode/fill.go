package encode

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// filler puts fields of the request into the value of a set.
type filler struct{ f *frame.Frame }

// fill returns the value with everything filled in.  key is the field that it goes to; within is the element of the
// request around it, "" for the frame.
func (r *filler) fill(key string, v any, within string) (any, error) {
	switch v := v.(type) {
	case string:
		path, plus, _ := program.Echoed(v)
		if path == "" {
			return v, nil
		}
		i := -1
		if within != "" {
			i = r.f.At(within + "." + path)
		}
		if i < 0 {
			i = r.f.At(path)
		}
		if i < 0 {
			return nil, &field.FieldError{Profile: r.f.Program.Name, Frame: r.f.Body.Message.Name, Field: path,
				Offset: -1, Err: field.ErrUnknownField}
		}
		it := r.f.ItemAt(i, &r.f.Program.Ops[r.f.Cells[i].Op])
		switch {
		case plus != 0:
			return it.Int() + plus, nil
		case it.Label() != "" && !slices.ContainsFunc(r.f.Program.Ops,
			func(o scalar.Op) bool { return o.Field.Key == key && labels(&o, it.Label()) }):
			return it.V.Unlabelled(), nil
		}
		return give(it.V), nil
	case map[string]any:
		return r.table(v, within)
	case []any, []map[string]any:
		return r.elements(key, program.ElementsOf(v), within)
	}
	return v, nil
}

func (r *filler) table(v map[string]any, within string) (map[string]any, error) {
	out := make(map[string]any, len(v))
	for _, key := range slices.Sorted(maps.Keys(v)) {
		if key == program.EachKey {
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
		list, _ := t[program.EachKey].(string)
		list, is := strings.CutPrefix(list, "$")
		if !is {
			said, err := r.fill(key, element, within)
			if err != nil {
				return nil, err
			}
			out = append(out, said)
			continue
		}
		if deeper := within + "." + list; within != "" && r.f.At(deeper) >= 0 {
			list = deeper
		}
		for n := 0; r.f.At(fmt.Sprintf("%s[%d]", list, n)) >= 0; n++ {
			said, err := r.table(t, fmt.Sprintf("%s[%d]", list, n))
			if err != nil {
				return nil, err
			}
			out = append(out, said)
		}
	}
	return out, nil
}
