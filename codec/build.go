package codec

import (
	"fmt"
	"sort"
)

// Build is BuildIn without knowledge of the world: fields that would be filled with the time must be given.
func (p *Profile) Build(f *Frame, command string, fields map[string]any) error {
	return p.BuildIn(Env{}, f, command, fields)
}

// BuildIn makes f a new frame of the message that command names, by its Name or by its Command (the first one
// in the definition that has it).  Values may be Go numbers, text as typed on a command line ("3", "0x1f",
// "21.5", a label, digits, RFC 3339 or the digits of the field's layout for times, JSON for lists and groups),
// time.Time, []byte, []any for lists, or map[string]any for groups.  A key may be a path into a group: "at.x".
//
// A field that is not given takes, in this order: its constant, the value last seen (env.Session, for fields
// marked `remember`), env.Now (default = "now"), its default.  Nothing of these: the error wraps ErrMissing.
// The error is a *FieldError; f then holds no message.
func (p *Profile) BuildIn(env Env, f *Frame, command string, fields map[string]any) error {
	l := p.messageFor(command)
	if l == nil {
		f.reset(p, Any)
		return &FieldError{Profile: p.name, Offset: -1, Err: p.unknownMessage(command)}
	}
	if p.grammar != nil {
		fields, err := p.nested(l, fields)
		if err != nil {
			f.reset(p, Any)
			return err
		}
		err = p.weave(f, l, Any, builder{env: env, fields: fields, command: command})
		if err == nil {
			env.Session.count(p, f)
		}
		return err
	}
	return p.fill(f, l, builder{env: env, fields: fields, command: command})
}

// builder is where the values of a new frame come from.
type builder struct {
	env      Env
	fields   map[string]any
	command  string
	reply    bool // the values of a request that is answered: not all need have a place
	verbatim bool // the values of an existing frame: computed fields may be given, and are computed anew
	edited   bool // and may have been changed since: what follows from others must agree with them
}

// messageFor finds a layout: by name, then by the command alone, then by a range of commands; the server's own
// come first.
func (p *Profile) messageFor(command string) *layout {
	if command == "" {
		return nil
	}
	for _, l := range p.layouts {
		if l.message.Name == command {
			return l
		}
	}
	var num uint64
	var err error
	if p.commandOp >= 0 {
		_, num, err = p.ops[p.commandOp].parse(nil, command, false)
	}
	if p.commandOp < 0 || err != nil {
		return nil
	}
	var best *layout
	bestRank := 0
	for _, l := range p.layouts {
		if !l.commands.has(num) {
			continue
		}
		rank := 1
		if l.message.From == Server {
			rank++
		}
		if l.message.Command != "" {
			rank += 2
		}
		if rank > bestRank {
			best, bestRank = l, rank
		}
	}
	return best
}

func (p *Profile) unknownMessage(command string) error {
	var names []string
	for _, m := range p.messages {
		names = append(names, m.Name)
		if m.Command != "" {
			names = append(names, m.Command)
		}
	}
	if near := nearest(command, names); near != "" {
		return fmt.Errorf("%w: %q; did you mean %q?", ErrUnknownCommand, command, near)
	}
	return fmt.Errorf("%w: %q", ErrUnknownCommand, command)
}

// fill makes f a frame of l with the values of b.
func (p *Profile) fill(f *Frame, l *layout, b builder) error {
	f.reset(p, l.direction)
	f.own = f.own[:0]
	used, err := p.fillOps(f, l, p.ops[:p.headerOps], 0, b)
	if err == nil {
		var more int
		more, err = p.fillOps(f, l, l.ops, l.first, b)
		used += more
	}
	if err == nil && used < len(b.fields) {
		err = p.surplus(l, b.fields)
	}
	if err == nil {
		f.layout, f.data = l, f.own
		err = p.settle(f)
	}
	if err != nil {
		f.reset(p, Any)
	}
	return err
}

// fillOps makes the cells of ops, the first of which has index first in the profile; used is how many of the
// given values they took.
func (p *Profile) fillOps(f *Frame, l *layout, ops []op, first int, b builder) (used int, err error) {
	word, wordKnown, wordGiven := 0, false, false // the cell of the last field of bits
	for i := range ops {
		o := &ops[i]
		c := cell{op: uint16(first + i), off: uint32(len(f.own)), size: uint32(o.size)}
		var num uint64
		given, isGiven := b.fields[o.field.Key]
		if isGiven {
			used++
		}
		switch {
		case o.flags&flagLength != 0:
			if isGiven && !b.verbatim {
				err = fmt.Errorf("%w: it is computed", ErrValue)
			}
		case isGiven:
			f.own, num, err = o.parse(f.own, given, b.verbatim)
		case o.code == opPart && wordKnown:
			num = f.nums[word] >> o.shift & o.mask
		default:
			num, err = p.missing(f, o, l, &b)
		}
		if err != nil {
			return used, p.valueError(l, o, err)
		}
		switch o.code {
		case opBits:
			word, wordKnown, wordGiven = len(f.cells), isGiven || o.preset != nil, isGiven
		case opPart:
			if had := f.nums[word] >> o.shift & o.mask; b.edited && isGiven && wordGiven && had != num {
				return used, p.valueError(l, o, disagree(given, f.profile.ops[f.cells[word].op].field.Key, had))
			}
			f.nums[word] = f.nums[word]&^(o.mask<<o.shift) | num<<o.shift
		}
		if !o.numeric() {
			c.size = uint32(len(f.own)) - c.off
		}
		f.add(c, num, o.role)
	}
	return used, nil
}

// missing finds the value of a field that is not given; bytes are appended to f.own.
func (p *Profile) missing(f *Frame, o *op, l *layout, b *builder) (num uint64, err error) {
	if o.flags&flagCommand != 0 {
		command := l.message.Command
		if command == "" && b.command != l.message.Name {
			command = b.command
		}
		if command == "" {
			return 0, fmt.Errorf("%w: %s stands for several commands", ErrMissing, l.message.Name)
		}
		f.own, num, err = o.parse(f.own, command, false)
		return num, err
	}
	if num, ok := b.env.Session.recall(p, o); ok && !b.verbatim {
		if !o.numeric() {
			start := len(f.own)
			f.own = append(f.own, make([]byte, o.size)...)
			storeBE(f.own[start:], num)
		}
		return num, nil
	}
	if o.flags&flagNow != 0 && !b.env.Now.IsZero() {
		f.own, err = o.time.append(f.own, b.env.Now)
		return 0, err
	}
	if o.preset != nil {
		f.own = append(f.own, o.preset.bytes...)
		return o.preset.num, nil
	}
	if o.code == opBits && o.parts {
		return 0, nil
	}
	return 0, ErrMissing
}

// settle computes what follows from the other fields, and checks what concerns the frame as a whole.
func (p *Profile) settle(f *Frame) error {
	total := f.size()
	if err := p.checkTotal(f.layout, total); err != nil {
		return err
	}
	if p.length.op >= 0 {
		f.nums[p.length.op] = p.lengthValue(total)
	}
	if i, o := f.role(RoleCommand); i >= 0 && len(f.layout.commands) > 0 && !f.layout.commands.has(f.nums[i]) {
		return p.valueError(f.layout, o, fmt.Errorf("%w: %s is not a command of this message", ErrValue, f.item(i, o).Text()))
	}
	return nil
}

// Set changes one field.  What follows from it, such as the length, is computed anew.  The value may be anything
// that Build understands.  The error is a *FieldError; f is then as it was.
func (f *Frame) Set(key string, value any) error {
	if f.layout == nil {
		return &FieldError{Field: key, Offset: -1, Err: ErrNoMessage}
	}
	p := f.profile
	if p.grammar != nil {
		return f.setTree(key, value)
	}
	for i := range f.cells {
		o := &p.ops[f.cells[i].op]
		if o.field.Key != key {
			continue
		}
		if o.flags&flagLength != 0 {
			return p.valueError(f.layout, o, fmt.Errorf("%w: it is computed", ErrValue))
		}
		f.detach()
		start := len(f.own)
		out, num, err := o.parse(f.own, value, false)
		if err != nil {
			return p.valueError(f.layout, o, err)
		}
		before, numBefore := f.cells[i], f.nums[i]
		f.own, f.data, f.nums[i] = out, out, num
		if !o.numeric() {
			f.cells[i].off, f.cells[i].size = uint32(start), uint32(len(out)-start)
		}
		f.alignBits(i, o)
		if err := p.settle(f); err != nil {
			f.cells[i], f.nums[i] = before, numBefore
			f.alignBits(i, o)
			return err
		}
		return nil
	}
	return p.surplus(f.layout, map[string]any{key: value})
}

// detach gives f its own copy of what it shares with its bytes and its plan, so that it can be changed.
func (f *Frame) detach() {
	if !f.decoded {
		return
	}
	f.own = append(f.own[:0], f.data...)
	f.memory = append(f.memory[:0], f.cells...)
	f.plan, f.decoded, f.data, f.cells = nil, false, f.own, f.memory
}

// alignBits makes a field of bits and its parts agree after cell i was changed.
func (f *Frame) alignBits(i int, o *op) {
	switch o.code {
	case opPart:
		word := i
		for f.profile.ops[f.cells[word].op].code == opPart {
			word--
		}
		f.nums[word] = f.nums[word]&^(o.mask<<o.shift) | f.nums[i]<<o.shift
	case opBits:
		for n := i + 1; n < len(f.cells); n++ {
			part := &f.profile.ops[f.cells[n].op]
			if part.code != opPart {
				return
			}
			f.nums[n] = f.nums[i] >> part.shift & part.mask
		}
	}
}

// surplus names the first field that the message does not have.
func (p *Profile) surplus(l *layout, fields map[string]any) error {
	known := make([]string, 0, len(l.message.Fields))
	for _, field := range l.message.Fields {
		known = append(known, field.Key)
	}
	var unknown []string
	for key := range fields {
		if !contains(known, key) {
			unknown = append(unknown, key)
		}
	}
	sort.Strings(unknown)
	err := ErrUnknownField
	if near := nearest(unknown[0], known); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return &FieldError{Profile: p.name, Frame: l.message.Name, Field: unknown[0], Offset: -1, Err: err}
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

func (p *Profile) valueError(l *layout, o *op, err error) error {
	return &FieldError{Profile: p.name, Frame: l.message.Name, Field: o.field.Key, Offset: -1, Err: err}
}
