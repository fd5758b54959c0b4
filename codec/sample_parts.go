package codec

import "fmt"

// region writes a group, a list or a choice, inside an end of its own when it has one.
func (w *grower) region(n *node) bool {
	bounded := n.size != nil || n.rest || n.until != nil || n.kind == nodeList && n.count == nil && n.tail > 0 && w.zone.bounded
	if n.kind == nodeChoice && n.on == nil && n.size == nil {
		bounded = false
	}
	start := len(w.out)
	if !bounded {
		return w.inside(n)
	}
	sc := w.scene()
	if n.size != nil {
		sc = w.scene(n.size)
	}
	z := w.open(true)
	if !w.inside(n) || !w.close(z) {
		return false
	}
	if n.size != nil && !w.settle(n, n.size, sc, len(w.out)-start, start, "its size") {
		return false
	}
	if n.transform != nil {
		w.out, w.sums = fillSums(w.out, w.sums, start, w.marks)
		w.out = n.transform.encode(w.out, start)
	}
	w.out = append(w.out, n.until...)
	return true
}

func (w *grower) inside(n *node) bool {
	switch n.kind {
	case nodeList:
		return w.list(n)
	case nodeChoice:
		return w.choice(n)
	}
	if n.separator == nil {
		return w.nodes(n.kids)
	}
	table, begun, gap := w.table, w.begun, w.gap
	w.table, w.begun, w.gap = n, false, false
	ok := w.nodes(n.kids)
	w.table, w.begun, w.gap = table, begun, gap
	return ok
}

// column writes a field between separators.
func (w *grower) column(n *node) bool {
	table := w.table
	if w.begun {
		w.out = append(w.out, table.separator...)
	}
	z := w.open(true)
	w.begun, w.table = false, nil
	ok := w.present(n) && w.close(z)
	w.begun, w.table = true, table
	return ok
}

func (w *grower) list(n *node) bool {
	for _, reg := range n.folds {
		w.regs[reg] = nil
	}
	for _, t := range n.tables {
		w.tables.clearTable(t)
	}
	nth := w.turns[subject{n, aspectCase}] // a list has no cases: the subject counts its turns
	w.turns[subject{n, aspectCase}]++
	at := spot{spotSize, n.op, nth}
	sc := w.scene()
	if n.count != nil {
		sc = w.scene(n.count)
	}
	elements := w.elements(n, at, sc)
	w.took[decision{subject{n, aspectCount}, min(elements, 2)}] = true
	outer, start, same, last := w.index, len(w.out), true, -1
	for i := range elements {
		if i > 0 {
			w.out = append(w.out, n.separator...)
		}
		w.index = i
		before := len(w.out)
		if !w.nodes(n.kids) {
			return false
		}
		same = same && (last < 0 || len(w.out)-before == last)
		last = len(w.out) - before
		if n.stop != nil && !w.stops(n, i == elements-1) {
			return false
		}
	}
	w.index = outer
	if n.listReg > 0 {
		w.regs[n.listReg] = &origin{at: at, op: &op{code: opUint, size: 1, field: w.ops[n.op].field}, num: int64(elements)}
	}
	if same && last > 0 && n.separator == nil && n.stop == nil {
		w.spans = append(w.spans, span{at: at, off: start, now: elements, unit: last, free: n.count == nil})
	}
	if n.count == nil {
		return true
	}
	says := w.eval(n.count, sc, nil)
	if says == int64(elements) {
		return true
	}
	w.spans = append(w.spans, span{at: at, off: start, now: elements, unit: 1, free: true})
	defer func() { w.spans = w.spans[:len(w.spans)-1] }()
	return w.settle(n, n.count, sc, elements, start, "its count")
}

// elements chooses how many a list has.
func (w *grower) elements(n *node, at spot, sc *scene) int {
	if n.count != nil && n.count.code == exConst {
		return int(min(max(n.count.value, 0), maxElements))
	}
	if v, ok := w.wishes[at]; ok {
		return int(v.num)
	}
	if k, ok := w.force[subject{n, aspectCount}]; ok {
		if n == w.last {
			k++
		}
		return k
	}
	if n.count != nil && !n.count.looks {
		if v := w.eval(n.count, sc, nil); v > 0 && v <= 64 {
			return int(v)
		}
	}
	return 1
}

// stops sees to it that a list goes on, or ends, after an element.
func (w *grower) stops(n *node, end bool) bool {
	sc := w.scene(n.stop)
	test := func(t *trial) bool { return (w.eval(n.stop, sc, t) != 0) == end }
	levers := w.levers(n.stop, sc, nil)
	what := fmt.Sprintf("no values were found for which the condition on which it stops is %v", end)
	if n.stop.looks {
		w.zone.looks = append(w.zone.looks, look{test: test, levers: levers, n: n, what: what})
		return true
	}
	if test(nil) {
		return true
	}
	if w.solve(test, levers, true) {
		return w.restart()
	}
	return w.fail(n, "%s", what)
}

// choice takes the case that is wanted, or the one that the values choose.
func (w *grower) choice(n *node) bool {
	about := subject{n, aspectCase}
	k, now := w.decided(about)
	all := []*expr{n.on}
	looks := n.on != nil && n.on.looks
	for i := range n.cases {
		all = append(all, n.cases[i].when)
		looks = looks || n.cases[i].when != nil && n.cases[i].when.looks
	}
	sc := w.scene(all...)
	picked := func(t *trial) int {
		on := int64(0)
		if n.on != nil {
			on = w.eval(n.on, sc, t)
		}
		for i := range n.cases {
			b := &n.cases[i]
			if n.on != nil && !b.other && !b.is.has(uint64(on)) || b.when != nil && w.eval(b.when, sc, t) == 0 {
				continue
			}
			return i
		}
		return -1
	}
	forced := k != undecided
	if !forced {
		if k = 0; !looks {
			k = max(0, picked(nil))
		}
	}
	w.took[decision{about, k}] = true
	for _, reg := range n.clear {
		w.regs[reg] = nil
	}
	test := func(t *trial) bool { return picked(t) == k }
	what := "no value chooses the case " + n.cases[k].text
	if looks {
		l := look{test: test, levers: w.choiceLevers(n, sc, k), n: n, what: what}
		if _, asked := w.asked(about); !asked && k+1 < len(n.cases) {
			l.instead, l.next = &now, k+1
		}
		w.zone.looks = append(w.zone.looks, l)
		return w.nodes(n.cases[k].kids)
	}
	if test(nil) {
		return w.nodes(n.cases[k].kids)
	}
	if w.solve(test, w.choiceLevers(n, sc, k), true) {
		return w.restart()
	}
	if _, asked := w.asked(about); !asked && k+1 < len(n.cases) {
		w.soft[now] = k + 1
		return w.restart()
	}
	return w.fail(n, "%s", what)
}

// choiceLevers are what the case that is taken depends on.
func (w *grower) choiceLevers(n *node, sc *scene, k int) (out []lever) {
	var edges []int64
	for _, r := range n.cases[k].is { // those of the case that is wanted stand first
		edges = append(edges, int64(r[0]), int64(r[1]))
	}
	edges = n.cases[k].when.numbers(edges)
	for i := range n.cases {
		for _, r := range n.cases[i].is {
			edges = append(edges, int64(r[0]), int64(r[1]))
		}
	}
	if n.on != nil {
		out = w.levers(n.on, sc, edges)
	}
	for i := range n.cases {
		if e := n.cases[i].when; e != nil {
			out = append(out, w.levers(e, sc, edges)...)
		}
	}
	var once []lever
	for _, s := range out {
		at := -1
		for i := range once {
			if once[i].at == s.at {
				at = i
			}
		}
		if at < 0 {
			once = append(once, s)
		} else {
			once[at].domain = append(once[at].domain, s.domain...)
		}
	}
	return once
}
