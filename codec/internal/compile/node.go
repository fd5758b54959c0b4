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

// nodes compiles fields that stand one after the other.
func (c *compiler) nodes(defs []schema.FieldDef, s *scope, inCase bool) []*program.Node {
	defer func() { c.spent.nesting-- }()
	if c.descend(defs) {
		return nil
	}
	var out []*program.Node
	seen := map[string]bool{}
	for i := range defs {
		def := &defs[i]
		if def.Key != "" {
			twice := seen[def.Key] || !inCase && s.parent != nil && s.closed && s.parent.names[def.Key] != nil &&
				len(s.parent.names[def.Key].ops) > 0
			if twice && def.When == "" && def.Kind != "computed" {
				want := "keys that differ"
				if s.parent != nil {
					want += ", also from those of the header"
				}
				c.src.Problem(def.Path+".key", field.Quote(def.Key)+" a second time", want)
			}
			seen[def.Key] = true
		}
		out = append(out, c.node(def, s)...)
	}
	return out
}

func (c *compiler) node(def *schema.FieldDef, s *scope) []*program.Node {
	if !c.affordField(def) {
		return nil
	}
	if def.Kind == "end" {
		return c.markField(def)
	}
	if def.RoleWhen != "" {
		def = c.conditional(def)
	}
	if def.Use != "" && def.Kind == "" {
		return c.used(def, s, def.When == "" && def.Size == 0 && def.SizeExpr == "" && def.Key == "" && def.Point == "")
	}
	column := c.columns && isColumn(def)
	if column {
		own := *def // a layout can be used elsewhere too
		def = &own
		own.Rest = own.Rest || boundless(&own)
		own.Column = true
		defer func(columns bool) { c.columns = columns }(c.columns)
		c.columns = false
	}
	c.computing = def.Kind == "computed" || def.Joins != nil
	c.asked = false
	defer func(answering bool) { c.computing, c.answering = false, answering }(c.answering)
	n := &program.Node{Path: def.Path, Op: -1, Column: column, When: c.expr(def.Path+".when", def.When, s), Tail: -1,
		Element: -1, Rest: def.Rest, Optional: def.Optional,
		Before: c.marker(def.Path+".before", def.Before), Until: c.marker(def.Path+".until", def.Until)}
	if n.Optional && n.Before == nil && !column {
		c.src.Problem(def.Path+".optional", "it alone", "it with before: the text by which the field is known to be there (or when)")
	}
	c.pattern(n, def.Path, def.Point)
	n.Asks = n.When != nil && n.When.Asks
	c.answering = c.answering || n.Asks
	n.Size = c.expr(def.Path+".size", def.SizeExpr, s)
	switch def.Kind {
	case "group":
		n.Kind = program.NodeGroup
		c.group(n, def, s)
	case "list":
		n.Kind = program.NodeList
		c.listNode(n, def, s)
	case "choice":
		n.Kind = program.NodeChoice
		c.choice(n, def, s)
	default:
		return c.leaf(n, def, s)
	}
	if n.Kind != program.NodeChoice || n.Size != nil {
		c.derive(n.Size)
	}
	if def.Size > 0 {
		n.Size = expr.Constant(int64(def.Size))
	}
	if n.Size != nil && n.Until != nil {
		c.src.Problem(def.Path+".until", field.Quote(def.Until)+" beside size", "one of them: either says where it ends")
	}
	c.transform(n, def)
	return []*program.Node{n}
}

// conditional is a field with a role under a condition: a choice of the field with the role and without it.
func (c *compiler) conditional(def *schema.FieldDef) *schema.FieldDef {
	if def.Role == "" || def.Role == "command" {
		c.src.Problem(def.Path+".role_when", field.Quote(def.RoleWhen), "it beside a role other than command")
	}
	with, without := *def, *def
	with.RoleWhen, with.When, without.RoleWhen, without.When, without.Role = "", "", "", "", ""
	without.Point = ""
	return &schema.FieldDef{Path: def.Path, Kind: "choice", When: def.When, Cases: []schema.CaseDef{
		{Path: def.Path, When: def.RoleWhen, Fields: []schema.FieldDef{with}}, {Path: def.Path, Fields: []schema.FieldDef{without}},
	}}
}

// boundless says that a field of characters or bytes does not say where it ends.
func boundless(f *schema.FieldDef) bool {
	return f.Size == 0 && f.SizeExpr == "" && f.Until == "" && (f.Kind == "ascii" || f.Kind == "hex" || f.Kind == "decimal")
}

// isColumn says whether a field between separators stands between two of them; a part without bounds of its own does
// not, its fields do.
func isColumn(def *schema.FieldDef) bool {
	if def.Kind == "computed" || def.Joins != nil { // no bytes
		return false
	}
	switch def.Kind {
	case "group", "list", "choice", "":
		return def.Size > 0 || def.SizeExpr != "" || def.Until != "" || def.Separator != "" || def.Rest
	}
	return true
}

// used compiles the fields of a named layout in place, or as a group when they have a size or a condition.
func (c *compiler) used(def *schema.FieldDef, s *scope, plain bool) []*program.Node {
	fields, ok := c.d.Layouts[def.Use]
	switch {
	case !ok:
		c.src.Problem(def.Path+".use", field.Quote(def.Use), "the name of a [layout]", slices.Sorted(maps.Keys(c.d.Layouts))...)
		return nil
	case slices.Contains(c.using, def.Use):
		c.src.Problem(def.Path+".use", field.Quote(def.Use)+" inside itself", "layouts that do not contain themselves")
		return nil
	}
	c.usedLayouts[def.Use] = true
	c.using = append(c.using, def.Use)
	defer func() { c.using = c.using[:len(c.using)-1] }()
	if plain {
		return c.nodes(fields, s, true)
	}
	around := *def
	around.Use, around.Kind, around.Fields = "", "group", fields
	return c.node(&around, s)
}

// own makes the op of a group or a list; keyless ones have none.
func (c *compiler) own(def *schema.FieldDef, code scalar.Opcode, key string) int {
	kind := field.KindGroup
	if code == scalar.OpList {
		kind = field.KindList
	}
	f := &field.Field{Key: key, Title: def.Title, Unit: def.Unit, Type: def.Kind, Kind: kind}
	o := scalar.Op{Code: code, Field: f}
	if key != "" && def.Role != "" {
		if o.Role = c.role(def); o.Role != field.RoleIdentity && o.Role != field.RoleValue || code != scalar.OpGroup {
			c.src.Problem(def.Path+".role", field.Quote(def.Role), "identity or value on a group, or a role on one of its fields")
		}
		f.Role = o.Role
	}
	c.p.Ops = append(c.p.Ops, o)
	return len(c.p.Ops) - 1
}

// named makes the op of a group or a list with a key, and its name.
func (c *compiler) named(n *program.Node, def *schema.FieldDef, code scalar.Opcode, s *scope) {
	if n.Op = c.own(def, code, def.Key); def.Key == "" {
		return
	}
	c.fields = append(c.fields, c.p.Ops[n.Op].Field)
	b := s.define(def.Key, c.list)
	if b.nodes = append(b.nodes, n); code == scalar.OpList {
		b.ops = append(b.ops, n.Op)
	}
}

// separated compiles what stands in a part; between separators, when it has one, what has no bounds is a column.
func (c *compiler) separated(n *program.Node, def *schema.FieldDef, compile func(fields []schema.FieldDef)) {
	if n.Separator = c.marker(def.Path+".separator", def.Separator); n.Separator != nil {
		defer func(columns bool) { c.columns = columns }(c.columns)
		c.columns = n.Kind == program.NodeGroup
	}
	fields := def.Fields
	if def.Use != "" {
		fields = append([]schema.FieldDef{{Path: def.Path, Use: def.Use}}, fields...)
	}
	compile(fields)
}

func (c *compiler) group(n *program.Node, def *schema.FieldDef, s *scope) {
	inner := s
	if def.Key != "" {
		c.named(n, def, scalar.OpGroup, s)
		inner = newScope(s, def.Key)
	}
	kept := c.fields
	c.separated(n, def, func(fields []schema.FieldDef) { n.Kids = c.nodes(fields, inner, def.Key == "") })
	if def.Key != "" {
		c.fields = kept
	}
	if len(n.Kids) == 0 && !c.spent.told {
		c.src.Problem(def.Path+".fields", "nothing", "fields, or use with the name of a [layout]")
	}
}

func (c *compiler) listNode(n *program.Node, def *schema.FieldDef, s *scope) {
	c.named(n, def, scalar.OpList, s)
	n.Count = c.expr(def.Path+".count", def.Count, s)
	c.derive(n.Count)
	inner := newScope(s, def.Key)
	if !def.Elements {
		n.Element = c.own(def, scalar.OpGroup, "")
	} else if len(def.Fields[0].Parts) > 0 {
		c.src.Problem(def.Path+".of", "bits with parts", "fields = [{ … }]: an element of several values is a table")
	}
	around, kept, before := c.list, c.fields, len(c.src.Problems)
	c.list = n
	c.separated(n, def, func(fields []schema.FieldDef) {
		if def.Elements && n.Separator != nil && boundless(&fields[0]) {
			fields = []schema.FieldDef{fields[0]}
			fields[0].Rest = true
		}
		n.Kids = c.nodes(fields, inner, false)
	})
	broken := len(c.src.Problems) > before // then what is missing says nothing new
	n.Stop = c.expr(def.Path+".stop", def.Stop, inner)
	c.list, c.fields = around, kept
	if len(n.Kids) == 0 && !broken {
		c.src.Problem(def.Path+".fields", "nothing", "fields, or of with one field")
	}
	if lo, _ := c.p.Span(n.Kids); lo == 0 && n.Count == nil && n.Separator == nil && !broken {
		c.progress(n, def)
	}
}

// progress refuses lists whose elements may be empty: they would never end.
func (c *compiler) progress(n *program.Node, def *schema.FieldDef) {
	for _, k := range n.Kids {
		if k.When == nil && !k.Optional && (k.Kind != program.NodeLeaf || c.p.Ops[k.Op].Code != scalar.OpComputed) {
			return // checked again while decoding
		}
	}
	c.src.Problem(def.Path+".fields", "elements that may have no bytes", "a count, or a field that is always there")
}

func (c *compiler) choice(n *program.Node, def *schema.FieldDef, s *scope) {
	n.On = c.expr(def.Path+".on", def.On, s)
	by := c.chooser(n.On, def, s)
	for i := range def.Cases {
		one := &def.Cases[i]
		b := program.Branch{Path: one.Path, Text: describe(one), When: c.expr(one.Path+".when", one.When, s)}
		if n.On == nil && len(one.Is) > 0 {
			c.src.Problem(one.Path+".is", "it in a choice without on", "when, or on beside the cases")
		}
		b.Is, b.Other = c.caseSet(one, by), len(one.Is) == 0
		outer := c.answering
		c.answering = outer || b.When != nil && b.When.Asks
		b.Kids = c.nodes(one.Fields, s, true)
		c.answering = outer
		n.Cases = append(n.Cases, b)
	}
	if len(n.Cases) == 0 {
		c.src.Problem(def.Path+".cases", "nothing", "cases = [{ is = …, fields = […] }, …]")
	}
}

// chooser is the field that chooses a case; nil when it is an expression.
func (c *compiler) chooser(on *expr.Expr, def *schema.FieldDef, s *scope) *scalar.Op {
	if on != nil && on.Code == expr.Reg {
		if b := s.find(def.On); b != nil && len(b.ops) > 0 {
			return &c.p.Ops[b.ops[0]]
		}
	}
	return nil
}

// describe says in the words of the definition when a case is taken.
func describe(c *schema.CaseDef) string {
	var is []string
	for _, v := range c.Is {
		text, _ := scalar.TextOf(v)
		is = append(is, text)
	}
	switch {
	case len(is) > 0 && c.When != "":
		return "is " + strings.Join(is, ", ") + " when " + c.When
	case len(is) > 0:
		return "is " + strings.Join(is, ", ")
	case c.When != "":
		return "when " + c.When
	}
	return "otherwise"
}

// caseSet reads the values of a case as the field that chooses writes them.
func (c *compiler) caseSet(def *schema.CaseDef, by *scalar.Op) (set program.CommandSet) {
	if !c.affordValues(def.Path+".is", len(def.Is)) {
		return nil
	}
	if by == nil {
		by = &scalar.Op{Code: scalar.OpInt, Size: 8, Field: &field.Field{}}
	}
	plain := *by
	plain.Check, plain.Scale = scalar.CheckNone, nil
	if !plain.Numeric() {
		plain.Size = 0 // fields of several sizes can have one name
	}
	if plain.Size == 0 {
		plain.Most = field.HardMaxFrame
		if plain.Numeric() {
			plain.Size = 8
		}
	}
	for i, v := range def.Is {
		lo, hi, err := plain.ParseRange(inHex(by, v))
		if err != nil {
			c.src.Problem(fmt.Sprintf("%s.is[%d]", def.Path, i), schema.Describe(v)+" ("+err.Error()+")",
				`a value, or a range such as "16-31"`)
			continue
		}
		set = append(set, [2]uint64{lo, hi})
	}
	return set
}

func (c *compiler) transform(n *program.Node, def *schema.FieldDef) {
	if def.Add == 0 && def.Xor == 0 && def.Blocks == nil && def.Armour == "" {
		return
	}
	program.Each(n.Kids, func(inner *program.Node) {
		if inner.Check != nil && inner.Check.Wired != nil {
			c.src.Problem(inner.Path+".wire", "it in a part whose bytes differ on the wire", "it outside")
		}
	})
	n.Transform = &program.BlockTransform{Add: byte(def.Add), Xor: byte(def.Xor), Armour: c.armour(def.Path, def.Armour)}
	if kinds := expr.Truth(def.Add != 0 || def.Xor != 0) + expr.Truth(def.Blocks != nil) + expr.Truth(def.Armour != ""); kinds > 1 {
		c.src.Problem(def.Path, "more than one of add/xor, blocks and armour", "one of them; the others on a group around or inside")
	}
	c.p.Rewrites = true
	if b := def.Blocks; b != nil {
		n.Transform.Block, n.Transform.Little = b.Size, b.Order == "little"
		n.Transform.Sum, _ = c.algorithm(b.Path, b.Algorithm)
		n.Transform.Name = algorithmName(b.Algorithm)
	}
	if n.Size == nil && def.Size == 0 && !def.Rest && n.Until == nil {
		c.src.Problem(def.Path, "bytes that differ on the wire in a part without size",
			`a size, or until; "rest" is everything that is left`)
	}
}
