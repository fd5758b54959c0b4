package encode

import (
	"fmt"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// part writes a group, a list or a choice.
func (e *Encoder) part(n *program.Node) error {
	e.Starts = append(e.Starts, len(e.Out))
	var err error
	switch n.Kind {
	case program.NodeGroup:
		err = e.group(n)
	case program.NodeList:
		err = e.list(n)
	default:
		err = e.choice(n)
	}
	if err != nil {
		return err
	}
	if n.Size != nil {
		e.measure(n.Size, int64(len(e.Out)-e.Starts[len(e.Starts)-1]))
	}
	start := e.close()
	if n.Transform != nil {
		e.Out, e.sums = fillSums(e.Out, e.sums, start, e.marks)
		e.sealed(start)
		e.Out = n.Transform.Encode(e.Out, start)
	}
	e.Out = append(e.Out, n.Until...)
	return nil
}

// close is the first byte of the part that ends.
func (e *Encoder) close() (start int) {
	last := len(e.Starts) - 1
	start, e.Starts = e.Starts[last], e.Starts[:last]
	return start
}

func (e *Encoder) group(n *program.Node) error {
	if n.Separator != nil {
		defer func(table *program.Node, begun, gap bool) { e.table, e.begun, e.Gap = table, begun, gap }(e.table, e.begun, e.Gap)
		e.table, e.begun, e.Gap = n, false, false
	}
	if n.Op < 0 {
		err := e.nodes(n.Kids)
		if n.Packed {
			e.spare = 0
		}
		return err
	}
	inner := sourceOf(map[string]any{})
	if v, given := e.source.Value(e, n.Op); given {
		if inner = sourceOf(typed(v.Any)); inner == nil {
			return e.notTyped(n, v.Any)
		}
	}
	return e.inside(pathStep{key: e.key(n), index: -1}, inner, n.Kids)
}

// sourceOf is the source of a group or an element: the table of its values, or one that its source gave; nil when v is
// neither.
func sourceOf(v any) ValueSource {
	switch v := v.(type) {
	case ValueSource:
		return v
	case map[string]any:
		return &givenValues{values: v, used: map[string]bool{}}
	}
	return nil
}

// inside writes nodes from values of their own.
func (e *Encoder) inside(at pathStep, values ValueSource, nodes []*program.Node) error {
	outer := e.source
	e.source = values
	e.steps = append(e.steps, at)
	err := e.nodes(nodes)
	if err == nil && !at.bare {
		err = e.source.Surplus(e)
	}
	if err == nil {
		e.steps = e.steps[:len(e.steps)-1]
	}
	e.source = outer
	return err
}

func (e *Encoder) list(n *program.Node) error {
	for _, reg := range n.Folds {
		e.regs[reg] = 0
	}
	for _, t := range n.Tables {
		e.place.ClearTable(t)
	}
	var elements []any
	if v, given := e.source.Value(e, n.Op); given {
		switch list := typed(v.Any).(type) {
		case []any:
			elements = list
		case []map[string]any:
			elements = program.ElementsOf(list)
		default:
			return e.notTyped(n, v.Any)
		}
	}
	outer := e.place.Index
	for i, v := range elements {
		e.place.Index = i
		if i > 0 {
			e.Out = append(e.Out, n.Separator...)
		}
		if err := e.element(n, i, v); err != nil {
			return err
		}
	}
	e.place.Index = outer
	if n.Count != nil {
		e.measure(n.Count, int64(len(elements)))
	}
	if n.ListReg > 0 {
		e.regs[n.ListReg] = int64(len(elements))
	}
	return nil
}

func (e *Encoder) element(n *program.Node, i int, v any) error {
	at := pathStep{key: e.key(n), index: i, bare: n.Element < 0}
	if at.bare {
		if list, ok := v.([]any); ok && len(list) == 0 && n.Separator != nil {
			return nil
		}
		if source, ok := v.(ValueSource); ok {
			return e.inside(at, source, n.Kids)
		}
		return e.inside(at, sourceOf(map[string]any{e.key(n.Kids[0]): v}), n.Kids)
	}
	m, isTable := v.(map[string]any)
	if isTable && len(m) == 0 && n.Separator != nil {
		return nil
	}
	inner := sourceOf(v)
	if inner == nil {
		e.steps = append(e.steps, at)
		return e.fault("", scalar.WrongType(v, "a table of fields"))
	}
	return e.inside(at, inner, n.Kids)
}

// choice writes the case that the values decide.  Where they fit several, as when cases differ in what is left of the
// frame, the first is taken; the others are for the next tries.
func (e *Encoder) choice(n *program.Node) error {
	on := int64(0)
	if n.On != nil {
		on = e.Eval(n.On)
	}
	pick := 0
	if turn := len(e.open); turn < len(e.picks) {
		pick = e.picks[turn]
	}
	fit, first, taken := 0, -1, -1
	for i := range n.Cases {
		b := &n.Cases[i]
		if n.On != nil && !b.Other && !b.Is.Has(uint64(on)) {
			continue
		}
		looks := b.When != nil && b.When.Looks
		if looks && !e.anyGiven(b.Kids) || !looks && b.When != nil && e.Eval(b.When) == 0 {
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
		return e.wrong(n, fmt.Errorf("%w %d (0x%02x)", field.ErrNoCase, on, on))
	}
	if taken < 0 {
		return e.wrong(n, fmt.Errorf("%w %d", field.ErrNoCase, on))
	}
	e.clear(n)
	return e.nodes(n.Cases[taken].Kids)
}

// next makes e try another case of the choices that the values do not decide; false: all were tried.
func (e *Encoder) next() bool {
	e.picks = append(e.picks, make([]int, max(len(e.open)-len(e.picks), 0))...)[:len(e.open)]
	for i := len(e.open) - 1; i >= 0; i-- {
		if e.picks[i]++; e.picks[i] < e.open[i] {
			e.picks = e.picks[:i+1]
			return true
		}
	}
	return false
}
