package connection

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"trama/actors/admission"
	"trama/actors/internal/count"
	"trama/actors/master"
	"trama/actors/profiles"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
)

// Role says who dials in on a listener.
type Role uint8

// The roles of a listener.
const (
	RoleMaster     Role = iota // PLC masters
	RoleIntegrator             // integrators, who ask the server to ask a master
)

// String returns the role as the configuration spells it.
func (r Role) String() string {
	if r == RoleIntegrator {
		return "integrator"
	}
	return "master"
}

// Journal is what connections ask of the engine.
type Journal interface {
	Append(e *journal.Entry)
	Accepting() error // nil while frames are taken, and why not otherwise
}

// Shared is what the connections of all listeners share.
type Shared struct {
	System  *supervise.System
	Journal Journal
	Masters *master.Directory
	Keys    *trust.Keyring // nil: no master has a key
	Poison  PoisonBook
	// Guess says in words which other profile than that of a listener takes bytes; "" when none does.
	Guess        func(listener string, data []byte) string
	SettleFaults atomic.Uint64 // panics while acknowledgements were settled; each cost its connection
	// Acknowledged is told of each write of acknowledgements, how long after the read that brought the frames whole; nil:
	// nobody is.  All connections wait for it.
	Acknowledged func(took time.Duration)
}

// Listener is what the connections of one port share.  It outlives them, and a fault of the port's actor.
type Listener struct {
	*Shared
	Name       string
	Role       Role
	Registers  bool             // devices name themselves with a packet outside the protocol
	FirstFrame time.Duration    // how long frames wait for a login, from the accept
	FrameNames bool             // the identity in a frame counts before a registered one
	Greeting   string           // message sent to whoever dials in; "": none
	Outcomes   bool             // integrators are told of outcomes without an answer
	MaxMasters int              // that may be identified on one connection
	Window     time.Duration    // how long behind a frame commands reach its master; 0: it is learned, negative: always
	Policy     admission.Policy // who may speak
	Newcomers  *admission.Pace  // the registry's own

	Links     LinkSet
	Refusals  count.By // why frames were rejected
	Skips     count.By // why stretches of bytes were no frames
	Opaque    count.By // why frames that were accepted cannot be read whole
	Stretches StretchBook
	// connections that have ended: without a byte; with bytes, and no master was identified
	Silent, Unidentified atomic.Uint64

	installed atomic.Pointer[profiles.Installed]
	events    eventLimit // rejected frames and alarms
	strangers eventLimit // connections of nobody
	probes    probes
	judging   *rate.Limiter // units of time for looking at what was skipped
}

// NewListener makes what the connections of a port share.
func NewListener(s *Shared, name string, role Role) *Listener {
	return &Listener{Shared: s, Name: name, Role: role, MaxMasters: DefaultMaxMasters, Newcomers: admission.NewPace(0), events: newEventLimit(eventsPerMinute, eventsAtOnce),
		strangers: newEventLimit(strangersPerMinute, strangersPerMinute),
		judging:   rate.NewLimiter(judgingRate, judgingBurst)}
}

// EventsDropped counts events that strangers caused and that were too many to be written.
func (o *Listener) EventsDropped() uint64 {
	return o.events.LeftOutEver() + o.strangers.LeftOutEver()
}

// Installed is the profile that is in force.
func (o *Listener) Installed() *profiles.Installed { return o.installed.Load() }

// Install puts a profile in force.
func (o *Listener) Install(e *profiles.Installed) { o.installed.Store(e) }

// Profile is the profile that is in force.
func (o *Listener) Profile() *codec.Profile { return o.installed.Load().Profile }

// LinkSet is the book of live connections of one port, and what became of the frames of those that ended.  Links wait
// in Live.
type LinkSet struct {
	Live count.DrainGroup // those in by

	mu      sync.RWMutex // guards all that follows
	by      map[uint64]*Link
	closing []*Link // ended, with frames in hand
	ended   frameCounters
}

// Sum adds up live and ended connections.
func (s *LinkSet) Sum() Frames {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bury()
	t := new(frameCounters)
	t.add(&s.ended)
	for _, l := range s.closing {
		t.add(&l.counters)
	}
	for _, l := range s.by {
		t.add(&l.counters)
	}
	return t.read()
}

// bury takes the final counters of ended connections whose frames are all settled.  s.mu is held.
func (s *LinkSet) bury() {
	s.closing = slices.DeleteFunc(s.closing, func(l *Link) bool {
		if l.InFlight() > 0 {
			return false
		}
		s.ended.add(&l.counters)
		return true
	})
}

func (s *LinkSet) add(l *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = make(map[uint64]*Link)
	}
	s.by[l.ID()] = l
	s.Live.Add()
}

// remove takes a connection out that has ended; again does nothing.
func (s *LinkSet) remove(l *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[l.ID()] == l {
		delete(s.by, l.ID())
		s.closing = append(s.closing, l)
		s.bury()
		s.Live.Done()
	}
}

// Get finds a live connection; nil when there is none.
func (s *LinkSet) Get(id uint64) *Link {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.by[id]
}

// List returns the live connections, in no order.
func (s *LinkSet) List() []*Link {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Values(s.by))
}

// Size is how many connections are live.
func (s *LinkSet) Size() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.by)
}
