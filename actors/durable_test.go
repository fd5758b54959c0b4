package actors

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/actors/supervise"
	"trama/journal"
	"trama/transport"
)

// held is a journal whose commits the test makes: frames wait until they are let through or lost.
type held struct {
	journal.Memory
	mu      sync.Mutex // guards the rest
	waiting []*journal.Entry
	full    error
	fault   string // kind of an event that makes who tells of it fail
	restore func(frame func(uint64, *journal.Record) *journal.Subject)
}

func (h *held) Append(e *journal.Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, row := range e.Rows {
		if event, ok := row.(*journal.Event); ok && event.Kind == h.fault {
			h.fault = ""
			panic("injected into the journal")
		}
	}
	if e.Owner == nil {
		return
	}
	h.waiting = append(h.waiting, e)
}

func (h *held) Accepting() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.full
}

func (h *held) fill(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.full = err
}

func (h *held) Restore(_ context.Context, _ func(journal.MasterRow) error, frame func(uint64, *journal.Record) *journal.Subject) error {
	if h.restore != nil {
		h.restore(frame)
	}
	return nil
}

func (h *held) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.waiting)
}

// commit tells who waits what became of their frames.
func (h *held) commit(err error) {
	h.mu.Lock()
	waiting := h.waiting
	h.waiting = nil
	h.mu.Unlock()
	for _, e := range waiting {
		e.Owner.Committed(1, err)
	}
}

func startHeld(t *testing.T, h *held) *gateway {
	t.Helper()
	g := startAll(t, Options{Journal: h, Listeners: []ListenerOptions{
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
		{Profile: shipped(t, "extended"), Role: RoleIntegrator, Transport: transport.Options{Name: "office", Address: "127.0.0.1:0"}},
	}})
	t.Cleanup(func() { h.commit(nil) })
	return g
}

// A resend whose first is lost is no duplicate of anything: it is refused like that one, and the account balances.
func TestTheAccountBalancesWhenTheJournalFails(t *testing.T) {
	h := &held{}
	g := startHeld(t, h)
	d := dial(t, g, "field")
	d.send(measurement("12345678", 1))
	await(t, "the first waits", func() bool { return h.count() == 1 })
	d.send(measurement("12345678", 1), measurement("12345678", 2))
	await(t, "the second waits", func() bool { return h.count() == 2 })
	d.quiet()
	h.commit(journal.ErrFailed)
	await(t, "all are settled", func() bool { return g.Totals().Frames == 3 })
	d.quiet()
	s := g.Totals()
	if rejected := s.Rejected[journal.ErrFailed.Error()]; rejected != 3 || s.Stored != 0 || s.Duplicates != 0 || s.Acknowledged != 0 {
		t.Errorf("%+v", s)
	}
}

// A resend waits for its first also when the master fails for good behind it.
func TestAResendWaitsWhenItsMasterIsGivenUp(t *testing.T) {
	h := &held{}
	g := startHeld(t, h)
	a := dial(t, g, "field")
	a.send(measurement("12345678", 1))
	await(t, "the first waits", func() bool { return h.count() == 1 })
	for range supervise.LeafFaults {
		if err := g.Fault(context.Background(), "trama/registry/12345678", false); err != nil {
			t.Fatal(err)
		}
	}
	h.mu.Lock()
	h.fault = journal.EventRestarted
	h.mu.Unlock()
	b := dial(t, g, "field")
	b.send(measurement("12345678", 1), strings.Replace(measurement("12345678", 1), "0041ac0000", "0041ad0000", 1))
	await(t, "the second is refused", func() bool { return g.Totals().Rejected["master given up"] == 1 })
	await(t, "the resend waits", func() bool { return h.count() == 2 })
	if s := g.Totals(); s.Frames != 0 {
		t.Errorf("settled before its first is on disk: %+v", s)
	}
	h.commit(nil)
	await(t, "all are settled", func() bool { return g.Totals().Frames == 3 })
	if s := g.Totals(); s.Stored != 1 || s.Duplicates != 1 {
		t.Errorf("%+v", s)
	}
}

// The journal may ask for states while a long start still reads: who has no actor yet does not answer.
func TestAStateIsAskedForBeforeThereAreActors(t *testing.T) {
	var subject *journal.Subject
	h := &held{restore: func(frame func(uint64, *journal.Record) *journal.Subject) {
		subject = frame(1, &journal.Record{Received: time.Now(), Master: "12345678"})
		subject.Owner.Snapshot()
	}}
	g := startHeld(t, h)
	if _, err := g.Master("12345678"); err != nil {
		t.Error(err)
	}
	subject.Owner.Snapshot()
}

// What is not acknowledged is not done: an integrator that is refused because the disk is full asks again.
func TestARefusedRequestReachesNoMaster(t *testing.T) {
	h := &held{}
	g := startHeld(t, h)
	d := dial(t, g, "field")
	d.send(measurement("12345678", 1))
	await(t, "the frame waits", func() bool { return h.count() == 1 })
	h.commit(nil)
	d.acknowledged("12345678", "m", 1)
	h.fill(journal.ErrFull)
	i := dial(t, g, "office")
	i.send("00200100000000123456780102036100" + "20261123143000" + "00004711")
	await(t, "it is refused", func() bool { return g.Totals().Rejected[journal.ErrFull.Error()] == 1 })
	d.quiet()
	h.fill(nil)
}

// Who has only registered, or only sent again, has changed: a clean stop writes that too.
func TestACleanStopForgetsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	run := func(use func(g *gateway)) {
		j := openJournal(t, path)
		g, err := Start(Options{Logger: testLog(), Journal: j, Listeners: []ListenerOptions{
			{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
			{Profile: shipped(t, "modbus-rtu"), Transport: transport.Options{Name: "port", Address: "127.0.0.1:0", Aside: &transport.Aside{Registration: &imeiForm}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		use(g.(*gateway))
		if err := errors.Join(g.Drain(context.Background()), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	run(func(g *gateway) {
		d := dial(t, g, "field")
		d.send(measurement("12345678", 1))
		d.acknowledged("12345678", "m", 1)
		m := dial(t, g, "port")
		m.send(text(imei))
		await(t, "the modem", func() bool { m, err := g.Master(imei); return err == nil && m.State == "online" })
	})
	run(func(g *gateway) {
		if m, err := g.Master(imei); err != nil || m.Connects != 1 {
			t.Errorf("the modem: %+v, %v", m, err)
		}
		d := dial(t, g, "field")
		d.send(measurement("12345678", 1))
		d.acknowledged("12345678", "m", 1)
	})
	run(func(g *gateway) {
		if m, err := g.Master("12345678"); err != nil || m.Duplicates != 1 || m.Connects != 2 || m.Frames != 1 {
			t.Errorf("%+v, %v", m, err)
		}
	})
}
