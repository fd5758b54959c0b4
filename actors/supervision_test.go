package actors

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	l := g.slots[0].links.list()[0]
	await(t, "both masters are known to the connection", func() bool { return l.node.box.atRest() && l.node.messages.Load() >= 5 })
	release := hold(t, g, &l.node)
	reply := send(g, CommandRequest{Serial: "11111111", Command: "A", Wait: time.Minute})
	await(t, "the command waits for the connection", func() bool { return l.node.box.UserMessageCount() == 1 })
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
	l := g.slots[0].links.list()[0]
	await(t, "the master is known to the connection", func() bool { return l.node.box.atRest() && l.node.messages.Load() >= 3 })
	release := hold(t, g, &l.node)
	s := outcome(t, send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: 20 * time.Millisecond}))
	release()
	if s.err != nil || s.result.Outcome != OutcomeExpired || !strings.Contains(s.result.Detail, "never sent") {
		t.Errorf("%+v", s)
	}
	d.quiet()
}

// twice is a journal in which the batch of a read is released behind the back of the connection that is to settle it.
type twice struct {
	Journal
	link uint64
}

func (j *twice) Append(e *journal.Entry) {
	if g, ok := e.Owner.(*group); ok && g.up.link.id == j.link {
		g.up.batch.Release()
	}
	j.Journal.Append(e)
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

// The acknowledgements are written in the journal's writer: what fails there costs the connection, and the writer goes on.
func TestAPanicInSettlingClosesThatConnectionOnly(t *testing.T) {
	j := &twice{Journal: openSQLite(t)}
	g := startAll(t, Options{Journal: j, Listeners: []ListenerOptions{
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
	}})
	a, b := dial(t, g, "field"), dial(t, g, "field")
	a.report("11111111", 1)
	for _, c := range g.Connections() {
		if len(c.Masters) == 0 {
			j.link = c.ID
		}
	}
	b.send(measurement("22222222", 1))
	b.acknowledged("22222222", "m", 1) // written before the batch is released
	b.closed()
	a.report("11111111", 2)
	c := dial(t, g, "field")
	c.report("22222222", 2)
	if total := g.Totals(); total.SettleFaults != 1 || total.Stored != 4 || !balanced(total) {
		t.Errorf("%+v", total)
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
	m := g.masters.get(serial)
	block := make(chan answer[MasterInfo])
	go g.root.Send(m.pid, &describeMaster{reply: block})
	await(t, "the master is stuck", func() bool { _, busy := m.node.condition(time.Now()); return busy != nil })
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
	await(t, "idle", func() bool { return g.masters.get("11111111").node.box.atRest() })
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
	inTime("a state", answerWithin, func() { g.masters.get("11111111").Snapshot() })
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
		if err := g.Drain(ctx); err == nil || !strings.Contains(err.Error(), "trama/registry/11111111 is busy with describeMaster") {
			t.Errorf("drain: %v", err)
		}
	})
	release()
	a.closed() // the command that nobody waits for any more is not sent
	await(t, "the master has gone on", func() bool { return g.masters.get("11111111").node.box.atRest() })
}
