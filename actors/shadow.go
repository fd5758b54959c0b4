package actors

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"trama/transport"
)

// A shadow is a candidate for the profile of a listener.  It sees every byte that the listener cuts, cuts and decodes them too, and counts
// where it comes to something else.  What it makes of them goes nowhere.
//
//	reader ──copy──▶ bounded queue ──▶ shadow's goroutine: cut, decode and answer by both profiles, compare
//
// The way of a frame has nothing to do with it but for the copy: what the queue does not hold is dropped and counted, and a candidate that
// hangs or fails does so in the goroutine of the shadow.

// Shadowing tries a profile on live traffic before it is swapped in.
type Shadowing interface {
	// Shadow starts comparing a candidate with the profile of the listener; an earlier one ends.
	Shadow(ctx context.Context, listener string, candidate Edition) error
	// ShadowInfo tells what it has found so far, also when it has ended by itself.
	ShadowInfo(listener string) (ShadowInfo, error)
	// EndShadow stops it and tells what it has found.
	EndShadow(listener string) (ShadowInfo, error)
	// Candidate is the profile that is tried on the listener.
	Candidate(listener string) (Edition, error)
}

// ErrNoShadow is returned when nothing is tried on the listener.
var ErrNoShadow = errors.New("no candidate is tried on the listener")

// Bounds of a shadow.
const (
	shadowQueue   = 256  // reads that wait to be compared
	shadowStreams = 4096 // connections whose state is kept; the one seen longest ago goes
	shadowFields  = 256  // fields with differences that are told apart
	shadowHex     = 512  // bytes of a frame that an example shows
	shadowStuck   = time.Second
)

// shadow compares one candidate.  Reads are offered by any reader; everything else is its own goroutine's, but for what mu guards.
type shadow struct {
	slot      *slot
	edition   Edition
	active    *edition
	queue     chan *chunk
	stop      chan struct{}
	done      chan struct{} // the goroutine has ended
	since     time.Time
	busy      atomic.Int64 // since when it works on one read, Unix nanoseconds; 0: it waits
	dropped   atomic.Uint64
	offered   atomic.Uint64
	deaf      atomic.Bool // it compares no more
	streams   streams
	candidate *side
	current   *side

	mu    sync.Mutex // guards found and why
	found findings
	why   string // it ended by itself
}

// chunk is what one read brought, as the active profile has cut it.
type chunk struct {
	conn uint64
	at   uint64 // place in what was shown of the connection
	data []byte
	time time.Time
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// Shadow implements Gateway.
func (g *gateway) Shadow(_ context.Context, listener string, candidate Edition) error {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	s := g.slot(listener)
	switch {
	case g.gone.Load():
		return ErrStopping
	case s == nil:
		return fmt.Errorf("%w: %q", ErrUnknownListener, listener)
	}
	if err := s.fits(candidate.Profile); err != nil {
		return err
	}
	s.endShadow("another candidate took its place")
	sh := newShadow(s, candidate)
	s.shadow.Store(sh)
	go sh.run()
	f := s.framing(s.edition.Load())
	f.Tap = sh.offer
	if err := s.port.SetFraming(f); err != nil {
		return err
	}
	g.log.Named("shadow").Info("comparing", "listener", s.name, "active", sh.active.profile.Name(), "candidate", candidate.Profile.Name(), "source", candidate.Source)
	return nil
}

func newShadow(s *slot, candidate Edition) *shadow {
	active := s.edition.Load()
	return &shadow{
		slot: s, edition: candidate, active: active, since: time.Now(),
		queue: make(chan *chunk, shadowQueue), stop: make(chan struct{}), done: make(chan struct{}),
		current: newSide(active.profile), candidate: newSide(candidate.Profile),
	}
}

// offer is the tap of the listener's framing.
func (sh *shadow) offer(conn *transport.Conn, at uint64, data []byte) {
	if sh.deaf.Load() {
		return
	}
	c := chunks.Get().(*chunk)
	c.conn, c.at, c.data, c.time = conn.ID(), at, append(c.data[:0], data...), time.Now()
	select {
	case sh.queue <- c:
		sh.offered.Add(1)
	default:
		chunks.Put(c)
		sh.dropped.Add(1)
	}
}

func (sh *shadow) run() {
	defer func() {
		sh.streams = streams{} // what it has found may be looked at for long
		close(sh.done)
	}()
	for {
		select {
		case <-sh.stop:
			return
		case c := <-sh.queue:
			sh.busy.Store(time.Now().UnixNano())
			ok := sh.guarded(c)
			sh.busy.Store(0)
			chunks.Put(c)
			if !ok {
				return
			}
		}
	}
}

// guarded compares one read with a net below it: it is the candidate that is on trial.
func (sh *shadow) guarded(c *chunk) (ok bool) {
	defer func() {
		if thrown := recover(); thrown != nil {
			sh.close(fmt.Sprintf("it failed: %v", thrown))
			sh.slot.gw.log.Named("shadow").Error("the candidate failed", "listener", sh.slot.name, "error", thrown, "stack", string(debug.Stack()))
			ok = false
		}
	}()
	sh.take(c)
	return true
}

// close makes it compare no more; the first reason stays.
func (sh *shadow) close(why string) {
	sh.deaf.Store(true)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.why == "" {
		sh.why = why
	}
}

// endShadow stops the shadow of s, if there is one that works.  What it has found stays to be seen.  gateway.swapping is held.
func (s *slot) endShadow(why string) {
	sh := s.shadow.Load()
	if sh == nil {
		return
	}
	sh.close(why)
	select {
	case <-sh.stop:
	default:
		close(sh.stop)
	}
}

// EndShadow implements Gateway.
func (g *gateway) EndShadow(listener string) (ShadowInfo, error) {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	s, sh, err := g.shadow(listener)
	if err != nil {
		return ShadowInfo{}, err
	}
	s.endShadow("it was stopped")
	err = s.port.SetFraming(s.framing(s.edition.Load()))
	s.shadow.Store(nil)
	g.log.Named("shadow").Info("stopped", "listener", s.name, "candidate", sh.edition.Profile.Name())
	return sh.info(), err
}

// ShadowInfo implements Gateway.
func (g *gateway) ShadowInfo(listener string) (ShadowInfo, error) {
	_, sh, err := g.shadow(listener)
	if err != nil {
		return ShadowInfo{}, err
	}
	return sh.info(), nil
}

// Candidate implements Gateway.
func (g *gateway) Candidate(listener string) (Edition, error) {
	_, sh, err := g.shadow(listener)
	if err != nil {
		return Edition{}, err
	}
	return sh.edition, nil
}

func (g *gateway) shadow(listener string) (*slot, *shadow, error) {
	s := g.slot(listener)
	if s == nil {
		return nil, nil, fmt.Errorf("%w: %q", ErrUnknownListener, listener)
	}
	sh := s.shadow.Load()
	if sh == nil {
		return nil, nil, fmt.Errorf("%w: %q", ErrNoShadow, listener)
	}
	return s, sh, nil
}

// endShadows stops all of them and waits, but not for ever: one may hang.
func (g *gateway) endShadows(over <-chan struct{}) {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	for _, s := range g.slots {
		s.endShadow("the gateway is stopping")
		if sh := s.shadow.Load(); sh != nil {
			select {
			case <-sh.done:
			case <-over:
				g.log.Named("shadow").Error("the candidate hangs", "listener", s.name, "candidate", sh.edition.Profile.Name())
			}
		}
	}
}
