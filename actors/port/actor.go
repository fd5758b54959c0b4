package port

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/actors/connection"
	"trama/actors/master"
	"trama/actors/supervise"
	"trama/transport"
)

// Messages to the actor of a port.
type (
	// accepted: from the accept loop, one per new connection.
	accepted struct{ conn connection.Socket }
	// acceptEnded: from the accept loop when the port fails for good.
	acceptEnded struct {
		err     error
		attempt int
	}
	// listenAgain: from a timer of the port itself.
	listenAgain struct{ attempt int }
	// control asks for a change of state; the answer is exactly one error or nil.
	control struct {
		do    Verb
		reply chan<- error
	}
)

// Verb is a change of state that a port is asked for.
type Verb uint8

// The verbs.
const (
	Suspend Verb = iota
	Resume
	EndAccepting // no accept loop begins after this one
	DrainLinks   // every connection stops reading
)

// Orphaned implements supervise.Orphan.
func (m *control) Orphaned(f *supervise.Fault) {
	select {
	case m.reply <- f:
	default: // it was answered before the fault
	}
}

// Control asks the port's actor for a change of state.
func (p *Port) Control(ctx context.Context, do Verb) error {
	reply := make(chan error, 1)
	p.send(&control{do: do, reply: reply})
	select {
	case err := <-reply:
		return err
	case <-p.options.Ended: // its actor may have stopped with the message unread
		return master.ErrStopping
	case <-ctx.Done():
		return fmt.Errorf("listener %q does not answer: %w", p.Name, ctx.Err())
	}
}

func (p *Port) send(msg any) { p.System.Send(p.Node, msg) }

// Ports is the actor above all ports.
type Ports struct {
	System *supervise.System
	Node   *supervise.Node
	All    []*Port
}

// Spawn starts it below the actor of ctx.
func (a *Ports) Spawn(ctx actor.Context) {
	supervise.Spawn(ctx, a.Node, a.System.Structural(), func() supervise.Handler { return portsHandler{a} })
}

type portsHandler struct{ *Ports }

// Receive implements supervise.Handler.
func (a portsHandler) Receive(ctx actor.Context) {
	if _, ok := ctx.Message().(*actor.Started); !ok {
		return
	}
	for _, p := range a.All {
		p.Node = supervise.NewNode(a.Node, p.Name, supervise.KindListener, p)
		supervise.Spawn(ctx, p.Node, a.System.Leaves(connection.GiveUp),
			func() supervise.Handler { return &handler{p} })
	}
}

// handler is the actor of one port: a child for every accepted socket.
type handler struct{ *Port }

// Receive implements supervise.Handler.
func (a *handler) Receive(ctx actor.Context) {
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
		a.set(Accepting, "")
		a.serve(0)
		a.started.Do(func() { close(a.running) })
	case *actor.Stopping, *actor.Stopped, *actor.Terminated:
	}
}

// accepted gives a connection its actor and starts its reader.
func (a *handler) accepted(ctx actor.Context, conn connection.Socket) {
	reading := false
	a.readers.Add()
	defer func() {
		if !reading { // a fault on the way: nobody else would end this socket
			conn.Close(transport.CloseFault, "the listener failed while taking it in")
			conn.Start(func(b *transport.Batch) { b.Release() }, a.readers.Done)
		}
	}()
	a.Open(ctx, a.Node, conn, a.readers.Done)
	reading = true
}

// serve runs the accept loop unless the gateway is stopping; attempt counts the failures in a row.
func (a *handler) serve(attempt int) {
	p := a.Port
	if p.state() == Draining {
		return
	}
	p.looping = true
	began := time.Now()
	p.accepts.Add()
	go func() {
		defer p.accepts.Done()
		err := p.acceptor.Serve(func(c connection.Socket) { p.send(&accepted{c}) })
		if time.Since(began) > steadyAfter {
			attempt = 0
		}
		if err != nil {
			p.send(&acceptEnded{err: err, attempt: attempt})
		}
	}()
}

// steadyAfter is how long a port must have accepted for its earlier failures to be forgotten.
const steadyAfter = time.Minute

func (a *handler) control(do Verb) error {
	log := a.System.Log.Named("listener")
	switch do {
	case Suspend:
		a.acceptor.Suspend()
		a.set(Suspended, "")
		log.Info("listener suspended", "listener", a.Name, "live", a.Links.Size())
	case EndAccepting: // serve sees the state
	case DrainLinks: // everything accepted before has its reader by now
		for _, l := range a.Links.List() {
			l.StopReading(transport.CloseShutdown, "the gateway is stopping")
		}
	case Resume:
		if a.state() == Accepting && a.looping {
			return nil
		}
		if err := a.open(0); err != nil {
			return fmt.Errorf("resume listener %q: %w", a.Name, err)
		}
		log.Info("listener resumed", "listener", a.Name, "address", a.Addr())
	}
	return nil
}

// open is the one way back to accepting: a fresh socket on the same port, and an accept loop if there is none.
// Closing and opening a listening socket is I/O in a handler: it waits for nobody.
func (a *handler) open(attempt int) error {
	a.acceptor.Suspend()
	if err := a.acceptor.Resume(); err != nil {
		return err
	}
	a.set(Accepting, "")
	if !a.looping {
		a.serve(attempt)
	}
	return nil
}

// acceptEnded: the port fails for good.  Live connections stay; the port is opened anew, ever more slowly, until it
// works.  A port that an operator has suspended stays closed until he resumes it.
func (a *handler) acceptEnded(m *acceptEnded) {
	a.looping = false
	if state := a.state(); state == Draining || state == Suspended {
		return
	}
	a.set(Failed, m.err.Error())
	delay := min(100*time.Millisecond<<min(m.attempt, 10), 30*time.Second)
	delay += rand.N(delay / 4)
	a.System.Log.Named("listener").Error("listener failed, opening the port anew", "listener", a.Name, "error",
		m.err, "in", delay)
	p := a.Port
	a.System.After(delay, func() { p.send(&listenAgain{attempt: m.attempt + 1}) })
}

func (a *handler) listenAgain(m *listenAgain) {
	if a.state() != Failed {
		return // an operator was faster, or the gateway is stopping
	}
	if err := a.open(m.attempt); err != nil {
		a.acceptEnded(&acceptEnded{err: err, attempt: m.attempt})
	}
}
