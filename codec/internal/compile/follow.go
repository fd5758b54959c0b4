package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// follows compiles what answers a command and what comes behind it.
func (c *compiler) follows(o *program.Command, def *schema.CommandDef) {
	c.few(def.Path+".then", "commands", len(def.Then), mostThen)
	o.Answers = c.masterMessages(def.Path+".answer.message", def.Answers)
	o.Same = c.pairs(def.Path+".answer.same", o, def.Same, o.Answers)
	if def.Report != "" {
		if report := c.masterMessages(def.Path+".report", []string{def.Report}); report != nil {
			o.Report = report[0]
		}
	}
	for i := range def.Then[:min(len(def.Then), mostThen)] {
		if f := c.follow(o, &def.Then[i]); f != nil {
			o.Then = append(o.Then, f)
		}
	}
	if def.Verify == nil {
		if def.Class == "verify" {
			c.src.Problem(def.Path+".class", `"verify" without verify`, "the command that reads back what was changed")
		}
		return
	}
	f := c.follow(o, def.Verify)
	if f == nil {
		return
	}
	f.Messages = c.masterMessages(def.Verify.Path+".message", def.Verify.Message)
	if back, _ := c.p.Command(f.Command); f.Messages == nil && back.Report != nil {
		f.Messages = []*field.Message{back.Report}
	} else if f.Messages == nil {
		f.Messages = back.Answers
	}
	f.By = c.pairs(def.Verify.Path+".by", o, def.Verify.By, f.Messages)
	f.Same = c.pairs(def.Verify.Path+".same", o, def.Verify.Shows, f.Messages)
	o.Verify = f
}

// masterMessages are messages that a master sends, by their names.
func (c *compiler) masterMessages(path string, names []string) (out []*field.Message) {
	if !c.few(path, "messages", len(names), mostMessages) {
		return nil
	}
	var known []string
	for _, b := range c.p.Bodies {
		if b.Direction != field.Downlink {
			known = append(known, b.Message.Name)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			c.src.Problem(path, field.Quote(name), "the name of a message of the master", known...)
			continue
		}
		out = append(out, c.p.Messages[slices.IndexFunc(c.p.Messages, func(m *field.Message) bool { return m.Name == name })])
	}
	return out
}

// follow compiles a command that follows another one.
func (c *compiler) follow(o *program.Command, def *schema.FollowDef) *program.Follow {
	path := def.Path
	if c.src.Knows(path + ".command") {
		path += ".command"
	}
	next, ok := c.p.Command(def.Command)
	if !ok {
		c.src.Problem(path, field.Quote(def.Command), "the name of a command", c.p.OrderNames()...)
		return nil
	}
	if next.Class != "idempotent" {
		c.src.Problem(path, fmt.Sprintf("%q of class %s", next.Name, next.Class), "one of class idempotent, which only asks")
	}
	f := &program.Follow{Command: next.Name, With: map[string]any{}}
	for _, set := range def.Arguments {
		if len(c.src.Problems) >= mostProblems {
			break
		}
		key, v := set.Key, set.Value
		if a := next.Argument(key); a != nil {
			key = a.Field
		} else if !next.Known[key] {
			c.src.Problem(set.Path, field.Quote(key), "an argument of "+next.Name, argumentsOf(next)...)
		}
		if text, is := v.(string); is && strings.HasPrefix(text, "$") {
			from := text[1:]
			if a := o.Argument(from); a != nil {
				from = a.Field
			} else if !o.Known[from] {
				c.src.Problem(set.Path, field.Quote(text), `"$" and an argument of `+o.Name, argumentsOf(o)...)
			}
			v = "$" + from
		}
		f.With[key] = v
	}
	for _, a := range next.Arguments {
		if _, given := f.With[a.Field]; a.Required && !given {
			c.src.Problem(def.Path, fmt.Sprintf("no %s for %s", a.Key, next.Name), "its arguments: { command = …, arguments = { … } }")
		}
	}
	return f
}

func argumentsOf(o *program.Command) (out []string) {
	for _, a := range o.Arguments {
		out = append(out, a.Key)
	}
	return out
}

// pairs reads "KEY" or "KEY = KEY": an argument or a field of a command, and a field of one of the messages, any of the
// master's when there is none.
func (c *compiler) pairs(path string, o *program.Command, texts []string, messages []*field.Message) (out [][2]string) {
	if len(texts) == 0 || !c.few(path, "fields", len(texts), mostAnswers) {
		return nil
	}
	if messages == nil {
		for _, b := range c.p.Bodies {
			if b.Direction != field.Downlink {
				messages = append(messages, b.Message)
			}
		}
	}
	for i, text := range texts {
		mine, other, both := strings.Cut(text, "=")
		mine, other = strings.TrimSpace(mine), strings.TrimSpace(other)
		if a := o.Argument(mine); a != nil {
			mine = a.Field
		}
		if !both {
			other = mine
		}
		place := fmt.Sprintf("%s[%d]", path, i)
		name, _, _ := strings.Cut(other, "[")
		if !o.Known[mine] {
			c.src.Problem(place, field.Quote(mine), "an argument or a field of "+o.Message.Name,
				append(argumentsOf(o), slices.Sorted(maps.Keys(o.Known))...)...)
		} else if !slices.ContainsFunc(messages, func(m *field.Message) bool { return c.fieldsOf(m).known[name] }) {
			var known []string
			for _, m := range messages {
				known = slices.AppendSeq(known, maps.Keys(c.fieldsOf(m).known))
			}
			c.src.Problem(place, field.Quote(other), "a field of what the master sends", slices.Sorted(slices.Values(known))...)
		}
		out = append(out, [2]string{mine, other})
	}
	return out
}
