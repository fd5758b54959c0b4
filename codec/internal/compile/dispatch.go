package compile

import (
	"fmt"
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// commandSet reads commands: values, or ranges such as "a-z".
func (c *compiler) commandSet(path string, values []any, o *scalar.Op) program.CommandSet {
	var set program.CommandSet
	if !c.affordValues(path, len(values)) {
		return nil
	}
	for i, v := range values {
		lo, hi, err := o.ParseRange(v)
		if err != nil {
			if len(values) > 1 {
				path = fmt.Sprintf("%s[%d]", path, i)
			}
			c.src.Problem(path, schema.Describe(v)+" ("+err.Error()+")", "a value that "+o.Field.Key+" can hold, or a range of them")
			continue
		}
		set = append(set, [2]uint64{lo, hi})
	}
	return set
}

// forwards checks that each forwarded request becomes a command that exists.
func (c *compiler) forwards(d *schema.Definition) {
	var commands []string
	for _, m := range c.p.Messages {
		if m.From == field.Server && m.Command != "" {
			commands = append(commands, m.Command)
		}
	}
	for _, def := range d.Messages {
		if def.Forward != "" && !slices.Contains(commands, def.Forward) {
			c.src.Problem(def.Path+".forward", field.Quote(def.Forward), "the command of a message from the server", commands...)
		}
		for key, has := range map[string]bool{"forward": def.Forward != "", "subscribe": def.Subscribe} {
			if has && def.From != "integrator" {
				c.src.Problem(def.Path+"."+key, "it in a message from "+def.From, `it with from = "integrator"`)
			}
		}
	}
}
