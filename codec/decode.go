package codec

import (
	"fmt"
	"slices"
	"strings"
)

// Decode reads one whole frame into f.  raw is aliased by f until its next use.  The error is a *FieldError;
// f is then of no use.
func (p *Profile) Decode(d Direction, raw []byte, f *Frame) error {
	if p.grammar != nil {
		return p.decodeGrammar(d, raw, f)
	}
	l := p.fixedLayout(d, raw)
	if l == nil || !l.plan.verify(p, raw) {
		return p.decodeGeneral(d, raw, f)
	}
	if f.plan != l.plan {
		f.adopt(p, l)
	}
	f.direction = d
	if d == Any {
		f.direction = l.direction
	}
	f.data, f.decoded = raw, true
	l.plan.numbers(p, raw, f.nums)
	return nil
}

// fixedLayout is the layout of a frame of so many bytes and this command, when it has a fixed plan.
func (p *Profile) fixedLayout(d Direction, raw []byte) *layout {
	if len(raw) < p.headerSize {
		return nil
	}
	var command uint64
	if p.commandByte {
		command = uint64(raw[p.commandOff])
		if l := p.dispatch[d].first[command&0xff]; l != nil && l.plan.total == len(raw) {
			return l
		}
	} else if p.commandOp >= 0 {
		o := &p.ops[p.commandOp]
		command, _ = o.load(raw[p.commandOff : p.commandOff+o.size])
	}
	if l := p.choose(d, command, len(raw)-p.headerSize); l != nil && l.plan != nil {
		return l
	}
	return nil
}

// decodeGeneral decodes any layout, and says what is wrong with a frame that cannot be decoded.
func (p *Profile) decodeGeneral(d Direction, raw []byte, f *Frame) error {
	f.reset(p, d)
	f.data, f.decoded = raw, true
	off, bad := p.run(f, p.ops[:p.headerOps], 0, 0, len(raw))
	if bad.err != nil {
		return p.fault(nil, bad)
	}
	var command uint64
	if p.commandOp >= 0 {
		command = f.nums[p.commandOp]
	}
	l := p.choose(d, command, len(raw)-off)
	if l == nil {
		return p.noLayout(d, command, len(raw), off)
	}
	f.layout = l
	if d == Any {
		f.direction = l.direction
	}
	off, bad = p.run(f, l.ops, l.first, off, len(raw))
	if bad.err != nil {
		return p.fault(l, bad)
	}
	if off != len(raw) {
		return p.fault(l, failure{nil, off, fmt.Errorf("%w: %d more than the layout has", ErrLong, len(raw)-off)})
	}
	return nil
}

func (p *Profile) fault(l *layout, bad failure) error {
	e := &FieldError{Profile: p.name, Offset: bad.off, Err: bad.err}
	if l != nil {
		e.Frame = l.message.Name
	}
	if bad.op != nil {
		e.Field = bad.op.field.Key
	}
	return e
}

// run reads the fields of ops, the first of which has index first in the profile, from f.data[off:end].
func (p *Profile) run(f *Frame, ops []op, first, off, end int) (int, failure) {
	data := f.data
	var word uint64
	for i := range ops {
		o := &ops[i]
		c := cell{op: uint16(first + i), off: uint32(off)}
		if o.code == opPart {
			num := word >> o.shift & o.mask
			if o.check != checkNone && !o.allows(num) {
				return off, failure{o, off, o.explain(nil, num)}
			}
			f.add(c, num, o.role)
			continue
		}
		size := o.size
		if size == 0 {
			size = end - off - p.tail(ops[i+1:])
		}
		if size < 0 || size > end-off {
			return off, failure{o, off, fmt.Errorf("%w: %d left, %d needed", ErrShort, end-off, o.size)}
		}
		b := data[off : off+size]
		num, ok := o.load(b)
		if !ok {
			return off, failure{o, off, o.explain(b, 0)}
		}
		if o.code == opBits {
			word = num
		}
		if o.flags&flagLength != 0 && num != p.lengthValue(len(data)) {
			return off, failure{o, off, fmt.Errorf("%w: says %d, found %d", ErrLength, num, max(0, int64(p.lengthValue(len(data)))))}
		}
		c.size = uint32(size)
		f.add(c, num, o.role)
		off += size
	}
	return off, failure{}
}

// tail is the size of the fields after one that takes what is left.
func (p *Profile) tail(ops []op) (n int) {
	for i := range ops {
		n += ops[i].size
	}
	return n
}

// noLayout says why no layout fits.
func (p *Profile) noLayout(d Direction, command uint64, size, header int) error {
	bad := failure{off: header}
	if p.commandOp >= 0 {
		bad.op, bad.off = &p.ops[p.commandOp], p.commandOff
	}
	all := p.dispatch[d].find(command)
	if len(all) == 0 {
		bad.err = ErrUnknownCommand
		return p.fault(nil, bad)
	}
	bad.op, bad.off = nil, header
	bad.err = fmt.Errorf("%w: body of %d bytes, expected %s", ErrLength, size-header, sizesOf(all))
	return p.fault(all[0], bad)
}

// sizesOf lists the body sizes of layouts.
func sizesOf(all []*layout) string {
	var sizes []string
	for _, l := range all {
		size := fmt.Sprint(l.fixed)
		if l.rest {
			size += " and more"
		}
		if !slices.Contains(sizes, size) {
			sizes = append(sizes, size)
		}
	}
	return strings.Join(sizes, " or ")
}
