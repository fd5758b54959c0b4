package codec

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
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

// examples checks that they can be run; whether they hold is said by CheckExamples.
func (c *compiler) examples(d *definition) {
	for _, def := range d.examples {
		e := example{file: c.src.File, line: c.src.Line(def.path), path: def.path, title: def.title, expect: def.expect}
		e.direction = Direction(slices.Index(directionWords, def.direction))
		var err error
		if e.frame, err = hexBytes(def.hex); err != nil {
			c.src.problem(def.path+".hex", quote(def.hex), "hexadecimal digits, two for each byte")
		}
		if e.reply, err = hexBytes(def.reply); err != nil {
			c.src.problem(def.path+".reply", quote(def.reply), "hexadecimal digits, two for each byte")
		}
		if e.request, err = hexBytes(def.request); err != nil {
			c.src.problem(def.path+".request", quote(def.request), "hexadecimal digits, two for each byte")
		}
		if def.now != "" {
			if e.now, err = time.Parse(time.RFC3339, def.now); err != nil {
				e.now, err = time.ParseInLocation("2006-01-02T15:04:05", def.now, c.zone)
			}
			if err != nil {
				c.src.problem(def.path+".now", quote(def.now), "RFC 3339, with or without a zone")
			}
		}
		for _, key := range keysOf(def.expect) {
			if c.all[key] == nil {
				c.src.problem(def.path+".expect."+key, quote(key), "a field of a message", keysOf(c.all)...)
			}
		}
		c.profile.examples = append(c.profile.examples, e)
	}
}

// hexBytes reads hexadecimal digits; blanks between them are for the eye.
func hexBytes(text string) ([]byte, error) {
	return hex.DecodeString(strings.Join(strings.Fields(text), ""))
}
