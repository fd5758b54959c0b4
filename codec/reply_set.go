package codec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Values of `set` in a reply: what they take of the request, also deep inside tables and arrays.

// echoed reads "$KEY", "$KEY + 1" or "$KEY - 0x80"; path is empty when the text is none of them.
func echoed(text string) (path string, plus int64, err error) {
	path, is := strings.CutPrefix(text, "$")
	if !is {
		return "", 0, nil
	}
	if words := strings.Fields(path); len(words) == 3 && (words[1] == "+" || words[1] == "-") {
		plus, err = strconv.ParseInt(words[1]+words[2], 0, 64)
		return words[0], plus, err
	}
	return path, 0, nil
}

// deep says that a table or an array takes something of the request; what is wrong with it is reported.
func (c *compiler) deep(path string, v any) (is bool) {
	switch v := v.(type) {
	case string:
		from, _, err := echoed(v)
		if from == "" {
			return false
		}
		if first, _, _ := strings.Cut(from, "."); err != nil {
			c.src.problem(path, quote(v), `"$KEY", "$KEY + 1" or "$KEY - 0x80"`)
		} else if first, _, _ = strings.Cut(first, "["); c.all[first] == nil {
			var known []string
			for _, key := range keysOf(c.all) {
				known = append(known, "$"+key)
			}
			c.src.problem(path, quote(v), "a field of the request behind $", known...)
		}
		return true
	case map[string]any:
		for _, key := range keysOf(v) {
			is = c.deep(join(path, key), v[key]) || is
		}
	case []any, []map[string]any:
		for i, element := range elementsOf(v) {
			is = c.deep(fmt.Sprintf("%s[%d]", path, i), element) || is
		}
	}
	return is
}

func elementsOf(v any) (out []any) {
	switch v := v.(type) {
	case []any:
		return v
	case []map[string]any:
		for _, element := range v {
			out = append(out, element)
		}
	}
	return out
}

// filler puts fields of the request into the value of a set.
type filler struct {
	p *Profile
	f *Frame
}

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
			return nil, &FieldError{Profile: r.p.name, Frame: r.f.layout.message.Name, Field: path, Offset: -1, Err: ErrUnknownField}
		}
		it := r.f.item(i, &r.p.ops[r.f.cells[i].op])
		switch {
		case plus != 0:
			return it.Int() + plus, nil
		case it.Label() != "" && !slices.ContainsFunc(r.p.ops, func(o op) bool { return o.field.Key == key && o.labels(it.Label()) }):
			return it.v.unlabelled(), nil
		}
		return it.give(), nil
	case map[string]any:
		return r.table(v, within)
	case []any, []map[string]any:
		return r.elements(key, elementsOf(v), within)
	}
	return v, nil
}

func (r *filler) table(v map[string]any, within string) (map[string]any, error) {
	out := make(map[string]any, len(v))
	for _, key := range keysOf(v) {
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

// eachKey stands in a table of an array: the table is written once for each element of that list of the request.
const eachKey = "each"

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
