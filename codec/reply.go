package codec

import (
	"slices"
	"time"
)

// Env is what a pure codec must be told about the world.
type Env struct {
	Now       time.Time // for fields filled with the time; zero: they must be given (Build) or are echoed (Reply)
	Result    uint64    // value for the field of role result, used when HasResult is set
	HasResult bool
	Session   *Session // memory of the peer; may be nil
}

// replyRule says which frames are answered, with which message, and where the values of its fields come from.
type replyRule struct {
	from     Party
	downlink bool // answers frames of the server (the peer's side of the dialogue)
	damaged  bool // answers frames whose checksum is wrong
	commands commandSet
	messages []*layout
	when     *expr    // over fields of the request,
	asks     []string // which are these, by register; the first is never used
	send     *layout  // nil: the request goes back:
	whole    bool     // all of it, not its header alone
	sets     []replySet
	values   []replyValue // of the fields of the reply
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
	replySelf                   // the same field of the request
	replyEcho                   // the field with this path
	replyGiven                  // the value
	replyDeep                   // the value, a table or an array, with fields of the request in it
)

// Reply appends the acknowledgement of a received frame.  due is false, and dst as it was, when none is owed.
// The reply echoes the fields of f except those that the definition sets, the length, and the result when
// env has one.
func (p *Profile) Reply(dst []byte, f *Frame, env Env) (out []byte, due bool, err error) {
	if f.layout == nil || f.profile != p {
		return dst, false, &FieldError{Profile: p.name, Offset: -1, Err: ErrNoMessage}
	}
	rule := p.replyTo(f)
	if rule == nil {
		return dst, false, nil
	}
	out, err = rule.reply(dst, f, env)
	return out, err == nil, err
}

// replyTo finds the rule for a frame; nil when it is not acknowledged.
func (p *Profile) replyTo(f *Frame) *replyRule {
	var command uint64
	if i, _ := f.role(RoleCommand); i >= 0 {
		command = f.nums[i]
	}
	from := f.From()
	for i := range p.grammar.replies {
		r := &p.grammar.replies[i]
		if r.damaged || r.downlink != (f.direction == Downlink) && f.direction != Any || r.from != Anyone && r.from != from {
			continue
		}
		if !slices.Contains(r.messages, f.layout) && !(r.commands.has(command) && f.roles[RoleCommand] > 0) {
			continue
		}
		if r.holds(f) {
			return r
		}
	}
	return nil
}

// maxReplyAsks bounds the fields of the request that the condition of a reply names.
const maxReplyAsks = 16

// holds says whether the condition of the reply, if it has one, is true for a request.
func (r *replyRule) holds(f *Frame) bool {
	if r.when == nil {
		return true
	}
	var regs [maxReplyAsks]int64
	for i := 1; i < len(r.asks); i++ {
		regs[i] = f.valueAt(r.asks[i])
	}
	return r.when.eval(&exprPlace{regs: regs[:], uplink: f.direction != Downlink, left: -1}) != 0
}

// Answers says whether answer is the answer to request: the fields that the definition lists are equal in both.
func (p *Profile) Answers(request, answer *Frame) bool {
	if len(p.grammar.answers) == 0 || request.profile != p || answer.profile != p || request.layout == nil || answer.layout == nil || answer.direction == Downlink {
		return false
	}
	for _, pair := range p.grammar.answers {
		if !agree(request, pair[0], answer, pair[1]) {
			return false
		}
	}
	return true
}

// agree says that a field of one frame is there and has the value of a field of another.
func agree(a *Frame, field string, b *Frame, other string) bool {
	i, k := a.at(field), b.at(other)
	return i >= 0 && k >= 0 && a.valueOf(i).same(b.valueOf(k))
}

// valueOf is the value of cell i.
func (f *Frame) valueOf(i int) value { return f.item(i, &f.profile.ops[f.cells[i].op]).v }

// Forward names the command for the master that an integrator's request becomes.
func (p *Profile) Forward(f *Frame) (command string, ok bool) {
	if f.layout == nil || f.profile != p {
		return "", false
	}
	return f.layout.message.Forward, f.layout.message.Forward != ""
}
