package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// nodes compiles fields that stand one after the other.
func (c *compiler) nodes(defs []fieldDef, s *scope, inCase bool) []*node {
	defer func() { c.spent.nesting-- }()
	if c.descend(defs) {
		return nil
	}
	var out []*node
	seen := map[string]bool{}
	for i := range defs {
		def := &defs[i]
		if def.key != "" {
			twice := seen[def.key] || !inCase && s.parent != nil && s.closed && s.parent.names[def.key] != nil && len(s.parent.names[def.key].ops) > 0
			if twice && def.when == "" && def.kind != "computed" {
				want := "keys that differ"
				if s.parent != nil {
					want += ", also from those of the header"
				}
				c.src.problem(def.path+".key", quote(def.key)+" a second time", want)
			}
			seen[def.key] = true
		}
		out = append(out, c.node(def, s)...)
	}
	return out
}

func (c *compiler) node(def *fieldDef, s *scope) []*node {
	if !c.affordField(def) {
		return nil
	}
	if def.kind == "end" {
		return c.markField(def)
	}
	if def.use != "" && def.kind == "" {
		return c.used(def, s, def.when == "" && def.size == 0 && def.sizeExpr == "" && def.key == "")
	}
	column := c.columns && isColumn(def)
	if column {
		own := *def // a layout can be used elsewhere too
		def = &own
		own.rest = own.rest || own.boundless()
		own.column = true
		defer func(columns bool) { c.columns = columns }(c.columns)
		c.columns = false
	}
	c.computing = def.kind == "computed" || def.joins != nil
	c.asked = false
	defer func() { c.computing = false }()
	n := &node{path: def.path, op: -1, column: column, when: c.expr(def.path+".when", def.when, s), tail: -1, element: -1, rest: def.rest, optional: def.optional,
		before: c.marker(def.path+".before", def.before), until: c.marker(def.path+".until", def.until)}
	if len(n.before) == 0 {
		n.before = nil
	}
	if len(n.until) == 0 {
		n.until = nil
	}
	if n.optional && n.before == nil && !column {
		c.src.problem(def.path+".optional", "it alone", "it with before: the text by which the field is known to be there (or when)")
	}
	n.size = c.expr(def.path+".size", def.sizeExpr, s)
	n.asks = c.asked
	switch def.kind {
	case "group":
		n.kind = nodeGroup
		c.group(n, def, s)
	case "list":
		n.kind = nodeList
		c.listNode(n, def, s)
	case "choice":
		n.kind = nodeChoice
		c.choice(n, def, s)
	default:
		return c.leaf(n, def, s)
	}
	if n.kind != nodeChoice || n.size != nil {
		c.derive(n.size)
	}
	if def.size > 0 {
		n.size = constant(int64(def.size))
	}
	if n.size != nil && n.until != nil {
		c.src.problem(def.path+".until", quote(def.until)+" beside size", "one of them: either says where it ends")
	}
	c.transform(n, def)
	return []*node{n}
}

// boundless says that a field of characters or bytes does not say where it ends.
func (f *fieldDef) boundless() bool {
	return f.size == 0 && f.sizeExpr == "" && f.until == "" && (f.kind == "ascii" || f.kind == "hex" || f.kind == "decimal")
}

// isColumn says whether a field between separators stands between two of them; a part without bounds of its own does
// not, its fields do.
func isColumn(def *fieldDef) bool {
	if def.kind == "computed" || def.joins != nil { // no bytes
		return false
	}
	switch def.kind {
	case "group", "list", "choice", "":
		return def.size > 0 || def.sizeExpr != "" || def.until != "" || def.separator != "" || def.rest
	}
	return true
}

// used compiles the fields of a named layout in place, or as a group when they have a size or a condition.
func (c *compiler) used(def *fieldDef, s *scope, plain bool) []*node {
	fields, ok := c.d.layouts[def.use]
	switch {
	case !ok:
		c.src.problem(def.path+".use", quote(def.use), "the name of a [layout]", slices.Sorted(maps.Keys(c.d.layouts))...)
		return nil
	case slices.Contains(c.using, def.use):
		c.src.problem(def.path+".use", quote(def.use)+" inside itself", "layouts that do not contain themselves")
		return nil
	}
	c.usedLayouts[def.use] = true
	c.using = append(c.using, def.use)
	defer func() { c.using = c.using[:len(c.using)-1] }()
	if plain {
		return c.nodes(fields, s, true)
	}
	around := *def
	around.use, around.kind, around.fields = "", "group", fields
	return c.node(&around, s)
}

// own makes the op of a group or a list; keyless ones have none.
func (c *compiler) own(def *fieldDef, code opcode, key string) int {
	kind := KindGroup
	if code == opList {
		kind = KindList
	}
	f := &Field{Key: key, Title: def.title, Unit: def.unit, Type: def.kind, Kind: kind}
	o := op{code: code, field: f}
	if key != "" && def.role != "" {
		if o.role = c.role(def); o.role != RoleIdentity && o.role != RoleValue || code != opGroup {
			c.src.problem(def.path+".role", quote(def.role), "identity or value on a group, or a role on one of its fields")
		}
		f.Role = o.role
	}
	c.p.ops = append(c.p.ops, o)
	return len(c.p.ops) - 1
}

func (c *compiler) group(n *node, def *fieldDef, s *scope) {
	inner := s
	if def.key != "" {
		n.op = c.own(def, opGroup, def.key)
		c.fields = append(c.fields, c.p.ops[n.op].field)
		b := s.define(def.key, c.list)
		b.nodes = append(b.nodes, n)
		inner = newScope(s, def.key)
	}
	fields := def.fields
	if def.use != "" {
		fields = append([]fieldDef{{path: def.path, grammarDef: grammarDef{rich: true, use: def.use}}}, fields...)
	}
	if n.separator = c.marker(def.path+".separator", def.separator); len(n.separator) == 0 {
		n.separator = nil
	} else {
		defer func(columns bool) { c.columns = columns }(c.columns)
		c.columns = true
	}
	kept := c.fields
	n.kids = c.nodes(fields, inner, def.key == "")
	if def.key != "" {
		c.fields = kept
	}
	if len(n.kids) == 0 && !c.spent.told {
		c.src.problem(def.path+".fields", "nothing", "fields, or use with the name of a [layout]")
	}
}

func (c *compiler) listNode(n *node, def *fieldDef, s *scope) {
	n.op = c.own(def, opList, def.key)
	if def.key != "" {
		c.fields = append(c.fields, c.p.ops[n.op].field)
		b := s.define(def.key, c.list)
		b.nodes = append(b.nodes, n)
		b.ops = append(b.ops, n.op)
	}
	n.count = c.expr(def.path+".count", def.count, s)
	c.derive(n.count)
	if n.separator = c.marker(def.path+".separator", def.separator); len(n.separator) == 0 {
		n.separator = nil
	}
	fields := def.fields
	if def.use != "" {
		fields = append([]fieldDef{{path: def.path, grammarDef: grammarDef{rich: true, use: def.use}}}, fields...)
	}
	if def.elements && n.separator != nil && fields[0].boundless() {
		fields = []fieldDef{fields[0]}
		fields[0].rest = true
	}
	if def.elements && len(fields[0].parts) > 0 {
		c.src.problem(def.path+".of", "bits with parts", "fields = [{ … }]: an element of several values is a table")
	}
	inner := newScope(s, def.key)
	if !def.elements {
		n.element = c.own(def, opGroup, "")
	}
	around, kept := c.list, c.fields
	c.list = n
	if n.separator != nil {
		defer func(columns bool) { c.columns = columns }(c.columns)
		c.columns = false
	}
	before := len(c.src.Problems)
	n.kids = c.nodes(fields, inner, false)
	broken := len(c.src.Problems) > before // then what is missing says nothing new
	n.stop = c.expr(def.path+".stop", def.stop, inner)
	c.list, c.fields = around, kept
	if len(n.kids) == 0 && !broken {
		c.src.problem(def.path+".fields", "nothing", "fields, or of with one field")
	}
	if lo, _ := c.p.span(n.kids); lo == 0 && n.count == nil && n.separator == nil && !broken {
		c.progress(n, def)
	}
}

// progress refuses lists whose elements may be empty: they would never end.
func (c *compiler) progress(n *node, def *fieldDef) {
	for _, k := range n.kids {
		if k.when == nil && !k.optional && (k.kind != nodeLeaf || c.p.ops[k.op].code != opComputed) {
			return // checked again while decoding
		}
	}
	c.src.problem(def.path+".fields", "elements that may have no bytes", "a count, or a field that is always there")
}

func (c *compiler) choice(n *node, def *fieldDef, s *scope) {
	n.on = c.expr(def.path+".on", def.on, s)
	by := c.chooser(n.on, def, s)
	for i := range def.cases {
		one := &def.cases[i]
		b := branch{path: one.path, text: one.describe(), when: c.expr(one.path+".when", one.when, s)}
		if n.on == nil && len(one.is) > 0 {
			c.src.problem(one.path+".is", "it in a choice without on", "when, or on beside the cases")
		}
		b.is, b.other = c.caseSet(one, by), len(one.is) == 0
		b.kids = c.nodes(one.fields, s, true)
		n.cases = append(n.cases, b)
	}
	if len(n.cases) == 0 {
		c.src.problem(def.path+".cases", "nothing", "cases = [{ is = …, fields = […] }, …]")
	}
}

// chooser is the field that chooses a case; nil when it is an expression.
func (c *compiler) chooser(on *expr, def *fieldDef, s *scope) *op {
	if on != nil && on.code == exReg {
		if b := s.find(def.on); b != nil && len(b.ops) > 0 {
			return &c.p.ops[b.ops[0]]
		}
	}
	return nil
}

// describe says in the words of the definition when a case is taken.
func (c *caseDef) describe() string {
	var is []string
	for _, v := range c.is {
		text, _ := textOf(v)
		is = append(is, text)
	}
	switch {
	case len(is) > 0 && c.when != "":
		return "is " + strings.Join(is, ", ") + " when " + c.when
	case len(is) > 0:
		return "is " + strings.Join(is, ", ")
	case c.when != "":
		return "when " + c.when
	}
	return "otherwise"
}

// caseSet reads the values of a case as the field that chooses writes them.
func (c *compiler) caseSet(def *caseDef, by *op) (set commandSet) {
	if !c.affordValues(def.path+".is", len(def.is)) {
		return nil
	}
	if by == nil {
		by = &op{code: opInt, size: 8, field: &Field{}}
	}
	plain := *by
	plain.check, plain.scale = checkNone, nil
	if !plain.numeric() {
		plain.size = 0 // fields of several sizes can have one name
	}
	if plain.size == 0 {
		plain.most = hardMaxFrame
		if plain.numeric() {
			plain.size = 8
		}
	}
	for i, v := range def.is {
		lo, hi, err := plain.parseRange(inHex(by, v))
		if err != nil {
			c.src.problem(fmt.Sprintf("%s.is[%d]", def.path, i), describe(v)+" ("+err.Error()+")", `a value, or a range such as "16-31"`)
			continue
		}
		set = append(set, [2]uint64{lo, hi})
	}
	return set
}

func (c *compiler) transform(n *node, def *fieldDef) {
	if def.add == 0 && def.xor == 0 && def.blocks == nil && def.armour == "" {
		return
	}
	each(n.kids, func(inner *node) {
		if inner.check != nil && inner.check.wired != nil {
			c.src.problem(inner.path+".wire", "it in a part whose bytes differ on the wire", "it outside")
		}
	})
	n.transform = &transform{add: byte(def.add), xor: byte(def.xor), armour: c.armour(def.path, def.armour)}
	if kinds := truth(def.add != 0 || def.xor != 0) + truth(def.blocks != nil) + truth(def.armour != ""); kinds > 1 {
		c.src.problem(def.path, "more than one of add/xor, blocks and armour", "one of them; the others on a group around or inside")
	}
	c.p.rewrites = true
	if b := def.blocks; b != nil {
		n.transform.block, n.transform.little = b.size, b.order == "little"
		n.transform.sum, _ = c.algorithm(b.path, b.algorithm)
		n.transform.name = algorithmName(b.algorithm)
	}
	if n.size == nil && def.size == 0 && !def.rest && n.until == nil {
		c.src.problem(def.path, "bytes that differ on the wire in a part without size", `a size, or until; "rest" is everything that is left`)
	}
}
