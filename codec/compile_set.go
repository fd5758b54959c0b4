package codec

import (
	"fmt"
	"maps"
	"slices"
)

// What a message says of the fields of the header stands for itself: a frame is of the message only with these values,
// and they are filled in when one is made.

// said is one of them.
type said struct {
	op    int
	num   uint64 // as expressions see it
	bytes []byte // as it is written; nil: as a number
	value any
}

// sets compiles them into the condition of the message.
func (c *compiler) sets(def *messageDef, sh *shape, header *scope) {
	for _, set := range def.set {
		b := header.names[set.key]
		if b == nil || len(b.ops) == 0 || b.list != nil {
			c.src.problem(set.path, quote(set.key), "a field of the header", header.known()...)
			continue
		}
		o := &c.p.ops[b.ops[0]]
		reg := c.register(b)
		whole := o.integer() && o.code != opComputed || o.code == opDecimal
		switch {
		case o.role == RoleCommand:
			c.src.problem(set.path, quote(set.key), "it as command")
			continue
		case slices.Contains(c.derived, reg) || o.code == opComputed || o.code == opChecksum:
			c.src.problem(set.path, quote(set.key), "a field that is given: this one is computed")
			continue
		case !whole && (o.code != opASCII && o.code != opHex && o.code != opDigits || o.size > 8):
			c.src.problem(set.path, quote(set.key)+" of type "+o.field.Type, "a number, digits, or up to 8 characters or bytes")
			continue
		}
		out, num, err := o.parseForm(nil, set.value, 0, false)
		if err == nil && len(out) > 8 && !whole {
			err = fmt.Errorf("%w: %d bytes, allowed 8", ErrLength, len(out))
		}
		if err != nil {
			c.src.problem(set.path, describe(set.value)+" ("+err.Error()+")", "a value that the field can hold")
			continue
		}
		is := &expr{code: exEq, a: &expr{code: exReg, reg: reg}, b: &expr{code: exConst, value: int64(num)}}
		is.plain = is.simplify()
		if sh.when == nil {
			sh.when = is
		} else {
			sh.when = &expr{code: exAnd, a: sh.when, b: is, looks: sh.when.looks}
		}
		if sh.sets == nil {
			sh.sets = map[string]said{}
		}
		sh.sets[set.key] = said{op: b.ops[0], num: num, bytes: out, value: set.value}
		text, _ := textOf(set.value)
		if text = set.key + " = " + text; sh.said != "" {
			text = sh.said + ", " + text
		}
		sh.said = text
	}
}

// given are the values that a frame of the message is made of.
func (s *shape) given(fields map[string]any) map[string]any {
	if len(s.sets) == 0 {
		return fields
	}
	all := make(map[string]any, len(fields)+len(s.sets))
	for key, v := range s.sets {
		all[key] = v.value
	}
	maps.Copy(all, fields)
	return all
}

// contradicts is the error of a value that is given and is not that of the message.
func (s *shape) contradicts(p *Profile, fields map[string]any) error {
	for _, key := range keysOf(s.sets) {
		v, given := fields[key]
		if !given {
			continue
		}
		set := s.sets[key]
		o := &p.ops[set.op]
		if _, num, err := o.parseForm(nil, v, 0, true); err == nil && num != set.num {
			return p.valueError(s.layout, o, fmt.Errorf("%w: %v, in this message it is %v", ErrValue, v, set.value))
		}
	}
	return nil
}

// fixes says that the message says what stands in a field.
func (s *shape) fixes(key string) bool {
	_, is := s.sets[key]
	return is
}
