package actors

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"trama/codec"
	"trama/transport"
)

// slot is what survives a fault of a listener actor: the bound port, the live connections and the counters.
type slot struct {
	name    string
	role    Role
	gw      *gateway
	profile atomic.Pointer[codec.Profile] // that of edition
	edition atomic.Pointer[edition]
	shadow  atomic.Pointer[shadow] // a candidate that is tried; nil: none
	port    *transport.Listener
	node    *node
	links   linkSet
	accepts crowd // the accept loop
	readers crowd // every connection whose reader has not ended

	maxFrame   int              // as configured; 0: the profile's
	aside      *transport.Aside // what comes between frames; nil: nothing
	greeting   string           // message sent to whoever dials in; "": none
	frameNames bool             // the identity in a frame counts before a registered one

	state   atomic.Pointer[string] // accepting, suspended, failed, draining
	trouble atomic.Pointer[string] // why, when failed

	looping  bool    // the accept loop runs; the listener actor's own
	refusals reasons // why frames were rejected

	events    *rate.Limiter // of events that a stranger can cause
	unwritten atomic.Uint64 // events that were too many
}

// reasons counts by reason.
type reasons struct {
	mu sync.Mutex // guards by
	by map[string]uint64
}

func (r *reasons) add(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = make(map[string]uint64)
	}
	r.by[reason]++
}

func (r *reasons) copy() map[string]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		return map[string]uint64{}
	}
	return maps.Clone(r.by)
}

// linkSet is the book of live connections of one port, and what became of the frames of those that ended.
type linkSet struct {
	mu      sync.RWMutex // guards all that follows
	by      map[uint64]*link
	closing []*link // ended, with frames in hand
	ended   tally
	live    crowd // those in by
}

// sum adds up live and ended connections.
func (s *linkSet) sum() *tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bury()
	t := new(tally)
	t.add(&s.ended)
	for _, l := range s.closing {
		t.add(&l.tally)
	}
	for _, l := range s.by {
		t.add(&l.tally)
	}
	return t
}

// bury takes the final tally of ended connections whose frames are all settled.  s.mu is held.
func (s *linkSet) bury() {
	s.closing = slices.DeleteFunc(s.closing, func(l *link) bool {
		if l.conn.Stats().InFlight > 0 {
			return false
		}
		s.ended.add(&l.tally)
		return true
	})
}

func (s *linkSet) add(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = make(map[uint64]*link)
	}
	s.by[l.id] = l
	s.live.enter()
}

// remove takes a connection out that has ended; again does nothing.
func (s *linkSet) remove(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[l.id] == l {
		delete(s.by, l.id)
		s.live.leave()
		s.closing = append(s.closing, l)
		s.bury()
	}
}

func (s *linkSet) get(id uint64) *link {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.by[id]
}

func (s *linkSet) list() []*link {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Values(s.by))
}

func (s *linkSet) size() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.by)
}

// treeDetail implements detailer.
func (s *slot) treeDetail() map[string]any {
	d := map[string]any{
		"address": s.port.Addr().String(), "profile": s.profile.Load().Name(), "role": s.role.String(),
		"listening": *s.state.Load(), "live": s.links.size(),
	}
	s.edition.Load().treeDetail(d)
	if sh := s.shadow.Load(); sh != nil && !sh.deaf.Load() {
		d["shadow"] = sh.edition.Profile.Name()
	}
	if why := s.trouble.Load(); why != nil {
		d["trouble"] = *why
	}
	return d
}

// set changes the state; nothing follows "draining".
func (s *slot) set(state string) {
	for {
		old := s.state.Load()
		if old != nil && *old == "draining" || s.state.CompareAndSwap(old, &state) {
			return
		}
	}
}

// transportEvent puts what transport has no return value for into the log.
func (s *slot) transportEvent(e transport.Event) {
	log := s.gw.log.Named("transport").With("listener", e.Listener)
	switch e.Kind {
	case transport.EventAcceptPaused:
		log.Error("cannot accept for now, trying every 100 ms", "error", e.Err)
	case transport.EventAcceptResumed:
		log.Warn("accepting again", "after", e.After)
	case transport.EventRefusing:
		log.Warn("connections are refused", "reason", e.Reason.String())
	case transport.EventRecovered:
		log.Warn("connections are taken again", "refused", e.Count, "within", e.After)
	case transport.EventFault:
		log.Error("fault below a connection, it is closed", "conn", e.Conn, "error", e.Err, "stack", string(e.Stack))
	}
}
