package codec

import (
	"fmt"
	"slices"
)

// commandSet reads commands: values, or ranges such as "a-z".
func (c *compiler) commandSet(path string, values []any) commandSet {
	o := &c.p.ops[c.p.commandOp]
	var set commandSet
	if !c.affordValues(path, len(values)) {
		return nil
	}
	for i, v := range values {
		lo, hi, err := o.parseRange(v)
		if err != nil {
			if len(values) > 1 {
				path = fmt.Sprintf("%s[%d]", path, i)
			}
			c.src.problem(path, describe(v)+" ("+err.Error()+")", "a value that "+o.field.Key+" can hold, or a range of them")
			continue
		}
		set = append(set, [2]uint64{lo, hi})
	}
	return set
}

// forwards checks that each forwarded request becomes a command that exists.
func (c *compiler) forwards(d *definition) {
	var commands []string
	for _, m := range c.p.messages {
		if m.From == Server && m.Command != "" {
			commands = append(commands, m.Command)
		}
	}
	for _, def := range d.messages {
		if def.forward != "" && !slices.Contains(commands, def.forward) {
			c.src.problem(def.path+".forward", quote(def.forward), "the command of a message from the server", commands...)
		}
		if def.forward != "" && def.from != "integrator" {
			c.src.problem(def.path+".forward", "it in a message from "+def.from, `it with from = "integrator"`)
		}
	}
}
