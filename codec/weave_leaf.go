package codec

import (
	"bytes"
	"fmt"
	"strings"
)

// leaf writes one field and its parts.
func (w *weaver) leaf(n *node, in *woven) error {
	o := &w.p.ops[n.op]
	seq := w.seq
	w.seq += 1 + n.parts
	given, isGiven := in.values[o.field.Key]
	if isGiven {
		in.used[o.field.Key] = true
	}
	switch o.code {
	case opComputed:
		w.computed(n, o)
		return nil
	case opChecksum:
		text, _ := textOf(given)
		w.pending = append(w.pending, pendingSum{n, len(w.out), append([]int(nil), w.marks...), text})
		w.out = append(w.out, make([]byte, o.size)...)
		return nil
	}
	start := len(w.out)
	num, err := w.number(n, o, seq, given, isGiven, in)
	if err != nil {
		return w.wrong(n, err)
	}
	size := len(w.out) - start
	if o.numeric() {
		if num, err = w.parts(n, o, seq, num, isGiven, in); err != nil {
			return err
		}
	}
	if n.size != nil && !o.numeric() {
		w.turn(n.size, int64(size))
	}
	if o.numeric() && o.code != opRun {
		if size, err = w.width(n, o); err != nil {
			return w.wrong(n, err)
		}
		if len(w.out) == start && o.code == opVarint {
			w.out = o.form.varint.append(w.out, num)
		} else if len(w.out) == start { // not written as it stands
			w.out = append(w.out, make([]byte, size)...)
			if err = o.storeForm(w.out[start:], num); err != nil {
				return w.wrong(n, err)
			}
		}
	}
	for i := uint64(0); o.code == opRun && i < num; i++ {
		w.out = append(w.out, o.form.fill)
	}
	w.note(o, seq, num, w.out[start:])
	if len(n.until) > 0 && bytes.Contains(w.out[start:], n.until) {
		return w.wrong(n, fmt.Errorf("%w: it holds %q, with which it ends", ErrValue, n.until))
	}
	w.out = append(w.out, n.until...)
	return nil
}

// width of a number in bytes.
func (w *weaver) width(n *node, o *op) (int, error) {
	if n.size == nil {
		return o.size, nil
	}
	v := n.size.eval(&w.place)
	if v < 0 || v > 256 {
		return 0, fmt.Errorf("%w: %d bytes", ErrLength, v)
	}
	return int(v), nil
}

// number finds the value of a field: what follows from others, what is given, what the definition says.  Bytes are
// written at once.
func (w *weaver) number(n *node, o *op, seq int, given any, isGiven bool, in *woven) (uint64, error) {
	if v, ok := w.derived[seq]; ok {
		return w.keep(n, o, v, given, isGiven)
	}
	if n.value != nil {
		return w.keep(n, o, n.value.eval(&w.place), nil, false)
	}
	if isGiven {
		num, err := w.parse(n, o, given, w.exact)
		if c := w.shape.layout.commands; err == nil && o.flags&flagCommand != 0 && len(c) > 0 && !c.has(num) {
			err = fmt.Errorf("%w: %s is not a command of this message", ErrValue, value{op: o, num: num, data: w.out[len(w.out)-min(o.size, len(w.out)):]}.string())
		}
		return num, err
	}
	if o.flags&flagCommand != 0 {
		l := w.shape.layout
		command := l.message.Command
		if command == "" && w.command != l.message.Name {
			command = w.command
		}
		if command != "" {
			return w.parse(n, o, command, false)
		}
		if o.preset == nil {
			return 0, fmt.Errorf("%w: %s stands for several commands", ErrMissing, l.message.Name)
		}
	}
	if !w.exact {
		if f := o.form; f != nil && f.counter && w.env.Session != nil {
			num := w.env.Session.peek(w.p, o)
			if !o.numeric() {
				return w.parse(n, o, num, false)
			}
			return num, nil
		}
		if num, ok := w.env.Session.recall(w.p, o); ok {
			if !o.numeric() {
				b := make([]byte, o.size)
				storeBE(b, num)
				w.out = append(w.out, b...)
			}
			return num, nil
		}
	}
	switch {
	case o.flags&flagNow != 0 && !w.env.Now.IsZero():
		return w.parse(n, o, w.env.Now, false)
	case o.preset != nil:
		w.out = append(w.out, o.preset.bytes...)
		return o.preset.num, nil
	case o.form != nil && o.form.counter && !o.numeric():
		return w.parse(n, o, 0, false)
	case o.code == opBits && o.parts, o.form != nil && o.form.counter, o.code == opRun:
		return 0, nil
	}
	if o.reg > 0 && w.p.grammar.derived[o.reg] {
		if w.missing == nil {
			w.missing = w.wrong(n, ErrMissing)
		}
		if !o.numeric() {
			return 0, w.placeholder(n, o)
		}
		return 0, nil
	}
	return 0, ErrMissing
}

// placeholder stands for a number in characters until it is known.
func (w *weaver) placeholder(_ *node, o *op) error {
	w.out = append(w.out, strings.Repeat("0", o.size)...)
	return nil
}

// keep writes a whole number into a field of any type.  Characters that are given stay when they say the same.
func (w *weaver) keep(n *node, o *op, v int64, given any, isGiven bool) (uint64, error) {
	if !o.numeric() {
		if isGiven {
			before := len(w.out)
			if num, err := w.parse(n, o, given, w.exact); err == nil && o.code == opDecimal && int64(num) == v {
				return num, nil
			}
			w.out = w.out[:before]
		}
		return w.parse(n, o, fmt.Sprintf("%0*d", o.size, v), false)
	}
	if before := len(w.out); o.code == opVarint && isGiven {
		if num, err := w.parse(n, o, given, w.exact); err == nil && int64(num) == v {
			return num, nil
		}
		w.out = w.out[:before]
	}
	if lo, hi := w.limits(n, o); v < lo || v >= 0 && uint64(v) > hi || !o.allows(uint64(v)) {
		return 0, fmt.Errorf("%w: it must be %d, allowed %d..%d", ErrRange, v, lo, hi)
	}
	return uint64(v), nil
}

func (w *weaver) limits(n *node, o *op) (lo int64, hi uint64) {
	plain := *o
	if o.size == 0 {
		size, _ := w.width(n, o)
		plain.size = min(max(size, 1), 8)
	}
	return plain.bounds()
}

// parse reads a value as people or programs give it; bytes are written at once.
func (w *weaver) parse(n *node, o *op, v any, exact bool) (uint64, error) {
	plain := *o
	if o.size == 0 && n.size != nil && !n.size.sees() {
		if reg := n.size.source(); o.numeric() || o.code == opDigits || reg < 0 && !w.undecided(n.size) || reg >= 0 && !w.p.grammar.derived[reg] { // else the size follows from the value
			size, err := w.width(n, o)
			if err != nil {
				return 0, err
			}
			plain.size = size
		}
	}
	exp := 0
	if n.exponent != nil {
		exp = int(n.exponent.eval(&w.place))
	}
	out, num, err := plain.parseForm(w.out, v, exp, exact)
	if err == nil {
		w.out = out
	}
	return num, err
}

// parts writes the parts of a field of bits into its number.
func (w *weaver) parts(n *node, o *op, seq int, num uint64, isGiven bool, in *woven) (uint64, error) {
	known := isGiven || o.preset != nil
	for i := 1; i <= n.parts; i++ {
		part := &w.p.ops[n.op+i]
		v, given := in.values[part.field.Key]
		if given {
			in.used[part.field.Key] = true
		}
		var bits uint64
		d, derived := w.derived[seq+i]
		var err error
		switch {
		case derived:
			bits = uint64(d)
			if lo, hi := part.bounds(); d < lo || d > 0 && uint64(d) > hi {
				err = fmt.Errorf("%w: it must be %d, allowed %d..%d", ErrRange, d, lo, hi)
			}
		case given:
			bits, err = part.parsePart(v)
			if had := part.bits(num); w.edited && isGiven && err == nil && had&part.mask != bits&part.mask {
				err = disagree(v, w.key(n), had)
			}
		case part.flags&flagCommand != 0 && w.shape.layout.message.Command != "":
			bits, err = part.parseInteger(w.shape.layout.message.Command)
		case !w.exact && part.form != nil && part.form.counter && w.env.Session != nil:
			bits = w.env.Session.peek(w.p, part)
		case part.preset != nil && (!known || part.check == checkRange && part.lo == part.hi):
			bits = part.preset.num
		case part.reg > 0 && w.p.grammar.derived[part.reg] && !known:
		case known:
			bits = part.bits(num)
		}
		if err != nil {
			return 0, &FieldError{Profile: w.p.name, Frame: w.shape.layout.message.Name, Field: part.field.Key, Offset: -1, Err: err}
		}
		if part.lacks(bits) {
			bits = part.bits(bits & part.mask << part.shift) // as it is read
		}
		num = num&^(part.mask<<part.shift) | bits&part.mask<<part.shift
		w.note(part, seq+i, bits, nil)
	}
	return num, nil
}

// note keeps a value for expressions.
func (w *weaver) note(o *op, seq int, num uint64, b []byte) {
	if o.reg > 0 {
		num = o.noted(num, b)
		w.regs[o.reg], w.seqs[o.reg] = int64(num), seq
	}
	if o.table > 0 {
		w.place.keep(o.table, int64(num))
	}
	if f := o.fold; f != nil && w.regs[f.reg+1] < 64 {
		w.regs[f.reg] |= int64(num) << uint(w.regs[f.reg+1])
		w.regs[f.reg+1] += int64(f.bits)
	}
}

func (w *weaver) computed(n *node, o *op) {
	e := n.value
	if n.on != nil {
		on := n.on.eval(&w.place)
		for i := range n.rows {
			if r := &n.rows[i]; r.other || r.is.has(uint64(on)) {
				e = r.value
				break
			}
		}
	}
	if v := int64(0); o.reg > 0 {
		if e != nil {
			v = e.eval(&w.place)
		}
		w.regs[o.reg], w.seqs[o.reg] = v, -1
	}
}

// sums fills the checksums that stand at start and behind; those before are left for later.
func (w *weaver) sums(start int) {
	kept := w.pending[:0]
	for _, s := range w.pending {
		if s.off >= start {
			w.sum(s)
		} else {
			kept = append(kept, s)
		}
	}
	w.pending = kept
}

// sum fills a checksum.
func (w *weaver) sum(s pendingSum) {
	o, plan := &w.p.ops[s.node.op], s.node.check
	from, to := 0, s.off
	if plan.from > 0 {
		from = s.marks[plan.from]
		if plan.to < 0 {
			from = w.marks[plan.from]
		}
	}
	if plan.to > 0 {
		to = s.marks[plan.to]
	} else if plan.to < 0 {
		to = len(w.out)
	}
	if from > to || to > len(w.out) {
		return // decoding says what is wrong
	}
	num := plan.compute(w.out, s.off, from, to)
	field := w.out[s.off : s.off+o.size]
	switch {
	case plan.hex:
		text := fmt.Sprintf("%0*X", o.size, num)
		if strings.EqualFold(text, s.given) {
			text = s.given
		}
		copy(field, text)
	case o.little:
		storeLE(field, num)
	default:
		storeBE(field, num)
	}
}
