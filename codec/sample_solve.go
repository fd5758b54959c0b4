package codec

import (
	"math"
	"slices"
)

// origin is where the value in a register came from.
type origin struct {
	at   spot // a field
	op   *op  // likewise; nil: the value follows from others
	num  int64
	size int // of a field of bytes

	scene *scene // a computed value: its expression in this scene
	on, e *expr
	rows  []row
	parts []*origin // collected over a list, so many bits each
	bits  int
}

// scene is what an expression sees at one place of the frame.
type scene struct {
	regs  map[int]*origin
	off   int
	zone  *zone
	index int
}

// trial is a small set of values that are tried instead of those that are there.
type trial struct {
	at [3]spot
	v  [3]int64
	n  int
}

func (t *trial) of(at spot, otherwise int64) int64 {
	if t != nil {
		for i := range t.n {
			if t.at[i] == at {
				return t.v[i]
			}
		}
	}
	return otherwise
}

// lever is a value that can be wished for, and those that are worth a trial.
type lever struct {
	at     spot
	now    int64
	domain []int64
	hard   bool
}

func (w *grower) scene(es ...*expr) *scene {
	s := &scene{regs: map[int]*origin{}, off: len(w.out), zone: w.zone, index: w.index}
	for _, e := range es {
		for _, reg := range e.fields(nil) {
			s.regs[reg] = w.regs[reg]
		}
	}
	return s
}

// eval computes an expression in a scene.
func (w *grower) eval(e *expr, s *scene, t *trial) int64 {
	w.steps++
	regs := make([]int64, w.g.regs)
	for reg, o := range s.regs {
		regs[reg] = w.value(o, t)
	}
	at := exprPlace{regs: regs, uplink: w.way == Uplink, index: s.index, left: -1, tables: w.tables.tables}
	if e.looks && s.zone != nil {
		end := len(w.out)
		if s.zone.bounded {
			if s.zone.end >= 0 {
				end = s.zone.end
			}
			at.left = int(t.of(spot{spotLeft, s.zone.id, s.off}, int64(end-s.off)))
		}
		if at.data = w.out[min(s.off, end):end]; len(at.data) > 0 {
			if b := t.of(spot{spotByte, s.off, 0}, int64(at.data[0])); byte(b) != at.data[0] {
				at.data = slices.Clone(at.data)
				at.data[0] = byte(b)
			}
		}
	}
	return e.eval(&at)
}

func (w *grower) value(o *origin, t *trial) int64 {
	switch {
	case o == nil:
		return 0
	case o.parts != nil:
		v := int64(0)
		for i, part := range o.parts {
			if at := i * o.bits; at < 64 {
				v |= w.value(part, t) << uint(at)
			}
		}
		return v
	case o.scene == nil:
		return t.of(o.at, o.num)
	}
	e := o.e
	if o.on != nil {
		on := w.eval(o.on, o.scene, t)
		for i := range o.rows {
			if r := &o.rows[i]; r.other || r.is.has(uint64(on)) {
				e = r.value
				break
			}
		}
	}
	if e == nil {
		return 0
	}
	return w.eval(e, o.scene, t)
}

// solve looks for values that make the test hold, few changes first, and wishes for them.
func (w *grower) solve(test func(t *trial) bool, levers []lever, hard bool) bool {
	const trials = 8_000
	left := trials
	try := func(t *trial) bool {
		left--
		return test(t) && w.wishFor(t, hard)
	}
	for i := range levers {
		t := trial{n: 1, at: [3]spot{levers[i].at}}
		for _, v := range levers[i].domain {
			if t.v[0] = v; left < 0 || w.steps > w.budget {
				return false
			} else if try(&t) {
				return true
			}
		}
	}
	const likely = 12 // the values that stand first were asked for
	for _, few := range []int{likely, math.MaxInt} {
		for i := range levers {
			for k := range levers[:i] {
				t := trial{n: 2, at: [3]spot{levers[k].at, levers[i].at}}
				for _, a := range firstOf(levers[k].domain, few) {
					for _, b := range firstOf(levers[i].domain, few) {
						if t.v = [3]int64{a, b}; left < 0 || w.steps > w.budget {
							return false
						} else if try(&t) {
							return true
						}
					}
				}
			}
		}
	}
	return false
}

func firstOf(all []int64, n int) []int64 { return all[:min(n, len(all))] }

// wishFor notes the values of a trial as wishes; false when one cannot be had.
func (w *grower) wishFor(t *trial, hard bool) bool {
	for i := range t.n { // what may fail first, so that nothing is wished for then
		if at, v := t.at[i], t.v[i]; at.kind == spotLeft && !w.stretch(at.nth, int(v)-(len(w.out)-at.nth)) {
			return false
		}
	}
	for i := range t.n {
		switch at, v := t.at[i], t.v[i]; at.kind {
		case spotByte:
			if !w.wishByte(at.op, byte(v)) {
				return false
			}
		case spotValue, spotSize:
			w.wish(at, wish{num: v, hard: hard})
		}
	}
	return true
}

func (w *grower) wish(at spot, v wish) {
	o := &w.ops[at.op]
	switch {
	case at.kind != spotValue:
	case o.code == opPart: // a wish for the whole word yields to one for a part of it
		word := at
		for w.ops[word.op].code == opPart {
			word.op--
		}
		if whole, ok := w.wishes[word]; ok && whole.bytes == nil {
			whole.num = whole.num&^int64(o.mask<<o.shift) | v.num&int64(o.mask)<<o.shift
			w.wishes[word] = whole
		}
	case o.code == opBits:
		for part := at.op + 1; part < len(w.ops) && w.ops[part].code == opPart; part++ {
			delete(w.wishes, spot{spotValue, part, at.nth})
		}
	}
	if v.hard {
		w.changes[at]++
	}
	w.wishes[at] = v
}

// wishByte wishes that the field at an offset begins with a byte.
func (w *grower) wishByte(off int, b byte) bool {
	for _, l := range w.leaves {
		if l.off == off && l.size > 0 {
			bytes := slices.Clone(w.out[off : off+l.size])
			bytes[0] = b
			if _, _, ok := w.ops[l.at.op].read(bytes); !ok {
				return false
			}
			w.wish(l.at, wish{bytes: bytes, hard: true})
			return true
		}
	}
	return false
}

// stretch makes something after an offset larger or smaller.
func (w *grower) stretch(off, delta int) bool {
	for pass := range 2 { // what fills its zone first: nothing else says its size
		for _, s := range w.spans {
			size := s.now*s.unit + delta
			if s.off < off || s.unit == 0 || size < s.least || size%s.unit != 0 || s.most > 0 && size > s.most || (pass == 0) != s.free {
				continue
			}
			w.wish(s.at, wish{num: int64(size / s.unit), hard: true})
			return true
		}
	}
	return false
}

// settle sees to it that an expression, a size or a count, says what is there: by wishing for another value of its
// fields, or else by making what is there fit.
func (w *grower) settle(n *node, e *expr, s *scene, actual, start int, what string) bool {
	test := func(t *trial) bool { return w.eval(e, s, t) == int64(actual) }
	if e.looks { // it is known when its zone is
		levers := w.levers(e, s, []int64{int64(actual)})
		w.zone.looks = append(w.zone.looks, look{test: test, levers: levers, n: n, what: what + " does not fit", orElse: func() bool {
			return w.otherSize(n, e, s, levers, actual, start)
		}})
		return true
	}
	says := w.eval(e, s, nil)
	if says == int64(actual) {
		return true
	}
	var hints []int64
	if e.source() >= 0 {
		if v, ok := e.invert(int64(actual)); ok {
			hints = append(hints, v)
		}
	}
	levers := w.levers(e, s, append(hints, int64(actual)))
	free := slices.DeleteFunc(slices.Clone(levers), func(s lever) bool { return s.hard })
	if w.solve(test, free, false) {
		return w.restart()
	}
	if says >= 0 && says <= hardMaxFrame && w.stretch(start, int(says)-actual) {
		return w.restart()
	}
	if len(free) < len(levers) && w.solve(test, levers, false) {
		return w.restart()
	}
	return w.fail(n, "%s says %d and cannot say %d", what, says, actual)
}

// otherSize makes something fit the size that looks at bytes to come: as it says, or for bytes that were wished for
// with zeros before them.
func (w *grower) otherSize(n *node, e *expr, s *scene, levers []lever, actual, start int) bool {
	wished := slices.ContainsFunc(w.leaves, func(l grown) bool { return l.at.op == n.op && l.off == start && w.wishes[l.at].hard })
	for size := actual + 1; wished && w.ops[n.op].code == opHex && size <= 8; size++ {
		if w.solve(func(t *trial) bool { return w.eval(e, s, t) == int64(size) }, levers, true) {
			return w.stretch(start, size-actual)
		}
	}
	says := w.eval(e, s, nil)
	return says >= 0 && says <= hardMaxFrame && w.stretch(start, int(says)-actual)
}

// numbers are the constants of an expression.
func (e *expr) numbers(out []int64) []int64 {
	if e == nil {
		return out
	}
	if e.code == exConst {
		return append(out, e.value)
	}
	return e.b.numbers(e.a.numbers(out))
}

// texts are the characters that an expression looks for.
func (e *expr) texts(out [][]byte) [][]byte {
	if e == nil {
		return out
	}
	if e.code == exAhead && len(e.text) > 0 {
		out = append(out, e.text)
	}
	return e.b.texts(e.a.texts(out))
}

// terms are the expressions that must all hold for e to hold.
func (e *expr) terms(out []*expr) []*expr {
	if e.code == exAnd {
		return e.b.terms(e.a.terms(out))
	}
	return append(out, e)
}
