package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// sets compiles what a message says of fields of the header into its condition.
func (c *compiler) sets(def *schema.MessageDef, sh *program.Body, header *scope) {
	for _, set := range flatSets(def.Set) {
		b := header.names[set.Key]
		if b == nil || len(b.ops) == 0 || b.list != nil {
			known := header.known()
			want := "a field of the header"
			if at := slices.IndexFunc(known, func(name string) bool { return strings.HasSuffix(name, "."+set.Key) }); at >= 0 {
				want += ", such as " + field.Quote(known[at])
			}
			c.src.Problem(set.Path, field.Quote(set.Key), want, known...)
			continue
		}
		o := &c.p.Ops[b.ops[0]]
		reg := c.register(b)
		whole := o.Integer() && o.Code != scalar.OpComputed || o.Code == scalar.OpDecimal
		switch {
		case o.Role == field.RoleCommand:
			c.src.Problem(set.Path, field.Quote(set.Key), "it as command")
			continue
		case slices.Contains(c.derived, reg) || o.Code == scalar.OpComputed || o.Code == scalar.OpChecksum:
			c.src.Problem(set.Path, field.Quote(set.Key), "a field that is given: this one is computed")
			continue
		case !whole && (o.Code != scalar.OpASCII && o.Code != scalar.OpHex && o.Code != scalar.OpDigits || o.Size > 8):
			c.src.Problem(set.Path, field.Quote(set.Key)+" of type "+o.Field.Type, "a number, digits, or up to 8 characters or bytes")
			continue
		}
		out, num, err := o.Parse(nil, inHex(o, set.Value), 0, false)
		if err == nil && len(out) > 8 && !whole {
			err = fmt.Errorf("%w: %d bytes, allowed 8", field.ErrLength, len(out))
		}
		if err != nil {
			c.src.Problem(set.Path, schema.Describe(set.Value)+" ("+err.Error()+")", "a value that the field can hold")
			continue
		}
		is := &expr.Expr{Code: expr.Eq, A: &expr.Expr{Code: expr.Reg, Reg: reg}, B: &expr.Expr{Code: expr.Const, Value: int64(num)}}
		if sh.When == nil {
			sh.When = is
		} else {
			sh.When = &expr.Expr{Code: expr.And, A: sh.When, B: is, Looks: sh.When.Looks}
		}
		sh.Sets = append(sh.Sets, program.Said{Ops: b.ops, Key: set.Key, Num: num, Bytes: out, Value: set.Value})
		text, _ := scalar.TextOf(set.Value)
		if text = set.Key + " = " + text; sh.Said != "" {
			text = sh.Said + ", " + text
		}
		sh.Said = text
	}
}

// flatSets are values with the paths of their fields: { g = { x = 1 } } says what "g.x" = 1 says.
func flatSets(sets []schema.SetDef) (out []schema.SetDef) {
	for _, set := range sets {
		inner, isTable := set.Value.(map[string]any)
		if !isTable {
			out = append(out, set)
			continue
		}
		var deeper []schema.SetDef
		for _, key := range slices.Sorted(maps.Keys(inner)) {
			deeper = append(deeper, schema.SetDef{Path: schema.Join(set.Path, key), Key: schema.Join(set.Key, key), Value: inner[key]})
		}
		out = append(out, flatSets(deeper)...)
	}
	return out
}
