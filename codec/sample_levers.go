package codec

import "slices"

// levers are what the value of an expression depends on, with the values worth a trial: hints, the numbers of the
// expression and their neighbours.
func (w *grower) levers(e *expr, s *scene, hints []int64) (out []lever) {
	hints = append(slices.Clone(hints), e.numbers(nil)...)
	var visit func(o *origin, hints []int64)
	visit = func(o *origin, hints []int64) {
		switch {
		case o == nil:
		case o.parts != nil:
			for _, part := range o.parts {
				visit(part, hints)
			}
		case o.scene == nil:
			out = append(out, lever{at: o.at, now: o.num, domain: w.domain(o, hints), hard: w.wishes[o.at].hard})
		default:
			for _, e := range append([]*expr{o.on, o.e}, rowValues(o.rows)...) {
				hints = e.numbers(hints)
			}
			for i := range o.rows {
				for _, r := range o.rows[i].is {
					hints = append(hints, int64(r[0]))
				}
			}
			if o.e.asks(exNext, exAhead) || o.on.asks(exNext, exAhead) {
				out = append(out, lever{at: spot{spotByte, o.scene.off, 0}, domain: everyByte(o.e.texts(nil))})
			}
			for _, reg := range slices.Sorted(keys(o.scene.regs)) {
				visit(o.scene.regs[reg], hints)
			}
		}
	}
	for _, reg := range slices.Sorted(keys(s.regs)) {
		visit(s.regs[reg], hints)
	}
	if e.asks(exNext, exAhead) {
		out = append(out, lever{at: spot{spotByte, s.off, 0}, domain: everyByte(e.texts(nil))})
	}
	if e.asks(exRemaining) && s.zone != nil && s.zone.bounded {
		out = append(out, lever{at: spot{spotLeft, s.zone.id, s.off}, domain: around(hints)})
	}
	slices.SortStableFunc(out, func(a, b lever) int { return int(truth(a.hard) - truth(b.hard)) })
	return slices.CompactFunc(out, func(a, b lever) bool { return a.at == b.at })
}

// everyByte lists the bytes, those first with which the words begin.
func everyByte(words [][]byte) (out []int64) {
	for _, word := range words {
		out = append(out, int64(word[0]))
	}
	for b := range int64(256) {
		out = append(out, b)
	}
	return out
}

func keys[K comparable, V any](m map[K]V) func(yield func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func rowValues(rows []row) (out []*expr) {
	for i := range rows {
		out = append(out, rows[i].value)
	}
	return out
}

// around are the hints and their neighbours.
func around(hints []int64) (out []int64) {
	for _, h := range hints {
		out = append(out, h, h+1, h-1)
	}
	return out
}

// domain are the values of a field worth a trial: all of a small one.
func (w *grower) domain(o *origin, hints []int64) []int64 {
	out := around(hints)
	bits := 8 * o.op.size
	if o.op.code == opPart {
		bits = 64
		for v := o.op.mask; v>>(bits-1) == 0; bits-- {
		}
	}
	limit := int64(64)
	if o.op.integer() && bits > 0 && bits <= 8 {
		limit = 1<<bits - 1
	}
	for v := int64(0); v <= limit; v++ {
		out = append(out, v)
	}
	for _, h := range hints { // factors and multiples, for sizes in other units
		out = append(out, h*2, h*4, h*8, h/2, h/8, h<<8, h>>8)
	}
	if o.op.check == checkRange {
		out = append(out, int64(o.op.key(o.op.lo)), int64(o.op.key(o.op.hi)))
	}
	for _, b := range o.op.texts() {
		out = append(out, int64(loadBE(b)))
	}
	for _, r := range o.op.ranges {
		out = append(out, int64(o.op.key(r[0])), int64(o.op.key(r[1])))
	}
	seen := map[int64]bool{}
	return slices.DeleteFunc(out, func(v int64) bool {
		twice := seen[v]
		seen[v] = true
		return twice || !w.holds(o, v)
	})
}

// holds says whether a field can have a value.
func (w *grower) holds(o *origin, v int64) bool {
	if !o.op.numeric() {
		b := fieldOf(o.op, o.size, uint64(v))
		_, _, ok := o.op.read(b)
		return ok && (o.op.size == 0 || len(b) == o.op.size)
	}
	if o.op.integer() && (o.op.code == opPart || o.op.size > 0) && !o.op.fits(v) {
		return false
	}
	return o.op.allows(uint64(v))
}
