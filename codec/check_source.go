package codec

import (
	"bytes"
	"maps"
	"math"
	"slices"
)

// sampleSource gives the encoder the values of a sample: what is wanted of a field, or a plain value.
type sampleSource struct {
	wants
	s     *sample
	force map[subject]int
	first map[*node]want // what the first byte of a field must be
}

// fieldPlace is where a field stands.
type fieldPlace struct {
	node   *node
	region *node      // the part around it that has a size
	around []decision // conditions and cases in which it stands, the outermost first
}

// source finds what a sample wants; an error when that does not follow directly.
func (c *checker) source(s *sample) (*sampleSource, error) {
	w := &sampleSource{wants: wants{c: c, regs: map[int]want{}, up: s.way == Uplink}, s: s, force: map[subject]int{},
		first: map[*node]want{}}
	ok := true
	for _, d := range slices.Backward(s.force) { // the innermost first: it leaves those around it the least choice
		w.force[d.subject] = d.k
		n := d.n
		switch {
		case d.of == aspectThere:
			ok = ok && w.ahead([]*node{n}, func() bool { return w.truth(n.when, d.k == 1) })
		case d.of == aspectCase:
			ok = ok && w.ahead(n.cases[d.k].kids, func() bool { return w.choose(n, d.k) })
		case n.count != nil && (d.k != 1 || n.count.code != exConst):
			ok = ok && w.want(n.count, int64(d.k), -1)
		}
	}
	if !ok || !w.command() || !w.ahead(s.shape.nodes, func() bool { return w.truth(s.shape.when, true) }) {
		return nil, errIndirect
	}
	w.usual()
	return w, nil
}

// usual notes what is better so, and need not be: no message before this one takes the frame, and what is sized or
// counted by a field is not empty.
func (w *sampleSource) usual() {
	try := func(note func() bool) { w.either(1, func(int) bool { return note() }) }
	f, s := w.s.shape.family, w.s.shape
	for _, before := range f.shapes[:slices.Index(f.shapes, s)] {
		if before.when != nil && before.travels(w.s.way) {
			try(func() bool { return w.truth(before.when, false) })
		}
	}
	each(slices.Concat(f.header, s.nodes, f.trailer), func(n *node) {
		if n.size != nil && n.kind == nodeLeaf && n.size.looks && w.wanted(n) {
			size := len(bytesOf(&w.c.ops[n.op], 1, w.regs[w.c.ops[n.op].reg].value))
			try(func() bool { return w.want(n.size, int64(size), -1) })
		} else if n.size != nil && !w.follows(n.size) {
			try(func() bool { return w.want(n.size, 2, -1) })
		}
		if n.count != nil && !w.follows(n.count) {
			try(func() bool { return w.want(n.count, 1, -1) })
		}
	})
}

// ahead notes for the first field of nodes what a condition wants of the byte that comes next.
func (w *sampleSource) ahead(list []*node, note func() bool) bool {
	w.next = want{}
	if ok := note(); !ok || w.next.mask == 0 {
		return ok
	}
	for len(list) > 0 {
		n := list[0]
		switch {
		case n.kind == nodeLeaf && w.c.ops[n.op].code == opComputed:
			list = list[1:]
		case n.kind == nodeLeaf:
			var ok bool
			w.first[n], ok = w.first[n].and(w.next.value, w.next.mask)
			return ok
		case n.kind == nodeChoice && len(n.cases) > 0:
			list = n.cases[0].kids
		default:
			list = n.kids
		}
	}
	return false
}

// command wants a command of the message; of one for all others, a command that no other message has.
func (w *sampleSource) command() bool {
	f, all := w.s.shape.family, w.s.shape.layout.commands
	if f.commandOp < 0 {
		return true
	}
	if w.s.command != nil {
		all = commandSet{*w.s.command}
	}
	some := w.known(&expr{code: exReg, reg: f.commandReg})
	for _, r := range all {
		some = append(some, int64(r[0]))
	}
	if w.s.shape.fallback {
		all = commandSet{{0, math.MaxUint64}}
		for _, o := range f.shapes {
			if o.travels(w.s.way) {
				all, _ = all.without(o.layout.commands)
			}
		}
		for v := range int64(256) {
			some = append(some, v, v<<8)
		}
		if o := &w.c.ops[f.commandOp]; o.size <= 8 {
			some = append(some, int64(loadBE(plainBytes(o, o.size))))
		}
	}
	return len(all) == 0 || w.either(len(some), func(i int) bool {
		return all.has(uint64(some[i])) && w.field(f.commandReg, some[i], -1)
	})
}

// follows says that the encoder finds the value by itself, or that it depends on bytes to come.
func (w *sampleSource) follows(e *expr) bool {
	reg := e.source()
	return e.looks || reg > 0 && w.c.g.derived[reg]
}

// wanted says that a field must have some value.
func (w *sampleSource) wanted(n *node) bool {
	for i := n.op; i <= n.op+n.parts; i++ {
		if reg := w.c.ops[i].reg; reg > 0 && w.regs[reg].mask != 0 {
			return true
		}
	}
	return false
}

func (w *sampleSource) surplus(*encoder) error { return nil }

func (w *sampleSource) has(e *encoder, op int) bool {
	at := &w.c.places[op]
	n := at.node
	for _, gate := range at.around { // where bytes to come decide, the source does
		if gate.condition() == nil || !gate.condition().looks {
			continue
		}
		if k, forced := w.force[gate.subject]; forced && k != gate.k || !forced && !w.open(gate) {
			return false
		}
	}
	if k, forced := w.force[subject{n, aspectThere}]; forced {
		return k == 1
	}
	if n.when != nil && n.when.looks {
		return n.kind == nodeLeaf && w.wanted(n)
	}
	return !n.optional || !n.column || !e.gap
}

// condition is what must hold for a decision.
func (d decision) condition() *expr {
	if d.of == aspectCase {
		return d.n.cases[d.k].when
	}
	return d.n.when
}

// open says that a gate is passed when nothing is wanted of it: a part is not there; of cases the first is taken, when
// there is none without a condition.
func (w *sampleSource) open(gate decision) bool {
	if gate.of == aspectThere {
		return false
	}
	for k := range gate.n.cases {
		if when := gate.n.cases[k].when; when == nil {
			return false
		} else if when.looks {
			return k == gate.k
		}
	}
	return false
}

func (w *sampleSource) value(e *encoder, op int) (input, bool) {
	n, o := w.c.places[op].node, &w.c.ops[op]
	set := w.s.shape.set(op)
	wish := want{}
	if o.reg > 0 {
		wish = w.regs[o.reg]
	}
	derived := o.reg > 0 && w.c.g.derived[o.reg] || o.flags&(flagLength|flagBound) != 0
	switch {
	case o.code == opGroup:
		return input{any: w}, true
	case o.code == opList:
		return input{any: w.elements(e, n)}, true
	case o.code == opComputed || o.code == opChecksum || n.value != nil || derived && wish.mask != -1,
		set != nil:
		return input{}, false
	case o.code == opPart:
		return w.part(n, o, wish)
	case n.parts > 0:
		return input{}, false
	}
	first := w.first[n]
	if w.s.dead && o.field.Kind == KindTime {
		if it := (Item{Field: o.field, Kind: KindTime, v: value{op: o, data: make([]byte, o.size)}}); it.Suspect() {
			return input{kind: inputReady, bytes: it.v.data}, true
		}
	}
	own := o.preset != nil || o.flags&flagNow != 0 || o.form != nil && o.form.counter || o.code == opRun
	if wish.mask == 0 && first.mask == 0 && own {
		return input{}, false
	}
	if o.numeric() {
		return input{kind: inputReady, num: w.number(e, n, o, wish, first)}, true
	}
	b := w.text(e, n, o, wish)
	if first.mask != 0 && len(b) > 0 {
		b[0] = b[0]&^byte(first.mask) | byte(first.value)
	}
	num, _, _ := o.read(b)
	return input{kind: inputReady, num: num, bytes: b}, true
}

// elements are the sources of the elements of a list.
func (w *sampleSource) elements(e *encoder, n *node) (out []any) {
	count, forced := w.force[subject{n, aspectCount}]
	if !forced {
		count = 1
	}
	if n.count != nil && !w.follows(n.count) {
		count = int(min(max(e.eval(n.count), 0), 64))
	}
	for i := range count {
		one := *w
		one.regs = maps.Clone(w.regs)
		one.either(1, func(int) bool { return one.truth(n.stop, i == count-1) })
		out = append(out, &one)
	}
	return out
}

// part chooses the value of a part of a field of bits.
func (w *sampleSource) part(n *node, o *op, wish want) (input, bool) {
	if first := w.first[n]; first.mask != 0 && w.c.ops[n.op].size > 0 {
		up := 8 * (w.c.ops[n.op].size - 1) // of the first byte
		if w.c.ops[n.op].little {
			up = 0
		}
		word := want{int64(uint64(first.value) << up), int64(uint64(first.mask) << up)}
		wish, _ = wish.and(word.value>>o.shift, word.mask>>o.shift&int64(o.mask))
	} else if word := w.c.ops[n.op].reg; wish.mask == 0 && word > 0 {
		wish = want{w.regs[word].value >> o.shift & int64(o.mask), w.regs[word].mask >> o.shift & int64(o.mask)}
	}
	switch {
	case wish.mask != 0:
		return input{kind: inputReady, num: uint64(wish.value)}, true
	case o.preset != nil || o.flags&flagCommand != 0 || o.check == checkNone:
		return input{}, false
	}
	return input{kind: inputReady, num: least(o)[0]}, true
}

// number chooses the number of a field.
func (w *sampleSource) number(e *encoder, n *node, o *op, wish, first want) (v uint64) {
	size := w.size(e, n, o)
	for _, v = range plainNumbers(n, o, size) {
		v = v&^uint64(wish.mask) | uint64(wish.value)
		if b := make([]byte, size); first.mask != 0 && size > 0 && o.storeForm(b, v) == nil {
			b[0] = b[0]&^byte(first.mask) | byte(first.value)
			v, _, _ = o.read(b)
		}
		if fits(o, int64(v)) {
			break
		}
	}
	return v // decoding says what is wrong with it
}

// size chooses the bytes of a field.
func (w *sampleSource) size(e *encoder, n *node, o *op) int {
	size := 2
	switch region := w.c.places[n.op].region; {
	case o.size > 0:
		return o.size
	case n.size != nil && n.size.looks:
		return 1
	case n.size != nil && !w.follows(n.size):
		size = int(e.eval(n.size))
	case n.size != nil:
		size = w.sized(n.size)
	case n.rest && region != nil && w.follows(region.size):
		size = w.sized(region.size)
	case n.rest && region != nil:
		size = int(e.eval(region.size)) - (len(e.out) - e.starts[len(e.starts)-1]) - max(n.tail, 0)
	case o.most > 0:
		size = min(2, o.most)
	}
	return min(max(size, 0), 256)
}

// sized is the size that is wanted of what the encoder measures; 2 when any will do.
func (w *sampleSource) sized(e *expr) int {
	if v := w.known(e); len(v) > 0 && len(e.fields(nil)) > 0 {
		return int(v[0])
	}
	return 2
}

// text are bytes that a field may hold.
func (w *sampleSource) text(e *encoder, n *node, o *op, wish want) []byte {
	size := w.size(e, n, o)
	switch {
	case wish.mask != 0:
		return bytesOf(o, size, wish.value)
	case o.check == checkBytes:
		return bytes.Clone(o.want)
	case o.form != nil && o.form.texts != nil:
		return []byte(o.form.texts[0])
	case o.code == opTime:
		b, _ := o.time.append(nil, sampleTime)
		return b
	case o.code == opDecimal:
		for _, num := range append(least(o), 1) {
			b := decimalOf(o, size, num)
			if _, missing, ok := o.read(b); ok && !missing && (o.size == 0 || len(b) == o.size) {
				return b
			}
		}
	}
	return plainBytes(o, size)
}
