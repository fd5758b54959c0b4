package actors

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trama/actors/connection"
	"trama/actors/master"
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

// A connection with two masters is busy; a command to one of them waits for it, and that master turns up on another connection.
func TestACommandReportedNotSentIsNotSent(t *testing.T) {
	g := start(t, "field:extended")
	a := dial(t, g, "field")
	a.report("11111111", 1)
	a.report("22222222", 1)
	l := g.ports.All[0].Links.List()[0]
	await(t, "both masters are known to the connection", func() bool { return l.Node.AtRest() && l.Node.Messages() >= 5 })
	release := hold(t, g, &l.Node)
	reply := send(g, CommandRequest{Serial: "11111111", Command: "A", Wait: time.Minute})
	await(t, "the command waits for the connection", func() bool { return l.Node.Waiting() == 1 })
	b := dial(t, g, "field")
	b.report("11111111", 2)
	s := outcome(t, reply)
	release()
	if !errors.Is(s.err, ErrMasterOffline) || !strings.Contains(s.err.Error(), "before the command was sent") {
		t.Fatalf("%+v", s)
	}
	a.quiet()
}

// A command whose wait ends while its connection is busy is reported as never sent, and is never sent.
func TestACommandThatExpiresBeforeTheWriteIsNotSent(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")
	l := g.ports.All[0].Links.List()[0]
	await(t, "the master is known to the connection", func() bool { return l.Node.AtRest() && l.Node.Messages() >= 3 })
	release := hold(t, g, &l.Node)
	s := outcome(t, send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: 20 * time.Millisecond}))
	release()
	if s.err != nil || s.result.Outcome != OutcomeExpired || !strings.Contains(s.result.Detail, "never sent") {
		t.Errorf("%+v", s)
	}
	d.quiet()
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

// stick makes the actor of a master work on one message until the returned function is called.
func stick(t *testing.T, g *gateway, serial string) (release func()) {
	t.Helper()
	m := g.masters.Get(serial)
	block := make(chan master.Answer[MasterInfo])
	go g.sys.Send(&m.Node, &master.Describe{Reply: block})
	await(t, "the master is stuck", func() bool { _, busy := m.Node.Condition(time.Now()); return busy != nil })
	return func() { <-block }
}

// A handler that is stuck stops one actor: whoever asks for anything gets an answer in time.
func TestAStuckHandlerStopsOneActor(t *testing.T) {
	j := openSQLite(t)
	g := startAll(t, Options{Journal: j, Listeners: []ListenerOptions{
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
	}})
	a, b := dial(t, g, "field"), dial(t, g, "field")
	a.report("11111111", 1)
	b.report("22222222", 1)
	await(t, "idle", func() bool { return g.masters.Get("11111111").Node.AtRest() })
	release := stick(t, g, "11111111")
	inTime := func(what string, within time.Duration, do func()) {
		t.Helper()
		done := make(chan struct{})
		go func() { defer close(done); do() }()
		select {
		case <-done:
		case <-time.After(within + 2*time.Second):
			t.Errorf("%s: not within %v", what, within)
			<-done
		}
	}
	inTime("Master", answerWithin, func() {
		if m, err := g.Master("11111111"); err != nil || m.State != "stuck" {
			t.Errorf("%+v, %v", m, err)
		}
	})
	inTime("Masters", answerWithin, func() {
		if all := g.Masters(); len(all) != 2 || all[0].State != "stuck" || all[1].State != "online" {
			t.Errorf("%+v", all)
		}
	})
	inTime("Send", answerWithin+100*time.Millisecond, func() {
		_, err := g.Send(context.Background(), CommandRequest{Serial: "11111111", Command: "A", Wait: 100 * time.Millisecond})
		if !errors.Is(err, ErrFault) || !strings.Contains(err.Error(), "not sent") {
			t.Errorf("send: %v", err)
		}
	})
	inTime("a state", answerWithin, func() { g.masters.Get("11111111").Snapshot() })
	inTime("a state of the journal's", answerWithin, func() {
		ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
		defer cancel()
		if err := j.Sweep(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sweep: %v", err)
		}
	})
	b.report("22222222", 2)
	inTime("drain", 4*cutGrace, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := g.Drain(ctx); err == nil || !strings.Contains(err.Error(), "trama/registry/11111111 is busy with Describe") {
			t.Errorf("drain: %v", err)
		}
	})
	release()
	a.closed() // the command that nobody waits for any more is not sent
	await(t, "the master has gone on", func() bool { return g.masters.Get("11111111").Node.AtRest() })
}
