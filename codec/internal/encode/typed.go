package encode

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
)

// Values as they are typed: lists and groups are JSON, and a member of a group is named by its path, group.member.

// nested puts the values that are named by paths into their groups.
func nested(p *program.Program, l *program.Body, fields map[string]any) (map[string]any, error) {
	paths := false
	for key := range fields {
		paths = paths || strings.Contains(key, ".")
	}
	if !paths {
		return fields, nil
	}
	all := make(map[string]any, len(fields))
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		steps := strings.Split(key, ".")
		level := all
		for i, step := range steps[:len(steps)-1] {
			around := strings.Join(steps[:i+1], ".")
			if _, given := fields[around]; given {
				return nil, &field.FieldError{Profile: p.Name, Frame: l.Message.Name, Field: around, Offset: -1,
					Err: fmt.Errorf("%w: given whole and by %s", field.ErrValue, key)}
			}
			inner, ok := level[step].(map[string]any)
			if !ok {
				inner = map[string]any{}
				level[step] = inner
			}
			level = inner
		}
		level[steps[len(steps)-1]] = fields[key]
	}
	return all, nil
}

// typed is what a text that was typed stands for where a list or a group is expected; v itself when it is no text, and nil
// when it is none.
func typed(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	var out any
	if readJSON([]byte(text), &out) != nil {
		return nil
	}
	return out
}

// notTyped is the error of a value that is no list, or no group.
func (e *Encoder) notTyped(n *program.Node, v any) error {
	found := fmt.Sprintf("%v", v)
	if text, ok := v.(string); ok {
		found = field.Quote(text)
	}
	member := func() string {
		for _, k := range n.Kids {
			if key := e.key(k); key != "" {
				return key
			}
		}
		return "KEY"
	}
	want := "elements as in [1,2]"
	switch {
	case n.Kind == program.NodeGroup:
		want = fmt.Sprintf(`fields as in {%q:1}, or %s.KEY for each`, member(), e.key(n))
	case n.Element >= 0:
		want = fmt.Sprintf(`elements as in [{%q:1}]`, member())
	}
	return e.wrong(n, fmt.Errorf("%w: %s, expected %s", field.ErrValue, found, want))
}
