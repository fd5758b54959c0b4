package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"trama/codec/internal/encode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// commands builds each command of a message from its arguments alone, with the values of a sample frame.
func (c *checker) commands(s *sampleFrame, f *frame.Frame) {
	for _, o := range c.g.Orders {
		if o.Path == "" || o.Message != s.body.Message {
			continue
		}
		var missing *field.FieldError
		err := c.build(o, f)
		if errors.As(err, &missing) && errors.Is(err, field.ErrMissing) && o.Argument(missing.Field) == nil {
			text := fmt.Sprintf("command %s, which cannot be built from its arguments: %s is missing", o.Name, missing.Field)
			c.witnessed(schema.SeverityError, "command", o.Path, text, "an argument for it, or its value under set", s)
		}
	}
}

func (c *checker) build(o *program.Command, f *frame.Frame) error {
	var tree map[string]any
	text, err := f.AppendJSON(nil)
	if err == nil {
		err = json.Unmarshal(text, &tree)
	}
	if err != nil {
		return nil // it is told of already
	}
	fields := map[string]any{}
	take := func(path string) {
		at := any(tree)
		for _, step := range strings.Split(path, ".") {
			level, _ := at.(map[string]any)
			at = level[step]
		}
		if at != nil {
			fields[path] = at
		}
	}
	for _, a := range o.Arguments {
		take(a.Field)
	}
	for i := range c.ops { // what the gateway gives
		if op := &c.ops[i]; op.Role == field.RoleIdentity || op.Role == field.RoleTransaction || op.InSession() {
			take(op.Field.Key)
		}
	}
	for path, v := range o.Set {
		fields[path] = v
	}
	return c.p.BuildIn(encode.Env{Now: sampleTime}, new(frame.Frame), o.Message.Name, fields)
}
