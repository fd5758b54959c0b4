package master

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trama/actors/admission"
	"trama/actors/known"
	"trama/actors/ledger"
	"trama/codec"
	"trama/journal"
)

// PollOptions is a poll, and the masters that it is for: all that fit what is said of them.
type PollOptions struct {
	*codec.Poll
	Serials                      []string // whole ones, or beginnings with a * behind; nil: all
	Site, Tag, Listener, Profile string   // empty: any
	Shipped                      bool     // it stands in the definition of Profile
}

// Poll is a poll in force: what is asked of whom, and what came of it.  Any goroutine may use it.
type Poll struct {
	PollOptions
	Asked, Done, Refused, Unknown, Skipped atomic.Uint64 // requests; skipped ones were not sent
	Failing                                atomic.Int64  // masters
	Masters                                atomic.Int64  // that it is for, as far as their serial, site and tag say

	over     atomic.Bool // it is in force no more
	mu       sync.Mutex  // guards requests
	requests map[*codec.Profile]request
}

// request is a poll for masters of one profile; nil, and why, when they cannot be asked so.
type request struct {
	what *codec.Request
	why  string
}

// NewPoll puts a poll in force.
func NewPoll(o PollOptions) *Poll {
	return &Poll{PollOptions: o, requests: map[*codec.Profile]request{}}
}

// End puts it out of force: nothing is asked any more.
func (p *Poll) End() { p.over.Store(true) }

// Wants says whether the poll is for a master, as far as its serial and what the operator has told of it say.
func (p *Poll) Wants(serial string, told known.Master) bool {
	who := admission.Policy{Serials: p.Serials}
	return who.Names([]byte(serial)) && (p.Site == "" || p.Site == told.Site) && (p.Tag == "" || told.Has(p.Tag))
}

// Told is what the operator has told of a master, without points.
func (d *Directory) Told(m *Master) known.Master {
	profile := ""
	if p := m.speaks.Load(); p != nil {
		profile = p.Name()
	}
	return d.known.Get().Words(m.Serial, profile)
}

// of is the request for masters of a profile.
func (p *Poll) of(profile *codec.Profile) request {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, known := p.requests[profile]
	if !known {
		what, problems := profile.Request(p.Poll)
		if r.what = what; len(problems) > 0 {
			r = request{why: fmt.Sprintf("found %s, expected %s", problems[0].Found, problems[0].Expected)}
		}
		if len(p.requests) > 64 { // profiles that nobody has any more
			clear(p.requests)
		}
		p.requests[profile] = r
	}
	return r
}

// polled is what came of one poll of a master.
type polled struct {
	by      *Poll
	open    bool // it waits for its answer, or to be sent
	at      time.Time
	outcome ledger.State // of the last one; empty: none has ended
	detail  string
	failed  int // in a row
}

// failures in a row are told of: one lost answer is no news on a radio link.
const failures = 3

// PollInfo is what came of a poll of a master.
type PollInfo struct {
	Name    string    `json:"name"`
	Every   string    `json:"every"`
	Outcome Outcome   `json:"outcome,omitempty"` // of the last one
	Detail  string    `json:"detail,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Failed  int       `json:"failed_in_a_row,omitempty"`
}

// Due asks the master what a poll asks, unless it is away or busy with so much that this would only add to it.  Any
// goroutine may call it.
func (m *Master) Due(p *Poll) {
	switch {
	case !m.Online():
	case m.Node.Waiting() > m.dir.commandQueue:
		p.Skipped.Add(1)
	default:
		m.send(p)
	}
}

// poll asks what is due.  While the last request is open, or the queue is half full of what others want, none is made.
func (m handler) poll(p *Poll) {
	l, r := m.pollLink(p)
	if l == nil || m.gone || p.over.Load() {
		return
	}
	s := m.polledBy(p)
	switch {
	case s.open, m.waiting() > m.dir.commandQueue/2:
		p.Skipped.Add(1)
		return
	case r.what == nil:
		m.pollEnded(s, ledger.Refused, r.why)
		return
	}
	s.open = true
	p.Asked.Add(1)
	m.command(&Command{
		Request: CommandRequest{Serial: m.Serial, Command: r.what.Message, Fields: r.what.Fields, Wait: p.Wait, Listener: l.Listener(),
			Origin: "poll " + p.Name, Unkept: true, Class: ledger.Idempotent},
		poll: r.what,
		Respond: func(e End) {
			switch s.open = false; {
			case errors.Is(e.Err, ErrBadCommand): // such as a unit that is not said, behind a modem
				m.pollEnded(s, ledger.Refused, e.Err.Error())
			case e.Err != nil:
				p.Skipped.Add(1)
			default:
				m.pollEnded(s, e.Result.State, e.Result.Detail)
			}
		},
	})
}

// pollLink is the newest link that a poll may go out on, and what it asks there; nil: it is for none.  Of a poll that names
// neither a listener nor a profile these are those on which it can be asked.
func (m handler) pollLink(p *Poll) (best Link, r request) {
	for _, each := range m.links {
		l := each.link
		if p.Listener != "" && p.Listener != l.Listener() || p.Profile != "" && p.Profile != l.Profile().Name() || best != nil && best.ID() > l.ID() {
			continue
		}
		if of := p.of(l.Profile()); of.what != nil || p.Listener != "" || p.Profile != "" {
			best, r = l, of
		}
	}
	return best, r
}

// polledBy is the place for what comes of a poll.  One that was replaced by another of its name hands on what it knows.
func (m *Master) polledBy(p *Poll) *polled {
	m.polls = slices.DeleteFunc(m.polls, func(s *polled) bool { return s.by.over.Load() && s.by.Name != p.Name })
	i := slices.IndexFunc(m.polls, func(s *polled) bool { return s.by.Name == p.Name })
	if i < 0 {
		i = len(m.polls)
		m.polls = append(m.polls, &polled{by: p})
	}
	s := m.polls[i]
	if s.by != p {
		if s.by = p; s.failed >= failures {
			p.Failing.Add(1)
		}
	}
	return s
}

// pollEnded counts the end of a request, and tells when the requests of a poll begin to fail, or work again.
func (m handler) pollEnded(s *polled, outcome ledger.State, detail string) {
	s.at, s.outcome, s.detail = time.Now(), outcome, detail
	switch outcome {
	case ledger.Done, ledger.Sent:
		s.by.Done.Add(1)
		if s.failed >= failures {
			s.by.Failing.Add(-1)
			m.tellPoll(s, "works again")
		}
		s.failed = 0
		return
	case ledger.Refused:
		s.by.Refused.Add(1)
	case ledger.Unknown:
		s.by.Unknown.Add(1)
	default: // it was not sent
		s.by.Skipped.Add(1)
		return
	}
	if s.failed++; s.failed == failures {
		s.by.Failing.Add(1)
		m.tellPoll(s, "failing")
	}
}

func (m handler) tellPoll(s *polled, reason string) {
	e := journal.Event{Kind: journal.EventPoll, Master: m.Serial, Reason: reason, Detail: "poll " + s.by.Name}
	if s.detail != "" {
		e.Detail += ": " + s.detail
	}
	if len(m.links) > 0 {
		l := m.links[len(m.links)-1].link
		e.Listener, e.Connection, e.Remote = l.Listener(), l.ID(), l.Remote()
	}
	m.dir.recordEvent(e)
}

// pollAnswered ends the poll in flight with its answer.  Behind another request without an answer, of which that may be the
// late one, it is that of nobody: the value of one register is not shown as that of another.
func (m handler) pollAnswered(c *Command, f *codec.Frame, late bool) {
	doubtful := func(old *Command) bool { return !old.doubted && !bytes.Equal(old.plain, c.plain) && c.alike(old) }
	switch code, ok := f.Result(); {
	case late && slices.ContainsFunc(m.unanswered, doubtful):
		c.doubted = true // and its own answer is nobody's either, if it comes while the line is quiet
		c.come, c.detail = ledger.Unknown, "its answer may be the late one to the request before"
	case f.Unreadable() != nil:
		c.come, c.detail = ledger.Unknown, fmt.Sprintf("its answer cannot be read: %v", f.Unreadable())
	case ok && code != 0:
		c.come, c.detail = ledger.Refused, fmt.Sprintf("code %d", code)
		for _, it := range f.Items() {
			if it.Field.Role == codec.RoleResult && it.Label() != "" {
				c.detail += ", " + it.Label()
			}
		}
	default:
		c.come = ledger.Done
		m.asks, m.answer = c.poll, f
	}
	m.settled(c)
	m.finish(c, nil)
}

// takeIn keeps the samples of the frame in hand: those of the poll that it answers, else those of its definition.
func (m handler) takeIn(b *Batch, f *codec.Frame, s *scratch) {
	q, answer := m.asks, m.answer
	if m.asks, m.answer = nil, nil; q == nil || len(q.Points) == 0 {
		m.points.note(b.Installed, f, b.At, m.points.recorded+1, 0, m.clock.off, s)
		return
	}
	b.Installed.Profile.Polled(answer, q, b.At, &s.samples)
	s.polled = s.samples.AppendBinary(s.polled[:0])
	m.points.take(nil, b.At, m.points.recorded+1, 0, m.clock.off, s)
}

// dropPolls forgets what came of them: the master is none any more.
func (m *Master) dropPolls() {
	for _, s := range m.polls {
		if s.failed >= failures {
			s.by.Failing.Add(-1)
		}
	}
	m.polls = nil
}

// describePolls shows what came of the polls of a master.
func (m *Master) describePolls() (all []PollInfo) {
	for _, s := range m.polls {
		if !s.by.over.Load() {
			all = append(all, PollInfo{s.by.Name, s.by.Every.String(), s.outcome, s.detail, s.at, s.failed})
		}
	}
	return all
}
