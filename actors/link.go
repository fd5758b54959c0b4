package actors

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// link is what survives a restart of a connection actor: the socket, what was identified on it, the frames in hand and the
// counters.  Behind the node, the fields of the first block are touched by the connection actor only (and by its
// supervisor while it is suspended); the others are immutable or atomic.
type link struct {
	node      node          // first: every message touches it
	bound     []*binding    // masters identified here; nearly always one
	held      *uplink       // batch in hand, so that a restart goes on behind the frame that failed
	line      line          // uplinks in the order of their reads
	session   codec.Session // what the protocol remembers between frames
	name      []byte        // that was registered last
	condemned bool          // it failed too often: nothing is handled any more, the socket is closing

	id   uint64
	gw   *gateway
	slot *slot
	conn *transport.Conn
	pid  *actor.PID // set before the first batch is read

	serials    atomic.Pointer[[]string]
	registered atomic.Pointer[string] // name, for others
	tally      tally
}

// tally counts what became of the frames of one connection.  The listener's sums are made of these when somebody asks, so that
// connections share no counter.
type tally struct {
	frames   atomic.Uint64 // whole frames cut from the stream
	stored   atomic.Uint64 // on disk
	repeated atomic.Uint64 // resends of frames that are
	acked    atomic.Uint64 // acknowledgements handed to the socket
	silent   atomic.Uint64 // accepted, no acknowledgement owed
	unsent   atomic.Uint64 // accepted, but the connection had ended before the acknowledgement
	rejected atomic.Uint64
	poisoned atomic.Uint64
}

func (t *tally) add(o *tally) {
	t.frames.Add(o.frames.Load())
	t.stored.Add(o.stored.Load())
	t.repeated.Add(o.repeated.Load())
	t.acked.Add(o.acked.Load())
	t.silent.Add(o.silent.Load())
	t.unsent.Add(o.unsent.Load())
	t.rejected.Add(o.rejected.Load())
	t.poisoned.Add(o.poisoned.Load())
}

// binding is one master on one connection.
type binding struct {
	serial  string
	master  *master // nil until the registry has told
	routing int     // groups on their way through the registry; while there are any, the next ones must follow them
}

func (l *link) remote() string { return l.conn.Remote().String() }

// maxBound is how many masters may be identified on one connection: a concentrator has dozens, a stranger who invents serials has more.
const maxBound = 256

// find returns the binding of a serial, the last one used first; nil when it is new here.
func (l *link) find(serial []byte) *binding {
	for i, b := range l.bound {
		if b.serial == string(serial) {
			if i > 0 {
				l.bound[0], l.bound[i] = b, l.bound[0]
			}
			return b
		}
	}
	return nil
}

// bind adds a serial to the connection.
func (l *link) bind(serial string) *binding {
	b := &binding{serial: serial}
	l.bound = slices.Insert(l.bound, 0, b)
	l.publish()
	return b
}

// unbind takes a serial back that the registry refused.
func (l *link) unbind(b *binding) {
	l.bound = slices.DeleteFunc(l.bound, func(each *binding) bool { return each == b })
	l.publish()
}

func (l *link) publish() {
	names := make([]string, len(l.bound))
	for i, each := range l.bound {
		names[i] = each.serial
	}
	slices.Sort(names)
	l.serials.Store(&names)
}

func (l *link) masters() []string {
	if names := l.serials.Load(); names != nil {
		return *names
	}
	return nil
}

// treeDetail implements detailer.
func (l *link) treeDetail() map[string]any {
	d := map[string]any{"remote": l.remote(), "frames": l.tally.frames.Load(), "acknowledged": l.tally.acked.Load()}
	if names := l.masters(); len(names) > 0 {
		d["masters"] = names
	}
	if last := l.conn.Stats().LastReceived; !last.IsZero() {
		d["last_received"] = last
	}
	if n := l.conn.Stats().Beats; n > 0 {
		d["heartbeats"] = n
	}
	if n := l.tally.poisoned.Load(); n > 0 {
		d["poisoned"] = n
	}
	return d
}

func (l *link) info() ConnectionInfo {
	s := l.conn.Stats()
	registered := ""
	if name := l.registered.Load(); name != nil {
		registered = *name
	}
	return ConnectionInfo{
		Registered: registered, Heartbeats: s.Beats,
		ID: l.id, Listener: l.slot.name, Role: l.slot.role.String(), Remote: l.remote(), Masters: append([]string{}, l.masters()...),
		Opened: l.conn.Opened(), LastReceived: s.LastReceived,
		Frames: l.tally.frames.Load(), Acknowledged: l.tally.acked.Load(), Rejected: l.tally.rejected.Load(), Poisoned: l.tally.poisoned.Load(),
		BytesIn: s.Received, BytesOut: s.Sent, Skipped: s.Skipped, Restarts: uint64(l.node.restarts.Load()),
	}
}

// poison records the frame that made an actor fail.  It is not acknowledged.
func (l *link) poison(raw []byte, serial string, n *node) {
	if names := l.masters(); serial == "" && len(names) == 1 {
		serial = names[0]
	}
	cause := "fault"
	if f := n.fault.Load(); f != nil {
		cause = f.Text
	}
	l.tally.poisoned.Add(1)
	l.slot.limited(journal.Event{Kind: journal.EventPoison, Master: serial, Listener: l.slot.name, Connection: l.id, Remote: l.remote(), Reason: "fault", Detail: cause, Raw: raw})
	l.gw.poison.add(Poison{
		At: time.Now(), Listener: l.slot.name, Connection: l.id, Remote: l.remote(), Serial: serial,
		Frame: hexString(raw), Cause: cause,
	})
	l.gw.log.Named("connection").Error("poison frame recorded, not acknowledged", "conn", l.id, "master", serial, "frame", hexString(raw), "cause", cause)
}

// count counts a frame that is refused.
func (l *link) count(reason string) {
	l.tally.rejected.Add(1)
	l.slot.refusals.add(reason)
}

// reject counts a frame that is refused and puts it into the journal; at debug level the log shows each.
func (l *link) reject(raw []byte, reason string, err error) {
	l.count(reason)
	if l.gw.journal.Accepting() == nil {
		detail := ""
		if err != nil {
			detail = err.Error()
		}
		l.slot.limited(journal.Event{Kind: journal.EventRejected, Listener: l.slot.name, Connection: l.id, Remote: l.remote(), Reason: reason, Detail: detail, Raw: raw})
	}
	if l.gw.log.IsDebug() {
		l.gw.log.Named("connection").Debug("frame rejected", "conn", l.id, "listener", l.slot.name, "reason", reason, "error", err, "frame", hexString(raw))
	}
}
