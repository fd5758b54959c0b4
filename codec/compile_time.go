package codec

import (
	"fmt"
	"slices"
	"strings"
)

// joined is the expression of a time that other fields say together: a list of fields with layouts, or an expression
// for each part.
func (c *compiler) joined(def *fieldDef, s *scope) *expr {
	path := def.path + ".parts"
	switch parts := def.joins.(type) {
	case []any:
		return c.joinedFields(path, parts, s)
	case map[string]any:
		return c.joinedParts(path, parts, s)
	}
	c.src.problem(path, describe(def.joins), `the keys of fields, as in ["date", "clock"], or expressions, as in { year = "2000 + yy", month = "mm", day = "dd" }`)
	return nil
}

func (c *compiler) joinedFields(path string, parts []any, s *scope) (sum *expr) {
	var seen [unitCount]string
	for i, v := range parts {
		key, _ := v.(string)
		place := fmt.Sprintf("%s[%d]", path, i)
		b := s.find(key)
		if b == nil || len(b.ops) == 0 || c.p.ops[b.ops[0]].time == nil {
			c.src.problem(place, describe(v), "a field of type time with a layout, which stands before", s.known()...)
			return nil
		}
		for _, p := range c.p.ops[b.ops[0]].time.parts {
			unit := p.unit
			if unit == unitYear2 {
				unit = unitYear
			}
			if seen[unit] != "" && unit != unitLiteral {
				c.src.problem(place, fmt.Sprintf("the %s, which %s says too", packedPlaces[unit].name, seen[unit]), "each part of the time once")
				return nil
			}
			seen[unit] = key
		}
		sum = plus(sum, &expr{code: exReg, reg: c.register(b)})
	}
	if seen[unitYear] == "" || seen[unitMonth] == "" || seen[unitDay] == "" {
		c.src.problem(path, describe(parts), "fields that have year, month and day together")
	}
	return sum
}

func (c *compiler) joinedParts(path string, parts map[string]any, s *scope) (sum *expr) {
	t := newTable(c.src, path, parts)
	term := func(name string, factor int64) {
		if n, ok := parts[name].(int64); ok {
			parts[name] = fmt.Sprint(n)
		}
		if e := c.expr(t.At(name), t.Text(name), s); e != nil {
			sum = plus(sum, &expr{code: exMul, a: e, b: &expr{code: exConst, value: factor}, looks: e.looks})
		}
	}
	if t.Has("unix") {
		term("unix", 1000)
		term("milli", 1)
		t.Finish()
		return sum
	}
	for _, unit := range []timeUnit{unitYear, unitMonth, unitDay, unitHour, unitMinute, unitSecond, unitMilli} {
		p := packedPlaces[unit]
		if !t.Has(p.name) && slices.Contains([]timeUnit{unitYear, unitMonth, unitDay}, unit) {
			c.src.problem(t.At(p.name), "nothing", "an expression: a time needs year, month and day, or unix")
		}
		term(p.name, p.place)
	}
	t.Finish()
	return sum
}

// dateAlone says that the fields or parts of a time have no time of day.
func (c *compiler) dateAlone(def *fieldDef, s *scope) bool {
	keys, named := def.joins.([]any)
	for _, key := range keys {
		name, _ := key.(string)
		b := s.find(name)
		if b == nil || len(b.ops) == 0 || c.p.ops[b.ops[0]].time == nil || hasHour(c.p.ops[b.ops[0]].time.parts) {
			return false
		}
	}
	parts, _ := def.joins.(map[string]any)
	for _, key := range []string{"hour", "minute", "second", "milli", "unix"} {
		named = named || parts[key] != nil
	}
	return !named || keys != nil
}

// timePart is the number of a part of a time with a layout: date.year, clock.hour.  Nil when the name is none.
func (c *compiler) timePart(name string, s *scope) *expr {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || s.find(name) != nil {
		return nil
	}
	b := s.find(name[:dot])
	if b == nil || len(b.ops) == 0 || c.p.ops[b.ops[0]].time == nil {
		return nil
	}
	for _, p := range packedPlaces {
		if p.name == name[dot+1:] && p.name != "" {
			number := func(v int64) *expr { return &expr{code: exConst, value: v} }
			quotient := &expr{code: exDiv, a: &expr{code: exReg, reg: c.register(b)}, b: number(p.place)}
			return &expr{code: exMod, a: quotient, b: number(int64(p.limit) + 1)}
		}
	}
	return nil
}

func plus(a, b *expr) *expr {
	if a == nil {
		return b
	}
	return &expr{code: exAdd, a: a, b: b, looks: a.looks || b.looks}
}
