package actors

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"trama/codec"
	"trama/journal"
)

// Limits of commands.
const (
	defaultCommandWait  = 10 * time.Second
	maxCommandWait      = 5 * time.Minute
	defaultCommandQueue = 16
)

// command is one command to one master, from the request until exactly one respond.
type command struct {
	req     CommandRequest
	header  *codec.Session // header values to default to in profile from; nil: those of the master's own newest frame
	from    *codec.Profile
	respond func(*command, error) // called once, by end; the outcome is in result
	load    *atomic.Int32         // of the master, which counts the command until it ends; nil: nothing does

	// Set by the master.
	id       uint64
	asked    time.Time
	deadline time.Time
	timer    *time.Timer
	link     *link
	profile  *codec.Profile
	frame    codec.Frame
	result   CommandResult
	answer   []byte // raw
	bytes    []byte // as sent
	ended    bool   // respond was called

	state atomic.Uint32 // of commandState: what may still happen to its bytes
}

// commandState says whether the bytes of a command may be written, or may have been.  It goes one way: a pending command is either claimed
// by its connection, at the instant of the write, or ended, and then its bytes are never written.
type commandState = uint32

const (
	commandPending commandState = iota
	commandClaimed
	commandEnded
)

// claim tells the connection whether it may write the bytes of c.
func (c *command) claim() bool { return c.state.CompareAndSwap(commandPending, commandClaimed) }

// withdraw ends the right to write c, and tells whether it was never written.  Any goroutine may call it.
func (c *command) withdraw() bool {
	return c.state.CompareAndSwap(commandPending, commandEnded) || c.state.Load() == commandEnded
}

// take counts c and sends it to the actor of the master.  Any goroutine may call it.
func (m *master) take(c *command) {
	c.load = &m.load
	m.load.Add(1)
	m.gw.root.Send(m.pid, c)
}

// end responds, once whatever happens.  A command that has ended is not sent any more.
func (c *command) end(err error) {
	c.withdraw()
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
	c.respond(c, err)
}

// command takes a command in: refused at once when it cannot be built or the master has no link; otherwise sent, or queued behind
// the one in flight.  One at a time, strictly in order: the devices are half-duplex.
func (m masterActor) command(c *command) {
	switch {
	case m.gone:
		c.end(ErrStopping)
		return
	case c.state.Load() == commandEnded:
		return // who asked was told already that it is not sent
	}
	c.asked = time.Now()
	if c.req.Wait <= 0 {
		c.req.Wait = defaultCommandWait
	}
	c.req.Wait = min(c.req.Wait, maxCommandWait)
	c.deadline = time.Now().Add(c.req.Wait)
	if _, err := m.linkFor(c.req); err != nil {
		c.end(err)
		return
	}
	if m.waiting() > m.gw.commandQueue {
		c.end(fmt.Errorf("%w: %s has %d", ErrBusy, m.serial, len(m.queue)))
		return
	}
	m.lastID++
	c.id = m.lastID
	if err := m.build(c); err != nil { // a mistake in the request shows at once, not when its turn comes
		c.end(err)
		return
	}
	m.commands++
	m.gw.journal.Append(&journal.Entry{Subject: &m.subject}) // its state has changed, also when no answer comes
	self, root := m.pid, m.gw.root
	c.timer = time.AfterFunc(c.req.Wait, func() { root.Send(self, &commandDue{id: c.id}) })
	if m.inFlight != nil {
		m.queue = append(m.queue, c)
		return
	}
	m.transmit(c)
}

// transmit hands the frame of c to its connection.
func (m masterActor) transmit(c *command) {
	m.inFlight = c
	var err error
	if c.bytes, err = c.profile.Append(nil, &c.frame); err != nil {
		m.finish(c, fmt.Errorf("%w: %w", ErrBadCommand, err))
		return
	}
	c.result.Sent = hexString(c.bytes)
	m.gw.log.Named("command").Info("sent", "master", m.serial, "command", c.result.Command, "conn", c.link.id, "by", c.req.Origin, "frame", c.result.Sent)
	m.gw.root.Send(c.link.pid, &transmit{master: m.master, command: c})
}

// answered ends the command in flight with the master's answer.
func (m masterActor) answered(f *codec.Frame) {
	c := m.inFlight
	c.result.Outcome = OutcomeDone
	if code, ok := f.Result(); ok {
		c.result.Code = &code
		if code != 0 {
			c.result.Outcome = OutcomeRefused
		}
	}
	c.answer = append([]byte(nil), f.Raw()...)
	c.result.AnswerHex = hexString(c.answer)
	if err := c.profile.Relate(&c.frame, f); err != nil {
		c.result.Detail = "answer cannot be shown with what was asked: " + err.Error()
	}
	if text, err := f.AppendJSON(nil); err == nil {
		if err := json.Unmarshal(text, &c.result.Answer); err != nil {
			c.result.Detail = "answer cannot be shown: " + err.Error()
		}
	}
	m.finish(c, nil)
}

// due ends a command whose wait is over: unknown when it was sent, expired when it was not.
func (m masterActor) due(id uint64) {
	if c := m.inFlight; c != nil && c.id == id {
		if c.withdraw() {
			c.result.Outcome, c.result.Detail = OutcomeExpired, "never sent: its connection was busy"
		} else {
			c.result.Outcome, c.result.Detail = OutcomeUnknown, fmt.Sprintf("no answer within %s: it may have been executed", c.req.Wait)
		}
		m.finish(c, nil)
		return
	}
	for i, c := range m.queue {
		if c.id == id {
			m.queue = append(m.queue[:i:i], m.queue[i+1:]...)
			c.result.Outcome, c.result.Detail = OutcomeExpired, "never sent: it waited behind another command"
			m.finish(c, nil)
			return
		}
	}
}

// undelivered ends a command that the connection could not write at all.
func (m masterActor) undelivered(msg *undelivered) {
	if c := m.inFlight; c != nil && c.id == msg.id {
		m.finish(c, fmt.Errorf("%w: %s: connection %d: %w", ErrMasterOffline, m.serial, c.link.id, msg.err))
	}
}

// waiting is how many commands have no outcome yet.
func (m *master) waiting() int {
	if m.inFlight == nil {
		return len(m.queue)
	}
	return len(m.queue) + 1
}

// finish responds, exactly once, and lets the next command go.
func (m masterActor) finish(c *command, err error) {
	m.conclude(c, err)
	if m.inFlight == c {
		m.next()
	}
}

// next lets the next command go: none is in flight any more.
func (m masterActor) next() {
	m.inFlight = nil
	for m.inFlight == nil && len(m.queue) > 0 {
		next := m.queue[0]
		m.queue = m.queue[1:]
		if next.link.slot.profile.Load() == next.profile && m.linked(next.link) {
			m.transmit(next)
		} else if err := m.build(next); err != nil { // the link it was built for is gone
			m.conclude(next, err)
		} else {
			m.transmit(next)
		}
	}
}

func (m masterActor) linked(l *link) bool {
	for _, each := range m.links {
		if each.link == l {
			return true
		}
	}
	return false
}

func (m masterActor) conclude(c *command, err error) {
	c.result.Elapsed = Millis(time.Since(c.asked))
	if err != nil {
		m.gw.countCommand("not sent")
		m.gw.log.Named("command").Warn("not sent", "master", m.serial, "command", c.req.Command, "by", c.req.Origin, "error", err)
	} else {
		m.gw.countCommand(string(c.result.Outcome))
		what := []any{"master", m.serial, "command", c.result.Command, "by", c.req.Origin, "took", time.Duration(c.result.Elapsed)}
		if c.result.AnswerHex != "" {
			what = append(what, "answer", c.result.AnswerHex)
		}
		m.gw.log.Named("command").Info(string(c.result.Outcome), what...)
	}
	c.end(err)
}

// linkLost ends the command in flight when the connection that it went to has ended: nothing can answer it there.
func (m masterActor) linkLost(l *link) {
	c := m.inFlight
	switch {
	case c == nil || c.link != l:
	case c.withdraw():
		m.finish(c, fmt.Errorf("%w: %s: connection %d ended before the command was sent", ErrMasterOffline, m.serial, l.id))
	default:
		c.result.Outcome, c.result.Detail = OutcomeUnknown, "the connection ended before an answer came: it may have been executed"
		m.finish(c, nil)
	}
}

// giveUpCommands settles every command without waiting any longer.
func (m masterActor) giveUpCommands(why string) {
	if c := m.inFlight; c != nil {
		m.inFlight = nil
		if c.withdraw() {
			c.result.Outcome, c.result.Detail = OutcomeExpired, why+": it was never sent"
		} else {
			c.result.Outcome, c.result.Detail = OutcomeUnknown, why+": it may have been executed"
		}
		m.conclude(c, nil)
	}
	queue := m.queue
	m.queue = nil
	for _, c := range queue {
		c.result.Outcome, c.result.Detail = OutcomeExpired, why+": it was never sent"
		m.conclude(c, nil)
	}
}
