package actors

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/actors/master"
	"trama/actors/supervise"
	"trama/transport"
)

// hold keeps an actor busy until the returned function is called.
func hold(t *testing.T, g *gateway, n *supervise.Node) (release func()) {
	t.Helper()
	await(t, n.Path()+" is idle", n.AtRest) // else a reader that is still running it would be the one that is held
	block := make(chan struct{})
	g.sys.Send(n, &supervise.Renew{Reply: block})
	await(t, n.Path()+" is busy", func() bool { _, b := n.Condition(time.Now()); return b != nil && b.Message == "Renew" })
	return func() { <-block }
}

func balanced(s Totals) bool {
	sum := s.Acknowledged + s.NoReplyDue + s.Unsent + s.Poisoned
	for _, n := range s.Rejected {
		sum += n
	}
	return s.Frames == sum
}

// breakPort shuts the listening socket of the gateway's first listener down behind its back.
func breakPort(t *testing.T, g *gateway) {
	t.Helper()
	address, err := net.ResolveTCPAddr("tcp", g.address("field"))
	if err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no /proc here, so the socket cannot be found: %v", err)
	}
	for _, entry := range open {
		var fd int
		if _, err := fmt.Sscan(entry.Name(), &fd); err != nil {
			continue
		}
		listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
		if err != nil || listening == 0 {
			continue
		}
		if a, err := syscall.Getsockname(fd); err == nil {
			if in, ok := a.(*syscall.SockaddrInet4); ok && in.Port == address.Port {
				_ = syscall.Shutdown(fd, syscall.SHUT_RDWR)
				return
			}
		}
	}
	t.Fatal("listening socket not found")
}

func TestPortThatFailedOpensAgain(t *testing.T) {
	for _, steps := range []string{"", "resume", "suspend,resume"} {
		t.Run("operator: "+steps, func(t *testing.T) {
			g := start(t, "field:extended")
			breakPort(t, g)
			if steps != "" {
				await(t, "the port has failed", func() bool { return g.Listeners()[0].State != "accepting" })
			}
			for step := range strings.SplitSeq(steps, ",") {
				var err error
				switch step {
				case "resume":
					err = g.Resume(context.Background(), "field")
				case "suspend":
					err = g.Suspend(context.Background(), "field")
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			await(t, "a master is acknowledged again", func() bool {
				c, err := netDial(g.address("field"))
				if err != nil {
					return false
				}
				defer func() { _ = c.Close() }()
				frame, _ := hex.DecodeString(measurement("12345678", 1))
				_, _ = c.Write(frame)
				_ = c.SetReadDeadline(time.Now().Add(time.Second))
				_, err = io.ReadFull(c, make([]byte, extendedBytes))
				return err == nil
			})
			if err := g.Ready(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOneConnectionCannotInventMastersWithoutEnd(t *testing.T) {
	const most = 20
	g := startAll(t, Options{Listeners: []ListenerOptions{{Profile: shipped(t, "extended"), MaxMasters: most,
		Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}}}})
	d := dial(t, g, "field")
	for i := range most {
		d.send(measurement(fmt.Sprintf("%08d", 40000000+i), 1))
	}
	for i := range most {
		d.acknowledged(fmt.Sprintf("%08d", 40000000+i), "m", 1)
	}
	d.send(measurement("99999999", 1), measurement("40000000", 2))
	d.acknowledged("40000000", "m", 2)
	if n := g.Totals().Rejected["too many masters on one connection"]; n != 1 {
		t.Errorf("rejected: %v", g.Totals().Rejected)
	}
}

func TestMastersBeyondTheLimitAreRefused(t *testing.T) {
	g := startAll(t, Options{MaxMasters: 1, Listeners: []ListenerOptions{
		{Profile: shipped(t, "extended"), Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
	}})
	d := dial(t, g, "field")
	d.send(measurement("11111111", 1), measurement("22222222", 1), measurement("11111111", 2))
	d.acknowledged("11111111", "m", 1)
	d.acknowledged("11111111", "m", 2)
	await(t, "only the known one stays bound", func() bool { return len(g.Connections()[0].Masters) == 1 })
	if got := g.Totals(); got.Rejected["too many masters"] != 1 || !balanced(got) {
		t.Errorf("%+v", got)
	}
}

func TestRegistryFaultWhileRoutingRefusesThatFrameOnly(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	d.send(measurement("12345678", 1))
	d.acknowledged("12345678", "m", 1)
	// A name that is taken makes the registry fail when it spawns that master.
	if _, err := g.sys.Root.SpawnNamed(actor.PropsFromFunc(func(actor.Context) {}), "trama/registry/77777777"); err != nil {
		t.Fatal(err)
	}
	d.send(measurement("12345678", 2), measurement("77777777", 1), measurement("12345678", 3))
	d.acknowledged("12345678", "m", 2)
	d.acknowledged("12345678", "m", 3)
	if got := g.Totals(); got.Rejected["fault in the registry"] != 1 || !balanced(got) {
		t.Errorf("%+v", got)
	}
}

func TestGivenUpConnectionLeavesNothingBehind(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	d.send(measurement("12345678", 0))
	d.acknowledged("12345678", "m", 0)
	l := g.ports.All[0].Links.List()[0]
	release := hold(t, g, &l.Node)
	for range supervise.LeafFaults + 3 {
		g.sys.Send(&l.Node, &supervise.InjectFault{})
	}
	d.send(measurement("12345678", 1), measurement("12345678", 2))
	await(t, "the frames wait", func() bool { return l.InFlight() == 1 })
	release()
	await(t, "the connection is gone", func() bool { return len(g.Connections()) == 0 })
	await(t, "its frames are settled", func() bool { return l.InFlight() == 0 })
	if got := g.Totals(); got.Rejected["connection given up"] != 2 || got.Frames != 3 || !balanced(got) {
		t.Errorf("%+v", got)
	}
	await(t, "the master is offline", func() bool { m, _ := g.Master("12345678"); return m.State == "offline" })
}

// The links of a master that was given up are closed: it is not there before it dials in again.
func TestAMasterThatWasGivenUpIsOffline(t *testing.T) {
	g := start(t, "field:extended")
	for n := range 2 {
		d := dial(t, g, "field")
		d.send(measurement("12345678", 2*n))
		d.acknowledged("12345678", "m", 2*n)
		m := g.masters.Get("12345678")
		for range supervise.LeafFaults + 1 {
			g.sys.Send(&m.Node, &supervise.InjectFault{})
		}
		d.closed()
		await(t, "the master is offline", func() bool { m, _ := g.Master("12345678"); return m.State == "offline" })
	}
}

func TestCommandThatMeetsTheEndIsAnswered(t *testing.T) {
	g := start(t, "field:extended")
	online(t, g, "12345678")
	m := g.masters.Get("12345678")
	release := hold(t, g, &m.Node)
	answered := make(chan error, 1)
	g.sys.Send(&m.Node, &master.Stop{Reply: make(chan master.Answer[bool], 1)})
	g.sys.Send(&m.Node, &master.Command{Request: CommandRequest{Serial: "12345678", Command: "A"}, Respond: func(e master.End) { answered <- e.Err }})
	release()
	select {
	case err := <-answered:
		if !errors.Is(err, ErrStopping) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("never answered")
	}
}

func TestAcknowledgementsKeepTheOrderOfTheReads(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	d.send(measurement("11111111", 1))
	d.acknowledged("11111111", "m", 1)
	l := g.ports.All[0].Links.List()[0]
	await(t, "the first master is known to the connection", func() bool { return l.Node.Waiting() == 0 && l.Node.Messages() >= 3 })
	release := hold(t, g, g.masters.Node)
	d.send(measurement("22222222", 2)) // has to wait for the registry
	await(t, "the first read is in hand", func() bool { return l.InFlight() == 1 })
	d.send(measurement("11111111", 3)) // has not
	await(t, "the second read is in hand", func() bool { return l.InFlight() == 2 })
	d.quiet()
	release()
	d.acknowledged("22222222", "m", 2)
	d.acknowledged("11111111", "m", 3)
}

func TestDrainIsBoundedByItsContext(t *testing.T) {
	inBubble(t, Options{}, nil, func(t *testing.T, g *gateway, w *wires) {
		d := w.dial(t)
		d.report("12345678", 1)
		m := g.masters.Get("12345678")
		stuck, release := make(chan struct{}), make(chan struct{})
		m.Take(&master.Command{Request: CommandRequest{Serial: "12345678", Command: "A"}, Respond: func(master.End) { close(stuck); <-release }})
		asked := d.heard()
		go func() { d.in <- unhexed(t, header("12345678", "A", 0, 0)[:32]+asked[32:]) }()
		<-stuck
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := g.Drain(ctx); err == nil || !strings.Contains(err.Error(), "trama/registry/12345678 is busy with masterBatch") {
			t.Errorf("drain: %v", err)
		}
		if took := time.Since(began); took > time.Second+4*cutGrace {
			t.Errorf("it took %v", took)
		}
		close(release)
		synctest.Wait()
		if !g.readersEnd(timeout(time.Second)) {
			t.Error("the stuck reader goes on")
		}
	})
}

func TestCommandBehindTheEndOfItsConnectionWasNeverSent(t *testing.T) {
	g := start(t, "field:extended")
	online(t, g, "12345678")
	l := g.ports.All[0].Links.List()[0]
	await(t, "the master is known to the connection", func() bool { return l.Node.Waiting() == 0 && l.Node.Messages() >= 3 })
	release := hold(t, g, &l.Node)
	_ = g.Kick(context.Background(), l.ID())
	await(t, "the end waits", func() bool { return l.Node.Waiting() == 1 })
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: time.Minute})
	await(t, "the command waits behind it", func() bool { return l.Node.Waiting() == 2 })
	release()
	if s := outcome(t, reply); !errors.Is(s.err, ErrMasterOffline) {
		t.Errorf("%+v", s)
	}
}

func TestCommandInFlightEndsWithItsConnection(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: time.Minute})
	d.asked("12345678", "A")
	_ = d.Close()
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeUnknown {
		t.Errorf("%+v", s)
	}
}

// The answer comes on the connection that the master has opened meanwhile: its number tells.
func TestACommandInFlightIsAnsweredOnTheNextConnection(t *testing.T) {
	g := start(t, "field:extended")
	first, second := online(t, g, "12345678"), dial(t, g, "field")
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	number := first.asked("12345678", "A")
	second.send(measurement("12345678", 2))
	second.acknowledged("12345678", "m", 2)
	first.closed()
	second.answer("12345678", "A", 0, number)
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeDone {
		t.Errorf("%+v", s)
	}
	reply = send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: time.Minute})
	second.asked("12345678", "A")
	third := dial(t, g, "field")
	third.send(measurement("12345678", 3))
	third.acknowledged("12345678", "m", 3)
	_ = third.Close() // the connection on which its answer was due
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeUnknown {
		t.Errorf("%+v", s)
	}
}

// Without numbers nobody could say what a frame on the next connection answers.
func TestACommandWithoutANumberEndsWithItsConnection(t *testing.T) {
	g := start(t, "compact:compact")
	first, second := dial(t, g, "compact"), dial(t, g, "compact")
	first.send("0013010000000012345678010273000041ac0000")
	first.receive(15)
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: time.Minute})
	first.receive(15)
	second.send("0013010000000012345678010273000041ad0000")
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeUnknown {
		t.Errorf("%+v", s)
	}
}

func TestTheConnectionThatSpokeLastWins(t *testing.T) {
	g := start(t, "field:extended")
	first, second := dial(t, g, "field"), dial(t, g, "field")
	await(t, "both are open", func() bool { return len(g.Connections()) == 2 })
	second.send(measurement("12345678", 1))
	second.acknowledged("12345678", "m", 1)
	first.send(measurement("12345678", 2))
	first.acknowledged("12345678", "m", 2)
	second.closed()
	m, _ := g.Master("12345678")
	if m.State != "online" || len(m.Links) != 1 || m.Takeovers != 1 {
		t.Errorf("%+v", m)
	}
}

func TestValuesThatAreNoNumbersCanBeShown(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	for nut, c := range []struct{ bits, want string }{{"7fc00000", "NaN"}, {"7f800000", "+Inf"}, {"ff800000", "-Inf"}} {
		d.send(fmt.Sprintf("00250100000000123456780102036d0020261123143000%08d00%s", nut, c.bits))
		d.acknowledged("12345678", "m", nut)
		m, _ := g.Master("12345678")
		if _, err := json.Marshal(m); err != nil {
			t.Error(err)
		}
		if v := valueOf(m, "MS/2/3"); v != c.want {
			t.Errorf("MS = %v, want %s", v, c.want)
		}
	}
}

func TestIntegratorReachesMastersOfAnotherProfile(t *testing.T) {
	g := start(t, "compact:compact", "office:extended:integrator")
	d := dial(t, g, "compact")
	d.send("0013010000000012345678010273000041ac0000")
	d.receive(15)
	i := dial(t, g, "office")
	i.send("00200100000000123456780102036100" + "20261123143000" + "00004711")
	i.acknowledged("12345678", "a", 4711)
	if got, want := d.receive(15), "000801000000001234567801024100"; got != want {
		t.Fatalf("to the master: %s, want %s", got, want)
	}
	d.send("000801000000001234567801024100")
	if got := mask(i.receive(extendedBytes)); got != header("12345678", "A", 0, 4711) {
		t.Errorf("passed on: %s", got)
	}
}

func TestIntegratorHearsThatTooManyWait(t *testing.T) {
	g := start(t, "field:extended", "office:extended:integrator")
	online(t, g, "12345678")
	await(t, "the master's actor is at rest", func() bool { return g.masters.Get("12345678").Node.AtRest() })
	i := dial(t, g, "office")
	var requests strings.Builder
	const n = master.DefaultCommandQueue + 4
	for nut := range n {
		fmt.Fprintf(&requests, "0020010000000012345678010203610020261123143000%08d", nut)
	}
	i.send(requests.String())
	refused := 0
	for nut := range n {
		switch got := mask(i.receive(extendedBytes)); got {
		case header("12345678", "a", 0, nut):
		case header("12345678", "a", 1, nut):
			refused++
		default:
			t.Fatalf("acknowledgement %d: %s", nut, got)
		}
	}
	if want := n - master.DefaultCommandQueue - 1; refused != want {
		t.Errorf("%d refused, want %d", refused, want)
	}
}

func TestGatewayThatGaveUpBecauseOfAListenerDrainsAtOnce(t *testing.T) {
	g := start(t, "field:extended", "second:extended")
	online(t, g, "12345678")
	for range supervise.StructureFaults + 1 {
		_ = g.Fault(context.Background(), "trama/listeners/second", false)
	}
	<-g.Done()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	if err := g.Drain(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("took %s", took)
	}
}
