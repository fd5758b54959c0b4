package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"trama/actors/admission"
	"trama/actors/connection"
	"trama/actors/internal/count"
	"trama/actors/profiles"
	"trama/actors/shadow"
	"trama/actors/supervise"
	"trama/codec"
	"trama/transport"
)

// Acceptor is what a port asks of the transport below it: TCP today.
type Acceptor interface {
	Addr() net.Addr
	// Serve accepts until Close.  It returns an error that cannot be waited out: Suspend and Resume open a new socket
	// then.
	Serve(accept func(connection.Socket)) error
	Suspend() // new dials are refused, live connections stay
	Resume() error
	Close() error // for good
	SetFraming(f transport.Framing) error
	ReloadTLS() error // for the connections to come
	Stats() transport.ListenerStats
}

// ListenTCP opens a TCP port.
func ListenTCP(o transport.Options) (Acceptor, error) {
	l, err := transport.Listen(context.Background(), o)
	if err != nil {
		return nil, err
	}
	return tcp{l}, nil
}

type tcp struct{ *transport.Listener }

// Serve implements Acceptor.
func (t tcp) Serve(accept func(connection.Socket)) error {
	return t.Listener.Serve(func(c *transport.Conn) { accept(c) })
}

// State is what a port does.
type State string

// The states of a port.
const (
	Starting  State = "starting"
	Accepting State = "accepting"
	Suspended State = "suspended"
	Failed    State = "failed"
	Draining  State = "draining" // nothing follows
)

// Options describe a port.
type Options struct {
	MaxFrameBytes int // as configured; 0: the profile's
	Store         *profiles.Store
	Ended         <-chan struct{} // closed when the gateway has ended: nobody answers any more
}

// Port is what survives a fault of its actor: the bound socket, the live connections and the counters.
type Port struct {
	*connection.Listener
	Node *supervise.Node

	options  Options
	acceptor Acceptor
	shadow   atomic.Pointer[shadow.Shadow] // a candidate that is tried; nil: none
	accepts  count.DrainGroup              // the accept loop
	readers  count.DrainGroup              // every connection whose reader has not ended
	status   atomic.Pointer[status]
	looping  bool // the accept loop runs; the actor's own
	started  sync.Once
	running  chan struct{}
}

// status is the state of a port, and why when it has failed.
type status struct {
	state State
	why   string
}

// New makes a port that speaks a profile; Bind gives it its socket.
func New(l *connection.Listener, o Options, v profiles.Version) *Port {
	p := &Port{Listener: l, options: o, running: make(chan struct{})}
	p.set(Starting, "")
	l.Install(profiles.Install(v, o.Store.Number(v.Profile), nil))
	return p
}

// Bind gives the port its socket.
func (p *Port) Bind(a Acceptor) { p.acceptor = a }

// Framing is how its streams are cut under e.
func (p *Port) Framing(e *profiles.Installed) transport.Framing {
	f := transport.Framing{Cutter: connection.Cutter(e.Profile, &p.Policy), MaxFrameBytes: p.options.MaxFrameBytes,
		Quiet: e.Profile.Quiet(), Tag: e}
	if f.MaxFrameBytes == 0 {
		f.MaxFrameBytes = e.Profile.MaxFrameBytes()
	}
	return f
}

// Running is closed when the port's actor has started.
func (p *Port) Running() <-chan struct{} { return p.running }

// Status is what the port does, and why when it has failed.
func (p *Port) Status() (State, string) {
	s := p.status.Load()
	return s.state, s.why
}

func (p *Port) state() State { return p.status.Load().state }

// set changes the state; nothing follows Draining.
func (p *Port) set(state State, why string) {
	next := &status{state, why}
	for {
		old := p.status.Load()
		if old != nil && old.state == Draining || p.status.CompareAndSwap(old, next) {
			return
		}
	}
}

// Addr is the bound address.
func (p *Port) Addr() string { return p.acceptor.Addr().String() }

// Stats are the counters of the transport.
func (p *Port) Stats() transport.ListenerStats { return p.acceptor.Stats() }

// ReloadTLS reads the certificates again; with an error everything stays as it was.
func (p *Port) ReloadTLS() error { return p.acceptor.ReloadTLS() }

// Stop makes the port accept nothing any more.
func (p *Port) Stop() error {
	p.set(Draining, "")
	return p.acceptor.Close()
}

// Unbind closes the socket of a port that never had an actor.
func (p *Port) Unbind() { _ = p.acceptor.Close() } // nothing to lose: it takes no connections any more either way

// Accepted is closed when the accept loop has ended.
func (p *Port) Accepted() <-chan struct{} { return p.accepts.Idle() }

// Drained waits until every connection has ended and, unless the tree is broken, its actor has taken leave; or until
// over.  It says which.
func (p *Port) Drained(broken bool, over <-chan struct{}) bool {
	waitFor := []*count.DrainGroup{&p.readers, &p.Links.Live}
	if broken {
		waitFor = waitFor[:1]
	}
	for _, all := range waitFor {
		select {
		case <-all.Idle():
		case <-over:
			return false
		}
	}
	return true
}

// TreeDetail implements supervise.Detailer.
func (p *Port) TreeDetail() map[string]any {
	state, why := p.Status()
	d := map[string]any{
		"address": p.Addr(), "profile": p.Profile().Name(), "role": p.Role.String(),
		"listening": string(state), "live": p.Links.Size(),
	}
	p.Installed().AddDetail(d)
	if sh := p.shadow.Load(); sh != nil && sh.Comparing() {
		d["shadow"] = sh.Candidate.Profile.Name()
	}
	if why != "" {
		d["trouble"] = why
	}
	return d
}

// Info is what is known of one port.  The byte and frame counters are totals over live and ended connections.
type Info struct {
	Name         string              `json:"name"`
	Address      string              `json:"address"` // the real one, also for ":0"
	Role         string              `json:"role"`
	Profile      string              `json:"profile"`
	Definition   profiles.Definition `json:"definition"`
	State        string              `json:"state"` // accepting, suspended, draining, failed
	Live         int                 `json:"live"`
	Accepted     uint64              `json:"accepted"`
	Refused      uint64              `json:"refused"`
	Closed       map[string]uint64   `json:"closed"`       // by close reason
	Silent       uint64              `json:"silent"`       // connections that ended without a byte
	Unidentified uint64              `json:"unidentified"` // that ended, and no master was identified on them
	Frames       uint64              `json:"frames"`
	Acknowledged uint64              `json:"acknowledged"`
	Rejected     uint64              `json:"rejected"`
	Unreadable   uint64              `json:"unreadable"` // accepted, though not all of their fields can be read
	Poisoned     uint64              `json:"poisoned"`
	BytesIn      uint64              `json:"bytes_in"`
	BytesOut     uint64              `json:"bytes_out"`
	InFrames     uint64              `json:"frame_bytes"` // of BytesIn, in frames
	Skipped      uint64              `json:"skipped_bytes"`
	Heartbeats   uint64              `json:"heartbeats"`    // between frames
	Aside        uint64              `json:"aside_bytes"`   // of heartbeats and registrations
	Pending      uint64              `json:"pending_bytes"` // the beginnings of frames whose rest is awaited
	// the beginnings of frames that had not their rest when the connection ended
	CutOff uint64 `json:"cut_off_bytes"`
	// of the TLS certificate; absent without TLS
	CertificateEnds time.Time `json:"certificate_ends,omitzero"`
	// events of the listener that were too many to be written, see connection.Listener
	EventsDropped uint64 `json:"events_dropped"`
	Error         string `json:"error,omitempty"`
}

// Info describes the port.
func (p *Port) Info() Info {
	st, sum := p.acceptor.Stats(), p.Links.Sum()
	state, why := p.Status()
	e := p.Installed()
	info := Info{
		Name: p.Name, Address: p.Addr(), Role: p.Role.String(), Profile: e.Profile.Name(), Definition: e.What, State: string(state),
		Live: st.Live, Accepted: st.Accepted, Closed: map[string]uint64{},
		Silent: p.Silent.Load(), Unidentified: p.Unidentified.Load(),
		Frames: sum.Frames, Acknowledged: sum.Acknowledged, Rejected: sum.Rejected, Unreadable: sum.Unreadable, Poisoned: sum.Poisoned,
		BytesIn: st.Received, BytesOut: st.Sent, InFrames: st.InFrames, Skipped: st.Skipped, Heartbeats: st.Beats,
		Aside: st.Aside, Pending: st.Pending, CutOff: st.CutOff,
		CertificateEnds: st.CertificateEnds, EventsDropped: p.EventsDropped(), Error: why,
	}
	for reason, n := range st.Closed {
		if n > 0 {
			info.Closed[transport.CloseReason(reason).String()] = n
		}
	}
	info.Refused = st.Closed[transport.CloseFull] + st.Closed[transport.CloseNoDescriptors] + st.Closed[transport.CloseSource]
	return info
}

// ErrUnfit is what is wrong with a profile that cannot go on a listener.
var ErrUnfit = errors.New("profile does not fit the listener")

// Fits says why a profile cannot go on the listener.
func (p *Port) Fits(profile *codec.Profile) error {
	if smallest := SmallestFrame(profile); p.options.MaxFrameBytes > 0 && p.options.MaxFrameBytes < smallest {
		return fmt.Errorf("%w: listener %q takes frames of at most %d bytes (max_frame_bytes), the smallest that profile %s receives has %d",
			ErrUnfit, p.Name, p.options.MaxFrameBytes, profile.Name(), smallest)
	}
	if p.Policy.Security != admission.Open && profile.Security() == nil {
		return fmt.Errorf("%w: listener %q asks for protected frames (security), and profile %s has no [security]",
			ErrUnfit, p.Name, profile.Name())
	}
	if p.Greeting != "" {
		if _, err := connection.Greeting(profile, p.Greeting, nil); err != nil {
			return fmt.Errorf("%w: listener %q greets with %s: %w", ErrUnfit, p.Name, p.Greeting, err)
		}
	}
	return nil
}

// SmallestFrame is the size of the smallest frame that can come in, in bytes; parts that vary count as empty.
func SmallestFrame(profile *codec.Profile) int {
	smallest := profile.MaxFrameBytes()
	for _, m := range profile.Messages() {
		if m.From == codec.Server {
			continue
		}
		size := 0
		for _, f := range m.Fields {
			size += f.Size
		}
		smallest = min(smallest, size)
	}
	return smallest
}

// TransportEvent puts what transport has no return value for into the log.
func (p *Port) TransportEvent(e transport.Event) {
	log := p.System.Log.Named("transport").With("listener", e.Listener)
	switch e.Kind {
	case transport.EventAcceptPaused:
		log.Error("listener cannot accept, trying every 100 ms", "error", e.Err)
	case transport.EventAcceptResumed:
		log.Warn("listener accepts again", "after", e.After)
	case transport.EventRefusing:
		log.Warn("listener refuses connections", "reason", e.Reason.String())
	case transport.EventRecovered:
		log.Warn("listener takes connections again", "refused", e.Count, "within", e.After)
	case transport.EventForeign:
		log.Warn("connections of networks that may not connect were closed", "count", e.Count, "last", e.Remote)
	case transport.EventFault:
		log.Error("fault below a connection, it is closed", "conn", e.Conn, "error", e.Err, "stack", string(e.Stack))
	}
}
