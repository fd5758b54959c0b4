package codec

import "time"

// Env is what a pure codec must be told about the world.
type Env struct {
	Now       time.Time // for fields filled with the time; zero: they must be given (Build) or are echoed (Reply)
	Result    uint64    // value for the field of role result, used when HasResult is set
	HasResult bool
	Session   *Session // memory of the peer; may be nil
}

// replyTo appends the acknowledgement of a received frame.  due is false, and dst as it was, when none is owed.
// The reply echoes the fields of f except those that the definition sets, the length, and the result when
// env has one.
func (p *program) replyTo(dst []byte, f *Frame, env Env) (out []byte, due bool, err error) {
	if f.layout == nil || f.program != p {
		return dst, false, &FieldError{Profile: p.name, Offset: -1, Err: ErrNoMessage}
	}
	rule := ruleFor(p, f)
	if rule == nil {
		return dst, false, nil
	}
	out, err = reply(p, rule, dst, f, env)
	return out, err == nil, err
}

// answersTo says whether answer is the answer to request: the fields that the definition lists are equal in both.
func (p *program) answersTo(request, answer *Frame) bool {
	if len(p.answers) == 0 || request.program != p || answer.program != p || request.layout == nil || answer.layout == nil || answer.direction == Downlink {
		return false
	}
	for _, pair := range p.answers {
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
func (f *Frame) valueOf(i int) value { return f.item(i, &f.program.ops[f.cells[i].op]).v }

// forward names the command for the master that an integrator's request becomes.
func (p *program) forward(f *Frame) (command string, ok bool) {
	if f.layout == nil || f.program != p {
		return "", false
	}
	return f.layout.message.Forward, f.layout.message.Forward != ""
}
