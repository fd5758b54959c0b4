package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Listener accepts connections on one address and counts them.  It owns neither the connections nor their
// goroutines.  Any goroutine may call its methods.
type Listener struct {
	options Options
	address net.Addr
	framing atomic.Pointer[framing]
	tls     atomic.Pointer[tls.Config] // nil: connections are not encrypted

	// mu guards all that follows.
	mu       sync.Mutex
	socket   *net.TCPListener // nil while suspended and after Close
	closed   bool
	changed  chan struct{} // closed and replaced when socket or closed changes
	live     *Conn         // the list of live connections
	liveLen  int
	accepted uint64
	byReason [NumCloseReasons]uint64
	ended    ByteCounts // of connections that are no longer live

	foreigners uint64    // that were closed since the last EventForeign
	foreignAt  time.Time // when that was
}

// Listen binds the address; connections are taken once Serve runs.  All problems of the options are reported at
// once.
func Listen(ctx context.Context, options Options) (*Listener, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("listener %q: %w", options.Name, err)
	}
	l := &Listener{options: options, changed: make(chan struct{})}
	if err := l.SetFraming(Framing{Cutter: options.Cutter, MaxFrameBytes: options.MaxFrameBytes,
		Quiet: options.Quiet, Tag: options.Tag}); err != nil {
		return nil, fmt.Errorf("listener %q: %w", options.Name, err)
	}
	if err := l.ReloadTLS(); err != nil {
		return nil, err
	}
	l.socket, err = l.bind(ctx, options.Address)
	if err != nil {
		return nil, fmt.Errorf("listener %q: %w", options.Name, err)
	}
	l.address = l.socket.Addr()
	return l, nil
}

// bind opens the listening socket.  Go switches TCP_NODELAY on for every accepted one.
func (l *Listener) bind(ctx context.Context, address string) (*net.TCPListener, error) {
	config := net.ListenConfig{
		KeepAlive:       -1,
		KeepAliveConfig: l.options.KeepAlive,
		Control: func(_, _ string, raw syscall.RawConn) error {
			if l.options.UserTimeout < 0 {
				return nil
			}
			var failed error
			if err := raw.Control(func(fd uintptr) { failed = setUserTimeout(fd, l.options.UserTimeout) }); err != nil {
				return err
			}
			return failed
		},
	}
	config.SetMultipathTCP(false) // masters do not speak it, and it has no user timeout
	socket, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return socket.(*net.TCPListener), nil // "tcp" gives no other
}

// Name is Options.Name.
func (l *Listener) Name() string { return l.options.Name }

// Addr is the bound address, with the port that was picked; it stays the same while suspended.
func (l *Listener) Addr() net.Addr { return l.address }

// Suspend closes the listening socket: new dials are refused, live connections stay.  Connections that the kernel
// had taken and Serve had not are reset.
func (l *Listener) Suspend() { _ = l.drop(false) }

// Resume listens again on the same port; it does nothing if the listener is not suspended.  It fails, and may be
// called again, when another process has taken the port.
func (l *Listener) Resume() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return fmt.Errorf("listener %q: %w", l.options.Name, net.ErrClosed)
	case l.socket != nil:
		return nil
	}
	host, _, err := net.SplitHostPort(l.options.Address)
	if err != nil {
		return fmt.Errorf("listener %q: %w", l.options.Name, err) // it was bound once, so it can be split
	}
	port := strconv.Itoa(l.address.(*net.TCPAddr).Port)
	socket, err := l.bind(context.Background(), net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("listener %q: %w", l.options.Name, err)
	}
	l.socket = socket
	l.change()
	return nil
}

// Close ends Serve; live connections stay and are the caller's to end.  Closing again does nothing.
func (l *Listener) Close() error { return l.drop(true) }

// drop closes the listening socket, for good or not.
func (l *Listener) drop(forGood bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if l.socket != nil {
		err = l.socket.Close()
		l.socket = nil
	}
	l.closed = l.closed || forGood
	l.change()
	return err
}

// change tells Serve to look again.  l.mu is held.
func (l *Listener) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Stats is a copy of the counters.  It walks the live connections: some 100 ns for each.
func (l *Listener) Stats() ListenerStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := ListenerStats{
		ByteCounts: l.ended,
		Accepted:   l.accepted,
		Live:       l.liveLen,
		Closed:     l.byReason,
		Suspended:  l.socket == nil && !l.closed,
	}
	if secure := l.tls.Load(); secure != nil && secure.Certificates[0].Leaf != nil {
		s.CertificateEnds = secure.Certificates[0].Leaf.NotAfter
	}
	for c := l.live; c != nil; c = c.next {
		c.mu.Lock()
		s.add(c.counts)
		c.mu.Unlock()
	}
	return s
}

// leave takes an ended connection off the books and keeps its totals.
func (l *Listener) leave(c *Conn, counts ByteCounts, reason CloseReason) {
	l.mu.Lock()
	if c.previous != nil {
		c.previous.next = c.next
	} else {
		l.live = c.next
	}
	if c.next != nil {
		c.next.previous = c.previous
	}
	c.next, c.previous = nil, nil
	l.liveLen--
	l.ended.add(counts)
	l.byReason[reason]++
	l.mu.Unlock()
	l.options.Reserve.give()
}
