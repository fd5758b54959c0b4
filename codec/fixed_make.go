package codec

import (
	"encoding/binary"
	"slices"
)

// commandPlace is where the command stands in every frame of a kind, whose header has a fixed size.
type commandPlace struct {
	op        *op // nil: frames have no command
	off, size int
	plain     bool              // one byte, which is the command
	plans     [2][][]*fixedPlan // by way, and by class of commands
}

// makeFixed makes the fast path of a kind of frame.
func (p *program) makeFixed(f *family) {
	f.fast = nil
	if f.closing != nil || f.escape != nil || f.armour != nil {
		return
	}
	header := &fixedMaker{p: p, plan: &fixedPlan{}, marks: map[int]int{}}
	if !header.nodes(f.header, 0) {
		return
	}
	at := &commandPlace{}
	for _, c := range header.plan.cells {
		if o := &p.ops[c.op]; int(c.op) == f.commandOp {
			*at = commandPlace{op: o, off: int(c.off), size: o.size, plain: o.size == 1 && (o.code == opUint || o.code == opASCII) && o.form.plain()}
		}
	}
	if f.commandOp >= 0 && (at.op == nil || at.op.code == opPart) {
		return
	}
	plans := make([]*fixedPlan, len(f.shapes))
	for i, s := range f.shapes {
		if s.when == nil && !slices.ContainsFunc(f.shapes[:i], func(t *shape) bool { return t.before(s) }) {
			if plans[i] = p.newFixedPlan(s); plans[i] != nil {
				f.fast = at
			}
		}
	}
	for _, way := range [2]Direction{Uplink, Downlink} {
		a := attempt{f, way}
		for _, class := range a.messages().what {
			var some []*fixedPlan
			for _, i := range class {
				if plans[i] != nil {
					some = append(some, plans[i])
				}
			}
			at.plans[way&1] = append(at.plans[way&1], some)
		}
	}
}

// before says that t may take a frame of s, which is tried after it.
func (t *shape) before(s *shape) bool {
	a, b := t.layout, s.layout
	if a.direction != b.direction && a.direction != Any && b.direction != Any || s.fallback && !t.fallback && len(a.commands) > 0 ||
		s.family.length != nil && (s.max < t.min || t.max >= 0 && t.max < s.min) {
		return false
	}
	return len(a.commands) == 0 || len(b.commands) == 0 || slices.ContainsFunc(a.commands, func(r [2]uint64) bool {
		return slices.ContainsFunc(b.commands, func(q [2]uint64) bool { return r[0] <= q[1] && q[0] <= r[1] })
	})
}

// fixedMaker gathers the fields of a plan.
type fixedMaker struct {
	p               *program
	plan            *fixedPlan
	marks           map[int]int // places of the bytes that marks stand for
	mask, want, bcd []byte
}

// newFixedPlan is nil for a message whose fields have no fixed places.
func (p *program) newFixedPlan(s *shape) *fixedPlan {
	f := s.family
	k := &fixedMaker{p: p, plan: &fixedPlan{layout: s.layout}, marks: map[int]int{}}
	if !k.nodes(f.header, 0) {
		return nil
	}
	body := len(k.want)
	if !k.nodes(s.nodes, 0) {
		return nil
	}
	if f.body.mark > 0 {
		k.marks[f.body.mark], k.marks[f.body.mark+1] = body, len(k.want)
	}
	if !k.nodes(f.trailer, 0) {
		return nil
	}
	plan := k.plan
	if plan.total = len(k.want); plan.total < wordBytes || plan.total > f.max || plan.total > 1<<12 {
		return nil
	}
	if l := f.length; l != nil {
		from := body
		if l.mark >= 0 {
			from = k.marks[l.mark]
		}
		at, value := k.told(l.reg), plan.total-from+l.add-l.after
		if at < 0 || value < 0 || !k.only(&p.ops[plan.cells[at].op], at, uint64(value)) {
			return nil
		}
	}
	for i := range plan.sums {
		c := &plan.sums[i]
		if c.to = c.off; c.plan.to > 0 {
			c.to = k.marks[c.plan.to]
		}
		if c.plan.from > 0 {
			c.from = k.marks[c.plan.from]
		}
		if c.from > c.to || c.to > c.off { // bytes that the walk does not know yet
			return nil
		}
		if c.plan.to < 0 {
			c.to = plan.total
		}
	}
	if l := s.layout; len(l.commands) == 1 && l.commands[0][0] == l.commands[0][1] {
		if at := k.told(f.commandReg); at >= 0 { // else the command is read before the plan is found
			k.only(&p.ops[f.commandOp], at, l.commands[0][0])
		}
	}
	for at := 0; at < plan.total; at += wordBytes {
		from := min(at, plan.total-wordBytes)
		w := wordCheck{off: from, bcd: binary.BigEndian.Uint64(k.bcd[from:]), mask: binary.BigEndian.Uint64(k.mask[from:]), want: binary.BigEndian.Uint64(k.want[from:])}
		if w.bcd != 0 || w.mask != 0 {
			plan.words = append(plan.words, w)
		}
	}
	return plan
}

// nodes takes fields that stand one after the other; false: their places are not fixed.
func (k *fixedMaker) nodes(list []*node, depth uint8) bool {
	for _, n := range list {
		if n.guarded || n.before != nil || n.column {
			return false
		}
		start := len(k.want)
		switch {
		case n.kind == nodeGroup && n.size == nil && !n.rest && n.until == nil && n.transform == nil && n.separator == nil:
			if !k.group(n, depth) {
				return false
			}
		case n.kind == nodeLeaf && n.check != nil && n.check.wired == nil:
			k.plan.sums = append(k.plan.sums, fixedSum{plan: n.check, op: n.field, cell: len(k.plan.cells), off: start})
			k.field(n, depth)
		case n.kind == nodeLeaf && n.field.size > 0 && n.field.code != opComputed && n.field.code != opChecksum && !n.varies && n.exponent == nil && n.value == nil:
			if !k.leaf(n, depth) {
				return false
			}
		default:
			return false
		}
		if n.mark > 0 {
			k.marks[n.mark], k.marks[n.mark+1] = start, len(k.want)
		}
	}
	return true
}

// field takes the bytes of a field.
func (k *fixedMaker) field(n *node, depth uint8) (at int) {
	o, plan := n.field, k.plan
	if at = len(plan.cells); o.role != NoRole && plan.roles[o.role] == 0 {
		plan.roles[o.role] = uint16(at + 1)
	}
	plan.cells = append(plan.cells, cell{op: uint16(n.op), depth: depth, off: uint32(len(k.want)), size: uint32(o.size)})
	plan.nums = append(plan.nums, 0)
	k.want, k.mask, k.bcd = append(k.want, make([]byte, o.size)...), append(k.mask, make([]byte, o.size)...), append(k.bcd, make([]byte, o.size)...)
	return at
}

func (k *fixedMaker) group(n *node, depth uint8) bool {
	if n.op < 0 {
		return k.nodes(n.kids, depth)
	}
	at, start := len(k.plan.cells), len(k.want)
	k.field(n, depth)
	ok := k.nodes(n.kids, depth+1)
	k.plan.cells[at].size = uint32(len(k.want) - start)
	return ok && depth < 30
}

// leaf takes a field and its bits.
func (k *fixedMaker) leaf(n *node, depth uint8) bool {
	o, plan := n.field, k.plan
	if !o.form.plain() || o.size > 255 {
		return false
	}
	at := k.field(n, depth)
	c := plan.cells[at]
	bits := fixedRead{code: readPart, size: uint8(o.size), off: uint16(c.off), word: uint16(at), op: o}
	if !k.value(o, at) {
		plan.checked = append(plan.checked, fixedRead{code: readOther, size: bits.size, off: bits.off, cell: uint16(at), op: o})
	}
	for i := range n.bits {
		part := n.bits[i].op
		if !part.form.plain() {
			return false
		}
		bits.part, bits.cell = part, uint16(len(plan.cells))
		if part.check != checkNone {
			plan.checked = append(plan.checked, bits)
		}
		plan.reads = append(plan.reads, bits)
		if part.role != NoRole && plan.roles[part.role] == 0 {
			plan.roles[part.role] = uint16(len(plan.cells) + 1)
		}
		plan.cells = append(plan.cells, cell{op: uint16(n.op + 1 + i), depth: depth, off: c.off})
		plan.nums = append(plan.nums, 0)
	}
	return true
}

// value says how the number of a field is verified and read; false: words do not cover its restrictions.
func (k *fixedMaker) value(o *op, at int) (covered bool) {
	c := k.plan.cells[at]
	r := fixedRead{code: readOther, size: uint8(o.size), off: uint16(c.off), cell: uint16(at), op: o}
	digits := o.code == opBCD && o.size <= maxBCDNumber || o.code == opDigits || o.code == opTime && o.time.as == timeBCD
	for i := c.off; digits && i < c.off+c.size; i++ {
		k.bcd[i] = 0x88
	}
	switch {
	case o.check == checkBytes:
		return k.constant(at, o.want)
	case o.check == checkRange && o.lo == o.hi && k.stores(o):
		return k.only(o, at, o.key(o.lo))
	case o.check == checkRanges && len(o.ranges) == 1 && o.ranges[0][0] == o.ranges[0][1] && k.stores(o):
		return k.only(o, at, o.key(o.ranges[0][0]))
	}
	switch plain := o.code == opUint || o.code == opBits; {
	case o.code == opHex || o.code == opDigits || o.code == opTime || o.code == opASCII && o.size > wordBytes: // no number
		return o.code == opHex || digits || o.code == opASCII && o.chars == nil
	case o.size == 1 && (plain || o.code == opASCII):
		r.code = readByte
	case o.size == 1 && o.code == opBCD:
		r.code = readPair
	case o.little:
	case o.size == 2 && plain:
		r.code = readBE2
	case o.size == 4 && (plain || o.code == opFloat32):
		r.code = readBE4
	case digits && o.size <= 4:
		r.code = readMany
	}
	k.plan.reads = append(k.plan.reads, r)
	switch o.code {
	case opUint, opBits, opInt, opFloat32, opFloat64:
		return o.check == checkNone
	case opBCD:
		return digits && o.check == checkNone
	case opASCII:
		return o.chars == nil
	}
	return false
}

// constant makes the field of a cell one that always has these bytes.
func (k *fixedMaker) constant(at int, b []byte) bool {
	c := &k.plan.cells[at]
	num, missing, ok := k.p.ops[c.op].read(b)
	if !ok || missing || len(b) != int(c.size) {
		return false
	}
	for i := range b {
		k.want[int(c.off)+i], k.mask[int(c.off)+i] = b[i], 0xff
	}
	k.plan.nums[at] = num
	own := func(r fixedRead) bool { return int(r.cell) == at }
	k.plan.reads, k.plan.checked = slices.DeleteFunc(k.plan.reads, own), slices.DeleteFunc(k.plan.checked, own)
	return true
}

func (k *fixedMaker) stores(o *op) bool {
	return o.code == opUint || o.code == opBits || o.code == opInt || o.code == opBCD || o.code == opASCII && o.size <= wordBytes
}

// only is constant for a number.
func (k *fixedMaker) only(o *op, at int, num uint64) bool {
	b := make([]byte, o.size)
	if o.code == opASCII {
		storeBE(b, num)
	} else if o.storeForm(b, num) != nil {
		return false
	}
	back, _, ok := o.read(b)
	return ok && back == num && k.constant(at, b)
}

// told is the cell whose value expressions see in a register; -1: none that only can set.
func (k *fixedMaker) told(reg int) int {
	return slices.IndexFunc(k.plan.cells, func(c cell) bool { o := &k.p.ops[c.op]; return o.reg == reg && k.stores(o) })
}
