package compile

import (
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// joined is the expression of a time that other fields say together: a list of fields with layouts, or an expression
// for each part.
func (c *compiler) joined(def *schema.FieldDef, s *scope) *expr.Expr {
	path := def.Path + ".parts"
	switch parts := def.Joins.(type) {
	case []any:
		return c.joinedFields(path, parts, s)
	case map[string]any:
		return c.joinedParts(path, parts, s)
	}
	c.src.Problem(path, schema.Describe(def.Joins),
		`the keys of fields, as in ["date", "clock"], or expressions, as in { year = "2000 + yy", month = "mm", day = "dd" }`)
	return nil
}

func (c *compiler) joinedFields(path string, parts []any, s *scope) (sum *expr.Expr) {
	var seen [scalar.UnitCount]string
	for i, v := range parts {
		key, _ := v.(string)
		place := fmt.Sprintf("%s[%d]", path, i)
		b := s.find(key)
		if b == nil || len(b.ops) == 0 || c.p.Ops[b.ops[0]].Time == nil {
			c.src.Problem(place, schema.Describe(v), "a field of type time with a layout, which stands before", s.known()...)
			return nil
		}
		for _, p := range c.p.Ops[b.ops[0]].Time.Parts {
			unit := p.Unit
			if unit == scalar.UnitYear2 {
				unit = scalar.UnitYear
			}
			if seen[unit] != "" && unit != scalar.UnitLiteral {
				c.src.Problem(place, fmt.Sprintf("the %s, which %s says too", scalar.PackedPlaces[unit].Name,
					seen[unit]), "each part of the time once")
				return nil
			}
			seen[unit] = key
		}
		sum = plus(sum, &expr.Expr{Code: expr.Reg, Reg: c.register(b)})
	}
	if seen[scalar.UnitYear] == "" || seen[scalar.UnitMonth] == "" || seen[scalar.UnitDay] == "" {
		c.src.Problem(path, schema.Describe(parts), "fields that have year, month and day together")
	}
	return sum
}

func (c *compiler) joinedParts(path string, parts map[string]any, s *scope) (sum *expr.Expr) {
	t := schema.NewTable(c.src, path, parts)
	term := func(name string, factor int64) {
		if n, ok := parts[name].(int64); ok {
			parts[name] = fmt.Sprint(n)
		}
		if e := c.expr(t.At(name), t.Text(name), s); e != nil {
			sum = plus(sum, &expr.Expr{Code: expr.Mul, A: e, B: &expr.Expr{Code: expr.Const, Value: factor}, Looks: e.Looks})
		}
	}
	if t.Has("unix") {
		term("unix", 1000)
		term("milli", 1)
		t.Finish()
		return sum
	}
	for _, unit := range []scalar.TimeUnit{scalar.UnitYear, scalar.UnitMonth, scalar.UnitDay, scalar.UnitHour,
		scalar.UnitMinute, scalar.UnitSecond, scalar.UnitMilli} {
		p := scalar.PackedPlaces[unit]
		if !t.Has(p.Name) && slices.Contains([]scalar.TimeUnit{scalar.UnitYear, scalar.UnitMonth, scalar.UnitDay}, unit) {
			c.src.Problem(t.At(p.Name), "nothing", "an expression: a time needs year, month and day, or unix")
		}
		term(p.Name, p.Place)
	}
	t.Finish()
	return sum
}

// dateAlone says that the fields or parts of a time have no time of day.
func (c *compiler) dateAlone(def *schema.FieldDef, s *scope) bool {
	keys, named := def.Joins.([]any)
	for _, key := range keys {
		name, _ := key.(string)
		b := s.find(name)
		if b == nil || len(b.ops) == 0 || c.p.Ops[b.ops[0]].Time == nil || scalar.HasHour(c.p.Ops[b.ops[0]].Time.Parts) {
			return false
		}
	}
	parts, _ := def.Joins.(map[string]any)
	for _, key := range []string{"hour", "minute", "second", "milli", "unix"} {
		named = named || parts[key] != nil
	}
	return !named || keys != nil
}

// timePart is the number of a part of a time with a layout: date.year, clock.hour.  Nil when the name is none.
func (c *compiler) timePart(name string, s *scope) *expr.Expr {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || s.find(name) != nil {
		return nil
	}
	b := s.find(name[:dot])
	if b == nil || len(b.ops) == 0 || c.p.Ops[b.ops[0]].Time == nil {
		return nil
	}
	for _, p := range scalar.PackedPlaces {
		if p.Name == name[dot+1:] && p.Name != "" {
			number := func(v int64) *expr.Expr { return &expr.Expr{Code: expr.Const, Value: v} }
			quotient := &expr.Expr{Code: expr.Div, A: &expr.Expr{Code: expr.Reg, Reg: c.register(b)}, B: number(p.Place)}
			return &expr.Expr{Code: expr.Mod, A: quotient, B: number(int64(p.Limit) + 1)}
		}
	}
	return nil
}

func plus(a, b *expr.Expr) *expr.Expr {
	if a == nil {
		return b
	}
	return &expr.Expr{Code: expr.Add, A: a, B: b, Looks: a.Looks || b.Looks}
}
