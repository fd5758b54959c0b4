package codec

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Replies of a profile with a grammar are messages of their own, woven from the request.

// grammarReply says which message answers which.
type grammarReply struct {
	from     Party
	downlink bool
	commands commandSet
	messages []*layout
	send     *layout
	sets     []replySet
	deep     bool // of a set: such replies are not learned
	learned  *learnedReplies
}

// replySet is where the value of one field comes from.
type replySet struct {
	key   string
	echo  string // path in the request
	plus  int64  // added to what is echoed
	now   bool
	count bool // not echoed: counted, or whatever it is when it is not given
	deep  bool // a table or an array that takes something of the request
	value any
}

func (g *grammarCompiler) replies(d *definition) {
	p, src := g.p, g.c.src
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
		r := grammarReply{learned: new(learnedReplies), from: Party(slices.Index(partyWords, def.from))}
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
				src.problem(def.path+".to", "a command", "messages: no field of the header has the role command")
				continue
			}
			r.commands = g.c.commandSet(def.path+".to", def.to)
		}
		if def.when != "" {
			src.problem(def.path+".when", quote(def.when), "messages of their own, with that condition")
		}
		if r.send = find(def.path+".send", def.send); r.send == nil {
			continue
		}
		for _, set := range def.set {
			if !slices.ContainsFunc(r.send.message.Fields, func(f *Field) bool { return f.Key == set.key }) {
				src.problem(set.path, quote(set.key), "a field of "+def.send, keysOfMessage(r.send.message.Fields)...)
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
				one.deep = g.deep(set.path, set.value)
				r.deep = r.deep || one.deep
			}
			r.sets = append(r.sets, one)
		}
		for i, key := range def.without {
			path := fmt.Sprintf("%s.without[%d]", def.path, i)
			switch {
			case !slices.ContainsFunc(r.send.message.Fields, func(f *Field) bool { return f.Key == key }):
				src.problem(path, quote(key), "a field of "+def.send, keysOfMessage(r.send.message.Fields)...)
			case slices.ContainsFunc(def.set, func(s setDef) bool { return s.key == key }):
				src.problem(path, quote(key)+", which set gives", "one of them")
			}
			r.sets = append(r.sets, replySet{key: key, count: true})
		}
		g.g.replies = append(g.g.replies, r)
	}
}

func keysOfMessage(fields []*Field) (out []string) {
	for _, f := range fields {
		out = append(out, f.Key)
	}
	return out
}

// answer reads which fields an answer shares with its request: "KEY", or "KEY = KEY", that of the request first.
func (g *grammarCompiler) answer(d *definition) {
	for i, text := range d.answerBy {
		ours, theirs, both := strings.Cut(text, "=")
		ours, theirs = strings.TrimSpace(ours), strings.TrimSpace(theirs)
		if !both {
			theirs = ours
		}
		for _, key := range []string{ours, theirs} {
			if _, common := g.c.header[key]; g.plain && !common {
				g.c.src.problem(fmt.Sprintf("answer.by[%d]", i), quote(key), "a field of the header", keysOf(g.c.header)...)
				break
			} else if g.c.all[key] == nil {
				g.c.src.problem(fmt.Sprintf("answer.by[%d]", i), quote(key), "a field", keysOf(g.c.all)...)
			}
		}
		g.g.answers = append(g.g.answers, [2]string{ours, theirs})
	}
}

func (p *Profile) grammarReply(dst []byte, f *Frame, env Env) ([]byte, bool, error) {
	rule := p.grammarReplyTo(f)
	if rule == nil {
		return dst, false, nil
	}
	if out, ok := rule.learned.reply(p, dst, f, env); ok {
		return out, true, nil
	}
	asked := env
	values := map[string]any{}
	for _, field := range rule.send.message.Fields {
		if i := f.named(field.Key, 0, len(f.cells), 0); i >= 0 && !rule.send.shape.fixes(field.Key) {
			o := &p.ops[f.cells[i].op]
			if o.code == opGroup && field.Kind == KindGroup {
				values[field.Key] = f.tree()[field.Key]
			}
			if field.Kind != KindGroup && field.Kind != KindList && o.code != opGroup && o.code != opList && (o.code < opChecksum || o.code == opVarint) && (o.flags&flagCommand == 0 || rule.send.message.Command == "" && rule.send.commands.has(f.nums[i])) && o.check == checkNone && !p.grammar.derived[o.reg] {
				values[field.Key] = p.handed(rule.send, field.Key, f.item(i, o))
			}
		}
	}
	for _, set := range rule.sets {
		switch {
		case set.now:
			if env.Now.IsZero() {
				env.Now = time.Unix(0, 0)
			}
			values[set.key] = env.Now
		case set.count:
			delete(values, set.key)
		case set.echo != "":
			i := f.at(set.echo)
			if i < 0 {
				return dst, false, &FieldError{Profile: p.name, Frame: f.layout.message.Name, Field: set.echo, Offset: -1, Err: ErrUnknownField}
			}
			it := f.item(i, &p.ops[f.cells[i].op])
			if values[set.key] = p.handed(rule.send, set.key, it); set.plus != 0 {
				values[set.key] = p.wrapped(rule.send, set.key, it.Int()+set.plus)
			}
		case set.deep:
			value, err := (&filler{p, f}).fill(set.key, set.value, "")
			if err != nil {
				return dst, false, err
			}
			values[set.key] = value
		default:
			values[set.key] = set.value
		}
	}
	for _, field := range rule.send.message.Fields {
		if field.Role == RoleResult && env.HasResult {
			values[field.Key] = env.Result
		}
	}
	for key := range values { // header fields that are filled by the message itself
		if i := slices.IndexFunc(rule.send.message.Fields, func(f *Field) bool { return f.Key == key }); i < 0 {
			delete(values, key)
		}
	}
	p.setWhole(rule, values)
	var reply Frame
	way := Downlink
	if f.direction == Downlink {
		way = Uplink
	}
	if err := p.weave(&reply, rule.send, way, builder{env: env, fields: values, command: rule.send.message.Name, reply: true}); err != nil {
		return dst, false, err
	}
	asked.Session = env.Session.copied(p)
	env.Session.count(p, &reply)
	if !rule.deep {
		rule.learned.learn(p, rule, f, asked, &reply)
	}
	return append(dst, reply.raw...), true, nil
}

// setWhole leaves out the parts that are echoed of a field of bits that the definition sets.
func (p *Profile) setWhole(rule *grammarReply, values map[string]any) {
	for _, set := range rule.sets {
		for i := range p.ops {
			if o := &p.ops[i]; o.field.Key != set.key || !o.parts || !slices.Contains(rule.send.message.Fields, o.field) {
				continue
			}
			for _, part := range p.partsOf(i) {
				if !slices.ContainsFunc(rule.sets, func(s replySet) bool { return s.key == part.field.Key }) {
					delete(values, part.field.Key)
				}
			}
		}
	}
}

// partsOf are the parts of the field of bits with this index.
func (p *Profile) partsOf(i int) []op {
	k := i + 1
	for k < len(p.ops) && p.ops[k].code == opPart {
		k++
	}
	return p.ops[i+1 : k]
}

// wrapped is a number that begins again at zero when the field it goes to is full.
func (p *Profile) wrapped(l *layout, key string, v int64) int64 {
	for i := range p.ops {
		o := &p.ops[i]
		if o.field.Key != key || !o.integer() && o.code != opDecimal || !slices.Contains(l.message.Fields, o.field) {
			continue
		}
		if hi := o.largest(); hi < 1<<62 && o.code != opInt {
			n := int64(hi) + 1
			return (v%n + n) % n
		}
	}
	return v
}

// give is the value of an item as Build takes it.
func (it Item) give() any {
	switch {
	case it.v.missing:
		return "?" + it.MissingText()
	case it.v.op.code == opHex && it.v.op.form == nil:
		return slices.Clone(it.v.data)
	case it.Kind == KindUint && it.Label() == "":
		return it.v.num
	case it.Kind == KindInt && it.Label() == "":
		return it.v.whole()
	}
	return it.Text()
}

// handed is the value of an item as the field of a message with this key takes it: a label that the field does not have
// gives way to what it stands for.
func (p *Profile) handed(l *layout, key string, it Item) any {
	label := it.Label()
	if label == "" || it.v.missing {
		return it.give()
	}
	for i := range p.ops {
		o := &p.ops[i]
		if o.field.Key == key && slices.Contains(l.message.Fields, o.field) && !o.labels(label) {
			return it.v.unlabelled()
		}
	}
	return it.give()
}

// labels says that a value of the field is called so.
func (o *op) labels(label string) bool {
	return slices.ContainsFunc(o.field.Enum, func(e EnumLabel) bool { return e.Label == label }) ||
		o.form != nil && slices.ContainsFunc(o.form.labels, func(r labelRange) bool { return r.label == label })
}

func (p *Profile) grammarReplyTo(f *Frame) *grammarReply {
	var command uint64
	if i, _ := f.role(RoleCommand); i >= 0 {
		command = f.nums[i]
	}
	from := f.From()
	for i := range p.grammar.replies {
		r := &p.grammar.replies[i]
		if r.downlink != (f.direction == Downlink) && f.direction != Any || r.from != Anyone && r.from != from {
			continue
		}
		if slices.Contains(r.messages, f.layout) || r.commands.has(command) && f.roles[RoleCommand] > 0 {
			return r
		}
	}
	return nil
}

// grammarAnswers compares the fields that an answer shares with its request.
func (p *Profile) grammarAnswers(request, answer *Frame) bool {
	for _, pair := range p.grammar.answers {
		i, k := request.at(pair[0]), answer.at(pair[1])
		if i < 0 || k < 0 || !request.item(i, &p.ops[request.cells[i].op]).v.same(answer.item(k, &p.ops[answer.cells[k].op]).v) {
			return false
		}
	}
	return true
}
