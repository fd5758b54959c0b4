package codec

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// recorder notes in a walk what a likeness needs.
type recorder struct {
	frozen    []bytesAt // bytes that were looked at before they were read
	sums      []likeSum
	told      []toldValue // what expressions see and no field says
	atEnd     bool        // it was looked where no more bytes were: what follows might have told more
	rewritten bool        // some bytes are not on the wire as they are read
	refused   bool        // where the fields are follows from more than sizes and values
}

type bytesAt struct{ off, size int }

// toldValue is what a register holds from the cell with the number before on.
type toldValue struct {
	reg, before int
	value       int64
}

// tell gives a register a value that is none of a field.
func (m *machine) tell(reg int, value int64) {
	m.regs[reg] = value
	if m.record != nil && m.f != nil {
		m.record.told = append(m.record.told, toldValue{reg, len(m.f.cells), value})
	}
}

// look notes what an expression that looks ahead sees.
func (r *recorder) look(m *machine, e *expr) {
	if e == nil {
		return
	}
	n := 0
	switch e.code {
	case exNext:
		n = 1
	case exAhead:
		n = len(e.text)
	}
	end := len(m.data)
	if m.end >= 0 {
		end = min(end, m.end)
	}
	if n > 0 && m.off+n > end && end == len(m.data) && end != m.end {
		r.atEnd = true
	}
	if n > 0 && m.off < end {
		r.frozen = append(r.frozen, bytesAt{m.off, min(n, end-m.off)})
	}
	r.look(m, e.a)
	r.look(m, e.b)
}

// keep makes a likeness of a frame that was walked, every few frames.
func (p *Profile) keep(raw []byte, f *Frame) {
	family := f.layout.shape.family
	all := family.likenesses
	if p.strange || !rare(all.missed.Add(1)) || len(f.cells) > likeCells || len(f.data) < wordBytes || all.count.Load() >= likeMost || p.grammar.rewrites {
		return
	}
	var again Frame
	m := &machine{slow: true, record: &recorder{}}
	if _, v := p.try(m, f.direction, &again, raw, true); v != whole || m.record.refused || again.layout != f.layout {
		return
	}
	if l := newLikeness(p, m, &again); l != nil {
		all.add(l)
	}
}

// rare picks 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on: at most 64 numbers in all.
func rare(n uint32) bool {
	n >>= bits.TrailingZeros32(n)
	return n == 1 || n == 3
}

// likenessMaker makes a likeness of a frame that was walked.
type likenessMaker struct {
	p         *Profile
	f         *Frame
	l         *likeness
	mask, bcd []byte             // by bit of the content: it must be as it is; its bytes are digits
	latest    map[int]likeSource // by register: where its value comes from
	wordSlots []slot             // of the words
}

// likeSource is where the value of a register comes from: a number, or a place in nums.
type likeSource struct {
	value int64
	at    int // -1: the number
	cell  int // -1, or the cell of bytes that are no number, which have no place in nums yet
}

func newLikeness(p *Profile, m *machine, f *Frame) *likeness {
	n := len(f.data)
	family := f.layout.shape.family
	l := &likeness{family: family, begins: family.closing == nil && !m.record.atEnd, uplink: f.direction != Downlink, layout: f.layout, size: n, cells: f.cells,
		nums: f.nums, roles: f.roles, sums: m.record.sums}
	k := &likenessMaker{p: p, f: f, l: l, mask: make([]byte, n), bcd: make([]byte, n), latest: map[int]likeSource{}}
	for _, b := range m.record.frozen {
		k.freezeAll(b.off, b.size)
	}
	if o := l.family.closing.tells(p); o != nil {
		at := slices.IndexFunc(f.cells, func(c cell) bool { return int(c.op) == l.family.closing.node.op })
		k.latest[o.reg] = likeSource{at: at, cell: -1}
	}
	told, whole := m.record.told, 0
	for i, c := range f.cells {
		for ; len(told) > 0 && told[0].before <= i; told = told[1:] {
			k.latest[told[0].reg] = likeSource{value: told[0].value, at: -1, cell: -1}
		}
		if p.ops[c.op].code != opPart {
			whole = i
		}
		if !k.field(i, whole) {
			return nil
		}
	}
	k.gather()
	for at := 0; at < n; at += wordBytes {
		from := min(at, n-wordBytes)
		w := wordCheck{off: from, bcd: binary.BigEndian.Uint64(k.bcd[from:]), mask: binary.BigEndian.Uint64(k.mask[from:]), want: binary.BigEndian.Uint64(f.data[from:])}
		if w.mask != 0 || w.bcd != 0 {
			l.frozen = append(l.frozen, w)
		}
	}
	return l
}

// field tells how the value of cell i is read; whole is the cell of which it may be a part.  False: there is no
// likeness of such a frame.
func (k *likenessMaker) field(i, whole int) bool {
	c, at := &k.f.cells[i], &k.f.cells[whole]
	o, n := &k.p.ops[c.op], k.p.grammar.nodeOf[c.op]
	if c.exp == noValue || o.fold != nil || o.table > 0 || o.code == opRun {
		return false
	}
	constant := o.reg > 0 && k.p.grammar.control[o.reg] || n != nil && n.value != nil && o.code != opComputed
	if constant {
		freeze(k.mask[at.off:at.off+at.size], o, &k.p.ops[at.op])
	}
	switch {
	case o.code == opGroup || o.code == opList:
		return true // no value, and none that expressions see: a list tells its size when it ends
	case o.code == opChecksum:
		found := slices.IndexFunc(k.l.sums, func(s likeSum) bool { return s.off == int(c.off) && s.op == o })
		if found >= 0 {
			k.l.sums[found].cell = i
		}
		return found >= 0
	case o.code == opComputed && (o.field.Kind == KindTime || n.value == nil || n.on != nil):
		return false
	case o.code == opComputed:
		if !constant && !n.value.varies() && !k.computed(i, o, n.value) {
			return false
		}
	case constant:
	case o.form.plain() && (o.check == checkBytes || o.check == checkRange && o.lo == o.hi):
		freeze(k.mask[at.off:at.off+at.size], o, &k.p.ops[at.op])
	default:
		k.read(i, whole, o)
	}
	if o.reg > 0 {
		from := likeSource{at: i, cell: -1}
		if o.bytesNoted() {
			from.cell = i
		}
		k.latest[o.reg] = from
	}
	return true
}

// read tells how the value of a field that may differ is read from its bytes.
func (k *likenessMaker) read(i, whole int, o *op) {
	c := k.f.cells[i]
	s, of := newSlot(o, c, i), newSlot(&k.p.ops[k.f.cells[whole].op], k.f.cells[whole], whole)
	if o.form.plain() && o.check == checkNone {
		switch {
		case o.code == opDigits || o.code == opTime && o.time.as == timeBCD:
			for at := c.off; at < c.off+c.size; at++ {
				k.bcd[at] = 0x88
			}
			return
		case o.code == opHex || o.code == opTime && o.time.as == timeBinary || c.size > wordBytes && o.anyText():
			return
		}
	}
	if w, ok := s.word(&of, k.l.size); ok {
		k.l.words, k.wordSlots = append(k.l.words, w), append(k.wordSlots, s)
		return
	}
	v := otherValue{kind: otherField, cell: i, whole: whole, off: int(c.off), size: int(c.size), op: o}
	if o.code == opPart {
		v.kind = otherPart
	}
	k.l.others, k.l.picky = append(k.l.others, v), true
}

// computed tells how the value of an expression is computed.
func (k *likenessMaker) computed(i int, o *op, e *expr) bool {
	c := computedValue{cell: i, asked: []uint16{0}}
	if o.check != checkNone {
		c.op, k.l.picky = o, true
	}
	if c.expr = k.bind(e, &c); len(c.asked) > mostAsked+1 {
		return false
	}
	c.plain = c.expr.simplify()
	for _, l := range []*linear{&c.plain.linear, &c.plain.other} {
		l.reg = int(c.asked[l.reg])
	}
	k.l.computed = append(k.l.computed, c)
	return true
}

// bind is e with the sources of its fields at this place.
func (k *likenessMaker) bind(e *expr, c *computedValue) *expr {
	if e == nil {
		return nil
	}
	if e.code != exReg {
		bound := *e
		bound.a, bound.b = k.bind(e.a, c), k.bind(e.b, c)
		return &bound
	}
	from, known := k.latest[e.reg]
	if from.cell >= 0 && known {
		cell := k.f.cells[from.cell]
		v := otherValue{kind: otherNoted, cell: len(k.l.nums), off: int(cell.off), size: int(cell.size), op: &k.p.ops[cell.op]}
		k.l.others, k.l.nums = append(k.l.others, v), append(k.l.nums, 0)
		from = likeSource{at: v.cell, cell: -1}
		k.latest[e.reg] = from
	}
	if !known || from.at < 0 {
		return &expr{code: exConst, value: from.value}
	}
	reg := slices.Index(c.asked[1:], uint16(from.at)) + 1
	if reg == 0 {
		reg = len(c.asked)
		c.asked = append(c.asked, uint16(from.at))
	}
	return &expr{code: exReg, reg: reg}
}

// gather makes columns of words that are one.
func (k *likenessMaker) gather() {
	const least = 4
	words := k.l.words
	k.l.words = nil
	for len(words) > 0 {
		n, s := 1, k.wordSlots[0]
		for plain := s.code == slotByte || s.code == slotBE2 || s.code == slotBE4; plain && n < len(words); n++ {
			if next := &k.wordSlots[n]; next.code != s.code || int(next.cell) != int(s.cell)+n || next.off != s.off+uint32(n)*s.size {
				break
			}
		}
		if n >= least {
			k.l.columns = append(k.l.columns, column{code: s.code, cell: int(s.cell), number: n, off: int(s.off)})
		} else {
			k.l.words = append(k.l.words, words[:n]...)
		}
		words, k.wordSlots = words[n:], k.wordSlots[n:]
	}
}

func (k *likenessMaker) freezeAll(off, size int) {
	for i := off; i < off+size; i++ {
		k.mask[i] = 0xff
	}
}

// freeze marks the bits of o, which is the field of these bytes or a part of it.
func freeze(mask []byte, o, whole *op) {
	if o.code != opPart || whole.form != nil || len(mask) > wordBytes {
		for i := range mask {
			mask[i] = 0xff
		}
		return
	}
	word := o.mask << o.shift
	if whole.little {
		storeLE(mask, word|loadLE(mask))
	} else {
		storeBE(mask, word|loadBE(mask))
	}
}

// add keeps one more; two frames of a kind may do that at once.
func (l *likenesses) add(k *likeness) {
	if l.count.Add(1) > likeMost {
		return
	}
	for {
		old := l.bySize.Load()
		var now [likeSizes][]*likeness
		if old != nil {
			now = *old
		}
		at := &now[k.size%likeSizes]
		*at = append((*at)[:len(*at):len(*at)], k)
		if l.bySize.CompareAndSwap(old, &now) {
			break
		}
	}
	for k.begins && len(k.frozen) > 0 && k.frozen[0].off == 0 {
		var now []*likeness
		old := l.begin.Load()
		if old != nil {
			now = *old
		}
		if now = append(now[:len(now):len(now)], k); l.begin.CompareAndSwap(old, &now) {
			return
		}
	}
}
