package codec

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
)

// chooser gives each field of a sample a value: what is wanted of it, or a plain one.
type chooser struct {
	wants
	s      *sample
	force  map[subject]int
	first  map[*node]want // what the first byte of a field must be
	place  exprPlace
	gap    bool // a column is left out: those behind it are, too
	left   int  // bytes that a field which takes the rest may have; -1: any
	family *family
}

// values are those that the frame of a sample is made of; what the writer fills in by itself is left out.
func (c *checker) values(s *sample) (map[string]any, error) {
	f := s.shape.family
	w := &chooser{wants: wants{c: c, regs: map[int]want{}, up: s.way == Uplink}, s: s, force: map[subject]int{},
		first: map[*node]want{}, left: -1, family: f}
	w.place = exprPlace{regs: make([]int64, c.g.regs), uplink: w.up, left: -1}
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
	ok = ok && w.command() && w.ahead(s.shape.nodes, func() bool { return w.truth(s.shape.when, true) })
	if !ok {
		return nil, errIndirect
	}
	w.usual()
	values := map[string]any{}
	w.nodes(f.header, values)
	w.nodes(s.shape.nodes, values)
	w.nodes(f.trailer, values)
	return values, nil
}

// usual notes what is better so, and need not be: no message before this one takes the frame, and what is sized or
// counted by a field is not empty.
func (w *chooser) usual() {
	f, s := w.s.shape.family, w.s.shape
	for _, before := range f.shapes {
		if before == s {
			break
		}
		if before.when != nil && before.travels(w.s.way) {
			w.either(1, func(int) bool { return w.truth(before.when, false) })
		}
	}
	each(slices.Concat(f.header, s.nodes, f.trailer), func(n *node) {
		if n.kind == nodeLeaf && n.size != nil && n.size.sees() && w.wanted(n) {
			o := &w.c.ops[n.op]
			size := len(fieldOf(o, 1, w.regs[o.reg].value))
			w.either(1, func(int) bool { return w.want(n.size, int64(size), -1) })
			w.next = want{}
		}
		for _, e := range []*expr{n.size, n.count} {
			if e != nil && !w.follows(e) {
				w.either(1, func(int) bool { return w.want(e, 2-truth(e == n.count), -1) })
			}
		}
	})
}

// ahead notes for the first field of nodes what a condition wants of the byte that comes next.
func (w *chooser) ahead(list []*node, note func() bool) bool {
	w.next = want{}
	if ok := note(); !ok || w.next.mask == 0 {
		return ok
	}
	for len(list) > 0 {
		n := list[0]
		switch {
		case n.kind == nodeLeaf && w.c.ops[n.op].code == opComputed:
			list = list[1:]
			continue
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
func (w *chooser) command() bool {
	f, l := w.family, w.s.shape.layout
	if f.commandOp < 0 {
		return true
	}
	all := l.commands
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
	}
	return len(all) == 0 || w.either(len(some), func(i int) bool {
		return all.has(uint64(some[i])) && w.field(f.commandReg, some[i], -1)
	})
}

func (w *chooser) nodes(list []*node, in map[string]any) {
	for _, n := range list {
		if n.asks {
			continue
		}
		if !w.present(n) {
			for _, reg := range n.clear {
				w.place.regs[reg] = 0
			}
			w.gap = w.gap || n.column
			continue
		}
		key := ""
		if n.op >= 0 {
			key = w.c.ops[n.op].field.Key
		}
		switch n.kind {
		case nodeLeaf:
			w.leaf(n, in)
		case nodeList:
			in[key] = w.list(n)
		default:
			inner := in
			if key != "" && n.kind == nodeGroup {
				inner = map[string]any{}
				in[key] = inner
			}
			w.region(n, inner)
		}
	}
}

func (w *chooser) present(n *node) bool {
	if k, forced := w.force[subject{n, aspectThere}]; forced {
		return k == 1
	}
	if n.when != nil && n.when.looks {
		return n.kind == nodeLeaf && w.wanted(n)
	}
	if n.when != nil && n.when.eval(&w.place) == 0 {
		return false
	}
	return !n.optional || !n.column || !w.gap
}

// wanted says that a field must have some value.
func (w *chooser) wanted(n *node) bool {
	for i := n.op; i <= n.op+n.parts; i++ {
		if reg := w.c.ops[i].reg; reg > 0 && w.regs[reg].mask != 0 {
			return true
		}
	}
	return false
}

// region gives values to what stands in a group or in the case of a choice.
func (w *chooser) region(n *node, in map[string]any) {
	left, gap := w.left, w.gap
	if n.size != nil && !w.follows(n.size) {
		least, _ := w.c.g.span(n.kids)
		w.left = max(0, int(n.size.eval(&w.place))-least)
	} else if n.size != nil || n.until != nil {
		w.left = -1
	}
	w.gap = w.gap && n.separator == nil
	if n.kind == nodeChoice {
		for _, reg := range n.clear {
			w.place.regs[reg] = 0
		}
		if k := w.branch(n); k >= 0 {
			w.nodes(n.cases[k].kids, in)
		}
	} else {
		w.nodes(n.kids, in)
	}
	w.left, w.gap = left, gap
}

// branch is the case of a choice that is taken: that of the sample, or the first that the values allow.
func (w *chooser) branch(n *node) int {
	if k, forced := w.force[subject{n, aspectCase}]; forced {
		return k
	}
	on := int64(0)
	if n.on != nil && !n.on.looks {
		on = n.on.eval(&w.place)
	}
	open := -1
	for i := range n.cases {
		b := &n.cases[i]
		switch {
		case n.on != nil && !b.other && (n.on.looks || !b.is.has(uint64(on))):
		case b.when == nil || !b.when.looks && b.when.eval(&w.place) != 0:
			return i
		case b.when.looks && open < 0:
			open = i // what comes decides: when there is nothing else
		}
	}
	return open
}

// follows says that the writer finds the value by itself.
func (w *chooser) follows(e *expr) bool {
	reg := e.source()
	return e.sees() || reg > 0 && w.c.g.derived[reg]
}

func (w *chooser) list(n *node) []any {
	count, forced := w.force[subject{n, aspectCount}]
	if !forced {
		count = 1
	}
	if n.count != nil && !w.follows(n.count) {
		count = int(min(max(n.count.eval(&w.place), 0), 64))
	}
	for _, t := range n.tables {
		w.place.clearTable(t)
	}
	outer, left := w.place.index, w.left
	w.left = -1
	out := []any{}
	for i := range count {
		w.place.index = i
		regs := w.regs
		w.either(1, func(int) bool { return w.truth(n.stop, i == count-1) })
		in := map[string]any{}
		if w.nodes(n.kids, in); n.element >= 0 {
			out = append(out, in)
		} else {
			out = append(out, in[w.c.ops[n.kids[0].op].field.Key])
		}
		w.regs = regs
	}
	w.place.index, w.left = outer, left
	w.note(n.listReg, int64(count))
	return out
}

func (w *chooser) note(reg int, v int64) {
	if reg > 0 {
		w.place.regs[reg] = v
	}
}

// leaf gives a field and its parts a value.
func (w *chooser) leaf(n *node, in map[string]any) {
	o := &w.c.ops[n.op]
	switch o.code {
	case opChecksum:
		return
	case opComputed:
		e := n.value
		for i := range n.rows {
			if r := &n.rows[i]; r.other || r.is.has(uint64(n.on.eval(&w.place))) {
				e = r.value
				break
			}
		}
		if e != nil {
			w.note(o.reg, e.eval(&w.place))
		}
		return
	}
	wish := w.regs[o.reg]
	if o.reg == 0 {
		wish = want{}
	}
	if n.value != nil {
		w.note(o.reg, n.value.eval(&w.place))
		return
	}
	if set, is := w.s.shape.sets[o.field.Key]; is && set.op == n.op {
		w.note(o.reg, int64(set.num))
		return
	}
	it := Item{Field: o.field, Kind: o.field.Kind, v: value{op: o}}
	if n.exponent != nil {
		it.v.exp = int8(n.exponent.eval(&w.place))
	}
	given := w.fill(n, &it, wish)
	w.note(o.reg, int64(o.noted(it.v.num, it.v.data)))
	if o.table > 0 {
		w.place.keep(o.table, int64(it.v.num))
	}
	if n.parts > 0 && !given {
		w.parts(n, in)
	} else if given {
		in[o.field.Key] = it.Text()
		for i := n.op + 1; i <= n.op+n.parts; i++ {
			w.note(w.c.ops[i].reg, int64(w.c.ops[i].bits(it.v.num)))
		}
	}
}

// fill chooses the value of a field; false when the writer fills it in by itself.
func (w *chooser) fill(n *node, it *Item, wish want) bool {
	o := it.v.op
	first, isFirst := w.first[n]
	own := o.flags&(flagLength|flagBound|flagNow) != 0 || o.reg > 0 && w.c.g.derived[o.reg] || o.form != nil && o.form.counter ||
		o.flags&flagCommand != 0 && w.s.shape.layout.message.Command != "" || o.preset != nil
	if w.s.dead && it.Kind == KindTime {
		it.v.num, it.v.data = 0, make([]byte, o.size)
		if it.Suspect() {
			return true
		}
	}
	if o.preset != nil {
		it.v.num, it.v.data = o.preset.num, o.preset.bytes
	}
	switch {
	case o.flags&flagCommand != 0 && own && o.preset == nil:
		it.v.num = uint64(wish.value)
		if !o.numeric() {
			_, it.v.num, _ = o.parseForm(nil, w.s.shape.layout.message.Command, 0, false)
		}
		return false
	case o.reg > 0 && w.c.g.derived[o.reg] || o.flags&flagLength != 0:
		if it.v.num = uint64(wish.value); wish.mask == 0 {
			it.v.num = 1
		}
		return wish.mask == -1 && o.numeric()
	case wish.mask == 0 && !isFirst && (own || n.parts > 0):
		return false
	case o.numeric():
		return w.number(n, it, wish, first)
	}
	b := w.text(n, o)
	if wish.mask != 0 {
		size := w.sizeOf(n, o)
		if n.size != nil && n.size.sees() {
			size = 1
		}
		b = fieldOf(o, size, wish.value)
	}
	if n.size != nil && n.size.has(exNext) {
		at := w.place
		at.data, at.left = b, 64
		b = b[:min(max(int(n.size.eval(&at)), 0), len(b))]
	}
	if isFirst && len(b) > 0 {
		b[0] = b[0]&^byte(first.mask) | byte(first.value)
	}
	it.v.data = b
	it.v.num, _, _ = o.read(b)
	return true
}

// number chooses the number of a field.
func (w *chooser) number(n *node, it *Item, wish, first want) bool {
	o := it.v.op
	size := w.sizeOf(n, o)
	for _, v := range usualNumbers(n, o, size) {
		v = v&^uint64(wish.mask) | uint64(wish.value)
		if n.parts > 0 {
			v = w.whole(n, wish)
		}
		if first.mask != 0 {
			b := make([]byte, size)
			if o.storeForm(b, v) != nil || size == 0 {
				continue
			}
			b[0] = b[0]&^byte(first.mask) | byte(first.value)
			v, _, _ = o.read(b)
		}
		lo, hi := o.bounds()
		if it.v.num = v; o.check != checkNone && o.allows(v) || o.check == checkNone && int64(v) >= lo && (o.signed() || v <= hi) {
			return true
		}
	}
	return true // writing says what is wrong
}

// whole is the number of a field of bits.
func (w *chooser) whole(n *node, wish want) (v uint64) {
	for i := n.op + 1; i <= n.op+n.parts; i++ {
		bits, _ := w.bits(&w.c.ops[i])
		v |= bits & w.c.ops[i].mask << w.c.ops[i].shift
	}
	return v&^uint64(wish.mask) | uint64(wish.value)
}

// parts gives values to the parts of a field of bits.
func (w *chooser) parts(n *node, in map[string]any) {
	for i := n.op + 1; i <= n.op+n.parts; i++ {
		part := &w.c.ops[i]
		bits, given := w.bits(part)
		if set, is := w.s.shape.sets[part.field.Key]; is && set.op == i {
			bits, given = set.num, false
		}
		if w.note(part.reg, int64(bits)); given {
			it := Item{Field: part.field, Kind: part.field.Kind, v: value{op: part, num: bits}}
			in[part.field.Key] = it.Text()
		}
	}
}

// bits chooses the value of a part; false when the writer fills it in.
func (w *chooser) bits(o *op) (uint64, bool) {
	wish := w.regs[o.reg]
	switch {
	case o.reg > 0 && w.c.g.derived[o.reg]:
		return uint64(wish.value), wish.mask == -1
	case o.flags&flagCommand != 0 && w.s.shape.layout.message.Command != "":
		return uint64(wish.value), false
	case o.reg > 0 && wish.mask != 0:
		return uint64(wish.value), true
	case o.preset != nil:
		return o.preset.num, false
	case o.check != checkNone:
		return o.least()[0], true
	}
	return 0, o.form == nil || !o.form.counter
}

// sizeOf chooses the bytes of a field.
func (w *chooser) sizeOf(n *node, o *op) int {
	switch {
	case o.size > 0:
		return o.size
	case n.size != nil && !w.follows(n.size):
		return int(min(max(n.size.eval(&w.place), 0), 256))
	case n.size != nil && w.sized(n.size) > 0:
		return w.sized(n.size)
	case n.rest && w.left >= 0:
		return w.left
	case o.most > 0:
		return min(2, o.most)
	}
	return 2
}

// sized is the size that is wanted of what the writer sizes by itself; 0: any.
func (w wants) sized(e *expr) int {
	if reg := e.source(); reg > 0 && w.regs[reg].mask == -1 {
		at := exprPlace{regs: make([]int64, w.c.g.regs)}
		at.regs[reg] = w.regs[reg].value
		return int(min(max(e.eval(&at), 0), 256))
	}
	return 0
}

// text are plain bytes that a field may hold.
func (w *chooser) text(n *node, o *op) []byte {
	size := w.sizeOf(n, o)
	switch {
	case o.check == checkBytes:
		return bytes.Clone(o.want)
	case o.form != nil && o.form.texts != nil:
		return []byte(o.form.texts[0])
	case o.code == opTime:
		b, _ := o.time.append(nil, sampleTime)
		return b
	case o.code == opDecimal:
		for _, num := range append(o.least(), 1) {
			if b := decimalOf(o, size, num); o.check == checkNone && len(b) == size || o.check != checkNone && o.reads(b) {
				return b
			}
		}
		return bytes.Repeat([]byte{'1'}, size)
	}
	b := make([]byte, size)
	for i := range b {
		switch o.code {
		case opDigits:
			b[i] = byte(i%5*0x22 + 0x01)
		case opASCII:
			b[i] = usualChar(o, i)
		case opBitset:
			b[i] = 5
		default:
			b[i] = byte(0x21 + i%64)
		}
	}
	return b
}

func (o *op) reads(b []byte) bool {
	_, missing, ok := o.read(b)
	return ok && !missing && (o.size == 0 || len(b) == o.size)
}

func usualChar(o *op, i int) byte {
	for _, c := range []byte{"ABCDEFGH"[i%8], "12345678"[i%8]} {
		if o.chars == nil || o.chars.has(c) {
			return c
		}
	}
	for c := range 256 {
		if o.chars.has(byte(c)) {
			return byte(c)
		}
	}
	return 0
}

// usualNumbers are values for a field, the best first.
func usualNumbers(n *node, o *op, size int) (out []uint64) {
	switch {
	case o.preset != nil:
		out = append(out, o.preset.num)
	case o.code == opFloat32:
		return append(out, uint64(math.Float32bits(21.5)))
	case o.code == opFloat64:
		return append(out, math.Float64bits(21.5))
	case o.form != nil && o.form.clock != nil:
		if v, err := o.form.clock.number(sampleTime); err == nil {
			out = append(out, v)
		}
	case o.reg == 0 && o.fold == nil && !o.parts && o.code != opRun: // nothing depends on it: bytes that differ
		v := uint64(0)
		for i := range min(size, 7) {
			v = v<<8 | uint64(16+(n.op*7+i*5)%64)
		}
		if o.code == opBCD {
			v %= pow100[min(size, maxBCDNumber)]
		}
		out = append(out, v)
	}
	return append(append(out, o.least()...), 0, 1, 2)
}

// least are the numbers at the ends of what the definition allows.
func (o *op) least() (out []uint64) {
	if o.check == checkRange {
		out = append(out, o.key(o.lo), o.key(o.hi))
	}
	for _, r := range o.ranges {
		out = append(out, o.key(r[0]), o.key(r[1]))
	}
	return out
}

// decimalOf are the characters of a number of which expressions see num.
func decimalOf(o *op, size int, num uint64) []byte {
	f := o.form
	switch {
	case f != nil && f.base == 16:
		return fmt.Appendf(nil, "%0*X", size, num)
	case f != nil && f.places > 0 && num > 0:
		ten := uint64(math.Pow10(f.places))
		return fmt.Appendf(nil, "%d.%0*d", num/ten, f.places, num%ten)
	}
	return fmt.Appendf(nil, "%0*d", size, int64(num))
}

// fieldOf is a field of bytes that expressions see as v.
func fieldOf(o *op, size int, v int64) []byte {
	for _, b := range o.texts() {
		if int64(loadBE(b)) == v && (o.size == 0 || len(b) == o.size) {
			return bytes.Clone(b)
		}
	}
	if o.code == opDecimal {
		return decimalOf(o, size, uint64(v))
	}
	b := make([]byte, 8)
	storeBE(b, uint64(v))
	if o.size == 0 && o.code != opHex {
		return []byte(strings.TrimLeft(string(b), "\x00"))
	}
	if size = min(max(size, 1), 8); o.size == 0 {
		for ; size < 8 && v>>(8*size) != 0; size *= 2 {
		}
	}
	if b = b[8-size:]; o.form != nil && o.form.reversed {
		slices.Reverse(b)
	}
	return b
}

// texts are the few bytes that the definition lists for a field of characters: what it may hold, and what means none.
func (o *op) texts() (out [][]byte) {
	if o.code != opASCII || o.form == nil {
		return nil
	}
	for _, text := range o.form.texts {
		if len(text) <= 8 {
			out = append(out, []byte(text))
		}
	}
	return out
}
