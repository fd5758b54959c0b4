package master

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
)

// Limits of commands.
const (
	DefaultCommandWait  = 10 * time.Second
	MaxCommandWait      = 5 * time.Minute
	DefaultCommandQueue = 16
)

// Command is one command to one master, from the request until exactly one respond.
type Command struct {
	Request CommandRequest
	Header  *codec.Session // header values to default to in profile From; nil: those of the master's own newest frame
	From    *codec.Profile
	Respond func(*Command, error) // called once, in the master's actor; the outcome is in Result
	load    *atomic.Int32         // of the master, which counts the command until it ends; nil: nothing does

	// Set by the master.
	id       uint64
	asked    time.Time
	sent     time.Time // to its connection
	deadline time.Time
	timer    *time.Timer
	link     Link
	Profile  *codec.Profile // that it was built by
	frame    codec.Frame
	Result   CommandResult
	Answer   []byte // raw
	plain    []byte
	bytes    []byte // as sent: plain, or protected
	// that its answer must carry; nil: it went out unprotected
	reference []byte
	silent    bool // nobody answers it
	ended     bool // Respond was called
	waiting   bool // for a counter on disk, or for the answer to a challenge
	held      bool // its answer has come, unless another one that fits comes soon

	state atomic.Uint32 // of commandState: what may still happen to its bytes
}

// commandState says whether the bytes of a command may be written, or may have been.  It goes one way: a pending
// command is either claimed by its connection, at the instant of the write, or ended, and then its bytes are never
// written.
type commandState = uint32

const (
	commandPending commandState = iota
	commandClaimed
	commandEnded
)

// Claim tells the connection whether it may write the bytes of c, and which.
func (c *Command) Claim() (bytes []byte, ok bool) {
	return c.bytes, c.state.CompareAndSwap(commandPending, commandClaimed)
}

// Withdraw ends the right to write c, and tells whether it was never written.  Any goroutine may call it.
func (c *Command) Withdraw() bool {
	return c.state.CompareAndSwap(commandPending, commandEnded) || c.state.Load() == commandEnded
}

// Take counts c and sends it to the actor of the master.  Any goroutine may call it.
func (m *Master) Take(c *Command) {
	c.load = &m.load
	m.load.Add(1)
	m.send(c)
}

// Undelivered tells the master that its connection could not write c.
func (m *Master) Undelivered(c *Command, err error) { m.send(&Undelivered{ID: c.id, Err: err}) }

// Delivered tells the master that c was written, if nothing more is to come of it.
func (m *Master) Delivered(c *Command) {
	if c.silent {
		m.send(&Delivered{ID: c.id})
	}
}

// Orphaned implements supervise.Orphan.
func (c *Command) Orphaned(f *supervise.Fault) { c.end(fmt.Errorf("%w: %w", ErrFault, f)) }

// end responds, once whatever happens.  A command that has ended is not sent any more.
func (c *Command) end(err error) {
	c.Withdraw()
	if c.ended {
		return
	}
	c.ended = true
	if c.load != nil {
		c.load.Add(-1)
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	c.Respond(c, err)
}

// command takes a command in: refused at once when it cannot be built or the master has no link; otherwise sent, or
// queued behind the one in flight.  Commands go singly and strictly in order: the devices are half-duplex.
func (m handler) command(c *Command) {
	switch {
	case m.gone:
		c.end(ErrStopping)
		return
	case c.state.Load() == commandEnded:
		return // who asked was told already that it is not sent
	}
	c.asked = time.Now()
	if c.Request.Wait <= 0 {
		c.Request.Wait = DefaultCommandWait
	}
	c.Request.Wait = min(c.Request.Wait, MaxCommandWait)
	c.deadline = time.Now().Add(c.Request.Wait)
	if _, err := m.linkFor(c.Request); err != nil {
		c.end(err)
		return
	}
	if m.waiting() > m.dir.commandQueue {
		c.end(fmt.Errorf("%w: %s has %d", ErrBusy, m.Serial, len(m.queue)))
		return
	}
	m.lastID++
	c.id = m.lastID
	if err := m.build(c); err != nil { // a mistake in the request shows at once, not when its turn comes
		c.end(err)
		return
	}
	m.commands++
	m.dir.journal.Append(&journal.Entry{Subject: &m.subject}) // its state has changed, also when no answer comes
	id := c.id
	c.timer = m.dir.sys.After(c.Request.Wait, func() { m.send(&commandDue{id}) })
	if m.inFlight != nil {
		m.queue = append(m.queue, c)
		return
	}
	m.transmit(c)
}

// transmit hands the frame of c to its connection.
func (m handler) transmit(c *Command) {
	m.inFlight = c
	var err error
	if c.plain, err = c.Profile.Append(nil, &c.frame); err != nil {
		m.finish(c, fmt.Errorf("%w: %w", ErrBadCommand, err))
		return
	}
	c.bytes = c.plain
	wait, err := m.protect(c)
	if err != nil {
		m.finish(c, fmt.Errorf("protect the command: %w", err))
		return
	}
	if c.waiting = wait; wait {
		return
	}
	c.silent = !c.Profile.Answered(&c.frame)
	c.Result.Sent = hex.EncodeToString(c.bytes)
	m.dir.log.Named("command").Info("command sent", "master", m.Serial, "command", c.Result.Command, "conn",
		c.link.ID(), "by", c.Request.Origin, "frame", c.Result.Sent)
	c.sent = time.Now()
	c.link.Transmit(m.Master, c)
}

// answered ends the command in flight with the master's answer; after a while when that may be a late one.
func (m handler) answered(f *codec.Frame, late bool) {
	c := m.inFlight
	if told := m.dir.answered; told != nil && !c.held {
		told(time.Since(c.sent))
	}
	c.Result.Outcome, c.Result.Code, c.Result.Detail, c.Result.Answer = OutcomeDone, nil, "", nil // perhaps of one that was held
	if code, ok := f.Result(); ok {
		c.Result.Code = &code
		if code != 0 {
			c.Result.Outcome = OutcomeRefused
		}
	}
	bad := f.Unreadable()
	if bad != nil {
		c.Result.Outcome, c.Result.Detail = OutcomeUnknown, fmt.Sprintf("its answer cannot be read: %v: it may have been executed", bad)
	}
	c.Answer = append([]byte(nil), f.Raw()...)
	c.Result.AnswerHex = hex.EncodeToString(c.Answer)
	if err := c.Profile.Relate(&c.frame, f); err != nil && bad == nil {
		c.Result.Detail = "answer cannot be shown with what was asked: " + err.Error()
	}
	if text, err := f.AppendJSON(nil); err == nil {
		if err := json.Unmarshal(text, &c.Result.Answer); err != nil {
			c.Result.Detail = "answer cannot be shown: " + err.Error()
		}
	}
	if late && !c.held {
		c.held, c.Result.Detail = true, cmp.Or(c.Result.Detail, detailLate)
		c.timer.Reset(min(lateGrace, time.Until(c.deadline)))
		return
	}
	m.doubt = nil
	m.finish(c, nil)
}

// due ends a command whose wait is over: unknown when it was sent, expired when it was not.
func (m handler) due(id uint64) {
	if c := m.inFlight; c != nil && c.id == id {
		switch {
		case c.held: // no other answer came
			m.doubt = nil
		case c.Withdraw():
			c.Result.Outcome, c.Result.Detail = OutcomeExpired, "never sent: its connection was busy"
			if c.waiting {
				c.Result.Detail = "never sent: the device has not answered the challenge"
			}
		default:
			c.Result.Outcome, c.Result.Detail = OutcomeUnknown,
				fmt.Sprintf("no answer within %s: it may have been executed", c.Request.Wait)
			m.doubted(c)
		}
		m.finish(c, nil)
		return
	}
	for i, c := range m.queue {
		if c.id == id {
			m.queue = append(m.queue[:i:i], m.queue[i+1:]...)
			c.Result.Outcome, c.Result.Detail = OutcomeExpired, "never sent: it waited behind another command"
			m.finish(c, nil)
			return
		}
	}
}

// delivered ends a command that nobody answers.
func (m handler) delivered(msg *Delivered) {
	if c := m.inFlight; c != nil && c.id == msg.ID {
		c.Result.Outcome, c.Result.Detail = OutcomeSent, "nobody answers it"
		m.finish(c, nil)
	}
}

// undelivered ends a command that the connection could not write at all.
func (m handler) undelivered(msg *Undelivered) {
	if c := m.inFlight; c != nil && c.id == msg.ID {
		m.finish(c, fmt.Errorf("%w: %s: connection %d: %w", ErrOffline, m.Serial, c.link.ID(), msg.Err))
	}
}

// waiting is how many commands have no outcome yet.
func (m *Master) waiting() int {
	if m.inFlight == nil {
		return len(m.queue)
	}
	return len(m.queue) + 1
}

// finish responds, exactly once, and lets the next command go.
func (m handler) finish(c *Command, err error) {
	m.conclude(c, err)
	if m.inFlight == c {
		m.next()
	}
}

// next lets the next command go: none is in flight any more.
func (m handler) next() {
	m.inFlight = nil
	for m.inFlight == nil && len(m.queue) > 0 {
		next := m.queue[0]
		m.queue = m.queue[1:]
		if next.link.Profile() == next.Profile && m.linked(next.link) {
			m.transmit(next)
		} else if err := m.build(next); err != nil { // the link it was built for is gone
			m.conclude(next, err)
		} else {
			m.transmit(next)
		}
	}
}

func (m handler) conclude(c *Command, err error) {
	c.Result.Elapsed = supervise.Millis(time.Since(c.asked))
	if err != nil {
		m.dir.Commands.Add("not sent")
		m.dir.log.Named("command").Warn("command not sent", "master", m.Serial, "command", c.Request.Command, "by",
			c.Request.Origin, "error", err)
	} else {
		m.dir.Commands.Add(string(c.Result.Outcome))
		what := []any{"master", m.Serial, "command", c.Result.Command, "by", c.Request.Origin, "took",
			time.Duration(c.Result.Elapsed)}
		if c.Result.AnswerHex != "" {
			what = append(what, "answer", c.Result.AnswerHex)
		}
		m.dir.log.Named("command").Info("command "+string(c.Result.Outcome), what...)
	}
	c.end(err)
}

// linkChanged has the command in flight wait for its answer on the connection that has taken the old one over, when its
// number tells the answer; else nobody could say what a frame there answers.
func (m handler) linkChanged(old, l Link) {
	if c := m.inFlight; c != nil && c.link == old && c.state.Load() == commandClaimed && c.Profile == l.Profile() &&
		c.Profile.NumbersAnswers() {
		c.link = l
		return
	}
	m.linkLost(old)
}

// linkLost ends the command in flight when the connection that it went to has ended: nothing can answer it there.
func (m handler) linkLost(l Link) {
	c := m.inFlight
	switch {
	case c == nil || c.link != l:
	case c.held:
		m.finish(c, nil)
	case c.Withdraw():
		m.finish(c, fmt.Errorf("%w: %s: connection %d ended before the command was sent", ErrOffline, m.Serial, l.ID()))
	default:
		c.Result.Outcome, c.Result.Detail = OutcomeUnknown, "the connection ended before an answer came: it may have been executed"
		m.finish(c, nil)
	}
}

// giveUpCommands settles every command without waiting any longer.
func (m handler) giveUpCommands(why string) {
	if c := m.inFlight; c != nil {
		m.inFlight = nil
		switch {
		case c.held:
		case c.Withdraw():
			c.Result.Outcome, c.Result.Detail = OutcomeExpired, why+": it was never sent"
		default:
			c.Result.Outcome, c.Result.Detail = OutcomeUnknown, why+": it may have been executed"
		}
		m.conclude(c, nil)
	}
	queue := m.queue
	m.queue = nil
	for _, c := range queue {
		c.Result.Outcome, c.Result.Detail = OutcomeExpired, why+": it was never sent"
		m.conclude(c, nil)
	}
}

// answeredBy is the frame f, or the same bytes read in another way, if it answers c; nil if not.  When the profile
// was swapped in between, the profile that the command was built by is asked first, then the one that found the
// frame.
func (c *Command) answeredBy(b *Batch, f *codec.Frame, raw []byte) *codec.Frame {
	if c.reference != nil {
		if o := trust.Of(f); o == nil || !bytes.Equal(o.Reference, c.reference) {
			return nil
		}
	}
	p := b.Installed.Profile
	if c.Profile == p {
		if p.Answers(&c.frame, f) {
			return f
		}
		return nil
	}
	if c.link.Listener() != b.Link.Listener() {
		return nil
	}
	old, request := new(codec.Frame), new(codec.Frame)
	if c.Profile.Decode(codec.Uplink, raw, old) == nil && c.Profile.Answers(&c.frame, old) {
		return old
	}
	if p.Decode(codec.Downlink, c.plain, request) == nil && p.Answers(request, f) {
		c.Profile = p
		return f
	}
	return nil
}
