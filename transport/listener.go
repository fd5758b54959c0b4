package transport

import (
	"context"
	"net"
)

// Listener accepts connections on one address.
type Listener struct{ options Options }

// Listen binds the address; connections are taken once Serve runs.
func Listen(ctx context.Context, options Options) (*Listener, error) {
	options, err := options.withDefaults()
	return &Listener{options: options}, err
}

// Name is Options.Name.
func (l *Listener) Name() string { return l.options.Name }

// Addr is the bound address; it stays the same while suspended.
func (l *Listener) Addr() net.Addr { return nil }

// Serve accepts connections until Close and calls accept for each; accept must be quick: it starts c.Run in a
// goroutine.  It returns nil after Close and an error that cannot be waited out otherwise.
func (l *Listener) Serve(accept func(*Conn)) error { return nil }

// Suspend closes the listening socket: new dials are refused, live connections stay.
func (l *Listener) Suspend() {}

// Resume listens again on the same port.
func (l *Listener) Resume() error { return nil }

// Close ends Serve; live connections stay and are the caller's to end.
func (l *Listener) Close() error { return nil }

// Stats is a copy of the counters.
func (l *Listener) Stats() ListenerStats { return ListenerStats{} }
