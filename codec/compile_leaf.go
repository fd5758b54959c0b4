package codec

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// leaf compiles one field with bytes, or a computed one.
func (c *compiler) leaf(n *node, def *fieldDef, s *scope) []*node {
	def.rich = def.rich || !c.plain
	ops := c.field(def)
	if len(ops) == 0 {
		return nil
	}
	o := &ops[0]
	switch o.code {
	case opComputed:
		c.computed(n, def, s)
		c.result(n, def, o)
		if def.joins != nil {
			o.form.clock.dated = c.dateAlone(def, s)
		}
	case opChecksum:
		own := s.define(def.key, c.list)
		own.nodes = append(own.nodes, n)
		if c.checksum(n, def, o, s); def.wire {
			c.wired(c.family, def, n)
		}
	case opRun:
		o.form.fill = byte(def.fill)
		o.most = def.maxSize
	default:
		if n.value = c.expr(def.path+".value", def.value, s); n.value != nil && !o.numeric() {
			c.src.problem(def.path+".value", quote(def.value), "it on numbers")
		}
	}
	if len(def.cases) > 0 && o.code != opComputed || len(def.fields) > 0 {
		c.src.problem(def.path, "fields or cases on type "+def.kind, "them on groups, lists and choices")
	}
	if n.exponent = c.expr(def.path+".exponent", def.exponent, s); n.exponent != nil {
		o.field.Kind = KindFloat
		if !o.integer() && o.code != opFloat32 && o.code != opFloat64 || o.scale != nil {
			c.src.problem(def.path+".exponent", "it on type "+def.kind, "it on numbers without scale")
		}
		if o.form == nil {
			o.form = &form{filler: -1}
		}
	}
	if n.size != nil && (o.size > 0 || n.until != nil || n.rest) {
		c.src.problem(def.path+".size", quote(def.sizeExpr), "none for type "+def.kind)
	}
	if o.code == opASCII || o.code == opHex || o.code == opBitset || o.code == opDecimal {
		c.derive(n.size)
	}
	if (n.size != nil || n.until != nil) && o.form == nil {
		o.form = &form{filler: -1}
	}
	n.op, n.parts = len(c.p.ops), len(ops)-1
	c.p.ops = append(c.p.ops, ops...)
	for i := range ops {
		key := ops[i].field.Key
		b := s.define(key, c.list)
		b.ops = append(b.ops, n.op+i)
		if i == 0 {
			b.nodes = append(b.nodes, n)
			n.mark = b.mark
		} else if word := s.define(def.key+"."+key, c.list); word != b {
			s.names[def.key+"."+key] = b
		}
		if b.reg != 0 {
			c.p.ops[n.op+i].reg = b.reg
		}
		for _, change := range b.later {
			change(&c.p.ops[n.op+i])
		}
		c.fields = append(c.fields, ops[i].field)
	}
	return []*node{n}
}

// computed values have no bytes: an expression, or a table of them.
func (c *compiler) computed(n *node, def *fieldDef, s *scope) {
	defer func() { n.asks = n.asks || c.asked }()
	if def.joins != nil {
		n.value = c.joined(def, s)
		return
	}
	n.on = c.expr(def.path+".on", def.on, s)
	by := c.chooser(n.on, def, s)
	n.value = c.expr(def.path+".value", def.value, s)
	if n.on == nil && n.value == nil {
		c.src.problem(def.path+".value", "nothing", "an expression, or on beside cases with values")
	}
	for i := range def.cases {
		one := &def.cases[i]
		r := row{is: c.caseSet(one, by), other: len(one.is) == 0, value: c.expr(one.path+".value", one.value, s)}
		if r.value == nil {
			c.src.problem(one.path+".value", "nothing", "an expression")
		}
		n.rows = append(n.rows, r)
	}
}

func (c *compiler) checksum(n *node, def *fieldDef, o *op, s *scope) {
	n.check = &checkPlan{hex: def.as == "hex", over: def.over}
	var ok bool
	if n.check.sum, ok = c.algorithm(def.path, def.algorithm); !ok {
		return
	}
	o.field.Algorithm = algorithmName(def.algorithm)
	size := (n.check.sum.width + 7) / 8
	if n.check.hex {
		size *= 2
	}
	if o.size == 0 {
		o.size = size
	}
	if o.size < size || o.size > 8 {
		c.src.problem(def.path+".size", fmt.Sprint(o.size), fmt.Sprintf("%d to 8 for this algorithm", size))
	}
	o.field.Size = o.size
	if n.check.hex {
		o.field.Kind = KindText
	}
	if def.over == "" {
		return
	}
	words := strings.Fields(def.over)
	ahead := len(words) > 2 && words[len(words)-2] == "to" && words[len(words)-1] == "end"
	find := func(name string) int {
		b := s.find(name)
		if b == nil && ahead { // it stands behind the checksum
			plan, after := n.check, words[0] == "after"
			c.later = append(c.later, func() {
				b := s.find(name)
				if b == nil || len(b.nodes) == 0 {
					c.src.problem(def.path+".over", quote(def.over), `"from KEY" or "after KEY", then "to end"`, s.known()...)
					return
				}
				if plan.from = c.place(b); after {
					plan.from++
				}
			})
			return 0
		}
		if b == nil || len(b.nodes) == 0 {
			if last := len(c.src.Problems) - 1; last < 0 || c.src.Problems[last].Key != def.path+".over" {
				c.src.problem(def.path+".over", quote(def.over), `"from KEY", "after KEY" or "all", then "to KEY"; the keys stand before it`, s.known()...)
			}
			return 0
		}
		return c.place(b)
	}
	if len(words) >= 2 && (words[0] == "from" || words[0] == "after") {
		if n.check.from = find(words[1]); words[0] == "after" {
			n.check.from++
		}
		words = words[2:]
	} else if len(words) > 0 && words[0] == "all" {
		words = words[1:]
	}
	if len(words) == 2 && words[0] == "to" && words[1] == "end" {
		n.check.to, words = -1, nil
		if named := s.names["end"]; named != nil && len(named.nodes) > 0 && (n.check.from > 0 || strings.HasPrefix(def.over, "all")) { // it would cover itself
			c.src.problem(def.path+".over", quote(def.over)+", which means the end of the frame", `another key for the field "end"`)
		}
	}
	if len(words) == 2 && words[0] == "to" {
		n.check.to = find(words[1]) + 1
		words = nil
	}
	if len(words) > 0 {
		c.src.problem(def.path+".over", quote(def.over), `"from KEY", "after KEY" or "all", then "to KEY"`)
	}
}

// algorithm is a name of the registry, or the parameters of a CRC.
func (c *compiler) algorithm(path string, v any) (checksum, bool) {
	switch v := v.(type) {
	case string:
		if sum, ok := c.src.checksum(v); ok {
			return sum, true
		}
		names := c.src.checksumNames()
		c.src.problem(path+".algorithm", quote(v), "one of "+strings.Join(names, ", ")+"; or the parameters of a CRC", names...)
	case map[string]any:
		t := newTable(c.src, path+".algorithm", v)
		if t.Has("sum") {
			return c.sumFrom(t)
		}
		p := crcParams{width: t.Integer("width", 8, 64, 16), refin: t.Flag("refin", false), refout: t.Flag("refout", false)}
		for _, one := range []struct {
			key string
			to  *uint64
		}{{"poly", &p.poly}, {"init", &p.init}, {"xorout", &p.xor}} {
			key, to := one.key, one.to
			n, ok := t.Get(key)
			i, isInt := n.(int64)
			if *to = uint64(i); ok && !isInt || key == "poly" && i == 0 {
				c.src.problem(t.At(key), describe(n), "a number such as 0x1021")
			}
		}
		if text := t.Text("extra"); text != "" {
			b, err := hex.DecodeString(text)
			if err != nil {
				c.src.problem(t.At("extra"), quote(text), `bytes in hexadecimal, such as "32"`)
			}
			p.extra = string(b)
		}
		t.Finish()
		return newCRC(p), true
	default:
		c.src.problem(path+".algorithm", describe(v), "a name such as \"crc-16/modbus\", or { width, poly, init, refin, refout, xorout, extra }")
	}
	return checksum{}, false
}

// algorithmName is how an algorithm is called: its name, or its parameters in the notation of the catalogue.
func algorithmName(v any) string {
	p, ok := v.(map[string]any)
	if !ok {
		name, _ := v.(string)
		return name
	}
	words := []string{"crc"}
	if sum, is := p["sum"].(string); is {
		words[0] = sum
	}
	for _, key := range []string{"width", "poly", "init", "refin", "refout", "xorout", "extra"} {
		switch v := p[key].(type) {
		case nil:
		case int64:
			if key != "width" {
				words = append(words, fmt.Sprintf("%s=0x%x", key, v))
				continue
			}
			words = append(words, fmt.Sprintf("%s=%d", key, v))
		default:
			words = append(words, fmt.Sprintf("%s=%v", key, v))
		}
	}
	return strings.Join(words, " ")
}

// tails notes for fields that take what is left how much that is not.
func (c *compiler) tails(nodes []*node, after int, name string) {
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		n.tail = after
		own := n.size != nil || n.until != nil || n.column // a region of its own
		if n.column {
			n.tail = 0
		}
		inner := after
		if own || n.kind == nodeList && n.separator != nil {
			inner = 0
		}
		if n.kind == nodeGroup && n.separator != nil {
			inner = 0
		}
		if n.kind == nodeList && n.count != nil && !own {
			inner = -1
		}
		c.tails(n.kids, inner, name)
		for k := range n.cases {
			c.tails(n.cases[k].kids, inner, name)
		}
		toEnd := n.rest || n.kind == nodeList && n.count == nil && n.stop == nil && !own
		if toEnd && after < 0 && !n.column {
			place := "the header"
			if name != "" {
				place = "message " + name
			}
			c.src.problem(n.path, fmt.Sprintf("%s of %s, which takes what is left, before %s, whose size varies", c.nameOf(n), place, c.nameOf(c.varying(nodes[i+1:]))),
				"fields of fixed size after it")
		}
		lo, hi := c.p.spanOf(n)
		if lo == hi && after >= 0 {
			after += lo
		} else {
			after = -1
		}
	}
}

// varying is the first node that has no fixed size; the last one when what is around it says that.
func (c *compiler) varying(nodes []*node) *node {
	for _, n := range nodes {
		if lo, hi := c.p.spanOf(n); lo != hi {
			return n
		}
	}
	return nil
}

// nameOf is how a node is called in a problem.
func (c *compiler) nameOf(n *node) string {
	switch {
	case n == nil:
		return "what follows"
	case n.op >= 0 && c.p.ops[n.op].field.Key != "":
		return c.p.ops[n.op].field.Key
	}
	return "a " + [...]string{nodeLeaf: "field", nodeGroup: "group", nodeList: "list", nodeChoice: "choice"}[n.kind]
}

// absent lists the registers that are zero when n is not there; users is how many fields have each register.
func (c *compiler) absent(n *node, users []int) {
	if n.when == nil && !n.optional && n.kind != nodeChoice {
		return
	}
	cleared := map[int]bool{}
	add := func(m *node) {
		if m.op < 0 {
			return
		}
		for i := m.op; i <= m.op+m.parts; i++ {
			// A name of several fields, one of which is there, keeps the value of that one.
			if reg := c.p.ops[i].reg; reg > 0 && !cleared[reg] && (n.kind == nodeChoice || users[reg] == 1) {
				cleared[reg] = true
				n.clear = append(n.clear, reg)
			}
		}
		n.clear = append(n.clear, m.folds...)
	}
	if n.kind != nodeChoice {
		add(n)
	}
	each(n.kids, add)
	for i := range n.cases {
		each(n.cases[i].kids, add)
	}
}

// firstBytes are those that a frame of the family can begin with.
func (c *compiler) firstBytes(f *family) (out byteSet) {
	all := func() byteSet { return byteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }
	if f.start != nil {
		out.add(f.start[0])
		return out
	}
	for _, n := range f.header {
		if n.kind != nodeLeaf || n.when != nil || n.optional {
			return all()
		}
		if n.before != nil {
			out.add(n.before[0])
			return out
		}
		o := &c.p.ops[n.op]
		switch {
		case o.code == opRun:
			out.add(o.form.fill)
			continue
		case o.form != nil || o.size == 0:
			return all()
		}
		for b := 0; b < 256; b++ {
			if o.begins([]byte{byte(b)}) {
				out.add(byte(b))
			}
		}
		return out
	}
	return all()
}
