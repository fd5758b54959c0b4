package actors

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"trama/actors/ledger"
	"trama/codec"
	"trama/journal"
	"trama/journal/sqlite"
	"trama/transport"
)

// The first byte of a command waits for its row, and its caller for that of its outcome.
func TestACommandIsOnDiskBeforeItsFirstByte(t *testing.T) {
	h := &held{}
	g := startHeld(t, h)
	d := dial(t, g, "field")
	d.send(measurement(master1, 1))
	await(t, "the frame waits", func() bool { return h.count() == 1 })
	h.commit(nil)
	d.acknowledged(master1, "m", 1)
	for _, c := range []struct {
		lost error
		want string
	}{{nil, "done"}, {journal.ErrFailed, ""}} {
		reply := send(g, CommandRequest{Serial: master1, Command: "A", Wait: patience})
		await(t, "the row waits", func() bool { return h.count() == 1 })
		d.quiet()
		h.commit(nil)
		number := d.asked(master1, "A")
		d.answer(master1, "A", 0, number)
		await(t, "frame and outcome wait", func() bool { return h.count() == 2 })
		if c.lost == nil {
			select {
			case s := <-reply:
				t.Fatalf("the caller heard of what was not on disk: %+v", s)
			case <-time.After(50 * time.Millisecond):
			}
		}
		h.commit(c.lost)
		if s := outcome(t, reply); s.err == nil && string(s.result.Outcome) != c.want || !errors.Is(s.err, c.lost) {
			t.Errorf("%v: %+v", c.lost, s)
		}
	}
	// a row that is lost before: nothing is sent
	reply := send(g, CommandRequest{Serial: master1, Command: "A", Wait: patience})
	await(t, "the row waits", func() bool { return h.count() == 1 })
	h.commit(journal.ErrFailed)
	await(t, "the end", func() bool { return h.count() == 1 })
	h.commit(journal.ErrFailed)
	if s := outcome(t, reply); !errors.Is(s.err, journal.ErrFailed) {
		t.Errorf("%+v", s)
	}
	d.quiet()
}

func TestAFullDiskTakesNoCommand(t *testing.T) {
	h := &held{}
	g := startHeld(t, h)
	d := dial(t, g, "field")
	d.send(measurement(master1, 1))
	await(t, "the frame waits", func() bool { return h.count() == 1 })
	h.commit(nil)
	d.acknowledged(master1, "m", 1)
	h.fill(journal.ErrFull)
	if s := outcome(t, send(g, CommandRequest{Serial: master1, Command: "A", Wait: patience})); !errors.Is(s.err, journal.ErrFull) {
		t.Errorf("%+v", s)
	}
	d.quiet()
	h.fill(nil)
	reply := send(g, CommandRequest{Serial: master1, Command: "A", Wait: patience})
	await(t, "the row waits", func() bool { return h.count() == 1 })
	h.commit(nil)
	d.answer(master1, "A", 0, d.asked(master1, "A"))
	await(t, "frame and outcome wait", func() bool { return h.count() == 2 })
	h.commit(nil)
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeDone {
		t.Errorf("%+v", s)
	}
}

// life runs a gateway on a journal, and leaves what a kill would leave.
type life struct {
	t testing.TB
	*gateway
	path    string
	profile *codec.Profile
}

func born(t testing.TB, path string) *life {
	t.Helper()
	return (&life{t: t, path: path, profile: shipped(t, "extended")}).born()
}

func (l *life) born() *life {
	l.t.Helper()
	j := openJournal(l.t, l.path)
	g, err := Start(Options{Logger: testLog(), Journal: j, Listeners: []ListenerOptions{
		{Profile: l.profile, Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := g.Drain(context.Background()); err != nil {
			l.t.Error(err)
		}
		_ = j.Close()
	})
	l.gateway = g.(*gateway)
	return l
}

// killed is the next process behind one whose files are left as they are now.
func (l *life) killed() *life {
	l.t.Helper()
	dir := l.t.TempDir()
	files, err := filepath.Glob(l.path + "*")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "-shm") || strings.HasSuffix(file, "-lock") {
			continue
		}
		b, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), b, 0o600)
		}
		if err != nil {
			l.t.Fatal(err)
		}
	}
	return (&life{t: l.t, path: filepath.Join(dir, filepath.Base(l.path)), profile: l.profile}).born()
}

// state waits until a command is in a state; what a start has made of it shows when that is on disk.
func (l *life) state(id uint64, want ledger.State, words ...string) (c ledger.Command) {
	l.t.Helper()
	await(l.t, fmt.Sprintf("command %d is %s", id, want), func() (is bool) {
		var err error
		c, err = l.Command(context.Background(), id, -1)
		return err == nil && c.State == want
	})
	for _, w := range words {
		if !strings.Contains(c.Detail, w) {
			l.t.Errorf("command %d: %q does not say %q", id, c.Detail, w)
		}
	}
	return c
}

// ask has a command taken, and returns its number.
func (l *life) ask(req CommandRequest) uint64 {
	l.t.Helper()
	req.Async, req.Origin = true, "anna"
	c, err := l.Send(context.Background(), req)
	if err != nil {
		l.t.Fatal(err)
	}
	return c.ID
}

// A command that may have been sent is unknown behind a kill and is not sent again, one that waits goes on waiting, and a late answer
// finds its command.  Its number is given to no other one meanwhile.
func TestCommandsOutliveTheProcess(t *testing.T) {
	const away = "87654321"
	one := born(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, one.gateway, master1)
	d2 := online(t, one.gateway, away)
	done := one.ask(CommandRequest{Serial: master1, Command: "A", Wait: patience})
	d.answer(master1, "A", 0, d.asked(master1, "A"))
	now, err := one.Command(t.Context(), done, 2) // queued, claimed, sent
	for err == nil && now.Open() {
		now, err = one.Command(t.Context(), done, len(now.Changes))
	}
	if err != nil || now.State != ledger.Done || len(now.Changes) != 4 {
		t.Fatalf("%v, %+v", err, now)
	}
	_ = d2.Close()
	await(t, "away", func() bool { m, _ := one.Master(away); return m.State != "online" })
	waits := one.ask(CommandRequest{Serial: away, Command: "O", Fields: map[string]any{"relay": 3, "operation": "on"}, Queue: time.Hour})
	brief := one.ask(CommandRequest{Serial: away, Command: "A", Queue: time.Millisecond})
	sent := one.ask(CommandRequest{Serial: master1, Command: "F", Wait: patience})
	behind := one.ask(CommandRequest{Serial: master1, Command: "G", Wait: patience})
	number := d.asked(master1, "F")
	one.state(sent, ledger.Sent)
	one.state(behind, ledger.Queued)
	one.state(waits, ledger.Queued)

	two := one.killed()
	two.state(done, ledger.Done)
	unknown := two.state(sent, ledger.Unknown, "the gateway ended before an answer came: it may have been executed")
	two.state(behind, ledger.Expired, "never sent")
	two.state(brief, ledger.Expired, "never sent")
	two.state(waits, ledger.Queued)
	if unknown.By != "anna" || len(unknown.Changes) != 3 || *unknown.Transaction == 0 {
		t.Errorf("%+v", unknown)
	}
	e2 := online(t, two.gateway, away)
	frame := e2.receive(29)
	if !strings.HasPrefix(frame, "002201000000"+"00"+away+"0102034f00") || !strings.HasSuffix(frame, "0301") {
		t.Fatalf("it waited, and came as %s", frame)
	}
	e2.answer(away, "O", 0, frame[46:54])
	await(t, "done", func() bool {
		c, err := two.Command(t.Context(), waits, -1)
		return err == nil && c.State == ledger.Done
	})
	e := online(t, two.gateway, master1)
	e.quiet() // what was sent is not sent again

	e.answer(master1, "F", 0, number)
	await(t, "the late answer", func() bool { c, err := two.Command(t.Context(), sent, -1); return err == nil && c.Late })
	two.state(sent, ledger.Done, "late")

	three := two.killed()
	if c := three.state(sent, ledger.Done, "late"); !c.Late || len(c.Changes) != 4 {
		t.Errorf("%+v", c)
	}
	if next := three.ask(CommandRequest{Serial: away, Command: "A", Queue: time.Hour}); next <= behind {
		t.Errorf("number %d is given again", next)
	}
	events, _, err := three.journal.(*sqlite.Journal).Events(t.Context(), journal.EventQuery{Kind: journal.EventCommand})
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, e := range events {
		said[e.Reason+" "+strconv.FormatBool(strings.HasSuffix(e.Detail, "by anna"))]++
	}
	if fmt.Sprint(said) != "map[done true:3 expired true:2 unknown true:1]" {
		t.Errorf("events: %v", said)
	}
}

// A number of one byte goes round in 255 commands.
const tinyDefinition = `
name = "tiny"
[frame]
header = [
  { key = "id", type = "byte", role = "identity" },
  { key = "C", type = "byte", role = "command" },
  { key = "N", type = "byte", role = "transaction" },
]
[[message]]
command = "1"
name    = "ask"
from    = "server"
purpose = "command"
[[message]]
command = "1"
name    = "answer"
from    = "master"
purpose = "answer"
[[message]]
command = "2"
name    = "hello"
from    = "master"
[answer]
by = ["C", "N"]
`

// Numbers of commands that may still be answered are passed over for a day, by later processes too.
func TestNumbersOfUnknownCommandsArePassedOver(t *testing.T) {
	tiny, err := codec.Compile("tiny.toml", []byte(tinyDefinition))
	if err != nil {
		t.Fatal(err)
	}
	at := &life{t: t, path: filepath.Join(t.TempDir(), "journal.db"), profile: tiny}
	for l, spent := at.born(), ""; ; l = l.killed() {
		d := dial(t, l.gateway, "field")
		d.send("070200")
		await(t, "the master", func() bool { m, err := l.Master("7"); return err == nil && len(m.Links) == 1 })
		if spent == "" {
			reply := send(l.gateway, CommandRequest{Serial: "7", Command: "ask", Queue: time.Hour, Wait: 10 * time.Millisecond}) // behind the write
			spent = d.receive(3)
			if s := outcome(t, reply); s.result.State != ledger.Unknown {
				t.Fatalf("%+v", s)
			}
		}
		for n := range 256 {
			reply := send(l.gateway, CommandRequest{Serial: "7", Command: "ask", Wait: patience})
			asked := d.receive(3)
			if asked == spent {
				t.Fatalf("command %d has the number of the unknown one, %s", n, spent)
			}
			d.send(asked)
			if s := outcome(t, reply); s.result.State != ledger.Done {
				t.Fatalf("%+v", s)
			}
		}
		if l != at {
			break
		}
	}
}

func TestACommandThatWaitsCanBeCancelled(t *testing.T) {
	withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		d := w.dial(t)
		d.report(master1, 1)
		sent := queued(t, g, "A", time.Hour, nil)
		waits := queued(t, g, "B", time.Hour, nil)
		d.heard()
		if _, err := g.Cancel(t.Context(), sent, "ben"); !errors.Is(err, ErrNotQueued) || !strings.Contains(err.Error(), "it is sent") {
			t.Errorf("a command that was sent: %v", err)
		}
		c, err := g.Cancel(t.Context(), waits, "ben")
		if err != nil || c.State != ledger.Cancelled || c.Detail != "by ben" || c.Ended.IsZero() {
			t.Errorf("%v, %+v", err, c)
		}
		if _, err := g.Cancel(t.Context(), waits, "ben"); !errors.Is(err, ErrNotQueued) || !strings.Contains(err.Error(), "it is cancelled") {
			t.Errorf("again: %v", err)
		}
		if _, err := g.Cancel(t.Context(), 99, "ben"); !errors.Is(err, ErrUnknownCommand) {
			t.Errorf("unknown: %v", err)
		}
		time.Sleep(time.Minute)
		if got := d.heard(); got != "" {
			t.Errorf("it was sent: %s", got)
		}
	})
}

// A request with the key of another one is that one: while it waits, when it has ended, and in a later process.
func TestTheSameKeyIsTheSameCommand(t *testing.T) {
	one := born(t, filepath.Join(t.TempDir(), "journal.db"))
	d, other := online(t, one.gateway, master1), online(t, one.gateway, "87654321")
	req := CommandRequest{Serial: master1, Command: "A", Key: "k1", Origin: "anna", Wait: patience}
	a := send(one.gateway, req)
	number := d.asked(master1, "A")
	b := send(one.gateway, req)
	d.quiet()
	d.answer(master1, "A", 0, number)
	first, second := outcome(t, a), outcome(t, b)
	if first.err != nil || second.err != nil || first.result.ID != second.result.ID || second.result.State != ledger.Done {
		t.Errorf("%+v\n%+v", first, second)
	}
	two := one.killed()
	e := online(t, two.gateway, master1)
	if again := outcome(t, send(two.gateway, req)); again.err != nil || again.result.ID != first.result.ID || again.result.State != ledger.Done {
		t.Errorf("%+v", again)
	}
	e.quiet()
	req.Serial = "87654321"
	if s := outcome(t, send(two.gateway, req)); !errors.Is(s.err, ErrKeyUsed) {
		t.Errorf("to another master: %+v", s)
	}
	relay := CommandRequest{Serial: master1, Command: "O", Fields: map[string]any{"RN": int64(3), "OP": "on"}, Key: "k2", Origin: "anna", Async: true}
	moved := outcome(t, send(two.gateway, relay))
	again := outcome(t, send(two.gateway, relay))
	relay.Fields = map[string]any{"RN": int64(4), "OP": "on"}
	if s := outcome(t, send(two.gateway, relay)); moved.err != nil || again.err != nil || again.result.ID != moved.result.ID || !errors.Is(s.err, ErrKeyUsed) {
		t.Errorf("%+v\nagain: %+v\nwith other arguments: %+v", moved, again, s)
	}
	req.Origin = "ben"
	reply := send(one.gateway, req)
	other.answer(req.Serial, "A", 0, other.asked(req.Serial, "A"))
	if s := outcome(t, reply); s.err != nil || s.result.ID == first.result.ID {
		t.Errorf("somebody else's: %+v", s)
	}
}

// A stop leaves what waits for its master to the next process; what only waited for its turn ends.
func TestAStopKeepsWhatWaitsForItsMaster(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	g, j := restored(t, path)
	one := &life{t: t, gateway: g.(*gateway), path: path}
	d := online(t, one.gateway, master1)
	sent := one.ask(CommandRequest{Serial: master1, Command: "A", Wait: time.Minute})
	plain := one.ask(CommandRequest{Serial: master1, Command: "B", Wait: time.Minute})
	waits := one.ask(CommandRequest{Serial: master1, Command: "F", Queue: time.Hour})
	d.asked(master1, "A")
	follows := send(one.gateway, CommandRequest{Serial: master1, Command: "G", Queue: time.Hour, Origin: "anna"})
	await(t, "four", func() bool { m, _ := g.Master(master1); return m.Queued == 3 })
	if err := g.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := outcome(t, follows); s.err != nil || s.result.State != ledger.Queued { // whether its row was on disk yet or not
		t.Errorf("%+v", s)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	two := born(t, path)
	two.state(sent, ledger.Unknown, "may have been executed")
	two.state(plain, ledger.Cancelled, "never sent")
	two.state(waits, ledger.Queued)
	e := online(t, two.gateway, master1)
	e.answer(master1, "F", 0, e.asked(master1, "F"))
	e.answer(master1, "G", 0, e.asked(master1, "G"))
	await(t, "both", func() bool {
		all, _, err := two.Commands(t.Context(), journal.CommandQuery{State: "done"})
		return err == nil && len(all) == 2
	})
}

func TestAForgottenMasterEndsItsCommands(t *testing.T) {
	one := born(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, one.gateway, master1)
	sent := one.ask(CommandRequest{Serial: master1, Command: "A", Wait: time.Minute})
	waits := one.ask(CommandRequest{Serial: master1, Command: "F", Queue: time.Hour})
	d.asked(master1, "A")
	if err := one.Forget(t.Context(), master1); err != nil {
		t.Fatal(err)
	}
	one.state(sent, ledger.Unknown, "the master was forgotten: it may have been executed")
	one.state(waits, ledger.Cancelled, "the master was forgotten: it was never sent")
	two := one.killed()
	two.state(waits, ledger.Cancelled)
	online(t, two.gateway, master1).quiet()
}

// A late answer is that of its own command, also while the next one waits; what answers nothing is nobody's.
func TestALateAnswerFindsItsOwnCommand(t *testing.T) {
	withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		d := w.dial(t)
		d.report(master1, 1)
		late := (<-send(g, CommandRequest{Serial: master1, Command: "A", Wait: time.Second})).result
		asked := d.heard()
		next := send(g, CommandRequest{Serial: master1, Command: "A", Wait: time.Minute})
		again := d.heard()
		d.send(header(master1, "A", 0, 0)[:32] + "20261123143000" + "99999999")
		d.send(asked[:30] + "01" + asked[32:])
		if d.heard(); stateOf(t, g, late.ID, ledger.Refused).Late != true {
			t.Error("the late answer does not show as late")
		}
		d.send(again)
		if s := <-next; s.err != nil || s.result.State != ledger.Done || s.result.Late {
			t.Errorf("%+v", s)
		}
		if n := g.Totals().Commands["stray"]; n != 1 {
			t.Errorf("%d strays", n)
		}
	})
}

func TestADryRunSendsNothing(t *testing.T) {
	withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		d := w.dial(t)
		d.report(master1, 1)
		req := CommandRequest{Serial: master1, Command: "operate-relay", Fields: map[string]any{"relay": 3, "operation": "on"}}
		c, err := g.DryRun(t.Context(), req)
		if err != nil || !strings.HasPrefix(c.Sent, "0022010000000012345678"+"0102034f00") || !strings.HasSuffix(c.Sent, "0301") || c.Class != ledger.Verify {
			t.Errorf("%v, %+v", err, c)
		}
		req.Fields["relay"] = 300
		if _, err := g.DryRun(t.Context(), req); !errors.Is(err, ErrBadCommand) {
			t.Error(err)
		}
		if got := d.heard(); got != "" {
			t.Errorf("it was sent: %s", got)
		}
	})
}

// A command that waited when a backup was made may have been sent since: it is not sent when the backup takes the place of the journal,
// and no command gets a number that may have been given since.
func TestACopyOfTheJournalSendsNothing(t *testing.T) {
	one := born(t, filepath.Join(t.TempDir(), "journal.db"))
	_ = online(t, one.gateway, master1).Close()
	await(t, "away", func() bool { m, _ := one.Master(master1); return m.State != "online" })
	waits := one.ask(CommandRequest{Serial: master1, Command: "A", Queue: time.Hour, Fields: map[string]any{}})
	one.state(waits, ledger.Queued)
	backup := filepath.Join(t.TempDir(), "journal.db")
	if err := sqlite.Backup(t.Context(), one.path, backup); err != nil {
		t.Fatal(err)
	}
	since := one.ask(CommandRequest{Serial: master1, Command: "B", Queue: time.Hour})
	two := born(t, backup)
	two.state(waits, ledger.Unknown, "restored from a copy", "may have been executed")
	online(t, two.gateway, master1).quiet()
	if next := two.ask(CommandRequest{Serial: master1, Command: "B", Queue: time.Hour}); next <= since {
		t.Errorf("command %d has the number of another one", next)
	}
	three := two.killed()
	three.state(waits, ledger.Unknown)
}

// A relay's state is asked for behind a kill, and the command that may have moved it is done if the master says so.
func TestACommandIsVerifiedBehindAKill(t *testing.T) {
	one := born(t, filepath.Join(t.TempDir(), "journal.db"))
	d := online(t, one.gateway, master1)
	id := one.ask(CommandRequest{Serial: master1, Command: "operate-relay", Fields: map[string]any{"relay": 3, "operation": "on"}, Wait: patience})
	d.receive(29)
	one.state(id, ledger.Sent)
	two := one.killed()
	two.state(id, ledger.Unknown)
	e := online(t, two.gateway, master1)
	e.answer(master1, "H", 0, e.asked(master1, "H"))
	report := func(relay, state int) string {
		return fmt.Sprintf("00220100000000%s0102036f00%s%08d%02x%02x", master1, time.Now().Format("20060102150405"), 40+relay, relay, state)
	}
	e.send(report(2, 0), report(3, 1))
	if c := two.state(id, ledger.Done, "verified"); c.Verified == "" {
		t.Errorf("%+v", c)
	}
}

// A master whose actor fails goes on with its commands.
func TestCommandsOutliveTheirMastersActor(t *testing.T) {
	one := born(t, filepath.Join(t.TempDir(), "journal.db"))
	one.allowFaults = true
	d := online(t, one.gateway, master1)
	sent := one.ask(CommandRequest{Serial: master1, Command: "A", Wait: patience})
	waits := one.ask(CommandRequest{Serial: master1, Command: "F", Queue: time.Hour})
	number := d.asked(master1, "A")
	for range 2 {
		if err := one.Fault(t.Context(), "trama/registry/"+master1, false); err != nil {
			t.Fatal(err)
		}
	}
	d.answer(master1, "A", 0, number)
	d.answer(master1, "F", 0, d.asked(master1, "F"))
	one.state(sent, ledger.Done)
	one.state(waits, ledger.Done)
}
