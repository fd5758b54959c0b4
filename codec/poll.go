package codec

import (
	"time"

	"trama/codec/internal/compile"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
	"trama/internal/tomlread"
)

// Poll is what is asked of masters again and again, as a [[poll]] says it; Request is what that is for one profile.
type (
	Poll      = field.Poll
	PollPoint = field.PollPoint
	Request   = program.Poll
)

// ReadPolls reads the [[poll]] of a text that is no definition; more reads the further keys of each.
func ReadPolls(t *tomlread.Table, more func(t *tomlread.Table, q *Poll)) []*Poll {
	return schema.ReadPolls(t, more)
}

// Polls are those of the definition.
func (p *Profile) Polls() []*Poll { return p.program.Polls }

// PollError is why a poll does not go with a profile: where in its text what was found instead of what is expected.
type PollError = compile.PollProblem

// Request makes a poll the request of masters of p; every problem is returned, and nil without one.
func (p *Profile) Request(q *Poll) (*Request, []PollError) { return compile.ResolvePoll(p.program, q) }

// Polled lists the samples that a poll makes of the answer to it, which was received at a time.
func (p *Profile) Polled(f *frame.Frame, q *Request, received time.Time, into *frame.Samples) {
	f.Polled(q, received, into)
}
