package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// orders compiles what may be commanded: each [[command]], and the messages of the server that none is for.
func (c *compiler) orders(d *schema.Definition) {
	if !c.few("command", "commands", len(d.Commands), mostMessages) {
		return
	}
	var names []string
	for _, m := range c.p.Commands {
		names = append(names, m.Name)
	}
	var defs []schema.CommandDef
	for _, def := range d.Commands {
		if len(c.src.Problems) >= mostProblems {
			return
		}
		if def.Message == "" {
			def.Message = def.Name
		}
		at := slices.Index(names, def.Message)
		switch {
		case at < 0:
			c.src.Problem(schema.Join(def.Path, c.either(def.Path, "message", "name")), field.Quote(def.Message),
				"the name of a message by which the server commands", names...)
			continue
		case slices.Contains(names, def.Name) && def.Name != def.Message,
			slices.ContainsFunc(c.p.Orders, func(o *program.Command) bool { return o.Name == def.Name }):
			c.src.Problem(def.Path+".name", field.Quote(def.Name)+" a second time", "names that differ")
		case !field.NamePattern.MatchString(def.Name):
			c.src.Problem(def.Path+".name", field.Quote(def.Name), "lower-case letters and digits, joined by - or .")
		}
		c.p.Orders, defs = append(c.p.Orders, c.order(&def, c.p.Commands[at])), append(defs, def)
	}
	declared := len(c.p.Orders)
	for _, m := range c.p.Commands {
		has := func(o *program.Command) bool { return o.Message == m && (len(o.Set) == 0 || o.Name == m.Name) }
		if !slices.ContainsFunc(c.p.Orders, has) {
			c.p.Orders = append(c.p.Orders, c.order(&schema.CommandDef{Name: m.Name}, m))
		}
	}
	for i, o := range c.p.Orders[:declared] {
		if len(c.src.Problems) >= mostProblems {
			return
		}
		c.follows(o, &defs[i])
	}
	for _, o := range c.p.Orders {
		if o.Class == "verify" && o.Verify == nil { // nothing can read it back
			o.Class = "never"
		}
	}
}

// either is the first of two keys, if the definition has it, else the second.
func (c *compiler) either(path, first, second string) string {
	if c.src.Knows(path + "." + first) {
		return first
	}
	return second
}

// order compiles a command without what follows it.
func (c *compiler) order(def *schema.CommandDef, m *field.Message) *program.Command {
	o := &program.Command{Path: def.Path, Name: def.Name, Title: def.Title, Message: m, Class: def.Class, Expires: def.Expires,
		Profile: c.p.Name, Set: map[string]any{}, Known: c.fieldsOf(m).known}
	if o.Title == "" {
		o.Title = m.Title
	}
	if o.Class == "" {
		o.Class = m.Repeat
	}
	given := c.fieldsOf(m).given
	for _, set := range flatSets(def.Set) {
		if len(c.src.Problems) >= mostProblems {
			break
		}
		at := given[set.Key]
		if at.op == nil {
			c.src.Problem(set.Path, field.Quote(set.Key), "a field that "+m.Name+" is given", slices.Sorted(maps.Keys(given))...)
			continue
		}
		if _, _, err := at.op.Parse(nil, inHex(at.op, set.Value), 0, false); err != nil && at.judged {
			c.src.Problem(set.Path, schema.Describe(set.Value)+" ("+err.Error()+")", "a value that the field can hold")
		}
		o.Set[set.Key] = inHex(at.op, set.Value)
	}
	for _, a := range def.Arguments {
		if len(c.src.Problems) >= mostProblems {
			break
		}
		if one := c.argument(o, &a, given); one != nil {
			o.Arguments = append(o.Arguments, one)
		}
	}
	c.complete(o, def)
	return o
}

// complete looks for an argument or a value for each field that must be given.  The fields of a message without
// [[command]] are its arguments.
func (c *compiler) complete(o *program.Command, def *schema.CommandDef) {
	fields := c.fieldsOf(o.Message)
	for _, path := range fields.order {
		at, a, inner := fields.given[path], o.Argument(path), strings.Contains(path, ".")
		whole, _, _ := strings.Cut(path, ".")
		switch {
		case !at.required || def.Path == "" && at.op.Code == scalar.OpList || at.op.Role == field.RoleIdentity || at.op.Role == field.RoleTransaction || o.Set[path] != nil:
		case a != nil:
			a.Required = true
		case inner && (def.Path == "" || o.Argument(whole) != nil): // a part that is given whole
		case def.Path == "":
			if a = c.argument(o, &schema.ArgumentDef{Key: path, Field: path}, fields.given); a != nil {
				a.Required, o.Arguments = true, append(o.Arguments, a)
			}
		case at.op.Code == scalar.OpList: // without one it is empty
		default:
			c.src.Problem(def.Path+".arguments", fmt.Sprintf("none for %s, without which %s cannot be built", path, o.Message.Name),
				"an argument for it, or its value under set")
		}
	}
}

// argument compiles one argument of a command.
func (c *compiler) argument(o *program.Command, def *schema.ArgumentDef, given map[string]givenField) *program.Argument {
	at := given[def.Field]
	op := at.op
	switch {
	case op == nil:
		c.src.Problem(schema.Join(def.Path, c.either(def.Path, "field", "key")), field.Quote(def.Field),
			"a field that "+o.Message.Name+" is given", slices.Sorted(maps.Keys(given))...)
		return nil
	case !field.KeyPattern.MatchString(strings.NewReplacer("-", "", ".", "").Replace(def.Key)):
		c.src.Problem(def.Path+".key", field.Quote(def.Key), "names, digits, _, - and .")
	case o.Set[def.Field] != nil, o.Argument(def.Field) != nil, o.Argument(def.Key) != nil,
		def.Key != def.Field && o.Known[def.Key]:
		c.src.Problem(def.Path, fmt.Sprintf("%s for %s, of which one has a value already", def.Key, def.Field),
			"a name and a field of its own for each argument")
	}
	a := &program.Argument{Key: def.Key, Field: def.Field, Title: def.Title, Unit: def.Unit, Min: def.Min, Max: def.Max,
		Required: def.Required}
	if a.Title == "" {
		a.Title = op.Field.Title
	}
	if a.Unit == "" {
		a.Unit = op.Field.Unit
	}
	a.Op, a.Enum, a.Judged = op, op.Field.Enum, at.judged
	c.labels(a, def)
	for i, bound := range []*float64{a.Min, a.Max} {
		if bound == nil {
			continue
		}
		key, text := [...]string{"min", "max"}[i], program.Shown(bound)
		if !op.Integer() && !op.Float() && op.Code != scalar.OpDecimal {
			c.src.Problem(def.Path+"."+key, "it for "+def.Field+" of type "+op.Field.Type, "it for a number")
		} else if _, _, err := op.Parse(nil, text, 0, false); err != nil && a.Judged {
			c.src.Problem(def.Path+"."+key, text+" ("+err.Error()+")", "a value that the field can hold")
		}
	}
	switch f := op.Field; {
	case a.Min != nil && a.Max != nil && *a.Min > *a.Max:
		c.src.Problem(def.Path+".min", program.Shown(a.Min), "not more than max")
	case a.Min == nil && a.Max != nil && f.Max > f.Min:
		a.Min = &f.Min
	case a.Max == nil && a.Min != nil && f.Max > f.Min:
		a.Max = &f.Max
	}
	return a
}

// labels gives values of an argument names of its own.
func (c *compiler) labels(a *program.Argument, def *schema.ArgumentDef) {
	if len(def.Enum) == 0 || !c.affordValues(def.Path+".enum", len(def.Enum)) {
		return
	}
	if !a.Judged || !a.Op.Integer() || a.Op.Scale != nil {
		c.src.Problem(def.Path+".enum", "labels for "+a.Field, "labels for a whole number without scale")
		return
	}
	own, shown := *a.Op, *a.Op.Field
	own.Enum, own.Field, shown.Enum = map[string]uint64{}, &shown, nil
	for _, e := range def.Enum {
		num, err := a.Op.ParseInteger(e.Value)
		if _, twice := own.Enum[e.Label]; err != nil {
			c.src.Problem(e.Path, err.Error(), "a number that the field can hold")
		} else if twice || e.Label == "" || scalar.IsDigits(e.Label) {
			c.src.Problem(e.Path, field.Quote(e.Label), "a label that is not empty, not a number and not used twice")
		}
		own.Enum[e.Label] = num
		shown.Enum = append(shown.Enum, field.EnumLabel{Value: int64(num), Label: e.Label})
	}
	slices.SortFunc(shown.Enum, func(a, b field.EnumLabel) int { return int(a.Value - b.Value) })
	a.Op, a.Enum = &own, shown.Enum
}

// namedFields are the fields of a message by their paths: all of them, and those that somebody gives a value.
type namedFields struct {
	known map[string]bool
	given map[string]givenField
	order []string // paths of given, as the fields stand
}

// givenField is a field that a command gives a value.
type givenField struct {
	op       *scalar.Op
	judged   bool // the value can be judged alone: neither its size nor its exponent varies
	required bool // it is always there, and nothing else gives it a value
}

// fieldsOf are the fields of a message.
func (c *compiler) fieldsOf(m *field.Message) *namedFields {
	if all := c.byPath[m]; all != nil {
		return all
	}
	all := &namedFields{known: map[string]bool{}, given: map[string]givenField{}}
	c.byPath[m] = all
	for _, f := range m.Fields { // a name alone is looked for inside parts, too
		all.known[f.Key] = true
	}
	body := c.p.Bodies[slices.IndexFunc(c.p.Bodies, func(b *program.Body) bool { return b.Message == m })]
	c.note(all, slices.Concat(body.FrameKind.Header, body.Nodes, body.FrameKind.Trailer), "", body)
	return all
}

// note notes the fields of nodes, but for those in lists.  Without a body they are there under a condition.
func (c *compiler) note(all *namedFields, nodes []*program.Node, prefix string, body *program.Body) {
	for _, n := range nodes {
		within, inner := body, prefix
		if n.When != nil || n.Optional {
			within = nil
		}
		for i := n.Op; n.Op >= 0 && i <= n.Op+n.Parts; i++ {
			o := &c.p.Ops[i]
			path := prefix + o.Field.Key
			all.known[path], inner = true, path+"."
			if n.Value != nil || n.Check != nil || o.Code == scalar.OpComputed || o.Fixed() || c.p.Derived[o.Reg] || all.given[path].op != nil {
				continue
			}
			needed := n.Kind == program.NodeList || n.Kind == program.NodeLeaf && c.needed(n)
			if i > n.Op { // elsewhere, parts that are not given are zero
				needed = c.plain && c.required(o)
			}
			all.given[path] = givenField{o, (o.Size > 0 || o.Bitwise()) && n.Size == nil && n.Exponent == nil,
				needed && within != nil && within.Set(i) == nil}
			all.order = append(all.order, path)
		}
		if n.Kind == program.NodeList {
			continue
		}
		c.note(all, n.Kids, inner, within)
		for i := range n.Cases {
			c.note(all, n.Cases[i].Kids, inner, nil)
		}
	}
}
