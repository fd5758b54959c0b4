package codec

import (
	"fmt"
	"slices"
	"strings"
)

// Replies of a profile with a grammar are messages of their own, woven from the request.

// grammarReply says which message answers which, and where the values of its fields come from.
type grammarReply struct {
	from     Party
	downlink bool
	commands commandSet
	messages []*layout
	when     *expr // over the fields of the request
	asks     []string
	send     *layout
	sets     []replySet
	values   []replyValue // of the fields of send,
	byOp     []uint16     // by op: 1 + the index of its value
}

// replySet is what the definition says of one field.
type replySet struct {
	key   string
	echo  string // path in the request
	plus  int64  // added to what is echoed
	now   bool
	count bool // not echoed: counted, or whatever it is when it is not given
	deep  bool // a table or an array that takes something of the request
	value any
}

// replyValue is where the value of one field comes from.
type replyValue struct {
	kind  replyKind
	key   string // path in the request
	plus  int64
	value input
}

type replyKind uint8

const (
	replySame  replyKind = iota // the field of the request with this key, if that is free to have any value
	replyEcho                   // the field with this path
	replyGiven                  // the value
	replyDeep                   // the value, a table or an array, with fields of the request in it
)

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
		r := grammarReply{from: Party(slices.Index(partyWords, def.from))}
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
			r.commands = c.commandSet(def.path+".to", def.to)
		}
		if def.when != "" {
			c.replyWhen(&r, def)
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
				one.deep = c.deep(set.path, set.value)
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
		c.resolve(&r)
		c.p.replies = append(c.p.replies, r)
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
				c.src.problem(fmt.Sprintf("answer.by[%d]", i), quote(key), "a field of the header", keysOf(c.header)...)
				break
			} else if c.all[key] == nil {
				c.src.problem(fmt.Sprintf("answer.by[%d]", i), quote(key), "a field", keysOf(c.all)...)
			}
		}
		c.p.answers = append(c.p.answers, [2]string{ours, theirs})
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
		if !slices.Contains(r.messages, f.layout) && !(r.commands.has(command) && f.roles[RoleCommand] > 0) {
			continue
		}
		if r.when == nil || r.holds(f) {
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

// resolve notes where the fields of the message that is sent take their values from.
func (c *compiler) resolve(r *grammarReply) {
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
	f := r.send.shape.family
	visit(f.header)
	visit(r.send.shape.nodes)
	visit(f.trailer)
}

// replyValue is where one field takes its value from; is false when it takes it from nowhere.
func (c *compiler) replyValue(r *grammarReply, n *node, i int) (v replyValue, is bool) {
	key := c.p.ops[i].field.Key
	of := func(key string) int { return slices.IndexFunc(r.sets, func(s replySet) bool { return s.key == key }) }
	at := of(key)
	if at < 0 {
		set := i > n.op && of(c.p.ops[n.op].field.Key) >= 0 // the field of bits around it is
		return replyValue{kind: replySame, key: key}, !set && !r.send.shape.fixes(key)
	}
	switch s := &r.sets[at]; {
	case s.count:
		return v, false
	case s.now:
		return replyValue{kind: replyGiven, value: input{kind: inputNow}}, true
	case s.echo != "":
		return replyValue{kind: replyEcho, key: s.echo, plus: s.plus}, true
	case s.deep:
		return replyValue{kind: replyDeep, key: key, value: input{any: s.value}}, true
	default:
		return replyValue{kind: replyGiven, value: c.readied(n, i, s.value)}, true
	}
}

// readied is a value as the field holds it, where that does not depend on other fields.
func (c *compiler) readied(n *node, i int, v any) input {
	o := &c.p.ops[i]
	if i > n.op {
		if bits, err := o.parsePart(v); err == nil {
			return input{kind: inputReady, num: bits}
		}
	} else if n.kind == nodeLeaf && n.size == nil && n.exponent == nil && o.size > 0 {
		if out, num, err := o.parseForm(nil, v, 0, true); err == nil {
			return input{kind: inputReady, num: num, bytes: out}
		}
	}
	return input{any: v}
}

// replyWhen compiles the condition of a reply: names are fields of the request.
func (c *compiler) replyWhen(r *grammarReply, def replyDef) {
	p := &exprParser{text: def.when}
	r.asks = []string{""}
	p.has = func(name string) bool { return c.all[name] != nil }
	p.count = func(*expr) error { return nil }
	p.field = func(name string) (*expr, error) {
		first, _, _ := strings.Cut(name, ".")
		if c.all[first] == nil {
			err := fmt.Errorf("no field %q", name)
			if near := nearest(name, keysOf(c.all)); near != "" {
				err = fmt.Errorf("%w; did you mean %q?", err, near)
			}
			return nil, err
		}
		i := slices.Index(r.asks, name)
		if i < 1 {
			i, r.asks = len(r.asks), append(r.asks, name)
		}
		if i == maxReplyAsks {
			return nil, fmt.Errorf("more than %d fields", maxReplyAsks-1)
		}
		e := &expr{code: exReg, reg: i}
		if o := c.all[name]; o != nil && o.float() {
			e.kind = exprReal
		}
		return e, nil
	}
	p.label = func(name, label string) (int64, bool, error) {
		for i := range c.p.ops {
			if o := &c.p.ops[i]; o.field.Key == name {
				if v, ok := o.enum[label]; ok {
					return int64(v), true, nil
				}
			}
		}
		return 0, false, nil
	}
	p.fold = func(string, int64) (*expr, error) { return nil, fmt.Errorf("join is for fields of a frame") }
	p.table = func(string) (*expr, error) { return nil, fmt.Errorf("at is for fields of a frame") }
	when, err := p.parse()
	if err == nil && (when.looks || when.has(exIndex)) {
		err = fmt.Errorf("the frame is read already")
	}
	if err != nil {
		c.src.problem(def.path+".when", quote(def.when)+" ("+err.Error()+")", "an expression of numbers and fields of the request")
		return
	}
	r.when = when.nonzero().done()
}

// maxReplyAsks bounds the fields of the request that the condition of a reply names.
const maxReplyAsks = 16

// holds says whether the condition of the reply is true for a request.
func (r *grammarReply) holds(f *Frame) bool {
	var regs [maxReplyAsks]int64
	for i := 1; i < len(r.asks); i++ {
		regs[i] = f.valueAt(r.asks[i])
	}
	return r.when.eval(&exprPlace{regs: regs[:], uplink: f.direction != Downlink, left: -1}) != 0
}
