package codec

import (
	"bytes"
	"fmt"
	"strings"
)

// leaf writes one field and its parts.
func (e *encoder) leaf(n *node) error {
	o := &e.p.ops[n.op]
	v, given := e.value(n.op)
	if s := e.shape.family.sizes; s != nil && s.length != nil && s.length.op == n.op {
		v, given = input{}, false // the length of a plain frame is not read, whatever it says
	}
	switch o.code {
	case opComputed:
		e.computed(n, o)
		return nil
	case opChecksum:
		text, _ := textOf(v.any)
		e.sums = append(e.sums, checksumAt(n, o, len(e.out), e.marks, text))
		e.out = append(e.out, make([]byte, o.size)...)
		return nil
	}
	start, first, owner := len(e.out), len(e.fields), 0
	if o.reg > 0 && e.p.derived[o.reg] {
		owner = first + 1
	}
	num, err := e.number(n, o, v, given)
	if err != nil {
		return e.wrong(n, err)
	}
	if o.numeric() {
		if num, err = e.parts(n, o, num, given); err == nil && o.code != opRun && len(e.out) == start {
			err = e.store(n, o, num)
		}
		if err != nil {
			return err
		}
	}
	for i := uint64(0); o.code == opRun && i < num; i++ {
		e.out = append(e.out, o.form.fill)
	}
	size := len(e.out) - start
	for i := first; i < len(e.fields); i++ {
		e.fields[i].size = size
	}
	if owner > 0 {
		e.fields[first].value = int64(num)
	}
	e.note(o, owner, num, e.out[start:])
	if len(n.until) > 0 && bytes.Contains(e.out[start:], n.until) {
		return e.wrong(n, fmt.Errorf("%w: it holds %q, with which it ends", ErrValue, n.until))
	}
	e.out = append(e.out, n.until...)
	if n.size != nil && !o.numeric() {
		e.measure(n.size, int64(size))
	}
	return nil
}

// value is what the source, or else the message, gives to a field.
func (e *encoder) value(op int) (v input, ok bool) {
	if v, ok = e.source.value(e, op); ok || len(e.shape.sets) == 0 {
		return v, ok
	}
	set := e.shape.set(op)
	if set == nil {
		return v, false
	}
	return input{kind: inputReady, any: set.value, num: set.num, bytes: set.bytes}, true
}

// store writes a number.
func (e *encoder) store(n *node, o *op, num uint64) error {
	size, err := e.width(n, o)
	if err != nil {
		return e.wrong(n, err)
	}
	if o.code == opVarint {
		e.out = o.form.varint.append(e.out, num)
		return nil
	}
	start := len(e.out)
	for range size {
		e.out = append(e.out, 0)
	}
	if err = o.storeForm(e.out[start:], num); err != nil {
		return e.wrong(n, err)
	}
	return nil
}

// width of a number in bytes.
func (e *encoder) width(n *node, o *op) (int, error) {
	if n.size == nil {
		return o.size, nil
	}
	v := e.eval(n.size)
	if v < 0 || v > 256 {
		return 0, fmt.Errorf("%w: %d bytes", ErrLength, v)
	}
	return int(v), nil
}

// number finds the value of a field: what follows from others, what is given, what the definition says.  Values that
// are not numbers are written at once.
func (e *encoder) number(n *node, o *op, v input, given bool) (uint64, error) {
	derived := -1
	if o.reg > 0 && e.p.derived[o.reg] {
		i, num, known := e.expect(n, o, given)
		if known {
			return e.keep(n, o, num, v, given)
		}
		derived = i
	}
	if n.value != nil {
		return e.keep(n, o, e.eval(n.value), input{}, false)
	}
	if given {
		start := len(e.out)
		num, err := e.parse(n, o, v)
		if c := e.shape.layout.commands; err == nil && o.flags&flagCommand != 0 && len(c) > 0 && !c.has(num) {
			err = fmt.Errorf("%w: %s is not a command of this message", ErrValue, value{op: o, num: num, data: e.out[start:]}.string())
		}
		return num, err
	}
	if o.flags&flagCommand != 0 {
		if ready := e.shape.command; ready != nil {
			return e.parse(n, o, input{kind: inputReady, num: ready.num, bytes: ready.bytes})
		}
		if m := e.shape.layout.message; m.Command == "" && e.command != m.Name && e.command != "" {
			return e.parse(n, o, input{any: e.command})
		}
		if o.preset == nil {
			return 0, fmt.Errorf("%w: %s stands for several commands", ErrMissing, e.shape.layout.message.Name)
		}
	}
	counter := o.form != nil && o.form.counter
	if !e.exact {
		if num, ok := e.remembered(o); ok {
			switch {
			case o.numeric():
				return num, nil
			case counter:
				return e.parse(n, o, input{any: num})
			}
			start := len(e.out)
			e.out = append(e.out, make([]byte, o.size)...)
			storeBE(e.out[start:], num)
			return num, nil
		}
	}
	switch {
	case o.flags&flagNow != 0 && !e.env.Now.IsZero():
		return e.parse(n, o, input{kind: inputNow})
	case o.preset != nil:
		e.out = append(e.out, o.preset.bytes...)
		return o.preset.num, nil
	case counter && !o.numeric():
		return e.parse(n, o, input{any: 0})
	case o.code == opBits && o.parts, counter, o.code == opRun:
		return 0, nil
	}
	if derived < 0 || derived == e.lacking {
		return 0, ErrMissing
	}
	e.fields[derived].empty = true
	if !o.numeric() { // digits stand for it until it is known
		e.out = append(e.out, strings.Repeat("0", max(o.size, 1))...)
	}
	return 0, nil
}

// remembered is the next value of a counter of the session, or the last value of a field that it keeps.
func (e *encoder) remembered(o *op) (uint64, bool) {
	s := e.env.Session
	if o.form != nil && o.form.counter && s != nil {
		return s.peek(e.p, o), true
	}
	return s.recall(e.p, o)
}

// keep writes a whole number into a field of any type.  Characters that are given stay when they say the same.
func (e *encoder) keep(n *node, o *op, num int64, v input, given bool) (uint64, error) {
	if given && (o.code == opDecimal || o.code == opVarint) {
		before := len(e.out)
		if is, err := e.parse(n, o, v); err == nil && int64(is) == num {
			return is, nil
		}
		e.out = e.out[:before]
	}
	if !o.numeric() {
		return e.parse(n, o, input{any: digitsOf(o, num)})
	}
	if lo, hi := e.limits(n, o); num < lo || num >= 0 && uint64(num) > hi || !o.allows(uint64(num)) {
		return 0, fmt.Errorf("%w: it must be %d, allowed %d..%d", ErrRange, num, lo, hi)
	}
	return uint64(num), nil
}

// limits of a number.
func (e *encoder) limits(n *node, o *op) (lo int64, hi uint64) {
	if o.size > 0 {
		return o.bounds()
	}
	size, _ := e.width(n, o)
	return o.boundsIn(size)
}

// parse reads a value; what is not a number is written at once.
func (e *encoder) parse(n *node, o *op, v input) (uint64, error) {
	switch v.kind {
	case inputReady:
		e.out = append(e.out, v.bytes...)
		return v.num, nil
	case inputNow:
		return e.now(n, o)
	case inputCell:
		return e.echo(n, o, v)
	}
	return e.parseAny(n, o, v.any)
}

// parseAny reads a value as people or programs give it.
func (e *encoder) parseAny(n *node, o *op, v any) (uint64, error) {
	if o.size == 0 && n.size != nil && !n.size.looks {
		if reg := n.size.source(); o.numeric() || o.code == opDigits || reg < 0 && !e.undecided(n.size) || reg >= 0 && !e.p.derived[reg] { // else the size follows from the value
			size, err := e.width(n, o)
			if err != nil {
				return 0, err
			}
			sized := *o
			sized.size = size
			o = &sized
		}
	}
	exp := 0
	if n.exponent != nil {
		exp = int(e.eval(n.exponent))
	}
	out, num, err := o.parseForm(e.out, v, exp, e.exact || e.reply)
	if err == nil {
		e.out = out
	}
	return num, err
}

// parts writes the parts of a field of bits into its number.
func (e *encoder) parts(n *node, o *op, num uint64, whole bool) (uint64, error) {
	known := whole || o.preset != nil
	for i := n.op + 1; i <= n.op+n.parts; i++ {
		part := &e.p.ops[i]
		v, given := e.value(i)
		derived, owner := part.reg > 0 && e.p.derived[part.reg], 0
		var bits uint64
		var err error
		var wanted int64
		isKnown := false
		if derived {
			owner, wanted, isKnown = e.expect(n, part, given)
			owner++
		}
		switch {
		case isKnown:
			bits = uint64(wanted)
			if lo, hi := part.bounds(); wanted < lo || wanted > 0 && uint64(wanted) > hi {
				err = fmt.Errorf("%w: it must be %d, allowed %d..%d", ErrRange, wanted, lo, hi)
			}
		case given:
			bits, err = e.bits(part, v)
			if had := part.bits(num); e.edited && whole && err == nil && part.put(0, had) != part.put(0, bits) {
				err = disagree(v.any, e.key(n), had)
			}
		case part.flags&flagCommand != 0 && e.shape.command != nil:
			bits = e.shape.command.num
		case !e.exact && part.form != nil && part.form.counter && e.env.Session != nil:
			bits = e.env.Session.peek(e.p, part)
		case part.preset != nil && (!known || part.check == checkRange && part.lo == part.hi):
			bits = part.preset.num
		case e.shape.family.sizes != nil && !known:
			err = ErrMissing
		case derived && !known:
		case known:
			bits = part.bits(num)
		}
		if err != nil {
			return 0, e.fault(part.field.Key, err)
		}
		if part.lacks(bits) {
			bits = part.bits(bits & part.mask << part.shift) // as it is read
		}
		num = part.put(num, bits)
		if derived {
			e.fields[owner-1].value = int64(bits)
		}
		e.note(part, owner, bits, nil)
	}
	return num, nil
}

// note keeps a value for expressions, and the derived field that has it.
func (e *encoder) note(o *op, owner int, num uint64, b []byte) {
	if o.form != nil && o.form.counter && e.env.Session != nil {
		e.counts = append(e.counts, countedField{o, num})
	}
	if o.reg > 0 {
		e.regs[o.reg], e.owners[o.reg] = int64(o.noted(num, b)), owner
	}
	if o.table > 0 {
		e.place.keep(o.table, int64(num))
	}
	if f := o.fold; f != nil && e.regs[f.reg+1] < 64 {
		e.regs[f.reg] |= int64(num) << uint(e.regs[f.reg+1])
		e.regs[f.reg+1] += int64(f.bits)
	}
}

// computed keeps the value of a field without bytes, if an expression asks for it.
func (e *encoder) computed(n *node, o *op) {
	if o.reg == 0 {
		return
	}
	x, v := n.value, int64(0)
	if n.on != nil {
		on := e.eval(n.on)
		for i := range n.rows {
			if r := &n.rows[i]; r.other || r.is.has(uint64(on)) {
				x = r.value
				break
			}
		}
	}
	if x != nil {
		v = e.eval(x)
	}
	e.regs[o.reg], e.owners[o.reg], e.via[o.reg] = v, 0, x
}
