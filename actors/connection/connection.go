package connection

import (
	"github.com/asynkron/protoactor-go/actor"

	"trama/actors/master"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec"
	"trama/internal/fault"
	"trama/journal"
	"trama/transport"
)

// handler is the actor of one accepted socket: it decides what is taken in, and hands the frames to their masters.
// Everything it must not lose in a restart is in its link.
type handler struct{ link *Link }

// Receive implements supervise.Handler.
func (c handler) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *identified:
		c.identified(m)
	case *forgotten:
		c.forgotten(m.master)
	case *transmit:
		c.transmit(m)
	case *relayed:
		c.relayed(m)
	case *passed:
		c.passOn(m)
	case *greet:
		c.greet()
	case *loginDue:
		c.loginDue()
	case *ended:
		c.ended(ctx, m)
	case *actor.Started:
		c.started()
	case *actor.Stopped:
		c.link.on.Links.remove(c.link)
	case *actor.Restarting, *actor.Stopping:
	}
}

// started goes on, after a restart, behind the frame that failed.
func (c handler) started() {
	l := c.link
	r := l.held
	if r == nil {
		return
	}
	if r.next < len(r.fates) {
		r.fates[r.next] = master.Poison
		l.Poison(r.batch.Frames[r.next], "", &l.Node)
		r.next++
	} else if r.grouped { // no frame is to blame, and it has had its second try
		l.held = nil
		r.abandon("fault behind the last frame")
		return
	} else {
		r.grouped = true
	}
	if l.condemned {
		l.held = nil
		r.abandon("connection given up")
		return
	}
	c.decide(r)
}

// Carry implements supervise.FrameHandler: it handles what one read brought.
func (c handler) Carry(m supervise.Frames) {
	r := m.(*readBatch)
	switch {
	case c.link.Node.Stopped():
		r.abandon("connection stopped")
	case c.link.condemned:
		r.abandon("connection given up")
	default:
		c.link.held = r
		c.decide(r)
	}
}

// decide decides which frames of r are taken in, and gathers them by master.
func (c handler) decide(r *readBatch) {
	l := c.link
	profile := r.installed.Profile
	if l.session != nil {
		profile.Adopt(l.session)
	}
	closed := l.on.Journal.Accepting()
	for ; r.next < len(r.fates); r.next++ {
		l.Node.Drill()
		r.fates[r.next] = c.fate(r, profile, closed)
	}
	c.group(r)
	if len(r.batch.Skipped) > 0 && !r.noted {
		c.note(r)
	}
	r.seal()
	if l.early != nil && len(l.session.Identity()) > 0 {
		c.handOver()
	}
	l.held = nil
	l.Node.After(r)
}

// fate is what becomes of the frame in hand.
func (c handler) fate(r *readBatch, profile *codec.Profile, closed error) master.Fate {
	l := c.link
	raw, f := r.batch.Frames[r.next], &r.frames[r.next]
	if r.installed.Login && !r.isShut(r.next) {
		if l.session == nil {
			l.session = new(codec.Session)
		}
		profile.Remember(l.session, f)
	}
	if closed != nil { // first: what is not acknowledged is not done either
		l.Reject("", raw, reasonUnstored(closed), closed)
		return master.Rejected
	}
	if err := l.refusal(r, r.next, f); err == errAnswered {
		return master.Waiting // nobody counts it
	} else if err != nil {
		l.refuseShut(r, r.next, err)
		return master.Rejected
	}
	if l.on.Role == RoleIntegrator && (f.Unreadable() != nil || !c.request(r, profile, f, raw)) {
		l.Reject("", raw, "not for an integrator", nil)
		return master.Rejected
	}
	return master.Accepted
}

// group gathers the frames into groups by master.  A frame without identity, and an integrator's, belongs to none.
func (c handler) group(r *readBatch) {
	l := c.link
	r.groups = r.groups[:0]
	r.unowned.reset(r)
	registered := r.batch.Registered
	for i := range r.frames {
		registered = c.register(r, registered, i)
		f := &r.frames[i]
		if r.fates[i] != master.Accepted {
			continue
		}
		if f.From() == codec.Integrator && trust.Of(f) != nil {
			r.fates[i] = master.Rejected
			l.Reject(string(f.Identity()), r.batch.Frames[i], "under the key of a device", nil)
			continue
		}
		if l.on.Role == RoleIntegrator || f.From() == codec.Integrator {
			r.unowned.add(i, string(f.Identity()), journal.Integrator)
			continue
		}
		id := l.whose(f)
		if len(id) == 0 && l.on.Registers {
			r.fates[i] = master.Rejected
			l.Reject("", r.batch.Frames[i], "nobody is registered", nil)
			l.keepHead(r.batch.Frames[i])
			continue
		}
		if len(id) == 0 && needsOwner(r.installed, f) {
			r.fates[i] = c.putAside(r, i)
			continue
		}
		if bad := f.Unreadable(); bad != nil && len(id) == 0 { // else its master tells
			l.RecordEventLimited(journal.Event{Kind: journal.EventUnreadable, Listener: l.on.Name,
				Connection: l.ID(), Remote: l.Remote(), Detail: bad.Error(), Raw: r.batch.Frames[i]})
		}
		if len(id) == 0 {
			r.unowned.add(i, "", 0)
			continue
		}
		if n := len(r.groups); n > 0 && r.groups[n-1].to == i && r.groups[n-1].binding.serial == string(id) {
			r.groups[n-1].to = i + 1
			continue
		}
		b := l.find(id)
		if b == nil {
			if reason := l.unwelcome(id, r.installed.Longest); reason != "" {
				r.fates[i] = master.Rejected
				l.Reject(string(id[:min(len(id), r.installed.Longest)]), r.batch.Frames[i], reason, nil)
				continue
			}
			b = l.bind(string(id))
		}
		r.begin(b, i)
	}
	c.register(r, registered, len(r.frames))
}

// identified: the registry has found or made the master of a group.
func (c handler) identified(m *identified) {
	b := c.link.find([]byte(m.serial))
	if b == nil {
		return
	}
	b.routing--
	if b.master = m.master; b.master == nil && b.routing == 0 {
		c.link.unbind(b)
	}
	if b.master != nil && c.link.noisy {
		b.master.Refused(ReasonNoise)
		c.link.noisy = false
	}
}

// forgotten: the master of a serial is none any more.
func (c handler) forgotten(m *master.Master) {
	if b := c.link.find([]byte(m.Serial)); b != nil && b.master == m && b.routing == 0 {
		c.link.unbind(b)
	}
}

// transmit writes a command, unless it was reported meanwhile as not sent, or goes out on another connection.
func (c handler) transmit(m *transmit) {
	bytes, ok := m.command.Claim(m.try)
	if !ok {
		return
	}
	fault.At("command handed over")
	if err := c.link.conn.Write(bytes); err != nil {
		m.master.Undelivered(m.command, err)
		return
	}
	fault.At("command written")
	m.master.Delivered(m.command)
}

// greet sends the message that whoever dials in hears first.  The profile was tried for it
// when it was put on the listener.
func (c handler) greet() {
	l := c.link
	b, err := l.acks.greeting(l.Profile(), l.on.Greeting)
	if err == nil {
		err = l.conn.Write(b)
	}
	if err != nil {
		l.log("connection").Warn("greeting not sent", "conn", l.ID(), "listener", l.on.Name, "greeting",
			l.on.Greeting, "error", err)
	}
}

// ended is the last message: the masters learn that this link is down, behind the last frames it brought.
func (c handler) ended(ctx actor.Context, m *ended) {
	l := c.link
	l.refuseEarly()
	l.account(m)
	l.down()
	l.on.Links.remove(l)
	ctx.Stop(ctx.Self())
}

// down tells the masters of a link that it is gone.
func (l *Link) down() {
	for _, b := range l.bound {
		if b.master != nil && b.routing == 0 {
			l.send(&b.master.Node, &master.LinkDown{Link: l})
		} else {
			l.send(l.on.Masters.Node, &master.Route{Serial: b.serial, Link: l})
		}
	}
}

// GiveUp is how a connection ends that failed too often: what waits in its mailbox is given up, not acknowledged.
func GiveUp(sup actor.Supervisor, child *actor.PID, f *supervise.Fault) {
	l := f.Node.Detail().(*Link)
	l.condemned = true
	l.conn.Close(transport.CloseFaults, f.Error())
	if f.Message == "ended" { // its last message: nothing else would stop it
		l.refuseEarly()
		l.down()
		l.on.Links.remove(l)
		sup.StopChildren(child)
		return
	}
	sup.RestartChildren(child)
}
