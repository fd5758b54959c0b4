package connection

import (
	"github.com/hashicorp/go-hclog"

	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// A registration is a packet outside the protocol that names the device (transport.Aside): a modem sends it for the
// machine behind it, which knows nothing of it.  Its name stands for the connection until another comes.

// namedByFrame says whether the identity in a frame counts before the registered one.
func (l *Link) namedByFrame() bool { return !l.on.Registers || l.on.FrameNames }

// whose is the identity that f belongs to; empty when nobody has said.
func (l *Link) whose(f *codec.Frame) []byte {
	if !l.namedByFrame() && trust.Of(f) == nil { // a key is of the device that the frame names
		return l.name
	}
	if own := f.Identity(); len(own) > 0 {
		return own
	}
	if login := l.session.Identity(); len(login) > 0 {
		return login
	}
	return l.name
}

// register takes in the registrations that came before frame i and returns the others.  Each makes its master appear,
// also when no frame follows: a device that only answers waits to be asked.
func (c handler) register(r *readBatch, all []transport.Registered, i int) []transport.Registered {
	l := c.link
	for len(all) > 0 && all[0].Before <= i {
		name := string(all[0].Identity)
		all = all[1:]
		if old := l.registered.Load(); old != nil && *old == name {
			continue
		}
		b := l.find([]byte(name))
		if b == nil {
			if reason := l.unwelcome([]byte(name), len(name)); reason != "" {
				l.name = nil
				l.registered.Store(nil)
				l.on.Refusals.Add(reason)
				l.RecordEventLimited(journal.Event{Kind: journal.EventRejected, Master: name, Listener: l.on.Name, Connection: l.ID(),
					Remote: l.Remote(), Reason: reason, Detail: "its registration"})
				continue
			}
		}
		if b == nil {
			b = l.bind(name)
		}
		l.name = []byte(name)
		l.registered.Store(&name)
		l.on.System.Tell("connection", hclog.Info, "device registered", "conn", l.ID(), "listener", l.on.Name, "remote", l.Remote(),
			"master", name)
		r.begin(b, i).to = i // of no frame yet
	}
	return all
}

// SelfNamed implements master.Link; it says whether the master goes by the name that was registered on this
// connection, and not by a field of its frames.
func (l *Link) SelfNamed(serial string) bool {
	name := l.registered.Load()
	return name != nil && *name == serial && !l.namedByFrame()
}
