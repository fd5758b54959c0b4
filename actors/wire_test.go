package actors

import (
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"trama/actors/connection"
	"trama/actors/port"
	"trama/transport"
)

// wires is a transport without sockets, so that a gateway can live in a bubble of testing/synctest, whose clock is the test's.
type wires struct {
	port.Acceptor // of which nothing else is called
	options       transport.Options
	dialled       chan *wire
	closed        chan struct{}
	once          sync.Once
	wrap          func(connection.Socket) connection.Socket // nil: nothing
}

func (w *wires) Addr() net.Addr                     { return &net.TCPAddr{} }
func (w *wires) SetFraming(transport.Framing) error { return nil }
func (w *wires) Stats() (s transport.ListenerStats) { return s }
func (w *wires) Close() error                       { w.once.Do(func() { close(w.closed) }); return nil }
func (w *wires) Serve(accept func(connection.Socket)) error {
	for {
		select {
		case c := <-w.dialled:
			if w.wrap != nil {
				accept(w.wrap(c))
			} else {
				accept(c)
			}
		case <-w.closed:
			return nil
		}
	}
}

// wire is a connection without a socket: what a test sends is delivered as one read.
type wire struct {
	t        *testing.T
	id       uint64
	on       *wires
	in       chan []byte
	out      chan []byte // acknowledgements and commands
	ending   chan struct{}
	inFlight atomic.Int32
	stopping atomic.Bool

	mu     sync.Mutex // guards the rest
	reason transport.CloseReason
	detail string
}

var lastWire atomic.Uint64

// dialWire connects a device to the first listener.
func (w *wires) dial(t *testing.T) *wire {
	c := &wire{t: t, id: lastWire.Add(1), on: w, in: make(chan []byte), out: make(chan []byte, 64), ending: make(chan struct{})}
	w.dialled <- c
	synctest.Wait()
	return c
}

func (c *wire) ID() uint64             { return c.id }
func (c *wire) Remote() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.1:1") }
func (c *wire) Opened() time.Time      { return time.Now() }
func (c *wire) Stats() transport.ConnStats {
	return transport.ConnStats{InFlight: int(c.inFlight.Load())}
}

func (c *wire) CutOff() []byte { return nil }

func (c *wire) Start(deliver func(*transport.Batch), ended func()) {
	go func() {
		defer ended()
		for {
			select {
			case data := <-c.in:
				c.deliver(data, deliver)
			case <-c.ending:
				return
			}
		}
	}()
}

// deliver cuts what a test has sent into frames, which are one read.
func (c *wire) deliver(data []byte, deliver func(*transport.Batch)) {
	b := transport.NewBatch(nil, time.Now(), c.on.options.Tag, func() {
		if c.inFlight.Add(-1) == 0 && c.stopping.Load() {
			c.Close(transport.CloseShutdown, "")
		}
	})
	for len(data) > 0 {
		n, token, err := c.on.options.Cutter.Next(b, data, transport.Ended)
		if err != nil || n == 0 {
			panic("the test's frames make no sense")
		}
		if token != nil {
			b.Frames = append(b.Frames, token)
		}
		data = data[n:]
	}
	c.inFlight.Add(1)
	deliver(b)
}

func (c *wire) Write(p []byte) error {
	if reason, _ := c.Reason(); reason != transport.CloseNone && !c.stopping.Load() {
		return transport.ErrClosed
	}
	c.out <- append([]byte(nil), p...)
	return nil
}

func (c *wire) StopReading(reason transport.CloseReason, detail string) {
	c.stopping.Store(true)
	if c.inFlight.Load() == 0 {
		c.Close(reason, detail)
	}
}

func (c *wire) Close(reason transport.CloseReason, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == transport.CloseNone {
		c.reason, c.detail = reason, detail
		close(c.ending)
	}
}

func (c *wire) Reason() (transport.CloseReason, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason, c.detail
}

func (c *wire) HungUp() bool {
	reason, _ := c.Reason()
	return reason != transport.CloseNone
}

// send has the gateway read frames, and returns when nothing happens any more.
func (c *wire) send(hexes ...string) {
	c.t.Helper()
	c.in <- unhexed(c.t, strings.Join(hexes, ""))
	synctest.Wait()
}

// heard is everything that was written to the device since the last call, in hexadecimal.
func (c *wire) heard() string {
	synctest.Wait()
	var all strings.Builder
	for {
		select {
		case p := <-c.out:
			_, _ = io.WriteString(&all, hex.EncodeToString(p))
		default:
			return all.String()
		}
	}
}

// report sends a measurement and expects its acknowledgement.
func (c *wire) report(serial string, number int) {
	c.t.Helper()
	c.send(measurement(serial, number))
	if got, want := mask(c.heard()), header(serial, "m", 0, number); got != want {
		c.t.Fatalf("acknowledgement\n got %s\nwant %s", got, want)
	}
}

// inBubble runs a gateway with one listener "field" for masters, in a bubble.
func inBubble(t *testing.T, o Options, wrap func(connection.Socket) connection.Socket, test func(t *testing.T, g *gateway, w *wires)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &wires{dialled: make(chan *wire), closed: make(chan struct{}), wrap: wrap}
		o := o
		o.listen = func(options transport.Options) (port.Acceptor, error) { w.options = options; return w, nil }
		o.Listeners = []ListenerOptions{{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field"}}}
		t.Cleanup(func() { time.Sleep(time.Second) }) // what protoactor has begun for dead letters ends
		g := startAll(t, o)
		synctest.Wait()
		test(t, g, w)
	})
}

func linkOf(g *gateway, c *wire) *connection.Link { return g.ports.All[0].Links.Get(c.id) }
