package codec

import (
	"fmt"
	"slices"
)

// traceFlat explains a frame of a profile without a grammar.
func (p *Profile) traceFlat(d Direction, data []byte, prefix bool) *Trace {
	t := &Trace{Raw: data, Direction: d}
	f := &t.frame
	f.reset(p, d)
	f.decoded = true
	n, v := p.probe(d, data)
	if total := p.totalFlat(d, data); v == refused && total > 0 {
		n = total
	}
	if v != begun && 0 < n && n <= len(data) {
		t.Raw, t.sized = data[:n], true
	}
	f.data = t.Raw
	w := traced{tracer: &tracer{}, wire: plainWire(t.Raw), verdict: v}
	if n > len(data) || v == begun && len(data) > 0 {
		p.traceBegun(&w, f)
	} else {
		w.verdict = whole
		if w.read, w.bad = p.traceFields(f, len(t.Raw)); w.bad.err != nil {
			w.verdict = refused
		}
	}
	w.unknownCommand(p, f, slices.DeleteFunc(slices.Clone(p.layouts), func(l *layout) bool { return d != Any && l.direction != Any && l.direction != d }))
	if d == Any && f.layout != nil {
		f.direction = f.layout.direction
	}
	t.Direction = f.direction
	t.settle(p, w)
	if !prefix && len(t.Raw) < len(data) {
		t.extend(p, data)
	}
	return t
}

// traceFields reads the fields of a frame of size bytes up to what is wrong.
func (p *Profile) traceFields(f *Frame, size int) (off int, bad failure) {
	if off, bad = p.run(f, p.ops[:p.headerOps], 0, 0, len(f.data)); bad.err != nil {
		return off, bad
	}
	var command uint64
	if p.commandOp >= 0 {
		command = f.nums[p.commandOp]
	}
	l := p.choose(f.direction, command, size-off)
	if l == nil {
		bad = failure{off: off}
		if all := p.dispatch[f.direction].find(command); len(all) > 0 {
			bad.err = fmt.Errorf("%w: body of %d bytes, expected %s", ErrLength, size-off, sizesOf(all))
		} else if bad.err = ErrUnknownCommand; p.commandOp >= 0 {
			bad.op, bad.off = &p.ops[p.commandOp], p.commandOff
		}
		return off, bad
	}
	f.layout = l
	if off, bad = p.run(f, l.ops, l.first, off, len(f.data)); bad.err == nil && off != len(f.data) {
		bad = failure{nil, off, fmt.Errorf("%w: %d more than the layout has", ErrLong, len(f.data)-off)}
	}
	return off, bad
}

// traceBegun reads the fields that have come of a frame that is not whole.  What is missing is made up of zeros, and
// what was read from them is forgotten.  A frame that is wrong already stays refused.
func (p *Profile) traceBegun(w *traced, f *Frame) {
	have := len(w.raw)
	total := p.totalFlat(f.direction, w.raw)
	if w.exact = total > 0; !w.exact && have < p.headerSize {
		total = p.length.lo
	}
	w.lacks = max(total-have, 1)
	f.data = append(append(make([]byte, 0, have+w.lacks), w.raw...), make([]byte, w.lacks)...)
	if len(f.data) >= p.headerSize {
		_, w.bad = p.traceFields(f, len(f.data))
	} else {
		_, w.bad = p.run(f, p.ops[:p.headerOps], 0, 0, len(f.data))
	}
	if w.bad.off >= have {
		w.bad = failure{}
	}
	for i := range f.cells {
		if c := &f.cells[i]; int(c.off+c.size) > have {
			w.op = &p.ops[c.op]
			if w.bad.err == nil && w.verdict == refused { // by what has come of it
				w.bad = failure{w.op, int(c.off), fmt.Errorf("%w: it begins with %x", ErrValue, w.raw[c.off:])}
			}
			f.cells, f.nums = f.cells[:i], f.nums[:i]
			break
		}
	}
	w.read = have
}

// totalFlat is the size of the frame that data begins with; 0 when it does not say.
func (p *Profile) totalFlat(d Direction, data []byte) int {
	read := func(i, off int) (uint64, bool) {
		if i < 0 || off+p.ops[i].size > len(data) {
			return 0, false
		}
		return p.ops[i].load(data[off : off+p.ops[i].size])
	}
	if num, ok := read(p.length.op, p.length.off); ok && num <= hardMaxFrame*2 {
		if total := int(num) + p.length.start - p.length.add; p.length.lo <= total && total <= p.length.hi {
			return total
		}
	}
	if num, ok := read(p.commandOp, p.commandOff); ok && p.length.op < 0 {
		if all := p.dispatch[d].find(num); len(all) > 0 {
			return p.headerSize + all[0].fixed
		}
	}
	return 0
}
