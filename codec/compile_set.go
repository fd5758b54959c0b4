package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sets compiles what a message says of fields of the header into its condition.
func (c *compiler) sets(def *messageDef, sh *shape, header *scope) {
	for _, set := range flatSets(def.set) {
		b := header.names[set.key]
		if b == nil || len(b.ops) == 0 || b.list != nil {
			known := header.known()
			want := "a field of the header"
			if at := slices.IndexFunc(known, func(name string) bool { return strings.HasSuffix(name, "."+set.key) }); at >= 0 {
				want += ", such as " + quote(known[at])
			}
			c.src.problem(set.path, quote(set.key), want, known...)
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
		out, num, err := o.parseForm(nil, inHex(o, set.value), 0, false)
		if err == nil && len(out) > 8 && !whole {
			err = fmt.Errorf("%w: %d bytes, allowed 8", ErrLength, len(out))
		}
		if err != nil {
			c.src.problem(set.path, describe(set.value)+" ("+err.Error()+")", "a value that the field can hold")
			continue
		}
		is := &expr{code: exEq, a: &expr{code: exReg, reg: reg}, b: &expr{code: exConst, value: int64(num)}}
		if sh.when == nil {
			sh.when = is
		} else {
			sh.when = &expr{code: exAnd, a: sh.when, b: is, looks: sh.when.looks}
		}
		sh.sets = append(sh.sets, said{ops: b.ops, key: set.key, num: num, bytes: out, value: set.value})
		text, _ := textOf(set.value)
		if text = set.key + " = " + text; sh.said != "" {
			text = sh.said + ", " + text
		}
		sh.said = text
	}
}

// flatSets are values with the paths of their fields: { g = { x = 1 } } says what "g.x" = 1 says.
func flatSets(sets []setDef) (out []setDef) {
	for _, set := range sets {
		inner, isTable := set.value.(map[string]any)
		if !isTable {
			out = append(out, set)
			continue
		}
		var deeper []setDef
		for _, key := range slices.Sorted(maps.Keys(inner)) {
			deeper = append(deeper, setDef{join(set.path, key), join(set.key, key), inner[key]})
		}
		out = append(out, flatSets(deeper)...)
	}
	return out
}
