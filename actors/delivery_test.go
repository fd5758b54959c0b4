package actors

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/actors/known"
	"trama/actors/ledger"
	"trama/journal"
	"trama/transport"
)

const master1 = "12345678"

// commandRows is a journal that keeps commands in memory.
type commandRows struct {
	journal.Memory
	mu   sync.Mutex // guards rows
	rows map[uint64]journal.Command
}

func (j *commandRows) Append(e *journal.Entry) {
	j.mu.Lock()
	for _, row := range e.Rows {
		if c, is := row.(*journal.Command); is {
			j.rows[c.ID] = *c
		}
	}
	j.mu.Unlock()
	j.Memory.Append(e)
}

func (j *commandRows) Command(_ context.Context, id uint64) (journal.Command, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c, is := j.rows[id]; is {
		return c, nil
	}
	return journal.Command{}, journal.ErrNoCommand
}

func (j *commandRows) CommandByKey(context.Context, string, string) (journal.Command, error) {
	return journal.Command{}, journal.ErrNoCommand
}

func (j *commandRows) EachCommand(context.Context, journal.CommandQuery, func(journal.Command) error) error {
	return nil
}

// withCommands runs a gateway in a bubble that keeps commands.
func withCommands(t *testing.T, o Options, test func(t *testing.T, g *gateway, w *wires)) {
	t.Helper()
	o.Journal = &commandRows{rows: map[uint64]journal.Command{}}
	inBubble(t, o, nil, test)
}

// queued has a command wait for a master, and returns its number.
func queued(t *testing.T, g *gateway, command string, queue time.Duration, fields map[string]any) uint64 {
	t.Helper()
	c, err := g.Send(t.Context(), CommandRequest{Serial: master1, Command: command, Fields: fields, Queue: queue, Async: true, Origin: "anna"})
	if err != nil || c.State == "" {
		t.Fatalf("%+v, %v", c, err)
	}
	return c.ID
}

// stateOf expects a command to be in a state.
func stateOf(t *testing.T, g *gateway, id uint64, want ledger.State) ledger.Command {
	t.Helper()
	c, err := g.Command(t.Context(), id, -1)
	if err != nil || c.State != want {
		t.Fatalf("command %d is %s (%s), want %s: %v", id, c.State, c.Detail, want, err)
	}
	return c
}

// frames are the extended frames in what was heard, by their command and number.
func frames(heard string) (all []string) {
	for len(heard) >= 2*extendedBytes {
		size, _ := strconv.Atoi(heard[:4])
		letter, _ := strconv.ParseUint(heard[28:30], 16, 8)
		all = append(all, string(rune(letter))+" "+heard[46:54])
		heard = heard[min(2*(size+7), len(heard)):]
	}
	return all
}

// answer has a master answer the last command that it has heard, with its letter.
func (c *wire) answer(heard string) {
	c.t.Helper()
	c.send(heard[len(heard)-2*extendedBytes:])
}

// away is a gateway that knows a master without a link.
func away(t *testing.T, o Options, test func(t *testing.T, g *gateway, w *wires)) {
	t.Helper()
	withCommands(t, o, func(t *testing.T, g *gateway, w *wires) {
		c := w.dial(t)
		c.report(master1, 1)
		c.Close(transport.ClosePeer, "")
		c.heard()
		test(t, g, w)
	})
}

// A command that waits goes out behind the acknowledgement of the next frame; one whose time is over is not sent, and holds
// nothing up.
func TestAQueuedCommandGoesWithTheNextFrame(t *testing.T) {
	away(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		first := queued(t, g, "A", time.Minute, nil)
		second := queued(t, g, "H", time.Hour, nil)
		third := queued(t, g, "F", time.Hour, nil)
		time.Sleep(2 * time.Minute)
		if c := stateOf(t, g, first, ledger.Expired); !strings.Contains(c.Detail, "never sent") || !strings.Contains(c.Detail, "away") {
			t.Errorf("%+v", c)
		}
		c := w.dial(t)
		c.send(measurement(master1, 2))
		heard := c.heard()
		if got := frames(heard); len(got) != 2 || got[0] != "m 00000002" || got[1][0] != 'H' {
			t.Fatalf("heard %v", got)
		}
		stateOf(t, g, third, ledger.Queued)
		c.answer(heard)
		stateOf(t, g, second, ledger.Done)
		heard = c.heard()
		if got := frames(heard); len(got) != 1 || got[0][0] != 'F' {
			t.Fatalf("heard %v", got)
		}
		c.answer(heard)
		stateOf(t, g, third, ledger.Done)
	})
}

// Outside of a window that was told a command waits for the next frame; one of somebody who waits expires, and says why.
func TestOutsideOfItsWindowACommandWaitsForTheNextFrame(t *testing.T) {
	var told known.Current
	masters, err := known.Parse("masters.toml", []byte("[[master]]\nprefix = \"1234\"\ndelivery_window = \"30s\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	told.Set(masters)
	withCommands(t, Options{Known: &told}, func(t *testing.T, g *gateway, w *wires) {
		c := w.dial(t)
		c.report(master1, 1)
		time.Sleep(30 * time.Second)
		id := queued(t, g, "A", time.Hour, nil) // just within
		c.answer(c.heard())
		stateOf(t, g, id, ledger.Done)
		time.Sleep(31 * time.Second)
		id = queued(t, g, "A", time.Hour, nil)
		plain, err := g.Send(t.Context(), CommandRequest{Serial: master1, Command: "F", Wait: 5 * time.Second})
		if err != nil || plain.Outcome != OutcomeExpired || !strings.Contains(plain.Detail, "30s") {
			t.Errorf("%+v, %v", plain, err)
		}
		if heard := c.heard(); heard != "" {
			t.Errorf("heard %s", heard)
		}
		if c := stateOf(t, g, id, ledger.Queued); !strings.Contains(c.Detail, "reached within 30s") {
			t.Errorf("%+v", c)
		}
		c.send(measurement(master1, 2))
		heard := c.heard()
		if got := frames(heard); len(got) != 2 || got[1][0] != 'A' {
			t.Fatalf("heard %v", got)
		}
		c.answer(heard)
		stateOf(t, g, id, ledger.Done)
	})
}

// A window that was learned holds back what may wait, and not a person who waits.
func TestAWindowIsLearnedFromCommandsThatMissTheirMaster(t *testing.T) {
	withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		c := w.dial(t)
		number := 0
		report := func() string {
			number++
			c.send(measurement(master1, number))
			return c.heard()
		}
		report()
		ask := func() (reply chan CommandResult) {
			reply = make(chan CommandResult, 1)
			go func() {
				r, _ := g.Send(context.Background(), CommandRequest{Serial: master1, Command: "A", Wait: time.Second})
				reply <- r
			}()
			return reply
		}
		time.Sleep(12 * time.Second)
		reply := ask()
		c.answer(c.heard())
		if r := <-reply; r.Outcome != OutcomeDone {
			t.Fatalf("%+v", r)
		}
		for range 2 {
			time.Sleep(3 * time.Minute)
			if r := <-ask(); r.Outcome != OutcomeUnknown {
				t.Fatalf("%+v", r)
			}
			c.heard()
			report()
		}
		m, err := g.Master(master1)
		if err != nil || m.Window != "12s" || !m.WindowLearned {
			t.Errorf("window %q, learned %v, %v", m.Window, m.WindowLearned, err)
		}
		time.Sleep(time.Minute)
		id := queued(t, g, "A", time.Hour, nil)
		if heard := c.heard(); heard != "" {
			t.Fatalf("heard %s", heard)
		}
		reply = ask()
		heard := c.heard()
		if len(frames(heard)) != 1 {
			t.Fatalf("somebody waits, and heard was %s", heard)
		}
		c.answer(heard)
		if r := <-reply; r.Outcome != OutcomeDone {
			t.Fatalf("%+v", r)
		}
		if heard = c.heard(); len(frames(heard)) != 1 { // the master was heard
			t.Fatalf("heard %s", heard)
		}
		c.answer(heard)
		stateOf(t, g, id, ledger.Done)
		if m, err := g.Master(master1); err != nil || m.Window != "" {
			t.Errorf("an answer behind a longer silence, and the window is %q, %v", m.Window, err)
		}
	})
}

// Thousands of masters that come back at once get their commands at the rate of the limit, and their acknowledgements now.
func TestAfterAnOutageQueuesDrainAtABoundedRate(t *testing.T) {
	const masters, rate = 400, 100
	withCommands(t, Options{QueuedPerSecond: rate}, func(t *testing.T, g *gateway, w *wires) {
		serial := func(i int) string { return fmt.Sprintf("%08d", 10_000_000+i) }
		for i := range masters {
			c := w.dial(t)
			c.report(serial(i), 1)
			c.Close(transport.ClosePeer, "")
			c.heard()
			if _, err := g.Send(t.Context(), CommandRequest{Serial: serial(i), Command: "A", Queue: time.Hour, Async: true}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		all := make([]*wire, masters)
		for i := range all {
			all[i] = w.dial(t)
			all[i].send(measurement(serial(i), 2))
		}
		sent := func() (n int) {
			for _, c := range all {
				for _, f := range frames(c.heard()) {
					if f[0] == 'A' {
						n++
					}
				}
			}
			return n
		}
		acknowledged := 0
		n := 0
		for _, c := range all {
			for _, f := range frames(c.heard()) {
				if f[0] == 'm' {
					acknowledged++
				} else {
					n++
				}
			}
		}
		if acknowledged != masters || n != rate/10 {
			t.Errorf("at once %d acknowledgements and %d commands", acknowledged, n)
		}
		for second := 1; n < masters; second++ {
			time.Sleep(time.Second)
			more := sent()
			if n += more; more > rate || second > masters/rate {
				t.Fatalf("in second %d %d commands", second, more)
			}
		}
	})
}

// A takeover or a flap before a command is written has it go out on the next link; a command for another listener holds
// nothing up.
func TestAQueueSurvivesTakeoversAndFlaps(t *testing.T) {
	away(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		id := queued(t, g, "A", time.Hour, nil)
		for i := range 5 { // links that end before they say who they are
			w.dial(t).Close(transport.ClosePeer, fmt.Sprint(i))
		}
		stateOf(t, g, id, ledger.Queued)
		old := w.dial(t)
		old.send(measurement(master1, 2))
		heard := old.heard()
		if got := frames(heard); len(got) != 2 || got[1][0] != 'A' {
			t.Fatalf("heard %v", got)
		}
		c := w.dial(t) // it takes the master over, and the answer comes there
		c.send(measurement(master1, 3))
		c.send(heard[2*extendedBytes:])
		stateOf(t, g, id, ledger.Done)
		if got := frames(c.heard()); len(got) != 1 {
			t.Errorf("heard %v: it was sent twice", got)
		}
	})
}

// A command for one listener waits for the master there, and holds up none that goes by the other.
func TestACommandWaitsForItsListener(t *testing.T) {
	g := startAll(t, Options{Journal: &commandRows{rows: map[uint64]journal.Command{}}, Listeners: []ListenerOptions{
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "gsm", Address: "127.0.0.1:0"}},
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "cable", Address: "127.0.0.1:0"}},
	}})
	gsm := dial(t, g, "gsm")
	gsm.send(measurement(master1, 1))
	gsm.acknowledged(master1, "m", 1)
	waits, err := g.Send(t.Context(), CommandRequest{Serial: master1, Command: "A", Listener: "cable", Queue: time.Hour, Async: true})
	if err != nil || waits.State != ledger.Queued {
		t.Fatalf("%+v, %v", waits, err)
	}
	other := queued(t, g, "H", time.Hour, nil)
	asked := gsm.receive(extendedBytes)
	if got := frames(asked); got[0][0] != 'H' {
		t.Fatalf("heard %v", got)
	}
	gsm.send(asked)
	await(t, "its end", func() bool { c, err := g.Command(t.Context(), other, -1); return err == nil && c.State == ledger.Done })
	gsm.quiet()
	cable := dial(t, g, "cable")
	cable.send(measurement(master1, 2))
	cable.acknowledged(master1, "m", 2)
	asked = cable.receive(extendedBytes)
	if got := frames(asked); got[0][0] != 'A' {
		t.Fatalf("heard %v", got)
	}
	cable.send(asked)
	await(t, "its end", func() bool {
		c, err := g.Command(t.Context(), waits.ID, -1)
		return err == nil && c.State == ledger.Done
	})
}

// relayReport is the state of a relay as a master tells it.
func relayReport(number, relay, operation int) string {
	return fmt.Sprintf("00220100000000%s0102036f0020261123143000%08d%02d%02d", master1, number, relay, operation)
}

// operate has a relay switched on, and tells what became of that.
func operate(g *gateway, wait time.Duration) chan CommandResult {
	reply := make(chan CommandResult, 1)
	go func() {
		r, _ := g.Send(context.Background(), CommandRequest{Serial: master1, Command: "operate-relay", Fields: map[string]any{"RN": 3, "OP": 1}, Wait: wait})
		reply <- r
	}()
	return reply
}

// Behind silence the master is asked, and what it reports decides; what came before the read-back was answered does not.
func TestACommandWithoutAnswerIsVerifiedByReadBack(t *testing.T) {
	for name, test := range map[string]struct {
		reported string // of the relay; "": nothing
		want     ledger.State
		says     string
	}{
		"obeyed":      {relayReport(4, 3, 1), ledger.Done, "verified: the master reports OP=on"},
		"not obeyed":  {relayReport(4, 3, 0), ledger.Unknown, "no answer within 1s, and the master reports OP=off"},
		"no report":   {relayReport(4, 4, 1), ledger.Unknown, "does not report what has come of it"},
		"not a word":  {"", ledger.Unknown, "does not report what has come of it"},
		"late answer": {"own", ledger.Done, ""},
	} {
		t.Run(name, func(t *testing.T) {
			withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
				c := w.dial(t)
				c.report(master1, 1)
				reply := operate(g, time.Second)
				asked := c.heard()
				time.Sleep(time.Second)
				heard := c.heard()
				if got := frames(heard); len(frames(asked)) != 1 || len(got) != 1 || got[0][0] != 'H' {
					t.Fatalf("heard %s, then %v", asked, got)
				}
				switch c.send(relayReport(2, 3, 1)); { // older than the command, for all that is known
				case test.reported == "own":
					c.send(asked)
				case test.reported != "":
					c.answer(heard)
					c.send(relayReport(3, 4, 1), test.reported)
				}
				c.heard()
				r := <-reply
				if r.Outcome != test.want || !strings.Contains(r.Detail, test.says) || r.Late {
					t.Errorf("%+v", r)
				}
				if got := stateOf(t, g, r.ID, test.want); got.Verified != r.Verified {
					t.Errorf("%+v", got)
				}
				time.Sleep(time.Minute)
				if got := frames(c.heard()); slices.ContainsFunc(got, func(f string) bool { return f[0] == 'O' }) {
					t.Errorf("it was sent again: %v", got)
				}
			})
		})
	}
}

// A report that has waited in the device since before the command shows nothing, also behind the answer to the read-back.
func TestAnOldReportVerifiesNothing(t *testing.T) {
	withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		at := func(frame string, ago time.Duration) string {
			return strings.Replace(frame, "20261123143000", time.Now().Local().Add(-ago).Format("20060102150405"), 1)
		}
		c := w.dial(t)
		c.send(at(measurement(master1, 1), 0))
		c.heard()
		reply := operate(g, time.Second)
		c.heard()
		time.Sleep(time.Second)
		c.answer(c.heard())
		c.send(at(relayReport(2, 3, 0), time.Hour), at(relayReport(3, 3, 1), 0))
		if r := <-reply; r.Outcome != OutcomeDone || r.Verified != "the master reports OP=on" {
			t.Errorf("%+v", r)
		}
		c.heard()
	})
}

// A command whose link was lost is unknown.  The master is asked when it is there again, and the command is done, late.
func TestACommandWhoseLinkWasLostIsVerifiedOnTheNext(t *testing.T) {
	withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		c := w.dial(t)
		c.report(master1, 1)
		reply := operate(g, time.Minute)
		c.heard()
		c.Close(transport.ClosePeer, "")
		r := <-reply
		if r.Outcome != OutcomeUnknown {
			t.Fatalf("%+v", r)
		}
		time.Sleep(time.Minute)
		c = w.dial(t)
		c.send(measurement(master1, 2))
		heard := c.heard()
		if got := frames(heard); len(got) != 2 || got[1][0] != 'H' {
			t.Fatalf("heard %v", got)
		}
		c.answer(heard)
		c.send(relayReport(3, 3, 1))
		if end := stateOf(t, g, r.ID, ledger.Done); !end.Late || end.Verified != "the master reports OP=on" {
			t.Errorf("%+v", end)
		}
	})
}

// When it is done the master is asked for what the definition says, and the value shown is that which it reports.
func TestTheValueShownBehindARelayCommandIsTheMasters(t *testing.T) {
	withCommands(t, Options{}, func(t *testing.T, g *gateway, w *wires) {
		c := w.dial(t)
		c.report(master1, 1)
		reply := operate(g, 0)
		heard := c.heard()
		c.send(heard) // the relay answers as it was told
		if r := <-reply; r.Outcome != OutcomeDone {
			t.Fatalf("%+v", r)
		}
		heard = c.heard()
		if got := frames(heard); len(got) != 1 || got[0][0] != 'H' {
			t.Fatalf("heard %v", got)
		}
		c.answer(heard)
		c.send(relayReport(2, 3, 0)) // and has fallen back
		m, err := g.Master(master1)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(m.Points, func(p Point) bool { return p.Name == "relay/3" })
		if at < 0 || m.Points[at].Plain.Label() != "off" {
			t.Errorf("%+v", m.Points)
		}
	})
}
