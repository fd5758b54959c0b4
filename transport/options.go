package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Sizes and limits that are not options.
const (
	DefaultMaxFrameBytes = 1024 // the largest frame unless Options.MaxFrameBytes says otherwise
	MaxFrameBytesLimit   = 9999 // the hard limit: what a BCD length of two bytes can say
)

// Options of one listener.  Zero fields take the default named beside them; a negative duration switches that
// deadline off.
type Options struct {
	Name    string // in events and statistics
	Address string // host:port as net.Listen takes it; port 0 picks one and keeps it across Suspend and Resume

	Cutter        Cutter // cuts the stream into frames; required
	MaxFrameBytes int    // 1024; at most 9999
	// the silence behind the beginning of a frame after which Cutter is asked again; 0: it is not
	Quiet time.Duration
	Tag   any // of the layer above, see Framing; SetFraming may change these four later

	Aside *Aside // what may stand between frames; nil is nothing
	Proxy bool   // a balancer sends a PROXY header (version 1 or 2) in front of each connection; one without it is closed

	// ProxyFrom are the balancers that send it, when others may connect too: a connection of these without a header is
	// closed, and in one of others a header is noise.
	ProxyFrom []netip.Prefix
	Sources   []netip.Prefix // that may connect, by the address that a header gives where one is sent; nil: all
	TLS       TLSFiles       // zero: the connections are not encrypted

	// 15 s from the accept to the first whole frame or registration; noise does not prolong it
	FirstFrameTimeout time.Duration
	FrameTimeout      time.Duration // 10 s from the first byte of a frame to its last
	// 6 min between whole frames or other signs of life (Aside); what we send does not prolong it
	IdleTimeout time.Duration
	// 1 s without bytes, then the connection waits without a goroutine (Linux; elsewhere ignored)
	ParkAfter       time.Duration
	WriteTimeout    time.Duration // 30 s for what waits in the write queue
	WriteQueueBytes int           // 64 KiB that one peer may leave unread beyond the socket's own buffer

	UserTimeout time.Duration       // 90 s: TCP_USER_TIMEOUT, unacknowledged data (Linux; elsewhere ignored)
	KeepAlive   net.KeepAliveConfig // the zero value is off: a probe costs each idle SIM money

	MaxConnections int          // live connections of this listener; 0 is no limit but Reserve's
	Credits        int          // 4: batches delivered and not yet released, per connection
	Reserve        *Descriptors // the budget shared by all listeners of the process; nil is no budget

	// Events reports what no return value can: see Event.  It is called from the goroutine of Serve or of a reader
	// and must not block.  nil drops them.
	Events func(Event)
}

// Default durations and sizes; see Options.
const (
	DefaultFirstFrameTimeout = 15 * time.Second
	DefaultFrameTimeout      = 10 * time.Second
	DefaultIdleTimeout       = 6 * time.Minute
	DefaultParkAfter         = time.Second
	DefaultWriteTimeout      = 30 * time.Second
	DefaultUserTimeout       = 90 * time.Second
	DefaultWriteQueueBytes   = 64 << 10
	DefaultCredits           = 4
)

// withDefaults fills the zero fields and returns every problem at once.
func (o Options) withDefaults() (Options, error) {
	var problems []error
	if o.Cutter == nil {
		problems = append(problems, errors.New("no Cutter"))
	}
	if o.MaxFrameBytes < 0 || o.MaxFrameBytes > MaxFrameBytesLimit {
		problems = append(problems, fmt.Errorf("MaxFrameBytes %d is not within 0…%d", o.MaxFrameBytes,
			MaxFrameBytesLimit))
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"WriteQueueBytes", o.WriteQueueBytes}, {"MaxConnections", o.MaxConnections}, {"Credits", o.Credits}} {
		if n.value < 0 {
			problems = append(problems, fmt.Errorf("%s %d is negative", n.name, n.value))
		}
	}
	setDefault(&o.MaxFrameBytes, DefaultMaxFrameBytes)
	setDefault(&o.FirstFrameTimeout, DefaultFirstFrameTimeout)
	setDefault(&o.FrameTimeout, DefaultFrameTimeout)
	setDefault(&o.IdleTimeout, DefaultIdleTimeout)
	setDefault(&o.ParkAfter, DefaultParkAfter)
	if !canPark {
		o.ParkAfter = -1
	}
	setDefault(&o.WriteTimeout, DefaultWriteTimeout)
	setDefault(&o.UserTimeout, DefaultUserTimeout)
	setDefault(&o.WriteQueueBytes, DefaultWriteQueueBytes)
	setDefault(&o.Credits, DefaultCredits)
	if o.Events == nil {
		o.Events = func(Event) {}
	}
	return o, errors.Join(problems...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
