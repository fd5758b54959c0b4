package admin

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trama/cmd/trama/internal/access"
)

// Connections of the endpoint have a share of the process's descriptors, and no more: transport.ReservedDescriptors
// leaves room for them.
const (
	maxConnections = 64
	// A connection on which nobody has shown a token may be closed for another one when it is this old.
	strangerGrace = 200 * time.Millisecond
	strangerBody  = time.Second // for the body of a request without a token
)

// gate bounds the connections of all the listeners of the endpoint.  When there are too many, the oldest stranger has to
// go, then the one that has been idle for longest; else the new one waits.
type gate struct {
	most int

	mu    sync.Mutex // guards conns
	conns []*gated   // in the order in which they came
	room  chan struct{}
}

func newGate(most int) *gate { return &gate{most: most, room: make(chan struct{}, 1)} }

// gated is one connection of the endpoint.
type gated struct {
	net.Conn
	gate   *gate
	since  time.Time
	known  atomic.Bool  // somebody with a token has asked on it
	idleAt atomic.Int64 // Unix nanoseconds since when it waits for a request; 0: it has one in hand

	onSocket bool          // a Unix socket
	caller   access.Caller // who is on it
	refusal  error         // why that is nobody who may do anything
}

// Close implements net.Conn.
func (c *gated) Close() error {
	c.gate.leave(c)
	return c.Conn.Close()
}

func (g *gate) leave(c *gated) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.conns, c)
	if i < 0 {
		return
	}
	g.conns = slices.Delete(g.conns, i, i+1)
	select {
	case g.room <- struct{}{}:
	default:
	}
}

// enter lets a connection in, as soon as there is room.
func (g *gate) enter(c *gated, ending <-chan struct{}) {
	look := time.NewTicker(strangerGrace / 4)
	defer look.Stop()
	for {
		victim, in := g.try(c)
		if in {
			return
		}
		if victim != nil {
			_ = victim.Close() // it makes room, whatever comes of it
			continue
		}
		select {
		case <-g.room:
		case <-look.C:
		case <-ending:
			_ = c.Conn.Close() // nobody answers it any more
			return
		}
	}
}

// try takes c in, or says who could go for it; nobody may be nil.
func (g *gate) try(c *gated) (victim *gated, in bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if len(g.conns) < g.most {
		c.since = now
		g.conns = append(g.conns, c)
		return nil, true
	}
	for _, other := range g.conns {
		if other.known.Load() {
			continue
		}
		if now.Sub(other.since) >= strangerGrace {
			return other, false
		}
		return nil, false // the oldest of them; it has its time first
	}
	for _, other := range g.conns {
		if at := other.idleAt.Load(); at > 0 && other.known.Load() && (victim == nil || at < victim.idleAt.Load()) {
			victim = other
		}
	}
	return victim, false
}

// listener is one of the endpoint's, behind the gate.
type listener struct {
	net.Listener
	gate   *gate
	groups access.Groups
	ending <-chan struct{}
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &gated{Conn: conn, gate: l.gate}
	if socket, ok := conn.(*net.UnixConn); ok {
		c.onSocket = true
		c.caller, c.refusal = l.groups.Peer(socket)
		c.known.Store(c.refusal == nil)
	}
	l.gate.enter(c, l.ending)
	return c, nil
}

// noteState follows what a connection does; it is http.Server.ConnState.
func noteState(conn net.Conn, state http.ConnState) {
	c, ok := conn.(*gated)
	switch {
	case !ok:
	case state == http.StateIdle:
		c.idleAt.Store(time.Now().UnixNano())
	default:
		c.idleAt.Store(0)
	}
}

type connKey struct{}

// withConn puts the connection among the values of its requests; it is http.Server.ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// stranger ends the connection of a request that nobody known has made, behind its answer; a body that does not come is
// not waited for.
func stranger(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(strangerBody)) // not every writer has deadlines (tests)
}

// acquainted marks the connection of a request as one of somebody known.
func acquainted(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*gated); ok {
		c.known.Store(true)
	}
}
