package codec

import (
	"slices"
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
	rule := p.replyTo(f)
	if rule == nil {
		return dst, false, nil
	}
	total, cells := p.headerSize, f.cells[:p.headerOps]
	if rule.whole {
		total, cells = f.size(), f.cells
	}
	start := len(dst)
	dst = slices.Grow(dst, total)[:start+total]
	reply := dst[start:]
	off := 0
	for i := range cells {
		c := &cells[i]
		o := &p.ops[c.op]
		end := off + int(c.size)
		field := reply[off:end]
		off = end
		switch {
		case o.code == opPart:
		case o.flags&flagLength != 0:
			o.store(field, p.lengthValue(total))
		case o.role == RoleResult && env.HasResult && o.numeric():
			if _, hi := o.bounds(); env.Result > hi || !o.allows(env.Result) {
				return dst[:start], false, p.valueError(f.layout, o, o.outOfRange(strconv.FormatUint(env.Result, 10)))
			}
			o.store(field, env.Result)
		case o.code < opPart:
			o.store(field, c.num)
		default:
			copy(field, f.data[c.off:c.off+c.size])
		}
		for n := range rule.ops {
			if set := &rule.ops[n]; set.op == int(c.op) {
				if err := set.fill(o, field, env); err != nil {
					return dst[:start], false, p.valueError(f.layout, o, err)
				}
			}
		}
	}
	return dst, true, nil
}

// fill writes what the definition puts in the place of an echo.
func (r *replyOp) fill(o *op, field []byte, env Env) error {
	if r.source == sourceNow {
		if env.Now.IsZero() {
			return nil
		}
		_, err := o.time.append(field[:0], env.Now)
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
	if c, _ := f.role(RoleCommand); c != nil {
		command = c.num
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
	if len(p.answer) == 0 || request.profile != p || answer.profile != p || request.layout == nil || answer.layout == nil {
		return false
	}
	if answer.direction == Downlink {
		return false
	}
	for _, i := range p.answer {
		a, b := &request.cells[i], &answer.cells[i]
		if p.ops[i].numeric() {
			if a.num != b.num {
				return false
			}
		} else if string(request.bytes(a)) != string(answer.bytes(b)) {
			return false
		}
	}
	return true
}

// Forward names the command for the master that an integrator's request becomes.
func (p *Profile) Forward(f *Frame) (command string, ok bool) {
	if f.layout == nil || f.profile != p {
		return "", false
	}
	return f.layout.message.Forward, f.layout.message.Forward != ""
}
