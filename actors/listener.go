package actors

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/codec"
	"trama/transport"
)

// slot is what survives a fault of a listener actor: the bound port, the live connections and the counters.
type slot struct {
	name    string
	role    Role
	gw      *gateway
	profile atomic.Pointer[codec.Profile]
	port    *transport.Listener
	node    *node
	links   linkSet
	accepts sync.WaitGroup // the accept loop
	readers sync.WaitGroup // every connection that has not ended

	state   atomic.Pointer[string] // accepting, suspended, failed, draining
	trouble atomic.Pointer[string] // why, when failed

	looping  bool    // the accept loop runs; the listener actor's own
	refusals reasons // why frames were rejected
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
}

func (s *linkSet) remove(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[l.id] == l {
		delete(s.by, l.id)
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

// listenersActor supervises one listener actor per port.
type listenersActor struct{ gw *gateway }

func (a *listenersActor) receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		a.started(ctx)
	case *announce:
		close(m.ready)
	}
}

func (a *listenersActor) started(ctx actor.Context) {
	for _, s := range a.gw.slots {
		s.node = newNode(a.gw.listenersNode, s.name, kindListener, s)
		connections := &strategy{gw: a.gw, limit: leafFaults, remedy: restart, giveUp: a.gw.repeatedFaults}
		mustSpawn(ctx, s.node, props(s.node, connections, func() behaviour { return &listenerActor{s} }))
	}
}

// listenerActor owns one port: a child for every accepted socket.
type listenerActor struct{ slot *slot }

func (a *listenerActor) receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *accepted:
		a.accepted(ctx, m.conn)
	case *control:
		m.reply <- a.control(m.do)
	case *acceptEnded:
		a.acceptEnded(m)
	case *listenAgain:
		a.listenAgain(m)
	case *actor.Started:
		a.slot.set("accepting")
		a.serve(0)
	case *actor.Stopping, *actor.Stopped, *actor.Terminated:
	}
}

// accepted makes the connection actor and starts its reader.
func (a *listenerActor) accepted(ctx actor.Context, conn *transport.Conn) {
	s := a.slot
	reading := false
	defer func() {
		if !reading { // a fault on the way: nobody else would end this socket
			conn.Close(transport.CloseFault, "the listener failed while taking it in")
			s.read(conn, func(b *transport.Batch) { b.Release() }, func() {})
		}
	}()
	l := &link{id: conn.ID(), gw: s.gw, slot: s, conn: conn}
	l.node.enter(s.node, fmt.Sprintf("conn-%d", l.id), kindConnection, l)
	l.pid = mustSpawn(ctx, &l.node, props(&l.node, s.gw.childless(), func() behaviour { return connection{l} }))
	s.links.add(l)
	reading = true
	root := s.gw.root
	s.read(conn,
		func(b *transport.Batch) { l.node.box.PostUserMessage(newUplink(l, b)) },
		func() {
			reason, detail := conn.Reason()
			root.Send(l.pid, &ended{reason: reason, detail: detail})
		})
}

// read makes a connection deliver; end is called when it has ended.
func (s *slot) read(conn *transport.Conn, deliver func(*transport.Batch), end func()) {
	s.readers.Add(1)
	conn.Start(deliver, func() {
		defer s.readers.Done()
		end()
	})
}

// serve runs the accept loop; attempt counts the failures in a row.
func (a *listenerActor) serve(attempt int) {
	s := a.slot
	s.looping = true
	began := time.Now()
	s.accepts.Go(func() {
		err := s.port.Serve(func(c *transport.Conn) { s.gw.root.Send(s.node.pid.Load(), &accepted{c}) })
		if time.Since(began) > steadyAfter {
			attempt = 0
		}
		if err != nil {
			s.gw.root.Send(s.node.pid.Load(), &acceptEnded{err: err, attempt: attempt})
		}
	})
}

// steadyAfter is how long a port must have accepted for its earlier failures to be forgotten.
const steadyAfter = time.Minute

func (a *listenerActor) control(do controlVerb) error {
	s := a.slot
	log := s.gw.log.Named("listener")
	switch do {
	case doSuspend:
		s.port.Suspend()
		s.set("suspended")
		log.Info("suspended", "listener", s.name, "live", s.links.size())
	case doDrain: // everything accepted before has its reader by now
		for _, l := range s.links.list() {
			l.conn.StopReading(transport.CloseShutdown, "the gateway is stopping")
		}
	case doResume:
		if *s.state.Load() == "accepting" && s.looping {
			return nil
		}
		if err := a.open(0); err != nil {
			return fmt.Errorf("resume listener %q: %w", s.name, err)
		}
		log.Info("resumed", "listener", s.name, "address", s.port.Addr().String())
	}
	return nil
}

// open is the one way back to accepting: a fresh socket on the same port, and an accept loop if there is none.
func (a *listenerActor) open(attempt int) error {
	s := a.slot
	s.port.Suspend()
	if err := s.port.Resume(); err != nil {
		return err
	}
	s.trouble.Store(nil)
	s.set("accepting")
	if !s.looping {
		a.serve(attempt)
	}
	return nil
}

// acceptEnded: the port fails for good.  Live connections stay; the port is opened anew, ever more slowly, until it works.  One that an
// operator has suspended stays closed until he resumes it.
func (a *listenerActor) acceptEnded(m *acceptEnded) {
	s := a.slot
	s.looping = false
	if state := *s.state.Load(); state == "draining" || state == "suspended" {
		return
	}
	why := m.err.Error()
	s.trouble.Store(&why)
	s.set("failed")
	delay := min(100*time.Millisecond<<min(m.attempt, 10), 30*time.Second)
	delay += rand.N(delay / 4)
	s.gw.log.Named("listener").Error("cannot accept, opening the port anew", "listener", s.name, "error", m.err, "in", delay)
	root, pid := s.gw.root, s.node.pid.Load()
	time.AfterFunc(delay, func() { root.Send(pid, &listenAgain{attempt: m.attempt + 1}) })
}

func (a *listenerActor) listenAgain(m *listenAgain) {
	if *a.slot.state.Load() != "failed" {
		return // an operator was faster, or the gateway is stopping
	}
	if err := a.open(m.attempt); err != nil {
		a.acceptEnded(&acceptEnded{err: err, attempt: m.attempt})
	}
}

func mustSpawn(ctx actor.Context, n *node, p *actor.Props) *actor.PID {
	pid, err := ctx.SpawnNamed(p, n.name)
	if err != nil {
		n.leave()
		panic(fmt.Errorf("spawn %s: %w", n.path(), err))
	}
	n.pid.Store(pid)
	return pid
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
