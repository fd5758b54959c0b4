package actors

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/transport"
)

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
	if s.greeting != "" {
		root.Send(l.pid, &greet{})
	}
	s.read(conn,
		func(b *transport.Batch) { l.node.box.PostUserMessage(newUplink(l, b)) },
		func() {
			reason, detail := conn.Reason()
			root.Send(l.pid, &ended{reason: reason, detail: detail})
		})
}

// read makes a connection deliver; end is called when it has ended.
func (s *slot) read(conn *transport.Conn, deliver func(*transport.Batch), end func()) {
	s.readers.enter()
	conn.Start(deliver, func() {
		defer s.readers.leave()
		end()
	})
}

// serve runs the accept loop unless the gateway is stopping; attempt counts the failures in a row.
func (a *listenerActor) serve(attempt int) {
	s := a.slot
	if *s.state.Load() == "draining" {
		return
	}
	s.looping = true
	began := time.Now()
	s.accepts.enter()
	go func() {
		defer s.accepts.leave()
		err := s.port.Serve(func(c *transport.Conn) { s.gw.root.Send(s.node.pid.Load(), &accepted{c}) })
		if time.Since(began) > steadyAfter {
			attempt = 0
		}
		if err != nil {
			s.gw.root.Send(s.node.pid.Load(), &acceptEnded{err: err, attempt: attempt})
		}
	}()
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
	case doClose: // serve sees the state
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
