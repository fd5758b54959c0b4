package codec

import "fmt"

// part writes a group, a list or a choice.
func (e *encoder) part(n *node) error {
	e.starts = append(e.starts, len(e.out))
	var err error
	switch n.kind {
	case nodeGroup:
		err = e.group(n)
	case nodeList:
		err = e.list(n)
	default:
		err = e.choice(n)
	}
	if err != nil {
		return err
	}
	if n.size != nil {
		e.measure(n.size, int64(len(e.out)-e.starts[len(e.starts)-1]))
	}
	start := e.close()
	if n.transform != nil {
		e.out, e.sums = fillSums(e.out, e.sums, start, e.marks)
		e.sealed(start)
		e.out = n.transform.encode(e.out, start)
	}
	e.out = append(e.out, n.until...)
	return nil
}

// close is the first byte of the part that ends.
func (e *encoder) close() (start int) {
	last := len(e.starts) - 1
	start, e.starts = e.starts[last], e.starts[:last]
	return start
}

func (e *encoder) group(n *node) error {
	if n.separator != nil {
		defer func(table *node, begun, gap bool) { e.table, e.begun, e.gap = table, begun, gap }(e.table, e.begun, e.gap)
		e.table, e.begun, e.gap = n, false, false
	}
	if n.op < 0 {
		return e.nodes(n.kids)
	}
	inner := sourceOf(map[string]any{})
	if v, given := e.source.value(e, n.op); given {
		if inner = sourceOf(typed(v.any)); inner == nil {
			return e.notTyped(n, v.any)
		}
	}
	return e.inside(pathStep{key: e.key(n), index: -1}, inner, n.kids)
}

// sourceOf is the source of a group or an element: the table of its values, or one that its source gave; nil when v is
// neither.
func sourceOf(v any) valueSource {
	switch v := v.(type) {
	case valueSource:
		return v
	case map[string]any:
		return &givenValues{values: v, used: map[string]bool{}}
	}
	return nil
}

// inside writes nodes from values of their own.
func (e *encoder) inside(at pathStep, values valueSource, nodes []*node) error {
	outer := e.source
	e.source = values
	e.steps = append(e.steps, at)
	err := e.nodes(nodes)
	if err == nil && !at.bare {
		err = e.source.surplus(e)
	}
	if err == nil {
		e.steps = e.steps[:len(e.steps)-1]
	}
	e.source = outer
	return err
}

func (e *encoder) list(n *node) error {
	for _, reg := range n.folds {
		e.regs[reg] = 0
	}
	for _, t := range n.tables {
		e.place.clearTable(t)
	}
	var elements []any
	if v, given := e.source.value(e, n.op); given {
		switch list := typed(v.any).(type) {
		case []any:
			elements = list
		case []map[string]any:
			elements = elementsOf(list)
		default:
			return e.notTyped(n, v.any)
		}
	}
	outer := e.place.index
	for i, v := range elements {
		e.place.index = i
		if i > 0 {
			e.out = append(e.out, n.separator...)
		}
		if err := e.element(n, i, v); err != nil {
			return err
		}
	}
	e.place.index = outer
	if n.count != nil {
		e.measure(n.count, int64(len(elements)))
	}
	if n.listReg > 0 {
		e.regs[n.listReg] = int64(len(elements))
	}
	return nil
}

func (e *encoder) element(n *node, i int, v any) error {
	at := pathStep{key: e.key(n), index: i, bare: n.element < 0}
	if at.bare {
		if list, ok := v.([]any); ok && len(list) == 0 && n.separator != nil {
			return nil
		}
		if source, ok := v.(valueSource); ok {
			return e.inside(at, source, n.kids)
		}
		return e.inside(at, sourceOf(map[string]any{e.key(n.kids[0]): v}), n.kids)
	}
	m, isTable := v.(map[string]any)
	if isTable && len(m) == 0 && n.separator != nil {
		return nil
	}
	inner := sourceOf(v)
	if inner == nil {
		e.steps = append(e.steps, at)
		return e.fault("", wrongType(v, "a table of fields"))
	}
	return e.inside(at, inner, n.kids)
}

// choice writes the case that the values decide.  Where they fit several, as when cases differ in what is left of the
// frame, the first is taken; the others are for the next tries.
func (e *encoder) choice(n *node) error {
	on := int64(0)
	if n.on != nil {
		on = e.eval(n.on)
	}
	pick := 0
	if turn := len(e.open); turn < len(e.picks) {
		pick = e.picks[turn]
	}
	fit, first, taken := 0, -1, -1
	for i := range n.cases {
		b := &n.cases[i]
		if n.on != nil && !b.other && !b.is.has(uint64(on)) {
			continue
		}
		looks := b.when != nil && b.when.looks
		if looks && !e.anyGiven(b.kids) || !looks && b.when != nil && e.eval(b.when) == 0 {
			continue
		}
		if fit == 0 {
			first = i
		}
		if fit == pick {
			taken = i
		}
		if fit++; !looks {
			break
		}
	}
	if fit > 1 {
		e.open = append(e.open, fit)
	} else {
		taken = first
	}
	if taken < 0 && on > 9 {
		return e.wrong(n, fmt.Errorf("%w %d (0x%02x)", errNoCase, on, on))
	}
	if taken < 0 {
		return e.wrong(n, fmt.Errorf("%w %d", errNoCase, on))
	}
	e.clear(n)
	return e.nodes(n.cases[taken].kids)
}

// next makes e try another case of the choices that the values do not decide; false: all were tried.
func (e *encoder) next() bool {
	e.picks = append(e.picks, make([]int, max(len(e.open)-len(e.picks), 0))...)[:len(e.open)]
	for i := len(e.open) - 1; i >= 0; i-- {
		if e.picks[i]++; e.picks[i] < e.open[i] {
			e.picks = e.picks[:i+1]
			return true
		}
	}
	return false
}
