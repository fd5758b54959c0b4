package codec

import (
	"fmt"
	"slices"
)

// grower makes one frame: it walks the grammar as a machine does, but writes.  What a condition, a size or a count
// demands of a field that is already written becomes a wish for it, and the walk begins again; so it goes on until
// nothing is demanded, or the budget is spent.  The frame is then decoded, which alone says whether it is one.
type grower struct {
	p      *Profile
	g      *grammar
	tables exprPlace // values of the elements of lists, for at()
	ops    []op
	way    Direction
	goal   *goal

	force   map[subject]int  // decisions that the goal asks for
	last    *node            // a list that gets a second element; what is asked for inside is asked of that one
	inLast  map[subject]bool // what is inside
	soft    map[turn]int     // decisions that turned out to be impossible otherwise
	wishes  map[spot]wish
	changes map[spot]int // how often a condition asked for another value
	steps   int
	budget  int
	walks   int
	tried   []byte // what turned out to be another message,
	taken   *layout

	// Of one walk.
	out    []byte
	regs   []*origin
	marks  []int
	index  int
	table  *node // the group whose columns are written
	begun  bool  // one of them was
	gap    bool  // one was left out: those behind it are, too
	turns  map[subject]int
	leaves []grown
	spans  []span
	sums   []pendingSum
	took   map[decision]bool
	zone   *zone
	zones  int
	again  bool
	why    string
}

// spot is a place whose value can be wished for; the fields of a list share an op and are counted.
type spot struct {
	kind spotKind
	op   int
	nth  int
}

type spotKind uint8

const (
	spotValue spotKind = iota // of a field
	spotSize                  // of a field, in bytes; of a list, in elements
	spotByte                  // at an offset of the frame
	spotLeft                  // bytes left in the zone
)

type wish struct {
	num   int64
	bytes []byte // as they stand on the wire; nil: num
	hard  bool   // a condition asks for it, which is stronger than a size that may also be made to fit
}

// turn is a decision each time it is taken.
type turn struct {
	subject
	nth int
}

// grown is a field that was written.
type grown struct {
	at        spot
	off, size int
}

// span is something whose size may be chosen.
type span struct {
	at             spot
	off, now, unit int
	least, most    int
	free           bool // nothing else says how large it is
}

// zone is a part of the frame with an end of its own; what looks at bytes to come is judged when it is whole.
type zone struct {
	outer   *zone
	id      int
	bounded bool // its end is known when it is read
	end     int  // -1: not yet
	looks   []look
}

// look is a condition that waits for the end of its zone.
type look struct {
	test    func(t *trial) bool
	levers  []lever
	instead *turn // the decision to change when it cannot hold,
	next    int   // to this
	orElse  func() bool
	what    string
	n       *node
}

// Walks for one frame, and how often one field may be asked for another value before conditions are taken to
// contradict each other.
const (
	growWalks   = 60
	growChanges = 6
)

// grow returns the frame, or why there is none.
func (w *grower) grow() ([]byte, string) {
	if w.goal.command != nil {
		w.wishes[spot{spotValue, w.goal.shape.family.commandOp, 0}] = wish{num: int64(w.goal.command[0]), hard: true}
	}
	for ; w.walks < growWalks; w.walks++ {
		w.begin()
		w.frame()
		if w.why != "" {
			return nil, w.why
		}
		if w.steps > w.budget {
			return nil, fmt.Sprintf("given up after %d steps", w.budget)
		}
		if w.again {
			for at, n := range w.changes {
				if n > growChanges {
					return nil, w.ops[at.op].field.Key + ": no value was found that fits all conditions"
				}
			}
			continue
		}
		if w.why = w.finish(); w.why != "" {
			return nil, w.why
		}
		return w.out, ""
	}
	return nil, fmt.Sprintf("given up after %d walks", growWalks)
}

func (w *grower) begin() {
	w.out, w.leaves, w.spans, w.sums = nil, w.leaves[:0], w.spans[:0], w.sums[:0]
	w.regs, w.marks = make([]*origin, w.g.regs), make([]int, w.g.marks+1)
	w.turns, w.took = map[subject]int{}, map[decision]bool{}
	w.table, w.begun, w.gap = nil, false, false
	w.index, w.again, w.why, w.zones, w.zone = 0, false, "", 0, nil
}

func (w *grower) fail(n *node, format string, args ...any) bool {
	if w.why == "" && !w.again {
		w.why = fmt.Sprintf(format, args...)
		if n != nil && n.op >= 0 && w.ops[n.op].field.Key != "" {
			w.why = w.ops[n.op].field.Key + ": " + w.why
		}
	}
	return false
}

// restart says that a wish was made and the walk has to begin again.
func (w *grower) restart() bool {
	w.again = true
	return false
}

func (w *grower) open(bounded bool) *zone {
	w.zones++
	w.zone = &zone{outer: w.zone, id: w.zones, bounded: bounded, end: -1}
	return w.zone
}

func (w *grower) close(z *zone) bool {
	w.zone, z.end = z.outer, len(w.out)
	for i := range z.looks {
		l := &z.looks[i]
		if l.test(nil) {
			continue
		}
		if w.solve(l.test, l.levers, true) {
			return w.restart()
		}
		if l.orElse != nil && l.orElse() {
			return w.restart()
		}
		// What was decided freely gives way, the last decision first.
		for k := len(z.looks) - 1; k >= i; k-- {
			free := z.looks[k].instead
			if free == nil {
				continue
			}
			if was, already := w.soft[*free]; !already || was != z.looks[k].next {
				w.soft[*free] = z.looks[k].next
				return w.restart()
			}
		}
		return w.fail(l.n, "%s", l.what)
	}
	return true
}

// frame walks the whole frame; false when it has to begin again or cannot be made.
func (w *grower) frame() bool {
	s, f := w.goal.shape, w.goal.shape.family
	if o := f.closing.tells(w.p); o != nil { // it is known before its place comes
		at := spot{spotValue, f.closing.node.op, 0}
		if _, wished := w.wishes[at]; !wished {
			first := f.closing.marks[0]
			w.wishes[at] = wish{num: int64(loadBE(first[len(first)-f.closing.kept:]))}
			if o.preset != nil {
				w.wishes[at] = wish{num: int64(o.preset.num)}
			}
		}
		w.regs[o.reg] = &origin{at: at, op: o, num: w.wishes[at].num, size: o.size}
	}
	around := w.open(f.closing != nil)
	if !w.nodes(f.header) {
		return false
	}
	body := len(w.out)
	inner := w.open(f.closing != nil || f.length != nil)
	if !w.chosen(f, s, inner) || !w.nodes(s.nodes) || !w.close(inner) {
		return false
	}
	if f.body.mark > 0 {
		w.marks[f.body.mark], w.marks[f.body.mark+1] = body, len(w.out)
	}
	around.bounded = inner.bounded
	if !w.nodes(f.trailer) || !w.close(around) {
		return false
	}
	if l := f.length; l != nil {
		from := 0
		switch {
		case l.mark < 0:
			from = body
		case l.mark > 0:
			from = w.marks[l.mark]
		}
		e := &expr{code: exReg, reg: l.reg}
		if !w.settle(nil, e, w.scene(e), len(w.out)-from+l.add-l.after, body, "the length field") {
			return false
		}
	}
	return true
}

// finish fills the checksums, adds what stands around the frame and tries it.
func (w *grower) finish() string {
	s, f := w.goal.shape, w.goal.shape.family
	w.out, w.sums = fillSums(w.out, w.sums, 0, w.marks)
	if f.closing != nil {
		w.out = f.wrap(nil, w.out)
	}
	if len(w.out) > f.max {
		return fmt.Sprintf("the frame has %d bytes, allowed %d", len(w.out), f.max)
	}
	var back Frame
	if err := w.p.Decode(w.way, w.out, &back); err != nil {
		return fmt.Sprintf("%x is refused: %v", w.out, err)
	}
	if back.layout != s.layout {
		w.tried, w.taken = w.out, back.layout
		return fmt.Sprintf("%x is taken for %s", w.out, back.layout.message.Name)
	}
	return w.missed()
}

// missed says that the frame does not show what the goal asks for.
func (w *grower) missed() string {
	if len(w.goal.force) == 0 || showsAll(w.p.shows(w.way, w.out, nil), w.goal.force) {
		return ""
	}
	return fmt.Sprintf("%x decodes in another way", w.out)
}

func (w *grower) nodes(list []*node) bool {
	for _, n := range list {
		if !w.node(n) {
			return false
		}
	}
	return true
}

func (w *grower) node(n *node) bool {
	if w.steps++; w.steps > w.budget {
		return w.fail(nil, "given up after %d steps", w.budget)
	}
	there, ok := w.there(n)
	if !ok {
		return false
	}
	if n.when != nil || n.optional {
		w.took[decision{subject{n, aspectThere}, int(truth(there))}] = true
	}
	if n.asks {
		return true // it takes a request to have it
	}
	if !there {
		for _, reg := range n.clear {
			w.regs[reg] = nil
		}
		return true
	}
	if n.column {
		return w.column(n)
	}
	return w.present(n)
}

// present writes a node that is there.
func (w *grower) present(n *node) bool {
	var ok bool
	w.out = append(w.out, n.before...)
	if n.mark > 0 {
		w.marks[n.mark] = len(w.out)
	}
	if n.kind == nodeLeaf {
		ok = w.leaf(n)
	} else {
		ok = w.region(n)
	}
	if n.mark > 0 {
		w.marks[n.mark+1] = len(w.out)
	}
	return ok
}

// there decides whether a node with a condition is there, and sees to it that the condition agrees.
func (w *grower) there(n *node) (there, ok bool) {
	if n.when == nil && !n.optional {
		return true, true
	}
	wanted, now := w.decided(subject{n, aspectThere})
	there = wanted != 0 && (!w.gap || wanted == 1)
	w.gap = w.gap || n.column && n.before == nil && !there && n.optional
	if n.when == nil {
		return there, true
	}
	sc := w.scene(n.when)
	what := fmt.Sprintf("no values were found for which its condition is %v", there)
	test := func(t *trial) bool { return (w.eval(n.when, sc, t) != 0) == there }
	if n.when.looks {
		if wanted == undecided && slices.ContainsFunc(n.when.terms(nil), func(e *expr) bool { return !e.sees() && w.eval(e, sc, nil) == 0 }) {
			there = false
		}
		l := look{test: test, levers: w.levers(n.when, sc, nil), n: n, what: what}
		if wanted == undecided && there {
			l.instead = &now
		}
		w.zone.looks = append(w.zone.looks, l)
		return there, true
	}
	if wanted == undecided {
		return w.eval(n.when, sc, nil) != 0, true
	}
	if test(nil) {
		return there, true
	}
	if w.solve(test, w.levers(n.when, sc, nil), true) || there && w.oneTerm(n.when, sc) {
		return false, w.restart()
	}
	return false, w.fail(n, "%s", what)
}

// oneTerm sees to it that one more of the terms of a conjunction holds: some may be about fields that are only there
// when others do.
func (w *grower) oneTerm(e *expr, sc *scene) bool {
	if e == nil || e.code != exAnd {
		return false
	}
	for _, term := range e.terms(nil) {
		test := func(t *trial) bool { return w.eval(term, sc, t) != 0 }
		if !term.sees() && !test(nil) && w.solve(test, w.levers(term, sc, nil), true) {
			return true
		}
	}
	return false
}

const undecided = -1

// asked is what the goal asks for here.
func (w *grower) asked(about subject) (k int, is bool) {
	k, is = w.force[about]
	return k, is && (w.index > 0 || !w.inLast[about])
}

// decided is what was decided before, by the goal or in need.
func (w *grower) decided(about subject) (k int, now turn) {
	now = turn{about, w.turns[about]}
	w.turns[about]++
	if k, is := w.asked(about); is {
		return k, now
	}
	if k, is := w.soft[now]; is {
		return k, now
	}
	return undecided, now
}
