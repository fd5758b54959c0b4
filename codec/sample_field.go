package codec

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"time"
)

// sampleTime is the clock of the samples.
var sampleTime = time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)

// leaf writes one field and notes what became of it.
func (w *grower) leaf(n *node) bool {
	o := &w.ops[n.op]
	if o.code == opComputed {
		return w.computed(n, o)
	}
	at := spot{spotValue, n.op, w.turns[subject{n: n}]}
	w.turns[subject{n: n}]++
	if o.code == opChecksum {
		w.sums = append(w.sums, checksumAt(n, o, len(w.out), w.marks, ""))
		w.leaves = append(w.leaves, grown{at, len(w.out), o.size})
		w.out = append(w.out, make([]byte, o.size)...)
		return true
	}
	sizeScene := w.scene()
	if n.size != nil {
		sizeScene = w.scene(n.size)
	}
	size := w.sizeOf(n, o, at, sizeScene)
	wished, is := w.wishes[at]
	if n.value != nil && !is {
		wished, is = wish{num: w.eval(n.value, w.scene(n.value), nil)}, true
	}
	b, ok := w.fill(n, o, size, wished, is)
	if !ok {
		if is {
			return w.fail(n, "it cannot be %d", wished.num)
		}
		return w.fail(n, "no value of %d bytes is allowed", size)
	}
	off := len(w.out)
	w.out = append(w.out, b...)
	if n.size == nil && o.size == 0 && o.code != opVarint || n.size != nil {
		w.spans = append(w.spans, span{at: spot{spotSize, n.op, at.nth}, off: off, now: len(b), unit: 1, least: int(truth(o.numeric())), most: o.most, free: n.rest || n.until != nil})
	}
	num, _, _ := o.read(b)
	if o.code == opRun {
		num = uint64(len(b))
	}
	w.leaves = append(w.leaves, grown{at, off, len(b)})
	w.note(o, at, num, b)
	for i := n.op + 1; i <= n.op+n.parts; i++ {
		part := &w.ops[i]
		w.note(part, spot{spotValue, i, at.nth}, part.bits(num), nil)
	}
	w.out = append(w.out, n.until...)
	if n.size != nil {
		return w.settle(n, n.size, sizeScene, len(b), off, "its size")
	}
	return true
}

// sizeOf chooses the size of a field.
func (w *grower) sizeOf(n *node, o *op, at spot, sc *scene) int {
	if o.size > 0 {
		return o.size
	}
	if v, ok := w.wishes[spot{spotSize, n.op, at.nth}]; ok {
		return int(v.num)
	}
	if v, ok := w.wishes[at]; ok && v.bytes != nil {
		return len(v.bytes)
	}
	if o.check == checkBytes {
		return len(o.want)
	}
	if o.form != nil && o.form.texts != nil {
		return len(o.form.texts[0])
	}
	if o.code == opRun {
		return 0
	}
	if o.code == opDecimal && o.preset != nil {
		return len(o.preset.bytes)
	}
	usual := 2
	if o.most > 0 {
		usual = min(usual, o.most)
	}
	if n.size != nil {
		if v := w.eval(n.size, sc, nil); v > 0 && v <= 256 {
			return int(v)
		}
	}
	if n.size != nil {
		usual = 1
	}
	return usual
}

// computed notes a value that has no bytes; it must be allowed.
func (w *grower) computed(n *node, o *op) bool {
	all := append([]*expr{n.on, n.value}, rowValues(n.rows)...)
	from := &origin{scene: w.scene(all...), on: n.on, e: n.value, rows: n.rows}
	if o.reg > 0 {
		w.regs[o.reg] = from
	}
	if o.check == checkNone {
		return true
	}
	test := func(t *trial) bool { return o.allows(uint64(w.value(from, t))) }
	if test(nil) {
		return true
	}
	var levers []lever
	for _, e := range all {
		if e != nil {
			levers = append(levers, w.levers(e, from.scene, nil)...)
		}
	}
	if w.solve(test, levers, true) {
		return w.restart()
	}
	return w.fail(n, "its value is never allowed")
}

// note keeps where a value came from.
func (w *grower) note(o *op, at spot, num uint64, b []byte) {
	from := &origin{at: at, op: o, num: int64(num), size: len(b)}
	if o.reg > 0 {
		if o.wide() {
			from.num = int64(o.noted(num, b))
		}
		w.regs[o.reg] = from
	}
	if o.table > 0 {
		w.tables.keep(o.table, int64(num))
	}
	if f := o.fold; f != nil {
		if all := w.regs[f.reg]; all != nil {
			w.regs[f.reg] = &origin{parts: append(all.parts[:len(all.parts):len(all.parts)], from), bits: f.bits}
		} else {
			w.regs[f.reg] = &origin{parts: []*origin{from}, bits: f.bits}
		}
	}
}

// fill makes the bytes of a field: those wished for, or plain ones that are allowed.
func (w *grower) fill(n *node, o *op, size int, wished wish, is bool) ([]byte, bool) {
	fits := func(b []byte) bool {
		_, missing, ok := o.read(b)
		return ok && (!missing || is)
	}
	switch {
	case is && wished.bytes != nil:
		return wished.bytes, fits(wished.bytes) && (o.size == 0 || len(wished.bytes) == o.size)
	case o.code == opRun:
		return bytes.Repeat([]byte{o.form.fill}, int(min(max(wished.num, 0), int64(o.most)))), true
	case o.check == checkBytes:
		return o.want, true
	case o.code == opVarint:
		candidates := []uint64{uint64(wished.num)}
		if !is {
			candidates = usualNumbers(n, o, 1)
		}
		for _, v := range candidates {
			if b := o.form.varint.append(nil, v); o.fits(int64(v)) && fits(b) {
				return b, true
			}
		}
		return nil, false
	case o.numeric():
		return w.fillNumber(n, o, size, wished, is)
	case o.form != nil && o.form.texts != nil && !is:
		return []byte(o.form.texts[0]), true
	case is:
		b := fieldOf(o, size, uint64(wished.num))
		return b, fits(b)
	case o.preset != nil && len(o.preset.bytes) == size:
		return o.preset.bytes, true
	}
	b := plainBytes(o, size)
	if o.code == opDecimal && o.check != checkNone && !fits(b) {
		for _, num := range o.least() {
			if b := decimalOf(o, size, num); fits(b) && (o.size == 0 || len(b) == o.size) {
				return b, true
			}
		}
	}
	return b, fits(b)
}

// least are the numbers at the ends of what the definition allows.
func (o *op) least() (out []uint64) {
	if o.check == checkRange {
		out = append(out, o.key(o.lo), o.key(o.hi))
	}
	for _, r := range o.ranges {
		out = append(out, o.key(r[0]))
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

// fieldOf is a field of bytes that expressions see as num.
func fieldOf(o *op, size int, num uint64) []byte {
	if b, ok := o.written(num); ok {
		return b
	}
	if o.code == opDecimal {
		return decimalOf(o, size, num)
	}
	if o.size == 0 {
		least := 1
		for ; least < 8 && num>>(8*least) > 0; least++ {
		}
		if o.code != opHex || size < least || size > 8 { // zeros at the front of bytes are bytes
			size = least
		}
	}
	if size > 8 {
		return nil
	}
	b := make([]byte, size)
	if o.form != nil && o.form.reversed {
		storeLE(b, num)
	} else {
		storeBE(b, num)
	}
	return b
}

// written is a text of the definition that expressions see as num.
func (o *op) written(num uint64) ([]byte, bool) {
	for _, b := range o.texts() {
		if loadBE(b) == num && (o.size == 0 || len(b) == o.size) {
			return b, true
		}
	}
	return nil, false
}

// texts are the few bytes that the definition lists for a field of characters: what it may hold, and what means none.
func (o *op) texts() (out [][]byte) {
	if o.code != opASCII || o.form == nil {
		return nil
	}
	for _, text := range o.form.texts {
		out = append(out, []byte(text))
	}
	for i := range o.form.missing {
		if p := &o.form.missing[i]; !p.bad {
			out = append(out, p.bytes)
		}
	}
	return slices.DeleteFunc(out, func(b []byte) bool { return len(b) > 8 })
}

// plainBytes are some that a field of bytes may hold.
func plainBytes(o *op, size int) []byte {
	switch o.code {
	case opTime:
		b, _ := o.time.append(nil, sampleTime)
		return b
	case opDecimal:
		return bytes.Repeat([]byte{'1'}, size)
	case opBitset:
		return bytes.Repeat([]byte{0x05}, size)
	}
	b := make([]byte, size)
	for i := range b {
		switch o.code {
		case opDigits:
			b[i] = byte(i%5*0x22 + 0x01)
		case opASCII:
			b[i] = usualChar(o, i)
		default:
			b[i] = byte(0x21 + i%64)
		}
	}
	return b
}

func usualChar(o *op, i int) byte {
	for _, c := range [...]byte{"ABCDEFGH"[i%8], "12345678"[i%8]} {
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

// fillNumber makes the bytes of a number with its parts.
func (w *grower) fillNumber(n *node, o *op, size int, wished wish, is bool) ([]byte, bool) {
	if size > 8 && o.code != opBCD || size < 0 {
		return nil, false
	}
	candidates := []uint64{uint64(wished.num)}
	if !is {
		candidates = usualNumbers(n, o, size)
	}
	nth := w.turns[subject{n: n}] - 1
	for _, v := range candidates {
		fixed := true
		for i := n.op + 1; i <= n.op+n.parts; i++ {
			part := &w.ops[i]
			bits, ok := part.bits(v), true
			if part.preset != nil && !is {
				bits = part.preset.num
			}
			if want, asked := w.wishes[spot{spotValue, i, nth}]; asked {
				bits, ok = uint64(want.num), part.fits(want.num)
			}
			if part.check != checkNone && !part.allows(bits) {
				switch {
				case is:
					ok = false
				case part.check == checkRange:
					bits = part.key(part.lo)
				default:
					bits = part.key(part.ranges[0][0])
				}
			}
			fixed = fixed && ok
			v = v&^(part.mask<<part.shift) | bits&part.mask<<part.shift
		}
		b := make([]byte, size)
		if !fixed || !w.store(o, b, v) {
			continue
		}
		if num, missing, ok := o.read(b); ok && num == v && (!missing || is) {
			return b, true
		}
	}
	return nil, false
}

// fits says whether the number fits the bytes or bits of the field.
func (o *op) fits(v int64) bool {
	lo, hi := o.bounds()
	return v >= lo && (v < 0 || uint64(v) <= hi)
}

func (w *grower) store(o *op, b []byte, v uint64) bool {
	return o.storeForm(b, v) == nil
}

// usualNumbers are values for a field, the best first.
func usualNumbers(n *node, o *op, size int) []uint64 {
	var out []uint64
	if o.preset != nil {
		out = append(out, o.preset.num)
	}
	switch {
	case o.code == opFloat32:
		return append(out, uint64(math.Float32bits(21.5)))
	case o.code == opFloat64:
		return append(out, math.Float64bits(21.5))
	case o.form != nil && o.form.clock != nil:
		if v, err := o.form.clock.number(sampleTime); err == nil {
			out = append(out, v)
		}
	}
	if n.value == nil && o.reg == 0 && !o.parts && o.fold == nil { // nothing depends on it: bytes that differ
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
