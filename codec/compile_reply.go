package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// replies compiles [[reply]].
func (c *compiler) replies(d *definition) {
	p, src := c.p, c.src
	var names []string
	for _, m := range p.messages {
		names = append(names, m.Name)
	}
	find := func(path, name string) *layout {
		if at := slices.Index(names, name); at >= 0 {
			return p.layouts[at]
		}
		src.problem(path, quote(name), "the name of a message", names...)
		return nil
	}
	for _, def := range d.replies {
		r := replyRule{from: Party(slices.Index(partyWords, def.from)), damaged: def.damaged}
		r.downlink = r.from == Server
		for i, name := range def.messages {
			l := find(fmt.Sprintf("%s.messages[%d]", def.path, i), name)
			r.messages = append(r.messages, l)
			if l != nil && r.from == Anyone && l.direction == Downlink {
				r.downlink = true
			}
		}
		if def.to != nil {
			if p.commandOp < 0 {
				expected := "messages: no field of the header has the role command"
				if c.plain {
					expected = "no reply: no field of the header has the role command"
				}
				src.problem(def.path+".to", "a command", expected)
				continue
			}
			r.commands = c.commandSet(def.path+".to", def.to)
		}
		if def.when != "" {
			c.replyWhen(&r, def)
		}
		switch own := slices.Contains(sendWords, def.send) && !slices.Contains(names, def.send); {
		case own:
			r.whole = def.send == "frame"
			c.ownSets(&r, def)
		case c.plain:
			src.choice(def.path+".send", def.send, sendWords)
			continue
		default:
			if r.send = find(def.path+".send", def.send); r.send == nil {
				continue
			}
			c.replySets(&r, def)
		}
		c.resolve(&r)
		c.p.replies = append(c.p.replies, r)
	}
}

// replySets compiles what the message that is sent does not take from the request.
func (c *compiler) replySets(r *replyRule, def replyDef) {
	fields, src := r.send.message.Fields, c.src
	known := func(key string) bool { return slices.ContainsFunc(fields, func(f *Field) bool { return f.Key == key }) }
	for _, set := range def.set {
		if !known(set.key) {
			src.problem(set.path, quote(set.key), "a field of "+def.send, keysOfMessage(fields)...)
			continue
		}
		one := replySet{key: set.key, value: set.value}
		if text, ok := set.value.(string); ok {
			one.now, one.count = text == "now", text == "counter"
			var err error
			if one.echo, one.plus, err = echoed(text); err != nil {
				src.problem(set.path, quote(text), `"$KEY", "$KEY + 1" or "$KEY - 0x80"`)
			}
		} else {
			one.deep = c.deep(set.path, set.value)
		}
		r.sets = append(r.sets, one)
	}
	for i, key := range def.without {
		path := fmt.Sprintf("%s.without[%d]", def.path, i)
		switch {
		case !known(key):
			src.problem(path, quote(key), "a field of "+def.send, keysOfMessage(fields)...)
		case slices.ContainsFunc(def.set, func(s setDef) bool { return s.key == key }):
			src.problem(path, quote(key)+", which set gives", "one of them")
		}
		r.sets = append(r.sets, replySet{key: key, count: true})
	}
}

func keysOfMessage(fields []*Field) (out []string) {
	for _, f := range fields {
		out = append(out, f.Key)
	}
	return out
}

// answer reads which fields an answer shares with its request: "KEY", or "KEY = KEY", that of the request first.
func (c *compiler) answer(d *definition) {
	for i, text := range d.answerBy {
		ours, theirs, both := strings.Cut(text, "=")
		ours, theirs = strings.TrimSpace(ours), strings.TrimSpace(theirs)
		if !both {
			theirs = ours
		}
		for _, key := range []string{ours, theirs} {
			if _, common := c.header[key]; c.plain && !common {
				c.src.problem(fmt.Sprintf("answer.by[%d]", i), quote(key), "a field of the header", slices.Sorted(maps.Keys(c.header))...)
				break
			} else if c.all[key] == nil && !c.paths[key] {
				c.src.problem(fmt.Sprintf("answer.by[%d]", i), quote(key), "a field", append(slices.Sorted(maps.Keys(c.all)), slices.Sorted(maps.Keys(c.paths))...)...)
			}
		}
		c.p.answers = append(c.p.answers, [2]string{ours, theirs})
	}
}

// ownSets compiles what a request that goes back, its header or all of it, has not of itself.
func (c *compiler) ownSets(r *replyRule, def replyDef) {
	for _, set := range def.set {
		i, ok := c.header[set.key]
		if !ok {
			c.src.problem(set.path, quote(set.key), "a field of the header", slices.Sorted(maps.Keys(c.header))...)
			continue
		}
		o := &c.p.ops[i]
		now := set.value == "now" && o.code == opTime
		if _, _, err := o.parse(nil, set.value, false); !now && (err != nil || c.p.derived[o.reg] || o.code == opPart) {
			c.src.problem(set.path, describe(set.value), `a value that the field can hold, or "now" for a time`)
			continue
		}
		r.sets = append(r.sets, replySet{key: set.key, now: now, value: set.value})
	}
	for i := range def.without {
		c.src.problem(fmt.Sprintf("%s.without[%d]", def.path, i), "it where the request goes back", "it with a message to send")
	}
}

// resolve notes where the fields of the reply take their values from.
func (c *compiler) resolve(r *replyRule) {
	r.byOp = make([]uint16, len(c.p.ops))
	var visit func(nodes []*node)
	visit = func(nodes []*node) {
		for _, n := range nodes {
			for i := n.op; i >= 0 && i <= n.op+n.parts; i++ {
				if v, is := c.replyValue(r, n, i); is {
					r.values = append(r.values, v)
					r.byOp[i] = uint16(len(r.values))
				}
			}
			if n.kind == nodeGroup && n.op < 0 {
				visit(n.kids)
			}
			for k := range n.cases {
				visit(n.cases[k].kids)
			}
		}
	}
	for _, f := range c.p.families {
		if r.send != nil && r.send.shape.family != f {
			continue
		}
		visit(f.header)
		for _, s := range f.shapes {
			if r.send == s.layout || r.send == nil && r.whole {
				visit(s.nodes)
			}
		}
		visit(f.trailer)
	}
}

// replyValue is where one field takes its value from; is false when it takes it from nowhere.
func (c *compiler) replyValue(r *replyRule, n *node, i int) (v replyValue, is bool) {
	key := c.p.ops[i].field.Key
	of := func(key string) int { return slices.IndexFunc(r.sets, func(s replySet) bool { return s.key == key }) }
	at := of(key)
	if at < 0 && r.send == nil {
		return replyValue{kind: replySelf}, true
	}
	if at < 0 {
		set := i > n.op && of(c.p.ops[n.op].field.Key) >= 0 // the field of bits around it is
		return replyValue{kind: replySame, key: key}, !set && r.send.shape.set(i) == nil
	}
	switch s := &r.sets[at]; {
	case s.count:
		return v, false
	case s.now:
		return replyValue{kind: replyNow}, true
	case s.echo != "":
		return replyValue{kind: replyEcho, key: s.echo, plus: s.plus}, true
	case s.deep:
		return replyValue{kind: replyDeep, key: key, value: s.value}, true
	default:
		return c.readied(n, i, s.value), true
	}
}

// readied is a value of the definition: as the field holds it, where that does not depend on other fields.
func (c *compiler) readied(n *node, i int, v any) replyValue {
	o := &c.p.ops[i]
	if i > n.op {
		if bits, err := o.parsePart(v); err == nil {
			return replyValue{kind: replyReady, ready: &preset{num: bits}}
		}
	} else if n.kind == nodeLeaf && n.size == nil && n.exponent == nil && o.size > 0 {
		if out, num, err := o.parseForm(nil, v, 0, true); err == nil {
			return replyValue{kind: replyReady, ready: &preset{num: num, bytes: out}}
		}
	}
	return replyValue{kind: replyGiven, value: v}
}

// replyWhen compiles the condition of a reply: names are fields of the request.
func (c *compiler) replyWhen(r *replyRule, def replyDef) {
	r.asks = []string{""}
	p := &exprParser{text: def.when, exprScope: exprScope{
		has:   func(name string) bool { return c.all[name] != nil },
		field: func(name string) (*expr, error) { return c.replyField(r, name) },
		fold:  func(string, int64) (*expr, error) { return nil, errReplyList },
		table: func(string) (*expr, error) { return nil, errReplyList },
		label: func(name, label string) (int64, bool, error) { return c.labelOf(name, label, c.opsNamed(name)) },
		count: func(*expr) error { return nil },
	}}
	when, err := p.parse()
	if err == nil && when.varies() {
		err = fmt.Errorf("the whole request is known")
	}
	if err != nil {
		c.src.problem(def.path+".when", quote(def.when)+" ("+err.Error()+")", "an expression of numbers and fields of the request")
		return
	}
	r.when = when
}

var errReplyList = fmt.Errorf("fields of a list are not known here")

// opsNamed are the fields with the key of a path.
func (c *compiler) opsNamed(path string) (out []int) {
	key := path[strings.LastIndexByte(path, '.')+1:]
	for i := range c.p.ops {
		if c.p.ops[i].field.Key == key {
			out = append(out, i)
		}
	}
	return out
}

// replyField is the value of a field of the request.
func (c *compiler) replyField(r *replyRule, name string) (*expr, error) {
	kind, seen := exprInt, false
	for _, i := range c.opsNamed(name) {
		o, own := &c.p.ops[i], exprInt
		switch _, hi := o.bounds(); {
		case o.float():
			own = exprReal
		case o.wide() && o.code != opTime && o.size > 8, o.code == opASCII && o.size > 8:
			return nil, fmt.Errorf("%s has %d bytes: up to 8 count as a number", name, o.size)
		case !o.signed() && hi > 1<<63-1:
			own = exprNatural
		}
		if seen && own != kind {
			return nil, fmt.Errorf("%s is not of one type in all messages", name)
		}
		kind, seen = own, true
	}
	if !seen {
		err := fmt.Errorf("no field %q", name)
		if near := nearest(name, slices.Sorted(maps.Keys(c.all))); near != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return nil, err
	}
	reg := slices.Index(r.asks, name)
	if reg < 0 {
		if reg = len(r.asks); reg == maxReplyAsks {
			return nil, fmt.Errorf("more than %d fields", maxReplyAsks-1)
		}
		r.asks = append(r.asks, name)
	}
	return &expr{code: exReg, reg: reg, kind: kind}, nil
}

// deep says that a table or an array takes something of the request; what is wrong with it is reported.
func (c *compiler) deep(path string, v any) (is bool) {
	switch v := v.(type) {
	case string:
		from, _, err := echoed(v)
		if from == "" {
			return false
		}
		if first, _, _ := strings.Cut(from, "."); err != nil {
			c.src.problem(path, quote(v), `"$KEY", "$KEY + 1" or "$KEY - 0x80"`)
		} else if first, _, _ = strings.Cut(first, "["); c.all[first] == nil {
			var known []string
			for _, key := range slices.Sorted(maps.Keys(c.all)) {
				known = append(known, "$"+key)
			}
			c.src.problem(path, quote(v), "a field of the request behind $", known...)
		}
		return true
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			is = c.deep(join(path, key), v[key]) || is
		}
	case []any, []map[string]any:
		for i, element := range elementsOf(v) {
			is = c.deep(fmt.Sprintf("%s[%d]", path, i), element) || is
		}
	}
	return is
}
