package actors

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"trama/actors/connection"
	"trama/actors/port"
	"trama/journal"
	"trama/journal/sqlite"
	"trama/transport"
)

// report sends a measurement and waits for its acknowledgement.
func (d *device) report(serial string, number int) {
	d.t.Helper()
	d.send(measurement(serial, number))
	d.acknowledged(serial, "m", number)
}

// A connection with two masters is busy; a command to one of them waits for it, and that master turns up on another
// connection: the command goes out there, and only there.
func TestACommandGoesOutOnOneConnectionOnly(t *testing.T) {
	inBubble(t, Options{}, nil, func(t *testing.T, g *gateway, w *wires) {
		a := w.dial(t)
		a.report("11111111", 1)
		a.report("22222222", 1)
		release := hold(t, g, &linkOf(g, a).Node)
		reply := send(g, CommandRequest{Serial: "11111111", Command: "A", Wait: time.Minute})
		synctest.Wait() // the command waits for the connection
		b := w.dial(t)
		b.send(measurement("11111111", 2))
		heard := b.heard()
		asked := heard[2*extendedBytes:] // behind the acknowledgement
		release()
		synctest.Wait()
		if got := a.heard(); got != "" {
			t.Errorf("it was sent twice: %s", got)
		}
		b.in <- unhexed(t, header("11111111", "A", 0, 0)[:32]+asked[32:])
		if s := <-reply; s.err != nil || s.result.Outcome != OutcomeDone || s.result.Connection != b.ID() {
			t.Errorf("%+v", s)
		}
	})
}

// A command whose wait ends while its connection is busy is reported as never sent, and is never sent.
func TestACommandThatExpiresBeforeTheWriteIsNotSent(t *testing.T) {
	inBubble(t, Options{}, nil, func(t *testing.T, g *gateway, w *wires) {
		d := w.dial(t)
		d.report("12345678", 1)
		release := hold(t, g, &linkOf(g, d).Node)
		s := <-send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: time.Minute})
		release()
		if s.err != nil || s.result.Outcome != OutcomeExpired || !strings.Contains(s.result.Detail, "never sent") {
			t.Errorf("%+v", s)
		}
		if got := d.heard(); got != "" {
			t.Errorf("it was sent: %s", got)
		}
	})
}

// wrapped is a port whose sockets a test has put something around.
type wrapped struct {
	port.Acceptor
	wrap func(connection.Socket) connection.Socket
}

func (w wrapped) Serve(accept func(connection.Socket)) error {
	return w.Acceptor.Serve(func(s connection.Socket) { accept(w.wrap(s)) })
}

// wrapping opens TCP ports whose sockets go through wrap.
func wrapping(wrap func(connection.Socket) connection.Socket) func(transport.Options) (port.Acceptor, error) {
	return func(o transport.Options) (port.Acceptor, error) {
		a, err := port.ListenTCP(o)
		return wrapped{a, wrap}, err
	}
}

// broken is a socket that fails with its second write, as only a mistake of ours makes it fail.
type broken struct {
	connection.Socket
	how     string // "writing": Write fails; "releasing": the batch is released before it is settled, and so twice
	written int
	pending *transport.Batch
}

func (b *broken) Write(p []byte) error {
	if b.written++; b.written != 2 {
		return b.Socket.Write(p)
	}
	if b.how == "writing" {
		panic("a mistake below Write")
	}
	err := b.Socket.Write(p)
	b.pending.Release()
	return err
}

func (b *broken) Start(deliver func(*transport.Batch), ended func()) {
	b.Socket.Start(func(batch *transport.Batch) {
		b.pending = batch
		deliver(batch)
	}, ended)
}

func openSQLite(t testing.TB) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(t.TempDir(), "journal.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// The acknowledgements are written in the journal's writer, of the real engine: what fails there costs the connection, and the writer goes on.
func TestAPanicInSettlingClosesThatConnectionOnly(t *testing.T) {
	for _, step := range []string{"writing", "releasing"} {
		t.Run(step, func(t *testing.T) {
			var second atomic.Bool
			g := startAll(t, Options{Journal: openSQLite(t), Listeners: []ListenerOptions{
				{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
			}, listen: wrapping(func(s connection.Socket) connection.Socket {
				if second.Load() {
					return &broken{Socket: s, how: step}
				}
				return s
			})})
			a := dial(t, g, "field")
			a.report("11111111", 1)
			second.Store(true)
			b := dial(t, g, "field")
			b.report("22222222", 1)
			if b.send(measurement("22222222", 2)); step == "releasing" {
				b.acknowledged("22222222", "m", 2)
			}
			b.closed()
			second.Store(false)
			a.report("11111111", 2)
			c := dial(t, g, "field")
			c.report("22222222", 3)
			total := g.Totals()
			if total.SettleFaults != 1 || total.Stored != 5 || !balanced(total) {
				t.Errorf("%+v", total)
			}
			if l := g.Listeners()[0]; l.Closed["internal fault"] != 1 {
				t.Errorf("%+v", l.Closed)
			}
		})
	}
}

// failing is a journal that fails while the masters of an earlier process come back.
type failing struct {
	journal.Memory
	failed chan struct{}
}

func (f *failing) Failed() <-chan struct{} { return f.failed }

func (f *failing) Err() error {
	select {
	case <-f.failed:
		return errors.New("disk gone")
	default:
		return nil
	}
}

func (f *failing) Restore(_ context.Context, master func(journal.MasterRow) error, _ func(uint64, *journal.Record) *journal.Subject) error {
	for i := range 20000 {
		if err := master(journal.MasterRow{Serial: fmt.Sprintf("%08d", i)}); err != nil {
			return err
		}
	}
	time.AfterFunc(2*time.Millisecond, func() { close(f.failed) }) // while they get their actors
	return nil
}

func TestStartWithAJournalThatFailsWhileMastersComeBack(t *testing.T) {
	g, err := Start(Options{Journal: &failing{failed: make(chan struct{})}, Logger: testLog(), Listeners: []ListenerOptions{
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
	}})
	if err == nil { // they were quicker
		<-g.Done()
		err = g.Err()
		_ = g.Drain(expired())
	}
	if err == nil || !strings.Contains(err.Error(), "disk gone") {
		t.Error(err)
	}
}

// slow is a socket that keeps whoever asks for its address, while it is asked to.
type slow struct {
	connection.Socket
	stick chan struct{} // nil: it does not
}

func (s *slow) Remote() netip.AddrPort {
	if s.stick != nil {
		<-s.stick
	}
	return s.Socket.Remote()
}

// late is a journal that keeps whoever appends rows of a master's state, while it is asked to.
type late struct {
	Journal
	stick atomic.Pointer[chan struct{}]
}

func (j *late) Append(e *journal.Entry) {
	if stick := j.stick.Load(); stick != nil && e.Subject != nil && e.Count == 0 {
		<-*stick
	}
	j.Journal.Append(e)
}

// What a handler works on for four seconds keeps nobody who asks any longer than the bound of the question.
func TestAStuckHandlerKeepsNobody(t *testing.T) {
	within := func(t *testing.T, most time.Duration, do func()) {
		t.Helper()
		began := time.Now()
		do()
		if took := time.Since(began); took > most {
			t.Errorf("it took %v, at most %v were promised", took, most)
		}
	}
	t.Run("listings", func(t *testing.T) {
		var sockets []*slow
		wrap := func(s connection.Socket) connection.Socket {
			sockets = append(sockets, &slow{Socket: s})
			return sockets[len(sockets)-1]
		}
		inBubble(t, Options{}, wrap, func(t *testing.T, g *gateway, w *wires) {
			w.dial(t).report("11111111", 1)
			b := w.dial(t)
			b.report("22222222", 1)
			sockets[0].stick = make(chan struct{})
			within(t, answerWithin, func() {
				if m, err := g.Master("11111111"); err != nil || m.State != "stuck" {
					t.Errorf("%+v, %v", m, err)
				}
			})
			within(t, answerWithin, func() {
				if all := g.Masters(); len(all) != 2 || all[0].State != "stuck" || all[1].State != "online" {
					t.Errorf("%+v", all)
				}
			})
			b.report("22222222", 2)
			close(sockets[0].stick)
			synctest.Wait()
			if m, err := g.Master("11111111"); err != nil || m.State != "online" {
				t.Errorf("%+v, %v", m, err)
			}
		})
	})
	t.Run("a command, a state and a drain", func(t *testing.T) {
		j := &late{Journal: new(journal.Memory)}
		inBubble(t, Options{Journal: j}, nil, func(t *testing.T, g *gateway, w *wires) {
			a := w.dial(t)
			a.report("11111111", 1)
			stick := make(chan struct{})
			j.stick.Store(&stick)
			within(t, 2*time.Second+answerWithin, func() {
				_, err := g.Send(t.Context(), CommandRequest{Serial: "11111111", Command: "A", Wait: 2 * time.Second})
				if !errors.Is(err, ErrFault) || !strings.Contains(err.Error(), "not sent") {
					t.Errorf("send: %v", err)
				}
			})
			within(t, 0, g.masters.Get("11111111").Snapshot)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			within(t, 5*time.Second+3*cutGrace, func() {
				if err := g.Drain(ctx); err == nil || !strings.Contains(err.Error(), "trama/registry/11111111 is busy with Command") {
					t.Errorf("drain: %v", err)
				}
			})
			close(stick)
			if got := a.heard(); got != "" {
				t.Errorf("a command that was reported as not sent was sent: %s", got)
			}
		})
	})
	t.Run("a state that starts it", func(t *testing.T) {
		j := &late{Journal: new(journal.Memory)}
		inBubble(t, Options{Journal: j}, nil, func(t *testing.T, g *gateway, w *wires) {
			w.dial(t).report("11111111", 1)
			stick := make(chan struct{})
			j.stick.Store(&stick)
			within(t, 0, g.masters.Get("11111111").Snapshot)
			synctest.Wait()
			close(stick)
		})
	})
}
