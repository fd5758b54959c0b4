package transport

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "16") // who runs in parallel waits for a clock, not for a processor
	childIfAsked()
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of a test; only a failing test spends it.
const patience = 30 * time.Second

// splitBrackets cuts frames like <abc>: an opening bracket, lower-case letters and digits, a closing bracket.  All else
// is noise, refused at the first byte that cannot belong.
func splitBrackets(data []byte, atEOF bool) (int, []byte, error) {
	start := bytes.IndexByte(data, '<')
	if start < 0 {
		return len(data), nil, nil
	}
	if start > 0 {
		return start, nil, nil
	}
	for i, b := range data[1:] {
		switch {
		case b == '>':
			return i + 2, data[:i+2], nil
		case b >= 'a' && b <= 'z' || b >= '0' && b <= '9':
		default:
			return 1, nil, nil
		}
	}
	if atEOF {
		return 1, nil, nil
	}
	return 0, nil, nil
}

// rig is a listener on the loopback interface whose connections run the deliver function of the test.
type rig struct {
	*Listener
	t       *testing.T
	conns   chan *Conn
	reasons chan CloseReason
	events  chan Event
	serve   chan error
}

func start(t *testing.T, o Options, deliver func(*Conn, *Batch)) *rig {
	t.Helper()
	r := &rig{
		t: t, conns: make(chan *Conn, 1000), reasons: make(chan CloseReason, 4000),
		events: make(chan Event, 1000), serve: make(chan error, 1),
	}
	if o.Name == "" {
		o.Name = t.Name()
	}
	o.Address = "127.0.0.1:0"
	if o.Cutter == nil {
		o.Cutter = SplitFunc(splitBrackets)
	}
	setDefault(&o.FirstFrameTimeout, time.Hour) // a machine that stood still is no silent peer
	setDefault(&o.FrameTimeout, time.Hour)
	o.Events = func(e Event) { r.events <- e }
	l, err := Listen(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	r.Listener = l
	var mu sync.Mutex
	var all []*Conn
	var running sync.WaitGroup
	go func() {
		r.serve <- l.Serve(func(c *Conn) {
			mu.Lock()
			all = append(all, c)
			mu.Unlock()
			running.Add(1)
			c.Start(func(b *Batch) { deliver(c, b) }, func() {
				defer running.Done()
				reason, _ := c.Reason()
				r.reasons <- reason
			})
			r.conns <- c
		})
	}()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := r.served(); err != nil {
			t.Errorf("serve: %v", err)
		}
		mu.Lock()
		for _, c := range all {
			c.Close(CloseShutdown, "")
		}
		mu.Unlock()
		running.Wait()
		r.checkBooks()
	})
	return r
}

// served waits for Serve.
func (r *rig) served() error {
	select {
	case err := <-r.serve:
		return err
	case <-time.After(patience):
		return errors.New("Serve has not returned")
	}
}

// checkBooks holds the invariants of the counters when all connections have ended.
func (r *rig) checkBooks() {
	r.t.Helper()
	s := r.Stats()
	var closed uint64
	for _, n := range s.Closed {
		closed += n
	}
	if s.Live != 0 || closed != s.Accepted || s.Closed[CloseNone] != 0 {
		r.t.Errorf("live %d, accepted %d, closed %v", s.Live, s.Accepted, s.Closed)
	}
	if s.Pending != 0 || s.Received != s.InFrames+s.Aside+s.Skipped+s.CutOff {
		r.t.Errorf("the account does not add up: %+v", s.ByteCounts)
	}
	if n := r.options.Reserve; n != nil && n.Used() != 0 {
		r.t.Errorf("%d descriptors not given back", n.Used())
	}
}

func (r *rig) dial() *peer {
	r.t.Helper()
	c, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return &peer{TCPConn: c.(*net.TCPConn), t: r.t}
}

// connect dials and waits for our end of it.
func (r *rig) connect() (*peer, *Conn) {
	r.t.Helper()
	p := r.dial()
	return p, receive(r.t, r.conns)
}

func (r *rig) expectReason(want CloseReason) {
	r.t.Helper()
	if got := receive(r.t, r.reasons); got != want {
		r.t.Errorf("closed as %q, want %q", got, want)
	}
}

// receive takes the next value of a channel.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing came within %v", patience)
		panic("unreachable")
	}
}

// eventually waits for a condition that no channel tells of.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// peer is the other end of a connection.
type peer struct {
	*net.TCPConn
	t *testing.T
}

func (p *peer) send(s string) {
	p.t.Helper()
	if _, err := io.WriteString(p, s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) expect(want string) {
	p.t.Helper()
	got := make([]byte, len(want))
	_ = p.SetReadDeadline(time.Now().Add(patience))
	if n, err := io.ReadFull(p, got); err != nil || string(got) != want {
		p.t.Fatalf("got %.200q, want %.200q, error %v", got[:n], want, err)
	}
}

// expectEnd reads to the end of the stream and returns what came before; a reset is an error.
func (p *peer) expectEnd() string {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(p)
	if err != nil {
		p.t.Fatalf("after %.200q: %v", rest, err)
	}
	return string(rest)
}

// echo answers each batch with its frames.
func echo(c *Conn, b *Batch) {
	_ = c.Write(bytes.Join(b.Frames, nil))
	b.Release()
}

// accepted is a connected socket that no Conn has been made of.
func (r *rig) accepted() *net.TCPConn {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	a, err := l.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	return a.(*net.TCPConn)
}
