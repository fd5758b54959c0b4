package encode

import (
	"bytes"
	"fmt"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// leaf writes one field and its parts.
func (e *Encoder) leaf(n *program.Node) error {
	o := &e.p.Ops[n.Op]
	v, given := e.value(n.Op)
	if s := e.body.FrameKind.Sizes; s != nil && s.Length != nil && s.Length.Op == n.Op {
		v, given = Input{}, false // the length of a plain frame is not read, whatever it says
	}
	switch o.Code {
	case scalar.OpComputed:
		e.computed(n, o)
		return nil
	case scalar.OpChecksum:
		text, _ := scalar.TextOf(v.Any)
		e.sums = append(e.sums, checksumAt(n, o, len(e.Out), e.marks, text))
		e.Out = append(e.Out, make([]byte, o.Size)...)
		return nil
	}
	start, first, owner := len(e.Out), len(e.fields), 0
	if o.Reg > 0 && e.p.Derived[o.Reg] {
		owner = first + 1
	}
	num, err := e.number(n, o, v, given)
	if err != nil {
		return e.wrong(n, err)
	}
	if o.Code == scalar.OpSlice {
		if o.Lacks(num) {
			num = o.Bits(num & o.Mask) // as it is read
		}
		e.Out, e.spare = o.Append(e.Out, e.spare, o.Put(0, num))
	} else if o.Numeric() {
		if num, err = e.parts(n, o, num, given); err == nil && o.Code != scalar.OpRun && len(e.Out) == start {
			err = e.store(n, o, num)
		}
		if err != nil {
			return err
		}
	}
	for i := uint64(0); o.Code == scalar.OpRun && i < num; i++ {
		e.Out = append(e.Out, o.Form.Fill)
	}
	size := len(e.Out) - start
	for i := first; i < len(e.fields); i++ {
		e.fields[i].size = size
	}
	if owner > 0 {
		e.fields[first].value = int64(num)
	}
	e.note(o, owner, num, e.Out[start:])
	if len(n.Until) > 0 && bytes.Contains(e.Out[start:], n.Until) {
		return e.wrong(n, fmt.Errorf("%w: it holds %q, with which it ends", field.ErrValue, n.Until))
	}
	e.Out = append(e.Out, n.Until...)
	if n.Size != nil && !o.Numeric() {
		e.measure(n.Size, int64(size))
	}
	return nil
}

// value is what the source, or else the message, gives to a field.
func (e *Encoder) value(op int) (v Input, ok bool) {
	if v, ok = e.source.Value(e, op); ok || len(e.body.Sets) == 0 {
		return v, ok
	}
	set := e.body.Set(op)
	if set == nil {
		return v, false
	}
	return Input{Kind: InputReady, Any: set.Value, Num: set.Num, Bytes: set.Bytes}, true
}

// store writes a number.
func (e *Encoder) store(n *program.Node, o *scalar.Op, num uint64) error {
	size, err := e.width(n, o)
	if err != nil {
		return e.wrong(n, err)
	}
	if o.Code == scalar.OpVarint {
		e.Out = o.Form.Varint.Append(e.Out, num)
		return nil
	}
	start := len(e.Out)
	for range size {
		e.Out = append(e.Out, 0)
	}
	if lo, hi, fits := o.FitsIn(size, num); o.Size == 0 && o.Code != scalar.OpBCD && !fits {
		value := scalar.Value{Op: o, Num: num}
		return e.wrong(n, fmt.Errorf("%w: %s in %d bytes, allowed %d..%d", field.ErrRange, value.String(), size, lo, hi))
	}
	if err = o.Write(e.Out[start:], num); err != nil {
		return e.wrong(n, err)
	}
	return nil
}

// width of a number in bytes.
func (e *Encoder) width(n *program.Node, o *scalar.Op) (int, error) {
	if n.Size == nil {
		return o.Size, nil
	}
	v := e.Eval(n.Size)
	if v < 0 || v > 256 {
		return 0, fmt.Errorf("%w: %d bytes", field.ErrLength, v)
	}
	if o.Sized() && (v < 1 || v > 8) {
		return 0, fmt.Errorf("%w: %d bytes, allowed 1 to 8", field.ErrLength, v)
	}
	return int(v), nil
}

// number finds the value of a field: what follows from others, what is given, what the definition says.  Values that
// are not numbers are written at once.
func (e *Encoder) number(n *program.Node, o *scalar.Op, v Input, given bool) (uint64, error) {
	derived := -1
	if o.Reg > 0 && e.p.Derived[o.Reg] {
		i, num, known := e.expect(n, o, given)
		if known {
			return e.keep(n, o, num, v, given)
		}
		derived = i
	}
	if n.Value != nil {
		return e.keep(n, o, e.Eval(n.Value), Input{}, false)
	}
	if !given {
		return e.absent(n, o, derived)
	}
	start := len(e.Out)
	num, err := e.parse(n, o, v)
	if c := e.body.Commands; err == nil && o.Flags&scalar.FlagCommand != 0 && len(c) > 0 && !c.Has(num) {
		err = fmt.Errorf("%w: %s is not a command of this message", field.ErrValue,
			scalar.Value{Op: o, Num: num, Data: e.Out[start:]}.String())
	}
	return num, err
}

// absent finds the value of a field that nobody gives; derived is its index in fields, or -1.
func (e *Encoder) absent(n *program.Node, o *scalar.Op, derived int) (uint64, error) {
	if o.Flags&scalar.FlagCommand != 0 {
		if ready := e.body.Command; ready != nil {
			return e.parse(n, o, Input{Kind: InputReady, Num: ready.Num, Bytes: ready.Bytes})
		}
		if m := e.body.Message; m.Command == "" && e.command != m.Name && e.command != "" {
			return e.parse(n, o, Input{Any: e.command})
		}
		if o.Preset == nil {
			return 0, fmt.Errorf("%w: %s stands for several commands", field.ErrMissing, e.body.Message.Name)
		}
	}
	counter := o.Form != nil && o.Form.Counter
	if !e.exact {
		if num, ok := e.remembered(o); ok {
			switch {
			case o.Numeric():
				return num, nil
			case counter:
				return e.parse(n, o, Input{Any: num})
			}
			start := len(e.Out)
			e.Out = append(e.Out, make([]byte, o.Size)...)
			scalar.StoreBE(e.Out[start:], num)
			return num, nil
		}
	}
	switch {
	case o.Flags&scalar.FlagNow != 0 && !e.env.Now.IsZero():
		return e.parse(n, o, Input{Kind: inputNow})
	case o.Preset != nil:
		e.Out = append(e.Out, o.Preset.Bytes...)
		return o.Preset.Num, nil
	case counter && !o.Numeric():
		return e.parse(n, o, Input{Any: 0})
	case o.Code == scalar.OpBits && o.Parts, counter, o.Code == scalar.OpRun:
		return 0, nil
	}
	if derived < 0 || derived == e.lacking {
		return 0, field.ErrMissing
	}
	e.fields[derived].empty = true
	if !o.Numeric() { // digits stand for it until it is known
		e.Out = append(e.Out, strings.Repeat("0", max(o.Size, 1))...)
	}
	return 0, nil
}

// remembered is the next value of a counter of the session, or the last value of a field that it keeps.
func (e *Encoder) remembered(o *scalar.Op) (uint64, bool) {
	s := e.env.Session
	if o.Form != nil && o.Form.Counter && s != nil {
		return s.peek(e.p, o), true
	}
	return s.recall(e.p, o)
}

// keep writes a whole number into a field of any type.  Characters that are given stay when they say the same.
func (e *Encoder) keep(n *program.Node, o *scalar.Op, num int64, v Input, given bool) (uint64, error) {
	if given && (o.Code == scalar.OpDecimal || o.Code == scalar.OpVarint) {
		before := len(e.Out)
		if is, err := e.parse(n, o, v); err == nil && int64(is) == num {
			return is, nil
		}
		e.Out = e.Out[:before]
	}
	if !o.Numeric() {
		return e.parse(n, o, Input{Any: digitsOf(o, num)})
	}
	size, _ := e.width(n, o)
	if lo, hi := o.BoundsIn(size); num < lo || num >= 0 && uint64(num) > hi || !o.Allows(uint64(num)) {
		return 0, fmt.Errorf("%w: it must be %d, allowed %d..%d", field.ErrRange, num, lo, hi)
	}
	return uint64(num), nil
}

// parse reads a value; what is not a number is written at once.
func (e *Encoder) parse(n *program.Node, o *scalar.Op, v Input) (uint64, error) {
	switch v.Kind {
	case InputReady:
		e.Out = append(e.Out, v.Bytes...)
		return v.Num, nil
	case inputNow:
		return e.now(n, o)
	case inputCell:
		return e.echo(n, o, v)
	}
	return e.parseAny(n, o, v.Any)
}

// parseAny reads a value as people or programs give it.
func (e *Encoder) parseAny(n *program.Node, o *scalar.Op, v any) (uint64, error) {
	if o.Size == 0 && n.Size != nil && !n.Size.Looks {
		if reg := n.Size.Source(); o.Numeric() || o.Code == scalar.OpDigits || reg < 0 && !e.undecided(n.Size) || reg >= 0 && !e.p.Derived[reg] { // else the size follows from the value
			size, err := e.width(n, o)
			if err != nil {
				return 0, err
			}
			sized := *o
			sized.Size = size
			o = &sized
		}
	}
	exp := 0
	if n.Exponent != nil {
		exp = int(e.Eval(n.Exponent))
	}
	out, num, err := o.Parse(e.Out, v, exp, e.exact || e.reply)
	if err == nil {
		e.Out = out
	}
	return num, err
}

// parts writes the parts of a field of bits into its number.
func (e *Encoder) parts(n *program.Node, o *scalar.Op, num uint64, whole bool) (uint64, error) {
	known := whole || o.Preset != nil
	for i := n.Op + 1; i <= n.Op+n.Parts; i++ {
		part := &e.p.Ops[i]
		v, given := e.value(i)
		derived, owner := part.Reg > 0 && e.p.Derived[part.Reg], 0
		var bits uint64
		var err error
		var wanted int64
		isKnown := false
		kept, isKept := uint64(0), false
		if !e.exact && part.InSession() {
			kept, isKept = e.remembered(part)
		}
		if derived {
			owner, wanted, isKnown = e.expect(n, part, given)
			owner++
		}
		switch {
		case isKnown:
			bits = uint64(wanted)
			if lo, hi := part.Bounds(); wanted < lo || wanted > 0 && uint64(wanted) > hi {
				err = fmt.Errorf("%w: it must be %d, allowed %d..%d", field.ErrRange, wanted, lo, hi)
			}
		case given:
			bits, err = e.bits(part, v)
			if had := part.Bits(num); e.edited && whole && err == nil && part.Put(0, had) != part.Put(0, bits) {
				err = disagree(v.Any, e.key(n), had)
			}
		case part.Flags&scalar.FlagCommand != 0 && e.body.Command != nil:
			bits = e.body.Command.Num
		case isKept:
			bits = kept
		case part.Preset != nil && (!known || part.Check == scalar.CheckRange && part.Lo == part.Hi):
			bits = part.Preset.Num
		case e.body.FrameKind.Sizes != nil && !known:
			err = field.ErrMissing
		case derived && !known:
		case known:
			bits = part.Bits(num)
		}
		if err != nil {
			return 0, e.fault(part.Field.Key, err)
		}
		if part.Lacks(bits) {
			bits = part.Bits(bits & part.Mask << part.Shift) // as it is read
		}
		num = part.Put(num, bits)
		if derived {
			e.fields[owner-1].value = int64(bits)
		}
		e.note(part, owner, bits, nil)
	}
	return num, nil
}

// note keeps a value for expressions, and the derived field that has it.
func (e *Encoder) note(o *scalar.Op, owner int, num uint64, b []byte) {
	if o.Form != nil && o.Form.Counter && e.env.Session != nil {
		e.counts = append(e.counts, countedField{o, num})
	}
	if o.Reg > 0 {
		e.regs[o.Reg], e.owners[o.Reg] = int64(o.Noted(num, b)), owner
	}
	if o.Table > 0 {
		e.place.Keep(o.Table, int64(num))
	}
	if f := o.Fold; f != nil && e.regs[f.Reg+1] < 64 {
		e.regs[f.Reg] |= int64(num) << uint(e.regs[f.Reg+1])
		e.regs[f.Reg+1] += int64(f.Bits)
	}
}

// computed keeps the value of a field without bytes, if an expression asks for it.
func (e *Encoder) computed(n *program.Node, o *scalar.Op) {
	if o.Reg == 0 {
		return
	}
	x, v := n.Value, int64(0)
	if n.On != nil {
		on := e.Eval(n.On)
		for i := range n.Rows {
			if r := &n.Rows[i]; r.Other || r.Is.Has(uint64(on)) {
				x = r.Value
				break
			}
		}
	}
	if x != nil {
		v = e.Eval(x)
	}
	e.regs[o.Reg], e.owners[o.Reg], e.via[o.Reg] = v, 0, x
}
