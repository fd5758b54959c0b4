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

// replies compiles [[reply]].
func (c *compiler) replies(d *schema.Definition) {
	p, src := c.p, c.src
	var names []string
	for _, m := range p.Messages {
		names = append(names, m.Name)
	}
	find := func(path, name string) *program.Body {
		if at := slices.Index(names, name); at >= 0 {
			return p.Bodies[at]
		}
		src.Problem(path, field.Quote(name), "the name of a message", names...)
		return nil
	}
	for _, def := range whetherWaiting(d.Replies) {
		r := program.ReplyRule{From: field.Party(slices.Index(field.PartyWords, def.From)), Damaged: def.Damaged,
			Waiting: def.Waiting != nil}
		r.Downlink = r.From == field.Server
		for i, name := range def.Messages {
			l := find(fmt.Sprintf("%s.messages[%d]", def.Path, i), name)
			r.Messages = append(r.Messages, l)
			if l != nil && r.From == field.Anyone && l.Direction == field.Downlink {
				r.Downlink = true
			}
		}
		if def.To != nil {
			if p.CommandOp < 0 {
				expected := "messages: no field of the header has the role command"
				if c.plain {
					expected = "no reply: no field of the header has the role command"
				}
				src.Problem(def.Path+".to", "a command", expected)
				continue
			}
			r.Commands = c.commandSet(def.Path+".to", def.To, &p.Ops[p.CommandOp])
		}
		if def.When != "" {
			c.replyWhen(&r, def)
		}
		switch own := slices.Contains(field.SendWords, def.Send) && !slices.Contains(names, def.Send); {
		case own:
			r.Whole = def.Send == "frame"
			c.ownSets(&r, def)
		case c.plain:
			src.Choice(def.Path+".send", def.Send, field.SendWords)
			continue
		default:
			if r.Send = find(def.Path+".send", def.Send); r.Send == nil {
				continue
			}
			c.replySets(&r, def)
		}
		c.resolve(&r)
		r.Fast = c.p.FastReplies(&r)
		c.p.Replies = append(c.p.Replies, r)
	}
}

// whetherWaiting puts before each reply that has values for when commands wait the one with these values.
func whetherWaiting(all []schema.ReplyDef) (out []schema.ReplyDef) {
	for _, def := range all {
		if plain := def; def.Waiting != nil {
			plain.Waiting = nil
			def.Set = slices.DeleteFunc(slices.Clone(def.Set), func(set schema.SetDef) bool {
				return slices.ContainsFunc(def.Waiting, func(other schema.SetDef) bool { return other.Key == set.Key })
			})
			def.Set = append(def.Set, def.Waiting...)
			out = append(out, def, plain)
			continue
		}
		out = append(out, def)
	}
	return out
}

// replySets compiles what the message that is sent does not take from the request.
func (c *compiler) replySets(r *program.ReplyRule, def schema.ReplyDef) {
	fields, src := r.Send.Message.Fields, c.src
	known := func(key string) bool {
		return slices.ContainsFunc(fields, func(f *field.Field) bool { return f.Key == key })
	}
	for _, set := range def.Set {
		if !known(set.Key) {
			src.Problem(set.Path, field.Quote(set.Key), "a field of "+def.Send, keysOfMessage(fields)...)
			continue
		}
		one := program.ReplySet{Key: set.Key, Value: set.Value}
		if text, ok := set.Value.(string); ok {
			one.Now, one.Count = text == "now", text == "counter"
			var err error
			if one.Echo, one.Plus, err = program.Echoed(text); err != nil {
				src.Problem(set.Path, field.Quote(text), `"$KEY", "$KEY + 1" or "$KEY - 0x80"`)
			}
			if group := c.echoed(r.Send, set.Key, one.Echo); group != nil {
				one.Echo, one.Value = "", group
				one.Deep = c.deep(set.Path, group)
			}
		} else {
			one.Deep = c.deep(set.Path, set.Value)
		}
		r.Sets = append(r.Sets, one)
	}
	for i, key := range def.Without {
		path := fmt.Sprintf("%s.without[%d]", def.Path, i)
		switch {
		case !known(key):
			src.Problem(path, field.Quote(key), "a field of "+def.Send, keysOfMessage(fields)...)
		case slices.ContainsFunc(def.Set, func(s schema.SetDef) bool { return s.Key == key }):
			src.Problem(path, field.Quote(key)+", which set gives", "one of them")
		}
		r.Sets = append(r.Sets, program.ReplySet{Key: key, Count: true})
	}
}

// echoed is the value of a group that takes a group of the request, field by field; nil: the key is none.
func (c *compiler) echoed(to *program.Body, key, from string) map[string]any {
	var group map[string]any
	program.Each(slices.Concat(to.FrameKind.Header, to.Nodes, to.FrameKind.Trailer), func(n *program.Node) {
		if f := to.Message.Fields; from != "" && n.Op >= 0 && n.Kind == program.NodeGroup && c.p.Ops[n.Op].Field.Key == key &&
			slices.Contains(f, c.p.Ops[n.Op].Field) {
			group = map[string]any{}
			c.echoedFields(group, n.Kids, "$"+from)
		}
	})
	return group
}

// echoedFields adds the fields of nodes that somebody gives.
func (c *compiler) echoedFields(group map[string]any, nodes []*program.Node, from string) {
	for _, n := range nodes {
		if n.Op < 0 {
			c.echoedFields(group, n.Kids, from)
			continue
		}
		o := &c.p.Ops[n.Op]
		key := o.Field.Key
		switch {
		case n.Kind == program.NodeGroup:
			inner := map[string]any{}
			c.echoedFields(inner, n.Kids, from+"."+key)
			group[key] = inner
		case o.Code == scalar.OpComputed || o.Code == scalar.OpChecksum || o.Fixed() || n.Value != nil ||
			o.Reg > 0 && slices.Contains(c.derived, o.Reg):
		default:
			group[key] = from + "." + key
		}
	}
}

func keysOfMessage(fields []*field.Field) (out []string) {
	for _, f := range fields {
		out = append(out, f.Key)
	}
	return out
}

// answer reads which fields an answer shares with its request: "KEY", or "KEY = KEY", that of the request first.
func (c *compiler) answer(d *schema.Definition) {
	c.p.Answers = c.shared("answer.by", d.AnswerBy, c.plain)
	c.p.Same = c.shared("answer.same", d.AnswerSame, false)
}

// shared reads pairs of keys of a request and its answer; those in the header, or anywhere.
func (c *compiler) shared(path string, texts []string, inHeader bool) (pairs [][2]string) {
	for i, text := range texts {
		ours, theirs, both := strings.Cut(text, "=")
		ours, theirs = strings.TrimSpace(ours), strings.TrimSpace(theirs)
		if !both {
			theirs = ours
		}
		for _, key := range []string{ours, theirs} {
			if _, common := c.header[key]; inHeader && !common {
				c.src.Problem(fmt.Sprintf("%s[%d]", path, i), field.Quote(key), "a field of the header",
					slices.Sorted(maps.Keys(c.header))...)
				break
			} else if c.all[key] == nil && !c.paths[key] {
				c.src.Problem(fmt.Sprintf("%s[%d]", path, i), field.Quote(key), "a field",
					append(slices.Sorted(maps.Keys(c.all)), slices.Sorted(maps.Keys(c.paths))...)...)
			}
		}
		pairs = append(pairs, [2]string{ours, theirs})
	}
	return pairs
}

// unanswered reads which commands nobody answers: the fields that say so and their values.
func (c *compiler) unanswered(d *schema.Definition) {
	for _, set := range d.Unanswered {
		if c.all[set.Key] == nil && !c.paths[set.Key] {
			c.src.Problem(set.Path, field.Quote(set.Key), "a field", slices.Sorted(maps.Keys(c.all))...)
		}
		switch v := set.Value.(type) {
		case int64, string:
			c.p.Unanswered = append(c.p.Unanswered, [2]string{set.Key, fmt.Sprint(v)})
		default:
			c.src.Problem(set.Path, fmt.Sprint(v), "a whole number or a text")
		}
	}
}

// ownSets compiles what a request that goes back, its header or all of it, has not of itself.
func (c *compiler) ownSets(r *program.ReplyRule, def schema.ReplyDef) {
	for _, set := range def.Set {
		i, ok := c.header[set.Key]
		if !ok {
			c.src.Problem(set.Path, field.Quote(set.Key), "a field of the header", slices.Sorted(maps.Keys(c.header))...)
			continue
		}
		o := &c.p.Ops[i]
		now := set.Value == "now" && o.Code == scalar.OpTime
		if _, _, err := o.Parse(nil, set.Value, 0, false); !now && (err != nil || c.p.Derived[o.Reg] || o.Code == scalar.OpPart) {
			c.src.Problem(set.Path, schema.Describe(set.Value), `a value that the field can hold, or "now" for a time`)
			continue
		}
		r.Sets = append(r.Sets, program.ReplySet{Key: set.Key, Now: now, Value: set.Value})
	}
	for i := range def.Without {
		c.src.Problem(fmt.Sprintf("%s.without[%d]", def.Path, i), "it where the request goes back", "it with a message to send")
	}
}

// resolve notes where the fields of the reply take their values from.
func (c *compiler) resolve(r *program.ReplyRule) {
	r.ByOp = make([]uint16, len(c.p.Ops))
	var visit func(nodes []*program.Node)
	visit = func(nodes []*program.Node) {
		for _, n := range nodes {
			for i := n.Op; i >= 0 && i <= n.Op+n.Parts; i++ {
				if v, is := c.replyValue(r, n, i); is {
					r.Values = append(r.Values, v)
					r.ByOp[i] = uint16(len(r.Values))
				}
			}
			if n.Kind == program.NodeGroup && n.Op < 0 {
				visit(n.Kids)
			}
			for k := range n.Cases {
				visit(n.Cases[k].Kids)
			}
		}
	}
	for _, f := range c.p.Kinds {
		if r.Send != nil && r.Send.FrameKind != f {
			continue
		}
		visit(f.Header)
		for _, s := range f.Bodies {
			if r.Send == s || r.Send == nil && r.Whole {
				visit(s.Nodes)
			}
		}
		visit(f.Trailer)
	}
}

// replyValue is where one field takes its value from; is false when it takes it from nowhere.
func (c *compiler) replyValue(r *program.ReplyRule, n *program.Node, i int) (v program.ReplyValue, is bool) {
	key := c.p.Ops[i].Field.Key
	of := func(key string) int {
		return slices.IndexFunc(r.Sets, func(s program.ReplySet) bool { return s.Key == key })
	}
	at, set := of(key), i > n.Op && of(c.p.Ops[n.Op].Field.Key) >= 0 // set: the field of bits around it is
	if at < 0 && r.Send == nil {
		return program.ReplyValue{Kind: program.ReplySelf}, !set
	}
	if at < 0 {
		return program.ReplyValue{Kind: program.ReplySame, Key: key}, !set && r.Send.Set(i) == nil
	}
	switch s := &r.Sets[at]; {
	case s.Count:
		return v, false
	case s.Now:
		return program.ReplyValue{Kind: program.ReplyNow}, true
	case s.Echo != "":
		return program.ReplyValue{Kind: program.ReplyEcho, Key: s.Echo, Plus: s.Plus}, true
	case s.Deep:
		return program.ReplyValue{Kind: program.ReplyDeep, Key: key, Value: s.Value}, true
	default:
		return c.readied(n, i, s.Value), true
	}
}

// readied is a value of the definition: as the field holds it, where that does not depend on other fields.
func (c *compiler) readied(n *program.Node, i int, v any) program.ReplyValue {
	o := &c.p.Ops[i]
	if i > n.Op {
		if bits, err := o.ParsePart(v); err == nil {
			return program.ReplyValue{Kind: program.ReplyReady, Ready: &scalar.Preset{Num: bits}}
		}
	} else if n.Kind == program.NodeLeaf && n.Size == nil && n.Exponent == nil && o.Size > 0 {
		if out, num, err := o.Parse(nil, v, 0, true); err == nil {
			return program.ReplyValue{Kind: program.ReplyReady, Ready: &scalar.Preset{Num: num, Bytes: out}}
		}
	}
	return program.ReplyValue{Kind: program.ReplyGiven, Value: v}
}

// replyWhen compiles the condition of a reply: names are fields of the request.
func (c *compiler) replyWhen(r *program.ReplyRule, def schema.ReplyDef) {
	r.Asks = []string{""}
	when, err := expr.Parse(def.When, expr.Scope{
		Has:   func(name string) bool { return c.all[name] != nil },
		Field: func(name string) (*expr.Expr, error) { return c.replyField(r, name) },
		Fold:  func(string, int64) (*expr.Expr, error) { return nil, errReplyList },
		Table: func(string) (*expr.Expr, error) { return nil, errReplyList },
		Label: func(name, label string) (int64, bool, error) { return c.labelOf(name, label, c.opsNamed(name)) },
		Count: func(*expr.Expr) error { return nil },
	})
	if err == nil && when.Varies() {
		err = fmt.Errorf("the whole request is known")
	}
	if err != nil {
		c.src.Problem(def.Path+".when", field.Quote(def.When)+" ("+err.Error()+")",
			"an expression of numbers and fields of the request")
		return
	}
	r.When = when
}

var errReplyList = fmt.Errorf("fields of a list are not known here")

// opsNamed are the fields with the key of a path.
func (c *compiler) opsNamed(path string) (out []int) {
	key := path[strings.LastIndexByte(path, '.')+1:]
	for i := range c.p.Ops {
		if c.p.Ops[i].Field.Key == key {
			out = append(out, i)
		}
	}
	return out
}

// replyField is the value of a field of the request.
func (c *compiler) replyField(r *program.ReplyRule, name string) (*expr.Expr, error) {
	kind, seen := expr.Int, false
	for _, i := range c.opsNamed(name) {
		o, own := &c.p.Ops[i], expr.Int
		switch _, hi := o.Bounds(); {
		case o.Float():
			own = expr.Real
		case o.Wide() && o.Code != scalar.OpTime && o.Size > 8, o.Code == scalar.OpASCII && o.Size > 8:
			return nil, fmt.Errorf("%s has %d bytes: up to 8 count as a number", name, o.Size)
		case !o.Signed() && hi > 1<<63-1:
			own = expr.Natural
		}
		if seen && own != kind {
			return nil, fmt.Errorf("%s is not of one type in all messages", name)
		}
		c.word(o)
		kind, seen = own, true
	}
	if !seen {
		err := fmt.Errorf("no field %q", name)
		if near := field.Nearest(name, slices.Sorted(maps.Keys(c.all))); near != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return nil, err
	}
	reg := slices.Index(r.Asks, name)
	if reg < 0 {
		if reg = len(r.Asks); reg == program.MaxReplyAsks {
			return nil, fmt.Errorf("more than %d fields", program.MaxReplyAsks-1)
		}
		r.Asks = append(r.Asks, name)
	}
	return &expr.Expr{Code: expr.Reg, Reg: reg, Kind: kind}, nil
}

// deep says that a table or an array takes something of the request; what is wrong with it is reported.
func (c *compiler) deep(path string, v any) (is bool) {
	switch v := v.(type) {
	case string:
		from, _, err := program.Echoed(v)
		if from == "" {
			return false
		}
		if first, _, _ := strings.Cut(from, "."); err != nil {
			c.src.Problem(path, field.Quote(v), `"$KEY", "$KEY + 1" or "$KEY - 0x80"`)
		} else if first, _, _ = strings.Cut(first, "["); c.all[first] == nil {
			var known []string
			for _, key := range slices.Sorted(maps.Keys(c.all)) {
				known = append(known, "$"+key)
			}
			c.src.Problem(path, field.Quote(v), "a field of the request behind $", known...)
		}
		return true
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			is = c.deep(schema.Join(path, key), v[key]) || is
		}
	case []any, []map[string]any:
		for i, element := range program.ElementsOf(v) {
			is = c.deep(fmt.Sprintf("%s[%d]", path, i), element) || is
		}
	}
	return is
}
