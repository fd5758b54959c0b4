package transport

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"trama/internal/fault"
)

// ErrClosed is returned by Write when the connection has ended or is ending.
var ErrClosed = errors.New("connection closed")

// ErrSlowPeer is returned by the Write that finds the queue full; the connection ends with CloseSlowPeer.
var ErrSlowPeer = errors.New("peer does not read: write queue full")

// Times that are not options.
const (
	flushGrace   = time.Second     // for data already queued when we end a connection that is well
	answersGrace = 5 * time.Second // for batches in hand when the peer has ended its stream
)

// epoch is the origin of the monotonic clock that connections keep their times in.
var epoch = time.Now()

// lastID numbers the connections of the process.
var lastID atomic.Uint64

// The bits of Conn.state.  None is ever taken back.
const (
	stateStopping uint32 = 1 << iota // deliver what was received, wait for the batches, end
	stateMute                        // nothing more is written
	stateClosing                     // end now
)

// Conn is one accepted connection.  Start makes it read; every method may be called from any goroutine, also after
// the end.
type Conn struct {
	listener *Listener
	tcp      *net.TCPConn
	raw      syscall.RawConn
	id       uint64
	opened   time.Duration // since epoch

	fd       int32 // open until finish closes it: for the reader, and under mu while stateMute is not set
	state    atomic.Uint32
	inFlight atomic.Int32  // batches delivered and not yet released
	waiting  atomic.Bool   // the reader waits on signals
	signals  chan struct{} // made by the first wait, before waiting is set

	deliver func(*Batch) // of Start
	reading *reading     // the reader goroutine's own; nil while there is none

	registered bool // a registration has come; the reader's own
	scanner    bool // it talks as scanners do, and is never registered; the reader's own
	searched   bool // what is being cut has no registration behind its first byte; likewise
	headed     bool // the PROXY header has come, or none is due; the reader's own
	behind     bool // a frame ended where the next bytes begin; the reader's own

	secure *secure                        // nil: it is not encrypted
	peer   atomic.Pointer[netip.AddrPort] // as a PROXY header says; nil: that of the socket
	tapped uint64                         // bytes that Framing.Tap was shown; the reader's own

	// mu guards all that follows.  It is held while the kernel is offered bytes, which never blocks.
	mu        sync.Mutex
	running   bool // Start was called or finish has begun
	draining  bool // the transient writer goroutine lives
	hasSlot   bool // in the idle poller: it has parked and the socket is open
	ended     bool // done is or would be closed
	reason    CloseReason
	detail    string
	done      chan struct{} // made by the first Done
	onEnd     func()        // of Start; nil if it was not called before the end
	counts    ByteCounts
	lastBytes time.Duration // since epoch
	lastFrame time.Duration // since epoch, 0 before the first
	lastLife  time.Duration // of a frame, a registration or a heartbeat behind one of them; likewise
	writing   *writing      // nil while nothing is queued
	cutOff    string        // see CutOff

	next, previous *Conn // the listener's list; guarded by Listener.mu
}

// newConn wraps an accepted socket.
func newConn(l *Listener, tcp *net.TCPConn) (*Conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{listener: l, tcp: tcp, raw: raw, id: lastID.Add(1), opened: time.Since(epoch)}
	var failed error
	if err := raw.Control(func(fd uintptr) { c.fd, failed = int32(fd), openSocket(fd) }); err != nil || failed != nil {
		return nil, errors.Join(err, failed)
	}
	if l.tls.Load() != nil {
		c.secure = new(secure)
	}
	c.lastBytes = c.opened
	c.headed = !l.options.proxies(tcp)
	return c, nil
}

// ID is unique in the process and never reused.
func (c *Conn) ID() uint64 { return c.id }

// Listener is the Name of the listener that accepted it.
func (c *Conn) Listener() string { return c.listener.options.Name }

// Remote is the peer's address: that of the socket, or what a PROXY header has said.
func (c *Conn) Remote() netip.AddrPort {
	if peer := c.peer.Load(); peer != nil {
		return *peer
	}
	return addrPort(c.tcp.RemoteAddr())
}

// Local is our own address.
func (c *Conn) Local() netip.AddrPort { return addrPort(c.tcp.LocalAddr()) }

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Opened is when it was accepted.
func (c *Conn) Opened() time.Time { return atTime(time.Now(), c.opened) }

// atTime is the moment that was since after epoch, on the clock as it is set now.
func atTime(now time.Time, since time.Duration) time.Time { return now.Add(since - now.Sub(epoch)) }

// Reason is why the connection ends, from the moment that is decided, and the detail given with it; CloseNone
// before.  The socket is closed when Done is.
func (c *Conn) Reason() (CloseReason, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason, c.detail
}

// HungUp says whether the peer has ended its stream, or the connection is ending, also when the reader has not come to
// that yet.
func (c *Conn) HungUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Load() != 0 || c.reason != CloseNone || hungUp(int(c.fd))
}

// Done is closed when the socket is closed and the counters are final.
func (c *Conn) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.ended {
			close(c.done)
		}
	}
	return c.done
}

// Stats is a consistent copy of the counters.
func (c *Conn) Stats() ConnStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	s := ConnStats{
		ByteCounts:   c.counts,
		Queued:       c.writing.queued(),
		InFlight:     int(c.inFlight.Load()),
		LastReceived: atTime(now, c.lastBytes),
	}
	if c.lastFrame != 0 {
		s.LastFrame = atTime(now, c.lastFrame)
	}
	return s
}

// Close ends the connection for the given reason; the first reason wins.  It is callable from deliver; it does not
// wait for the end.  Data queued for a peer that is well gets a second to go; unread bytes of the peer are
// cut off.
func (c *Conn) Close(reason CloseReason, detail string) {
	c.mu.Lock()
	c.decide(reason, detail)
	if c.state.Load()&stateClosing != 0 {
		c.mu.Unlock()
		return
	}
	c.state.Or(stateClosing | stateMute)
	switch {
	case !c.draining:
		c.hangUp()
	case c.reason.flushes():
		_ = c.tcp.SetWriteDeadline(time.Now().Add(flushGrace))
	default:
		_ = c.tcp.SetWriteDeadline(longAgo)
	}
	orphan := !c.running
	c.running = true
	c.wake()
	c.mu.Unlock()
	if orphan { // Start was not called and will find nothing to do
		go c.finish()
	}
}

// StopReading drains the connection: whole frames already received are still delivered, and when all batches are
// released it ends with the given reason.  It returns at once; the caller sets the deadline, with Close.
func (c *Conn) StopReading(reason CloseReason, detail string) {
	c.stop(reason, detail, stateStopping)
}

func (c *Conn) stop(reason CloseReason, detail string, bits uint32) {
	c.mu.Lock()
	c.decide(reason, detail)
	if before := c.state.Or(bits); before&bits&stateStopping == 0 {
		c.wake() // once only: drain has the deadline to itself
	}
	c.mu.Unlock()
}

// decide notes the reason if it is the first.  c.mu is held.
func (c *Conn) decide(reason CloseReason, detail string) {
	if c.reason == CloseNone {
		c.reason, c.detail = reason, detail
	}
}

// hangUp tells the peer that nothing more comes, so that it learns of the end even while the reader is busy in
// deliver.  c.mu is held.
func (c *Conn) hangUp() {
	if c.secure != nil && c.reason.flushes() {
		_, _ = c.offer(c.secure.sealEnd()) // likewise
	}
	_ = c.tcp.CloseWrite() // fails when the peer is gone already, which is as good
}

// finish closes the socket, settles the account, leaves the listener and tells whom Start was called by.  It runs once,
// in the reader goroutine or, when the connection was not started before it was closed, in one of its own.
func (c *Conn) finish() {
	if c.reading == nil { // not called by a reader
		c.takeReading()
	}
	c.await(func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.draining
	}, 0)
	c.guarded(func() {
		fault.At("finish")
		if c.reasonNow().flushes() {
			c.discard()
		}
	})
	if c.reasonNow().aborts() {
		_ = c.tcp.SetLinger(0)
	}
	c.leaveIdlePoller()
	_ = c.tcp.Close()

	c.mu.Lock()
	c.counts.CutOff += c.counts.Pending
	c.counts.Pending = 0
	c.keepCutOff()
	c.counts.Unsent += uint64(c.writing.queued())
	c.writing = nil
	counts, reason := c.counts, c.reason
	c.mu.Unlock()
	giveReading(c.reading)
	c.reading = nil

	c.listener.leave(c, counts, reason)

	c.mu.Lock()
	c.ended = true
	if c.done != nil {
		close(c.done)
	}
	ended := c.onEnd
	c.onEnd, c.deliver = nil, nil
	c.mu.Unlock()
	if ended != nil {
		c.guarded(ended)
	}
}

func (c *Conn) reasonNow() CloseReason {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

// await stops the one goroutine that may wait, the reader, until ready says so or the time is over (0 is no limit).
// A goroutine that changes what ready looks at calls signal.
func (c *Conn) await(ready func() bool, limit time.Duration) {
	if ready() {
		return
	}
	if c.signals == nil {
		c.signals = make(chan struct{}, 1)
	}
	var over <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	c.waiting.Store(true)
	defer c.waiting.Store(false)
	for !ready() {
		select {
		case <-c.signals:
		case <-over:
			return
		}
	}
}

// signal makes a waiting reader look again.
func (c *Conn) signal() {
	if c.waiting.Load() {
		select {
		case c.signals <- struct{}{}:
		default: // it has been signalled and has not looked yet
		}
	}
}

// wake wakes the reader wherever it waits and starts it if the connection is parked.  The state that it is to see has
// been set before.  c.mu is held.
func (c *Conn) wake() {
	_ = c.tcp.SetReadDeadline(longAgo) // fails only when the socket is closed already
	c.signal()
	c.unpark()
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)
