package connection

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"trama/actors/admission"
	"trama/actors/master"
	"trama/actors/supervise"
	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// Socket is what a connection asks of the transport below it.  Nothing here blocks.
type Socket interface {
	ID() uint64 // unique in the process
	Remote() netip.AddrPort
	Opened() time.Time
	// Start makes it deliver what it reads; ended is called once, behind the last batch.
	Start(deliver func(*transport.Batch), ended func())
	// StopReading ends it when everything that has been received is settled, Close at once.
	StopReading(reason transport.CloseReason, detail string)
	Close(reason transport.CloseReason, detail string)
	Write(p []byte) error
	// Reason is why it ends, from the moment that is decided; CloseNone before.
	Reason() (transport.CloseReason, string)
	Stats() transport.ConnStats
	HungUp() bool   // it ends, or the peer has ended its stream
	CutOff() []byte // the beginning of the frame that had not its rest at the end
}

// Link is what survives a restart of a connection's actor: the socket, what was identified on it, the frames in hand
// and the counters.  Behind the node, the fields of the first block are touched by the connection's actor only (and
// by its supervisor while it is suspended); the others are immutable, atomic or guarded.
type Link struct {
	Node      supervise.Node      // first: every message touches it
	bound     []*binding          // masters identified here; nearly always one
	index     map[string]*binding // of bound, when there are many; nil before
	held      *readBatch          // in hand, so that a restart goes on behind the frame that failed
	session   *codec.Session      // who has logged in; nil: nobody can
	name      []byte              // that was registered last
	early     *waitingRoom        // of frames that wait for a login; nil: none do
	condemned bool                // it failed too often: nothing is handled any more, the socket is closing
	noisy     bool                // noise is to be counted on a master that the registry has not made yet
	resumed   atomic.Int32        // reads of early frames that are not settled
	head      []byte              // the first bytes, as long as nobody is identified
	noise     *stretch            // that was skipped last
	refusedTo uint64              // behind the last whole frame that was refused, in bytes of the connection
	passing   *passing            // measurements for an integrator; nil: it has not subscribed
	judged    *rate.Limiter       // bounds how many stretches are judged when they come; nil before the first

	on   *Listener
	conn Socket
	acks ackQueue

	serials    serials
	registered atomic.Pointer[string] // name, for others
	counters   frameCounters
	proofs     proofs
}

// binding is one master on one connection.
type binding struct {
	serial string
	master *master.Master // nil until the registry has told
	// groups on their way through the registry; while there are any, the next ones must follow them
	routing int
}

// Open gives an accepted socket its actor, below that of ctx, and makes it read.  left is called when its reader has
// ended.
func (o *Listener) Open(ctx actor.Context, parent *supervise.Node, conn Socket, left func()) {
	l := &Link{on: o, conn: conn}
	l.Node.Enter(parent, fmt.Sprintf("conn-%d", l.ID()), supervise.KindConnection, l)
	supervise.Spawn(ctx, &l.Node, o.System.Leaf, func() supervise.Handler { return handler{l} })
	if o.Greeting != "" {
		l.send(&l.Node, &greet{})
	}
	o.Links.add(l)
	conn.Start(
		func(b *transport.Batch) {
			r := newReadBatch(l, b)
			l.open(r)
			l.Node.Post(r)
		},
		func() {
			defer left()
			reason, detail := conn.Reason()
			l.send(&l.Node, &ended{reason: reason, detail: detail})
		})
}

func (l *Link) send(to *supervise.Node, msg any) { l.on.System.Send(to, msg) }

func (l *Link) log(name string) hclog.Logger { return l.on.System.Log.Named(name) }

// ID is that of the socket.
func (l *Link) ID() uint64 { return l.conn.ID() }

// Remote is the address of the peer.
func (l *Link) Remote() string { return l.conn.Remote().String() }

// Listener is the name of the port.
func (l *Link) Listener() string { return l.on.Name }

// Profile is the profile that its listener has now.
func (l *Link) Profile() *codec.Profile { return l.on.Profile() }

// Close ends the connection.
func (l *Link) Close(reason transport.CloseReason, detail string) { l.conn.Close(reason, detail) }

// StopReading ends the connection when everything that has been received is settled.
func (l *Link) StopReading(reason transport.CloseReason, detail string) {
	l.conn.StopReading(reason, detail)
}

// Reason is why the connection ends, from the moment that is decided.
func (l *Link) Reason() (transport.CloseReason, string) { return l.conn.Reason() }

// HungUp implements master.Link.
func (l *Link) HungUp() bool { return l.conn.HungUp() }

// Transmit implements master.Link.
func (l *Link) Transmit(m *master.Master, c *master.Command) {
	l.send(&l.Node, &transmit{m, c, c.Try()})
}

// Identified implements master.Link.
func (l *Link) Identified(serial string, m *master.Master) { l.send(&l.Node, &identified{serial, m}) }

// Window implements master.Link.
func (l *Link) Window() time.Duration { return l.on.Window }

// Policy implements master.Link.
func (l *Link) Policy() *admission.Policy { return &l.on.Policy }

// Newcomers implements master.Link.
func (l *Link) Newcomers() *admission.Pace { return l.on.Newcomers }

// Forgotten implements master.Link.  A connection of this master alone is closed.
func (l *Link) Forgotten(m *master.Master) {
	if len(l.Masters()) <= 1 {
		l.Close(transport.CloseKicked, "master "+m.Serial+" was forgotten")
	}
	l.send(&l.Node, &forgotten{m})
}

// Failed implements supervise.Origin.
func (l *Link) Failed(f *supervise.Fault) { l.conn.Close(transport.CloseFault, f.Error()) }

// DefaultMaxMasters is how many masters may be identified on one connection, unless its listener says otherwise: a
// forwarding platform has thousands, a stranger who invents serials has more.
const DefaultMaxMasters = 4096

// fewBound is how many bindings are searched one by one.
const fewBound = 8

// full says whether no further master may be identified on the connection.
func (l *Link) full() bool { return len(l.bound) >= l.on.MaxMasters }

// unwelcome says why no master of a serial may be identified on the connection; "" when it may.
func (l *Link) unwelcome(serial []byte, longest int) (reason string) {
	switch {
	case len(serial) > longest:
		return "serial too long"
	case !l.on.Policy.Names(serial):
		return errSerial.Error()
	case l.full():
		return "too many masters on one connection"
	}
	return ""
}

// find returns the binding of a serial; nil when it is new here.
func (l *Link) find(serial []byte) *binding {
	if l.index != nil {
		return l.index[string(serial)]
	}
	for i, b := range l.bound {
		if b.serial == string(serial) {
			if i > 0 { // the last one used is found first
				l.bound[0], l.bound[i] = b, l.bound[0]
			}
			return b
		}
	}
	return nil
}

// bind adds a serial to the connection.
func (l *Link) bind(serial string) *binding {
	b := &binding{serial: serial}
	l.head = nil
	l.bound = append(l.bound, b)
	switch {
	case l.index != nil:
		l.index[serial] = b
	case len(l.bound) > fewBound:
		l.index = make(map[string]*binding, 2*fewBound)
		for _, each := range l.bound {
			l.index[each.serial] = each
		}
	}
	l.serials.add(serial)
	return b
}

// unbind takes a serial back that the registry refused.
func (l *Link) unbind(b *binding) {
	l.bound = slices.DeleteFunc(l.bound, func(each *binding) bool { return each == b })
	delete(l.index, b.serial)
	l.serials.remove(b.serial)
}

// Masters are the serials that are identified on the connection, sorted.
func (l *Link) Masters() []string { return l.serials.list() }

// serials are the serials of a connection, for everybody.
type serials struct {
	mu  sync.Mutex // guards all
	all []string   // sorted
}

func (s *serials) add(serial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := slices.BinarySearch(s.all, serial)
	s.all = slices.Insert(s.all, at, serial)
}

func (s *serials) remove(serial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, found := slices.BinarySearch(s.all, serial); found {
		s.all = slices.Delete(s.all, at, at+1)
	}
}

func (s *serials) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// only is the serial when there is one only; "" else.
func (s *serials) only() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 1 {
		return s.all[0]
	}
	return ""
}

// TreeDetail implements supervise.Detailer.
func (l *Link) TreeDetail() map[string]any {
	stats := l.conn.Stats()
	d := map[string]any{"remote": l.Remote(), "frames": l.counters.frames.Load(),
		"acknowledged": l.counters.acked.Load()}
	if names := l.Masters(); len(names) > 0 {
		d["masters"] = names
	}
	if !stats.LastReceived.IsZero() {
		d["last_received"] = stats.LastReceived
	}
	if stats.Beats > 0 {
		d["heartbeats"] = stats.Beats
	}
	if n := l.counters.poisoned.Load(); n > 0 {
		d["poisoned"] = n
	}
	return d
}

// Info is what is known of one live connection.
type Info struct {
	ID           uint64    `json:"id"`
	Listener     string    `json:"listener"`
	Role         string    `json:"role"`
	Remote       string    `json:"remote"`
	Masters      []string  `json:"masters"`              // serials identified on it
	Registered   string    `json:"registered,omitempty"` // the name in its registration packet
	Opened       time.Time `json:"opened"`
	LastReceived time.Time `json:"last_received,omitzero"`
	Frames       uint64    `json:"frames"`
	Acknowledged uint64    `json:"acknowledged"`
	Rejected     uint64    `json:"rejected"`
	Unreadable   uint64    `json:"unreadable,omitempty"` // accepted, though not all of their fields can be read
	Poisoned     uint64    `json:"poisoned"`
	BytesIn      uint64    `json:"bytes_in"`
	BytesOut     uint64    `json:"bytes_out"`
	Skipped      uint64    `json:"skipped_bytes"`
	Heartbeats   uint64    `json:"heartbeats"`
	Restarts     uint64    `json:"restarts"`
	Protected    bool      `json:"protected,omitempty"` // a frame under a key was accepted on it
}

// Info describes the connection.
func (l *Link) Info() Info {
	s := l.conn.Stats()
	registered := ""
	if name := l.registered.Load(); name != nil {
		registered = *name
	}
	return Info{
		ID: l.ID(), Listener: l.on.Name, Role: l.on.Role.String(), Remote: l.Remote(),
		Masters: append([]string{}, l.Masters()...), Registered: registered,
		Opened: l.conn.Opened(), LastReceived: s.LastReceived,
		Frames: l.counters.frames.Load(), Acknowledged: l.counters.acked.Load(),
		Rejected: l.counters.rejected.Load(), Unreadable: l.counters.opaque.Load(), Poisoned: l.counters.poisoned.Load(),
		BytesIn: s.Received, BytesOut: s.Sent, Skipped: s.Skipped, Heartbeats: s.Beats,
		Restarts: l.Node.Restarts(), Protected: l.proofs.ever.Load(),
	}
}

// Poison implements master.Link: it records the frame that crashed a handler.  It is not acknowledged.
func (l *Link) Poison(raw []byte, serial string, n *supervise.Node) {
	if serial == "" {
		serial = l.serials.only()
	}
	cause := "fault"
	if f := n.LastError(); f != nil {
		cause = f.Text
	}
	l.counters.poisoned.Add(1)
	l.RecordEventLimited(journal.Event{Kind: journal.EventPoison, Master: serial, Listener: l.on.Name,
		Connection: l.ID(), Remote: l.Remote(), Reason: "fault", Detail: cause, Raw: raw})
	l.on.Poison.add(Poison{
		At: time.Now(), Listener: l.on.Name, Connection: l.ID(), Remote: l.Remote(), Serial: serial,
		Frame: hex.EncodeToString(raw), Cause: cause,
	})
	l.on.System.Tell("connection", hclog.Error, "poison frame recorded, not acknowledged", "conn", l.ID(), "master", serial, "frame",
		hex.EncodeToString(raw), "cause", cause)
}

// RecordEventLimited implements master.Link.
func (l *Link) RecordEventLimited(e journal.Event) { l.on.events.record(l.on.Journal, e) }

// count counts a frame that is refused.
func (l *Link) count(reason string) {
	l.counters.rejected.Add(1)
	l.on.Refusals.Add(reason)
}

// Reject implements master.Link: it counts a frame that is refused, also on its master, and puts it into the journal;
// at debug level the log shows each.
func (l *Link) Reject(serial string, raw []byte, reason string, err error) {
	l.count(reason)
	detail := ""
	if err != nil {
		detail = strings.TrimPrefix(strings.TrimPrefix(err.Error(), reason), ": ")
	}
	if serial == "" {
		serial = l.serials.only()
	}
	l.blame(serial, reason)
	s := &stretch{known: true, raw: slices.Clone(raw[:min(len(raw), stretchBytes)])}
	s.Stretch = Stretch{At: time.Now(), Listener: l.on.Name, Connection: l.ID(), Remote: l.Remote(), Master: serial,
		Profile: l.Profile().Name(), Length: len(raw), Reason: reason, Detail: detail, Place: -1}
	l.on.Stretches.add(s)
	if l.on.Journal.Accepting() == nil && !master.Quiet(reason) {
		l.RecordEventLimited(journal.Event{Kind: journal.EventRejected, Master: serial, Listener: l.on.Name,
			Connection: l.ID(), Remote: l.Remote(), Reason: reason, Detail: detail, Raw: raw})
	}
	if l.on.System.Log.IsDebug() {
		l.log("connection").Debug("frame rejected", "conn", l.ID(), "listener", l.on.Name, "reason", reason, "error",
			err, "frame", hex.EncodeToString(raw))
	}
}

// unanswered tells the operator of a frame that is on disk and whose acknowledgement cannot be made.
func (l *Link) unanswered(raw []byte, err error) {
	const reason = "no acknowledgement"
	l.on.Masters.Alarms.Add(reason)
	l.RecordEventLimited(journal.Event{Kind: journal.EventAlarm, Listener: l.on.Name, Connection: l.ID(),
		Remote: l.Remote(), Reason: reason, Detail: err.Error(), Raw: raw})
	l.on.System.Tell("connection", hclog.Warn, "acknowledgement cannot be made", "conn", l.ID(), "listener", l.on.Name, "error", err,
		"frame", hex.EncodeToString(raw))
}

// InFlight is how many reads of the connection are not settled.
func (l *Link) InFlight() int { return l.conn.Stats().InFlight + int(l.resumed.Load()) }
