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

// echo says which frames are acknowledged with their own header, or with all of themselves.
type echo struct {
	from     Party
	downlink bool // answers frames of the server (the peer's side of the dialogue)
	commands commandSet
	whole    bool // the whole frame goes back, not its header alone
	header   int  // bytes of it
	length   *lengthRule
	result   *echoPlace // of the field of role result; nil: there is none
	sets     []echoSet
}

// echoPlace is a field of the header and its first byte.
type echoPlace struct{ op, off int }

// echoSet is a field that is not echoed; a nil value is the time.
type echoSet struct {
	echoPlace
	value *preset
}

// Reply appends the acknowledgement of a received frame.  due is false, and dst as it was, when none is owed.
// The reply echoes the fields of f except those that the definition sets, the length, and the result when
// env has one.
func (p *Profile) Reply(dst []byte, f *Frame, env Env) (out []byte, due bool, err error) {
	if f.layout == nil || f.profile != p {
		return dst, false, &FieldError{Profile: p.name, Offset: -1, Err: ErrNoMessage}
	}
	if len(p.echoes) == 0 {
		return p.grammarReply(dst, f, env)
	}
	rule := p.echoTo(f)
	if rule == nil {
		return dst, false, nil
	}
	start := len(dst)
	if rule.whole {
		dst = append(dst, f.data...)
	} else {
		dst = append(dst, f.data[:rule.header]...)
	}
	reply := dst[start:]
	if l := rule.length; l != nil {
		o := &p.ops[l.op]
		o.store(reply[l.off:l.off+o.size], l.value(len(reply)))
	}
	for i := range rule.sets {
		set := &rule.sets[i]
		o := &p.ops[set.op]
		if err := set.fill(o, reply[set.off:set.off+o.size], env); err != nil {
			return dst[:start], false, p.valueError(f.layout, o, err)
		}
	}
	if env.HasResult && rule.result != nil {
		o := &p.ops[rule.result.op]
		if _, hi := o.bounds(); env.Result > hi || !o.allows(env.Result) {
			return dst[:start], false, p.valueError(f.layout, o, o.outOfRange(strconv.FormatUint(env.Result, 10)))
		}
		o.store(reply[rule.result.off:rule.result.off+o.size], env.Result)
	}
	return dst, true, nil
}

// fill writes what the definition puts in the place of an echo.
func (r *echoSet) fill(o *op, field []byte, env Env) error {
	if r.value == nil {
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

// echoTo finds the rule for a frame; nil when it is not acknowledged.
func (p *Profile) echoTo(f *Frame) *echo {
	var command uint64
	if i, _ := f.role(RoleCommand); i >= 0 {
		command = f.nums[i]
	}
	from := f.From()
	for i := range p.echoes {
		r := &p.echoes[i]
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
