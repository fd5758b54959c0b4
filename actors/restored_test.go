package actors

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trama/actors/ledger"
	"trama/actors/master"
	"trama/journal"
	"trama/transport"
)

// past is a journal with one command of an earlier process, whose end is written when the test says so.
type past struct {
	held
	row journal.Command
}

func (p *past) LastCommand(context.Context) (uint64, error) { return p.row.ID, nil }

func (p *past) Epochs() journal.Epochs { return nil }

func (p *past) OpenCommands(_ context.Context, _ time.Time, visit func(journal.Command) error) error {
	return visit(p.row)
}

func (p *past) EachCommand(_ context.Context, _ journal.CommandQuery, visit func(journal.Command) error) error {
	return visit(p.row)
}

func (p *past) Command(context.Context, uint64) (journal.Command, error) { return p.row, nil }

func (p *past) CommandByKey(context.Context, string, string) (journal.Command, error) {
	return p.row, nil
}

// A key that comes again, of a command that a kill has ended, is told of that end, and not of what was before.
func TestACommandThatAKillHasEndedIsNotOpenForWhoAsksAgain(t *testing.T) {
	now := time.Now()
	c := ledger.Command{ID: 7, Serial: "12345678", Command: "A", State: ledger.Queued, By: "anna", Key: "k", Asked: now, Expires: now.Add(time.Minute)}
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	p := &past{row: journal.Command{ID: 7, Master: c.Serial, State: "queued", By: c.By, Key: c.Key, Asked: now, Body: body}}
	g := startAll(t, Options{Journal: p})
	entry, first := g.masters.Ledger.Enter(c.By, c.Key)
	if first {
		t.Fatal("it is a new command")
	}
	p.commit(nil)
	if now, err := entry.Wait(t.Context(), ended); err != nil || now.ID != 7 || now.Outcome != ledger.Cancelled {
		t.Errorf("%+v, %v", now, err)
	}
	if open := g.masters.Ledger.Open(); len(open) > 0 {
		t.Errorf("open for ever: %+v", open)
	}
}

var _ master.Commands = (*past)(nil) // else its commands would not be restored

// Without a journal no later process has a command: at a stop it was never sent.
func TestAStopWithoutAJournalLeavesNothingInAQueue(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	d.send("00250100000000123456780102036d0020261123143000000000070041ac0000")
	d.receive(27)
	_ = d.Close()
	await(t, "its end", func() bool { m, err := g.Master("12345678"); return err == nil && len(m.Links) == 0 })
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Queue: time.Minute})
	await(t, "the command", func() bool { open := g.masters.Ledger.Open(); return len(open) == 1 && open[0].State == ledger.Queued })
	if err := g.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := outcome(t, reply); s.err != nil || s.result.State != ledger.Expired || !strings.Contains(s.result.Detail, "never sent") {
		t.Errorf("%+v", s)
	}
}

// A command that a stop leaves in its queue has not failed: its caller hears of that when its row is on disk.
func TestAStopTellsOfACommandInAQueueBehindItsRow(t *testing.T) {
	for _, lost := range []error{nil, journal.ErrFailed} {
		h := &past{}
		g := startAll(t, Options{Journal: h, Listeners: []ListenerOptions{
			{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
		}})
		d := dial(t, g, "field")
		d.send("00250100000000123456780102036d0020261123143000000000070041ac0000")
		await(t, "the frame waits", func() bool { return h.count() == 1 })
		h.commit(nil)
		d.receive(27)
		_ = d.Close()
		await(t, "its end", func() bool { m, err := g.Master("12345678"); return err == nil && len(m.Links) == 0 })
		reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Queue: time.Minute})
		await(t, "the row waits", func() bool { return h.count() == 1 })
		if err := g.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(reply) > 0 {
			t.Errorf("the caller heard of what was not on disk: %+v", <-reply)
			continue
		}
		h.commit(lost)
		if s := outcome(t, reply); !errors.Is(s.err, lost) || lost == nil && s.result.State != ledger.Queued {
			t.Errorf("%v: %+v", lost, s)
		}
	}
}

// An answer may be the first frame behind a start: it finds its command, also when that is not the newest.
func TestALateAnswerIsTheFirstFrameBehindAStart(t *testing.T) {
	one := born(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, one.gateway, master1)
	var ids []uint64
	var numbers []string
	for _, letter := range []string{"A", "F"} {
		reply := send(one.gateway, CommandRequest{Serial: master1, Command: letter, Queue: time.Hour, Wait: 10 * time.Millisecond})
		numbers = append(numbers, d.asked(master1, letter))
		ids = append(ids, outcome(t, reply).result.ID)
	}
	two := one.killed()
	for _, id := range ids {
		two.state(id, ledger.Unknown)
	}
	dial(t, two.gateway, "field").answer(master1, "A", 0, numbers[0])
	two.state(ids[0], ledger.Done, "late")
	two.state(ids[1], ledger.Unknown)
}

// A command that waits for a frame of its master is told of when its row is on disk, as any other.
func TestACommandOutsideOfItsWindowIsToldOfBehindItsRow(t *testing.T) {
	h := &held{}
	g := startAll(t, Options{Journal: h, Listeners: []ListenerOptions{{Profile: shipped(t, "extended"), DeliveryWindow: time.Nanosecond,
		Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}}}})
	t.Cleanup(func() { h.commit(nil) })
	d := dial(t, g, "field")
	d.send(measurement(master1, 1))
	await(t, "the frame waits", func() bool { return h.count() == 1 })
	h.commit(nil)
	d.acknowledged(master1, "m", 1)
	reply := send(g, CommandRequest{Serial: master1, Command: "A", Queue: time.Hour, Async: true})
	await(t, "the row waits", func() bool { return h.count() == 1 })
	if open := g.masters.Ledger.Open(); len(open) > 0 {
		t.Errorf("told of before it is on disk: %+v", open)
	}
	h.commit(nil)
	if s := outcome(t, reply); s.err != nil || s.result.State != ledger.Queued || !strings.Contains(s.result.Detail, "for a frame") {
		t.Errorf("%+v", s)
	}
}

// A clock that was set back while the gateway was away keeps no line quiet: the command that was unknown then ends in an hour.
func TestAClockThatWasSetBackHoldsNoCommandUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	run := func(then func(g *gateway, d *device)) {
		t.Helper()
		j := openJournal(t, path)
		g := startAll(t, Options{Journal: j, Listeners: []ListenerOptions{{Profile: shipped(t, "compact"),
			Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}}}})
		d := dial(t, g, "field")
		d.send("0013010000000012345678010273000041ac0000")
		d.receive(15)
		then(g, d)
		if err := errors.Join(g.Drain(t.Context()), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	run(func(g *gateway, d *device) {
		reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: 50 * time.Millisecond})
		d.receive(15)
		if s := outcome(t, reply); s.result.Outcome != OutcomeUnknown {
			t.Fatalf("%+v", s)
		}
	})
	j := openJournal(t, path)
	row, err := j.Command(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.Read(&row)
	if err != nil {
		t.Fatal(err)
	}
	c.Ended = c.Ended.Add(time.Hour)
	later, err := c.Row()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{}, 1)
	j.Append(&journal.Entry{Rows: []journal.Row{later}, Owner: told(done)})
	<-done
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	run(func(g *gateway, d *device) {
		reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
		d.receive(15)
		d.send("000801000000001234567801024100")
		if s := outcome(t, reply); s.result.Outcome != OutcomeDone {
			t.Errorf("%+v", s)
		}
	})
}
