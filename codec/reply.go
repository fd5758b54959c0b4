package codec

import (
	"strconv"
	"time"
)

// Env is what a pure codec must be told about the world.
type Env struct {
	Now       time.Time // for fields filled with the time; zero: they must be given (Build) or are echoed (Reply)
	Result    uint64    // value for the field of role result, used when HasResult is set
	HasResult bool
	Session   *Session // memory of the peer; may be nil
}

// replyRule says which frames are acknowledged and with what.
type replyRule struct {
	from     Party
	downlink bool // answers frames of the server (the peer's side of the dialogue)
	commands commandSet
	whole    bool // the whole frame goes back, not its header alone
	ops      []replyOp
}

// replyOp is what a reply does with a field that it does not echo.
type replyOp struct {
	op     int // index in Profile.ops
	off    int // its first byte
	source replySource
	value  *preset
}

type replySource uint8

const (
	sourceNow replySource = iota
	sourceValue
)

// Reply appends the acknowledgement of a received frame.  due is false, and dst as it was, when none is owed.
// The reply echoes the fields of f except those that the definition sets, the length, and the result when
// env has one.
func (p *Profile) Reply(dst []byte, f *Frame, env Env) (out []byte, due bool, err error) {
	if f.layout == nil || f.profile != p {
		return dst, false, &FieldError{Profile: p.name, Offset: -1, Err: ErrNoMessage}
	}
	if len(p.replies) == 0 {
		return p.grammarReply(dst, f, env)
	}
	rule := p.replyTo(f)
	if rule == nil {
		return dst, false, nil
	}
	start := len(dst)
	if dst, err = p.echo(dst, f, rule.whole); err != nil {
		return dst[:start], false, err
	}
	reply := dst[start:]
	if p.length.op >= 0 {
		o := &p.ops[p.length.op]
		o.store(reply[p.length.off:p.length.off+o.size], p.lengthValue(len(reply)))
	}
	for i := range rule.ops {
		set := &rule.ops[i]
		o := &p.ops[set.op]
		if err := set.fill(o, reply[set.off:set.off+o.size], env); err != nil {
			return dst[:start], false, p.valueError(f.layout, o, err)
		}
	}
	if env.HasResult && p.resultOp >= 0 {
		o := &p.ops[p.resultOp]
		if _, hi := o.bounds(); env.Result > hi || !o.allows(env.Result) {
			return dst[:start], false, p.valueError(f.layout, o, o.outOfRange(strconv.FormatUint(env.Result, 10)))
		}
		o.store(reply[p.resultOff:p.resultOff+o.size], env.Result)
	}
	return dst, true, nil
}

// echo appends the header of f, or all of it.
func (p *Profile) echo(dst []byte, f *Frame, all bool) ([]byte, error) {
	if !f.decoded { // built or changed: the bytes are not there yet
		start := len(dst)
		dst, err := p.Append(dst, f)
		if err == nil && !all {
			dst = dst[:start+p.headerSize]
		}
		return dst, err
	}
	if all {
		return append(dst, f.data...), nil
	}
	return append(dst, f.data[:p.headerSize]...), nil
}

// fill writes what the definition puts in the place of an echo.
func (r *replyOp) fill(o *op, field []byte, env Env) error {
	if r.source == sourceNow {
		if env.Now.IsZero() {
			return nil
		}
		_, err := o.time.appendNow(field[:0], env.Now)
		return err
	}
	if o.numeric() {
		o.store(field, r.value.num)
	} else {
		copy(field, r.value.bytes)
	}
	return nil
}

// replyTo finds the rule for a frame; nil when it is not acknowledged.
func (p *Profile) replyTo(f *Frame) *replyRule {
	var command uint64
	if i, _ := f.role(RoleCommand); i >= 0 {
		command = f.nums[i]
	}
	from := f.From()
	for i := range p.replies {
		r := &p.replies[i]
		if r.downlink == (f.direction == Downlink) && (r.from == Anyone || r.from == from) && r.commands.has(command) {
			return r
		}
	}
	return nil
}

// Answers says whether answer is the answer to request: the fields that the definition lists are equal in both.
func (p *Profile) Answers(request, answer *Frame) bool {
	if len(p.grammar.answers) == 0 || request.profile != p || answer.profile != p || request.layout == nil || answer.layout == nil {
		return false
	}
	if answer.direction == Downlink {
		return false
	}
	return p.grammarAnswers(request, answer)
}

// Forward names the command for the master that an integrator's request becomes.
func (p *Profile) Forward(f *Frame) (command string, ok bool) {
	if f.layout == nil || f.profile != p {
		return "", false
	}
	return f.layout.message.Forward, f.layout.message.Forward != ""
}
