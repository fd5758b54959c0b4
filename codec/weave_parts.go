package codec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (w *weaver) region(n *node, in *woven) error {
	start := len(w.out)
	var err error
	switch n.kind {
	case nodeGroup:
		err = w.group(n, in)
	case nodeList:
		err = w.list(n, in)
	default:
		err = w.choice(n, in)
	}
	if err != nil {
		return err
	}
	if n.size != nil {
		w.turn(n.size, int64(len(w.out)-start))
	}
	if n.transform != nil {
		w.sums(start)
		w.out = n.transform.encode(w.out, start)
	}
	w.out = append(w.out, n.until...)
	return nil
}

func (w *weaver) group(n *node, in *woven) error {
	if n.separator != nil {
		defer func(table *node, begun, gap bool) { w.table, w.begun, w.gap = table, begun, gap }(w.table, w.begun, w.gap)
		w.table, w.begun, w.gap = n, false, false
	}
	if n.op < 0 {
		return w.nodes(n.kids, in)
	}
	key := w.key(n)
	in.used[key] = true
	inner := &woven{values: map[string]any{}, used: map[string]bool{}}
	if v, given := in.values[key]; given {
		m, ok := typed(v).(map[string]any)
		if !ok {
			return w.notTyped(n, v)
		}
		inner.values = m
	}
	missing := w.missing
	err := w.nodes(n.kids, inner)
	if err == nil {
		err = w.surplus(inner)
	}
	if missing == nil {
		w.missing = inside(w.missing, key)
	}
	return inside(err, key)
}

func (w *weaver) list(n *node, in *woven) error {
	key := w.key(n)
	if in.used != nil {
		in.used[key] = true
	}
	for _, reg := range n.folds {
		w.regs[reg] = 0
	}
	for _, t := range n.tables {
		w.place.clearTable(t)
	}
	var elements []any
	if v, given := in.values[key]; given {
		switch v := typed(v).(type) {
		case []any:
			elements = v
		case []map[string]any:
			for _, m := range v {
				elements = append(elements, m)
			}
		default:
			return w.notTyped(n, in.values[key])
		}
	}
	outer := w.place.index
	defer func() { w.place.index = outer }()
	for i, v := range elements {
		w.place.index = i
		if i > 0 {
			w.out = append(w.out, n.separator...)
		}
		missing := w.missing
		err := w.element(n, v)
		if err != nil {
			return inside(err, fmt.Sprintf("%s[%d]", key, i))
		}
		if missing == nil && w.missing != nil {
			w.missing = inside(w.missing, fmt.Sprintf("%s[%d]", key, i))
		}
	}
	if n.count != nil {
		w.turn(n.count, int64(len(elements)))
	}
	if n.listReg > 0 {
		w.regs[n.listReg] = int64(len(elements))
	}
	return nil
}

func (w *weaver) element(n *node, v any) error {
	if n.element < 0 {
		if list, ok := v.([]any); ok && len(list) == 0 && n.separator != nil {
			return nil
		}
		key := w.key(n.kids[0])
		inner := &woven{values: map[string]any{key: v}, used: map[string]bool{}}
		err := w.nodes(n.kids, inner)
		if wrong := (*FieldError)(nil); errors.As(err, &wrong) { // the element has no name but that of the list
			wrong.Field = strings.TrimPrefix(strings.TrimPrefix(wrong.Field, key), ".")
		}
		return err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return &FieldError{Profile: w.p.name, Frame: w.shape.layout.message.Name, Offset: -1, Err: wrongType(v, "a table of fields")}
	}
	if len(m) == 0 && n.separator != nil {
		return nil
	}
	inner := &woven{values: m, used: map[string]bool{}}
	if err := w.nodes(n.kids, inner); err != nil {
		return err
	}
	return w.surplus(inner)
}

func (w *weaver) choice(n *node, in *woven) error {
	on := int64(0)
	if n.on != nil {
		on = n.on.eval(&w.place)
	}
	for i := range n.cases {
		b := &n.cases[i]
		if n.on != nil && !b.other && !b.is.has(uint64(on)) {
			continue
		}
		if b.when != nil && (b.when.sees() && !w.anyGiven(&node{op: -1, kids: b.kids}, in) || !b.when.sees() && b.when.eval(&w.place) == 0) {
			continue
		}
		for _, reg := range n.clear {
			w.regs[reg], w.seqs[reg] = 0, -1
		}
		return w.nodes(b.kids, in)
	}
	return w.wrong(n, fmt.Errorf("%w %d", errNoCase, on))
}

// inside adds to an error of a field the part that it stands in: a group, or an element of a list.
func inside(err error, part string) error {
	if wrong := (*FieldError)(nil); errors.As(err, &wrong) {
		if wrong.Field != "" {
			part += "." + wrong.Field
		}
		wrong.Field = part
	}
	return err
}

// surplus names a value that no field took.
func (w *weaver) surplus(in *woven) error {
	if len(in.used) >= len(in.values) {
		rest := false
		for key := range in.values {
			rest = rest || !in.used[key]
		}
		if !rest {
			return nil
		}
	}
	var unknown []string
	for key := range in.values {
		if !in.used[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	err := ErrUnknownField
	if near := nearest(unknown[0], keysOf(in.used)); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return &FieldError{Profile: w.p.name, Frame: w.shape.layout.message.Name, Field: unknown[0], Offset: -1, Err: err}
}

func (w *weaver) wrong(n *node, err error) error {
	return &FieldError{Profile: w.p.name, Frame: w.shape.layout.message.Name, Field: w.key(n), Offset: -1, Err: err}
}
