package encode

import (
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Env is what a pure codec must be told about the world.
type Env struct {
	Now       time.Time // for fields filled with the time; zero: they must be given (Build) or are echoed (Reply)
	Result    uint64    // value for the field of role result, used when HasResult is set
	HasResult bool
	Waiting   bool     // commands wait for the peer: a reply may ask it to stay
	Session   *Session // memory of the peer; may be nil
}

// ReplyTo appends the acknowledgement of a received frame; see Profile.Reply.
func ReplyTo(p *program.Program, dst []byte, f *frame.Frame, env Env) (out []byte, due bool, err error) {
	if f.Body == nil || f.Program != p {
		return dst, false, &field.FieldError{Profile: p.Name, Offset: -1, Err: field.ErrNoMessage}
	}
	rule := ruleFor(p, f, false, env.Waiting)
	if rule == nil {
		return dst, false, nil
	}
	out, err = reply(p, rule, dst, f, env)
	return out, err == nil, err
}

// AnswersTo reports whether answer is the answer to request; see Profile.Answers.
func AnswersTo(p *program.Program, request, answer *frame.Frame) bool {
	if len(p.Answers) == 0 || request.Program != p || answer.Program != p || request.Body == nil ||
		answer.Body == nil || answer.Way == field.Downlink {
		return false
	}
	for _, pair := range p.Answers {
		if !agree(request, pair[0], answer, pair[1]) {
			return false
		}
	}
	return same(p.Same, request, answer)
}

// Alike says whether an answer to a could be one to b; see Profile.Alike.
func Alike(p *program.Program, a, b *frame.Frame) bool {
	for _, pair := range p.Answers {
		if !agree(a, pair[0], b, pair[0]) {
			return false
		}
	}
	return true
}

// Answered says whether anybody answers a command; see Profile.Answered.
func Answered(p *program.Program, command *frame.Frame) bool {
	for _, sign := range p.Unanswered {
		if it, ok := command.Item(sign[0]); !ok || it.Text() != sign[1] {
			return true
		}
	}
	return len(p.Unanswered) == 0
}

// agree says that a field of one frame is there and has the value of a field of another.
func agree(a *frame.Frame, key string, b *frame.Frame, other string) bool {
	i, k := a.At(key), b.At(other)
	return i >= 0 && k >= 0 && equal(a, i, b, k)
}

// equal says that cell i of one frame has the value of cell k of another; a list or a group in all that stands in it.
func equal(a *frame.Frame, i int, b *frame.Frame, k int) bool {
	is, other := valueOf(a, i), valueOf(b, k)
	if code := is.Op.Code; code != scalar.OpList && code != scalar.OpGroup {
		return is.Same(other)
	}
	for n := 1; ; n++ {
		in := i+n < len(a.Cells) && a.Cells[i+n].Depth > a.Cells[i].Depth
		also := k+n < len(b.Cells) && b.Cells[k+n].Depth > b.Cells[k].Depth
		switch {
		case !in || !also:
			return in == also && is.Op.Code == other.Op.Code
		case a.Cells[i+n].Depth-a.Cells[i].Depth != b.Cells[k+n].Depth-b.Cells[k].Depth,
			!valueOf(a, i+n).Same(valueOf(b, k+n)):
			return false
		}
	}
}

// valueOf is the value of cell i.
func valueOf(f *frame.Frame, i int) scalar.Value { return f.ItemAt(i, &f.Program.Ops[f.Cells[i].Op]).V }

// Forward names the command for the master that an integrator's request becomes.
func Forward(p *program.Program, f *frame.Frame) (command string, ok bool) {
	if f.Body == nil || f.Program != p {
		return "", false
	}
	return f.Body.Message.Forward, f.Body.Message.Forward != ""
}
