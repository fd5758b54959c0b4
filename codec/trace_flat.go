package codec

import "fmt"

// traceFlat explains a frame of a profile without a grammar.
func (p *Profile) traceFlat(d Direction, data []byte, prefix bool) *Trace {
	t := &Trace{Raw: data, Direction: d}
	f := &t.frame
	f.reset(p, d)
	f.decoded = true
	n, v := p.probe(d, data)
	if prefix && v == whole {
		t.Raw = data[:n]
	}
	f.data = t.Raw
	w := traced{tracer: &tracer{}, wire: plainWire(t.Raw), verdict: v}
	if v == begun && len(data) > 0 {
		p.traceBegun(&w, f)
	} else {
		w.verdict = whole
		if w.read, w.bad = p.traceFields(f, len(t.Raw)); w.bad.err != nil {
			w.verdict = refused
		}
	}
	if d == Any && f.layout != nil {
		f.direction = f.layout.direction
	}
	t.Direction = f.direction
	t.settle(p, w)
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
// what was read from them is forgotten.
func (p *Profile) traceBegun(w *traced, f *Frame) {
	have := len(w.raw)
	total := p.length.lo
	if have >= p.headerSize {
		total = 0
	}
	if o := p.length.op; o >= 0 && have >= p.length.off+p.ops[o].size {
		if num, ok := p.ops[o].load(w.raw[p.length.off : p.length.off+p.ops[o].size]); ok {
			total, w.exact = int(num)+p.length.start-p.length.add, true
		}
	} else if o < 0 && p.commandOp >= 0 && have >= p.commandOff+p.ops[p.commandOp].size {
		at := p.ops[p.commandOp].size
		if num, ok := p.ops[p.commandOp].load(w.raw[p.commandOff : p.commandOff+at]); ok {
			if all := p.dispatch[f.direction].find(num); len(all) > 0 {
				total, w.exact = p.headerSize+all[0].fixed, true
			}
		}
	}
	w.lacks = max(total-have, 1)
	f.data = append(append(make([]byte, 0, have+w.lacks), w.raw...), make([]byte, w.lacks)...)
	if len(f.data) >= p.headerSize {
		_, w.bad = p.traceFields(f, len(f.data))
	} else {
		_, w.bad = p.run(f, p.ops[:p.headerOps], 0, 0, len(f.data))
	}
	w.bad = failure{}
	for i := range f.cells {
		if c := &f.cells[i]; int(c.off+c.size) > have {
			w.op = &p.ops[c.op]
			f.cells, f.nums = f.cells[:i], f.nums[:i]
			break
		}
	}
	w.read = have
}
