package master

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"trama/actors/ledger"
	"trama/codec"
	"trama/journal"
)

// The life of a command in the actor of its master:
//
//	command ─▶ queue ─▶ next ─▶ claim ─▶ (row on disk) ─▶ transmit ─▶ (connection) ─▶ wrote ─▶ answered ─▶ finish
//	             ▲                             │                                        │
//	             └─────────── requeue ◀────────┴── its connection has ended             └─▶ due, linkLost ─▶ finish, unknown
//
// A command that is not kept has no row; it goes behind the acknowledgements of frames that are on their way to the disk.

// command takes a command in, or turns it down: when it cannot be built, when the master has no link and it does not wait
// for one, when too many wait, or when the journal takes nothing.
func (m handler) command(c *Command) {
	if err := m.admit(c); err != nil {
		c.turnDown(err)
		return
	}
	if c.kept() {
		m.commands++
	}
	m.arm(c, time.Until(c.Result.Expires))
	c.unmake()
	m.change(c, ledger.Queued, "")
	m.enqueue(c)
	if m.next(); c.Result.State == ledger.Queued {
		m.store(c)
	}
}

// enqueue has c wait behind those that came before; what somebody has asked for waits behind no poll.
func (m handler) enqueue(c *Command) {
	i := len(m.queue)
	if c.poll == nil {
		i = slices.IndexFunc(m.queue, func(each *Command) bool { return each.poll != nil })
	}
	if i < 0 {
		i = len(m.queue)
	}
	m.queue = slices.Insert(m.queue, i, c)
}

// admit says why c is not taken, and begins its record else.
func (m handler) admit(c *Command) error {
	r := &c.Request
	if m.gone {
		return ErrStopping
	}
	if c.state.Load()&phases == withdrawn {
		return fmt.Errorf("%w: the command has waited too long for it", ErrFault) // who asked was told
	}
	unsaid := r.Wait <= 0
	if r.Wait = min(r.Wait, MaxCommandWait); unsaid {
		r.Wait = DefaultCommandWait
	}
	l, err := m.linkFor(*r)
	if err != nil && !c.patient(err) {
		return err
	}
	if m.waiting() > m.dir.commandQueue {
		return fmt.Errorf("%w: %s has %d", ErrBusy, m.Serial, len(m.queue))
	}
	if err := m.try(c, l); err != nil { // a mistake in the request shows at once, not when its turn comes
		return err
	}
	if c.kept() {
		if err := m.dir.journal.Accepting(); err != nil {
			return fmt.Errorf("the command is not taken: %w", err)
		}
		if c.Entry == nil {
			c.Entry, _ = m.dir.Ledger.Enter(r.Origin, "")
		}
		c.Result.ID, c.Result.Key = c.Entry.ID(), r.Key
	}
	c.Result.Serial, c.Result.By, c.Result.From, c.Result.Class, c.Result.Arguments = m.Serial, r.Origin, r.From, r.Class, r.Fields
	c.Result.Asked, c.Result.Wait, c.Result.Queue = time.Now(), Millis(r.Wait), r.Queue > 0
	c.Result.Expires = c.Result.Asked.Add(cmp.Or(r.Queue, r.Wait))
	if c.order != nil {
		c.Result.Name, c.Result.Class = c.order.Name, cmp.Or(r.Class, ledger.Class(c.order.Class))
	}
	if c.order != nil && c.order.Expires > 0 && r.Async && r.Queue == 0 && unsaid { // nobody waits for it
		c.Result.Expires = c.Result.Asked.Add(c.order.Expires)
	}
	if c.poll != nil { // its turn may come later, and it waits from then on
		c.Result.Expires = c.Result.Asked.Add(c.poll.Every)
	}
	return nil
}

// arm has c end, or be looked at, after a while.
func (m handler) arm(c *Command, after time.Duration) {
	c.deadline = time.Now().Add(after)
	if c.timer == nil {
		c.timer = m.dir.sys.After(after, func() { m.send(&commandDue{c}) })
	} else {
		c.timer.Reset(after)
	}
}

// next claims the first command that may go, when none is in flight.
func (m handler) next() {
	if m.choosing { // a command that ends has others come
		return
	}
	m.choosing = true
	defer func() { m.choosing = false }()
	again := time.Duration(0)
	for i := 0; m.inFlight == nil && i < len(m.queue); {
		c := m.queue[i]
		l, err := m.linkFor(c.Request)
		if c.patient(err) {
			i++
			continue
		}
		if err == nil {
			wait := m.quiet(c, l.link.Profile())
			ok, quiet := wait == 0, wait > 0
			if ok {
				wait, ok = m.mayGo(c)
			}
			if !ok {
				if i++; again == 0 || wait > 0 && wait < again {
					again = wait
				}
				if quiet && c.kept() {
					break // what was asked for behind it may depend on it
				}
				continue
			}
			m.queue = slices.Delete(m.queue, i, i+1)
			err = m.claim(c, l.link)
		}
		if err != nil {
			m.finish(c, err)
		}
	}
	if again > 0 {
		m.lookAgain(again)
	}
}

// lookAgain has next be called after a while.
func (m handler) lookAgain(after time.Duration) {
	if m.looking == nil {
		m.looking = m.dir.sys.After(after, func() { m.send(&lookAgain{}) })
	} else {
		m.looking.Reset(after)
	}
}

// claim makes the frame of c, and has the journal keep it before its first byte is written.
func (m handler) claim(c *Command, l Link) (err error) {
	m.inFlight = c
	if err = m.build(c, l); err != nil {
		return err
	}
	if c.Result.Transaction != nil {
		m.lastNumber = c.number
	}
	if c.plain, err = c.Profile.Append(nil, &c.frame); err != nil {
		return fmt.Errorf("%w: %w", ErrBadCommand, err)
	}
	c.bytes, c.reference = c.plain, nil
	c.silent = !c.Profile.Answered(&c.frame)
	c.Result.Sent = hex.EncodeToString(c.plain)
	m.change(c, ledger.Claimed, "")
	m.store(c)
	return nil
}

// claimed goes on with a command whose row is on disk.
func (m handler) claimed(msg *commandClaimed) {
	c := msg.command
	switch {
	case m.inFlight != c || c.Try() != msg.try || c.ended:
	case msg.err != nil:
		m.finish(c, msg.err)
	default:
		m.transmit(c)
	}
}

// transmit hands the frame of c to its connection, under the key of the master if it has one.  A counter is used here, and
// not before: acknowledgements may have gone out while the row was written.
func (m handler) transmit(c *Command) {
	wait, err := m.protect(c)
	if err != nil {
		m.finish(c, fmt.Errorf("protect the command: %w", err))
		return
	}
	if c.waiting = wait; wait {
		return
	}
	if c.Result.Suite != "" {
		c.Result.Plain, c.Result.Sent = hex.EncodeToString(c.plain), hex.EncodeToString(c.bytes)
	}
	c.handed = true
	c.link.Transmit(m.Master, c)
}

// wrote takes note that a command was written.
func (m handler) wrote(c *Command, at time.Time) {
	if c.ended || c.Result.State != ledger.Claimed {
		return
	}
	c.sent = at
	m.change(c, ledger.Sent, "")
	if c.poll == nil {
		m.dir.log.Named("command").Info("command sent", "master", m.Serial, "command", c.Result.Command, "id", c.Result.ID,
			"conn", c.Result.Connection, "by", c.Request.Origin, "frame", c.Result.Sent)
	}
	if c.silent {
		c.Result.Close(at, "nobody answers it")
		m.finish(c, nil)
		return
	}
	if c.Entry != nil {
		c.Entry.Publish(c.Result)
	}
	if c.Request.Queue > 0 || c.Request.Async || c.poll != nil {
		m.arm(c, c.Request.Wait)
	}
}

// undelivered ends a command that the connection could not write at all, or has it wait for the next one.
func (m handler) undelivered(msg *Undelivered) {
	c := msg.Command
	if m.inFlight != c || c.ended {
		return
	}
	if c.Request.Queue > 0 {
		c.unwritten()
		m.requeue(c, fmt.Sprintf("connection %d: %v", c.Result.Connection, msg.Err))
		return
	}
	m.finish(c, fmt.Errorf("%w: %s: connection %d: %w", ErrOffline, m.Serial, c.Result.Connection, msg.Err))
}

// answered ends the command in flight with the master's answer; after a while when that may be a late one.
func (m handler) answered(f *codec.Frame, late bool) {
	c := m.inFlight
	if m.wrote(c, time.Now()); c.ended {
		return
	}
	if told := m.dir.answered; told != nil && !c.held {
		told(time.Since(c.sent))
	}
	if c.poll != nil {
		m.pollAnswered(c, f, late)
		return
	}
	c.settle(f)
	if late && !c.held {
		c.held = true
		c.note(detailLate)
		m.arm(c, min(lateGrace, time.Until(c.deadline)))
		return
	}
	m.settled(c)
	m.finish(c, nil)
}

// settle sets what c has come to by its answer.
func (c *Command) settle(f *codec.Frame) {
	r := &c.Result
	c.come, c.detail, r.Code, r.Answer = ledger.Done, "", nil, nil // perhaps of one that was held
	if code, ok := f.Result(); ok {
		r.Code = &code
		if code != 0 {
			c.come = ledger.Refused
		}
	}
	bad := f.Unreadable()
	if bad != nil {
		c.come = ledger.Unknown
		c.note(fmt.Sprintf("its answer cannot be read: %v: it may have been executed", bad))
	}
	c.answer = append([]byte(nil), f.Raw()...)
	r.AnswerHex = hex.EncodeToString(c.answer)
	if err := c.Profile.Relate(&c.frame, f); err != nil {
		c.note("answer cannot be shown with what was asked: " + err.Error())
	}
	text, err := f.AppendJSON(nil)
	if err == nil {
		err = json.Unmarshal(text, &r.Answer)
	}
	if err != nil {
		c.note("answer cannot be shown: " + err.Error())
	}
}

// note keeps the first thing that there is to say of an answer.
func (c *Command) note(detail string) { c.detail = cmp.Or(c.detail, detail) }

// due ends a command whose time is over: unknown when it was sent, expired when it was not.
func (m handler) due(c *Command) {
	if c.ended || time.Until(c.deadline) > 0 || m.readBack(c) {
		return
	}
	detail, unknown := "its turn did not come", fmt.Sprintf("no answer within %s: it may have been executed", c.Request.Wait)
	switch {
	case m.inFlight == c && c.waiting:
		detail = "the device has not answered the challenge"
	case m.inFlight == c && c.handed:
		detail = "its connection was busy"
	case m.inFlight != nil:
		detail = "it waited behind another command"
	case len(m.links) == 0:
		detail = "the master was away"
	case c.missed:
		window, _ := m.reach(m.links[len(m.links)-1].link, m.dir.sinceStart(time.Now()))
		detail = fmt.Sprintf("the master is reached within %s behind its frames, and none came", window)
	}
	if c.check != nil {
		unknown = unreported(c)
	}
	m.stop(c, ledger.Expired, "never sent: "+detail, unknown)
}

// stop ends a command that has no answer: as unsent when it was not written, as unknown when it may have been; one whose
// answer was held with that.
func (m handler) stop(c *Command, unsent ledger.State, why, unknown string) {
	switch {
	case c.held: // no other answer came
		m.settled(c)
	case c.Withdraw():
		c.come, c.detail = unsent, why
	default:
		if m.wrote(c, time.Now()); c.ended {
			return
		}
		c.come, c.detail = ledger.Unknown, unknown
	}
	m.finish(c, nil)
}

// waiting is how many commands have no outcome yet.
func (m *Master) waiting() int {
	if m.inFlight == nil {
		return len(m.queue)
	}
	return len(m.queue) + 1
}

// finish ends a command, with what it has come to or with the error that kept it from being sent, and lets the next one go.
func (m handler) finish(c *Command, err error) {
	if c.ended {
		return
	}
	if m.inFlight == c {
		m.inFlight = nil
	}
	m.queue = slices.DeleteFunc(m.queue, func(each *Command) bool { return each == c })
	c.release()
	if c.written() && !c.numbered && c.come != ledger.Unknown {
		m.answeredLast = c
	}
	if err != nil {
		c.Withdraw()
		c.come, c.detail, c.err = ledger.Cancelled, "never sent: "+err.Error(), err
	}
	if c.come.NeverSent() {
		c.Result.Sent, c.Result.Plain = "", ""
	}
	if c.Result.Open() {
		m.change(c, c.come, c.detail)
	}
	m.conclude(c)
	m.concluded(c)
	m.next()
}

// requeue puts the command in flight back: its connection has ended, or was taken over, before it was written.
func (m handler) requeue(c *Command, why string) {
	m.inFlight = nil
	c.unmake()
	m.change(c, ledger.Queued, why)
	m.queue = slices.Insert(m.queue, 0, c)
	if m.next(); c.Result.State == ledger.Queued {
		m.store(c)
	}
}

// unmake takes off a command what only its frame has.
func (c *Command) unmake() {
	c.link, c.waiting, c.handed = nil, false, false
	r := &c.Result
	r.Connection, r.Listener, r.Transaction, r.Sent, r.Suite, r.Plain = 0, c.Request.Listener, nil, "", "", ""
}

// linkChanged has the command in flight wait for its answer on the connection that has taken the old one over, when its
// number tells the answer; else nobody could say what a frame there answers.
func (m handler) linkChanged(old, l Link) {
	if c := m.inFlight; c != nil && c.link == old && c.written() && c.Profile == l.Profile() && c.Profile.NumbersAnswers() {
		c.link = l
		return
	}
	m.linkLost(old)
}

// linkLost ends the command in flight when the connection that it went to has ended: nothing can answer it there.  If it was
// not written it goes out on another one, or waits if it may.
func (m handler) linkLost(l Link) {
	c := m.inFlight
	if c == nil || c.link != l {
		return
	}
	why := fmt.Sprintf("connection %d ended before the command was sent", l.ID())
	if !c.held && c.again() {
		_, err := m.linkFor(c.Request)
		if err != nil && !c.patient(err) {
			m.finish(c, fmt.Errorf("%w: %s: %s", ErrOffline, m.Serial, why))
			return
		}
		m.requeue(c, why)
		return
	}
	m.stop(c, ledger.Cancelled, why, "the connection ended before an answer came: it may have been executed")
}

// giveUpCommands settles every command without waiting any longer.  Those that wait for their master stay, if they may.
func (m handler) giveUpCommands(why string, unsent ledger.State, stay bool) {
	m.choosing = true // nothing goes any more
	defer func() { m.choosing = false }()
	if _, keeps := m.dir.journal.(Commands); !keeps {
		stay = false
	}
	all := slices.Clone(m.queue)
	if c := m.inFlight; c != nil {
		if stay && c.Request.Queue > 0 && !c.held && c.again() {
			m.requeue(c, why)
		}
		all = append([]*Command{c}, all...)
	}
	for _, c := range m.unanswered {
		if c.Result.Open() {
			all = append(all, c)
		}
	}
	for _, c := range all {
		if stay && c.Request.Queue > 0 && c.Result.State == ledger.Queued {
			m.stay(c)
			continue
		}
		m.stop(c, unsent, why+": it was never sent", why+": it may have been executed")
	}
	m.queue = nil
}

// stay leaves a command to the next process; who waits for it hears of that behind its row.
func (m handler) stay(c *Command) {
	c.Withdraw()
	c.release()
	m.dir.journal.Append(&journal.Entry{Owner: &stays{c, c.Result}})
}

// cancel ends a command that waits, because somebody wants that.
func (m handler) cancel(msg *Cancel) {
	for _, c := range m.queue {
		if c.Entry == msg.Entry && c.Result.State == ledger.Queued {
			c.come, c.detail = ledger.Cancelled, "by "+msg.By
			m.finish(c, nil)
			msg.Reply <- nil
			return
		}
	}
	msg.Reply <- errors.New("it does not wait any more")
}
