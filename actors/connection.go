package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// connection is the actor of one accepted socket: it decodes, decides what is acknowledged, and hands the frames to their masters.
// Everything it must not lose in a restart is in its link.
type connection struct{ link *link }

func (c connection) receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *identified:
		c.identified(m)
	case *transmit:
		c.transmit(m)
	case *relayed:
		c.relayed(m)
	case *greet:
		c.greet()
	case *ended:
		c.ended(ctx, m)
	case *actor.Started:
		c.started()
	case *actor.Stopped:
		c.link.slot.links.remove(c.link)
	case *actor.Restarting, *actor.Stopping:
	}
}

// started goes on, after a restart, behind the frame that failed.
func (c connection) started() {
	l := c.link
	u := l.held
	if u == nil {
		return
	}
	if u.next < len(u.fates) {
		u.fates[u.next] = fatePoison
		u.ends = append(u.ends, int32(len(u.acks)))
		l.poison(u.batch.Frames[u.next], "", &l.node)
		u.next++
	} else if u.sealed { // no frame is to blame, and it has had its second try
		l.held = nil
		u.abandon("fault behind the last frame")
		return
	} else {
		u.sealed = true
	}
	if l.condemned {
		l.held = nil
		u.abandon("connection given up")
		return
	}
	c.decode(u)
}

// uplink handles what one read brought.
func (c connection) uplink(u *uplink) {
	if c.link.condemned {
		u.abandon("connection given up")
		return
	}
	c.link.held = u
	c.decode(u)
}

// decode turns the frames of u into fields, decides each one's fate and prepares its acknowledgement.
func (c connection) decode(u *uplink) {
	l := c.link
	profile := u.edition.profile
	l.session.Adopt(profile)
	env := codec.Env{Now: u.batch.Received, Session: &l.session}
	closed := l.gw.journal.Accepting()
	for ; u.next < len(u.batch.Frames); u.next++ {
		raw, f := u.batch.Frames[u.next], &u.frames[u.next]
		if l.node.armed.Load() && l.node.armed.CompareAndSwap(true, false) {
			panic(injected{})
		}
		u.fates[u.next] = fateRejected
		if err := profile.Decode(codec.Uplink, raw, f); err != nil {
			l.reject(raw, reasonOf(err), err)
			u.ends = append(u.ends, int32(len(u.acks)))
			continue
		}
		if u.edition.login {
			profile.Remember(&l.session, f)
		}
		if env.HasResult = false; closed != nil { // first: what is not acknowledged is not done either
			l.reject(raw, reasonUnstored(closed), closed)
		} else if l.slot.role == RoleIntegrator && !c.integrator(profile, f, raw, &env) {
			l.reject(raw, "not for an integrator", nil)
		} else if acks, _, err := profile.Reply(u.acks, f, env); err != nil {
			l.reject(raw, "no acknowledgement", err)
		} else {
			u.acks, u.fates[u.next] = acks, fateAccepted
		}
		u.ends = append(u.ends, int32(len(u.acks)))
	}
	c.seal(u)
	l.held, l.node.box.after = nil, u
}

// seal gathers the frames into groups by master.  A frame without identity, and an integrator's, belongs to none.
func (c connection) seal(u *uplink) {
	l := c.link
	u.groups = u.groups[:0]
	u.loose.reset(u)
	registered := u.batch.Registered
	for i := range u.frames {
		registered = c.register(u, registered, i)
		f := &u.frames[i]
		if u.fates[i] != fateAccepted {
			continue
		}
		if l.slot.role == RoleIntegrator || f.From() == codec.Integrator {
			u.loose.add(i, string(f.Identity()), journal.Integrator)
			continue
		}
		id := l.whose(f)
		if len(id) == 0 {
			if l.slot.registers() {
				u.fates[i] = fateRejected
				l.reject(u.batch.Frames[i], "nobody is registered", nil)
			} else {
				u.loose.add(i, "", 0)
			}
			continue
		}
		if n := len(u.groups); n > 0 && u.groups[n-1].to == i && u.groups[n-1].serial == string(id) {
			u.groups[n-1].to = i + 1
			continue
		}
		b := l.find(id)
		if b == nil {
			if len(l.bound) >= maxBound {
				u.fates[i] = fateRejected
				l.reject(u.batch.Frames[i], "too many masters on one connection", nil)
				continue
			}
			b = l.bind(string(id))
		}
		u.begin(b, i)
	}
	c.register(u, registered, len(u.frames))
	u.parts.Add(int32(len(u.groups))) // the loose frames take the place of the connection's own part
}

func (c connection) identified(m *identified) {
	for _, b := range c.link.bound {
		if b.serial == m.serial {
			b.routing--
			if b.master = m.master; b.master == nil && b.routing == 0 {
				c.link.unbind(b)
			}
			return
		}
	}
}

// transmit writes a command, unless it was reported meanwhile as not sent.
func (c connection) transmit(m *transmit) {
	if !m.command.claim() {
		return
	}
	if err := c.link.conn.Write(m.command.bytes); err != nil {
		c.link.gw.root.Send(m.master.pid, &undelivered{id: m.command.id, err: err})
	}
}

// ended is the last message: the masters learn that this link is down, behind the last frames it brought.
func (c connection) ended(ctx actor.Context, m *ended) {
	l := c.link
	l.gw.log.Named("connection").Info("closed", "conn", l.id, "listener", l.slot.name, "remote", l.remote(), "masters", l.masters(),
		"reason", m.reason.String(), "detail", m.detail, "open", time.Since(l.conn.Opened()).Round(time.Millisecond),
		"frames", l.tally.frames.Load(), "acknowledged", l.tally.acked.Load())
	l.down(ctx)
	l.slot.links.remove(l)
	ctx.Stop(ctx.Self())
}

// down tells the masters of a link that it is gone.
func (l *link) down(sender interface{ Send(*actor.PID, any) }) {
	for _, b := range l.bound {
		if b.master != nil && b.routing == 0 {
			sender.Send(b.master.pid, &linkDown{link: l})
		} else {
			sender.Send(l.gw.registry, &route{serial: b.serial, down: l})
		}
	}
}

// repeatedFaults is how a connection ends that failed too often: what waits in its mailbox is given up, not acknowledged.
func (g *gateway) repeatedFaults(sup actor.Supervisor, child *actor.PID, f *fault) {
	l := f.node.detail.(*link)
	l.condemned = true
	l.conn.Close(transport.CloseFaults, f.Error())
	if f.message == "ended" { // its last message: nothing else would stop it
		l.down(g.root)
		l.slot.links.remove(l)
		sup.StopChildren(child)
		return
	}
	sup.RestartChildren(child)
}
