package actors

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/actors/supervise"
)

func TestRecordedExchangesGiveTheSameBytes(t *testing.T) {
	g := start(t, "field:extended", "compact:compact")
	d := dial(t, g, "field")
	for _, c := range []struct{ in, letter, serial, nut string }{
		{"00250100000000123456780102036d0020261123143000000000070041ac0000", "6d", "12345678", "00000007"},
		{"00250100000000999999990102036d00202611231430000000000802c0700000", "6d", "99999999", "00000008"},
		{"00200100000000123456780102036b002026112314300000000009", "6b", "12345678", "00000009"},
		{"00210100000000123456780102036e00202611231430000000001005", "6e", "12345678", "00000010"},
		{"00210100000000123456780102036c00202611231430000000001107", "6c", "12345678", "00000011"},
		{"00240100000000123456780102037000202611231430000000001231303130", "70", "12345678", "00000012"},
		{"00220100000000123456780102036f0020261123143000000000130301", "6f", "12345678", "00000013"},
		{"0028010000000012345678010203760020261123143000000000140102020303041405", "76", "12345678", "00000014"},
		{"00200100000000123456780102037a002026112314300000000020", "7a", "12345678", "00000020"},
	} {
		d.send(c.in)
		want := "00200100000000" + c.serial + "010203" + c.letter + "00" + maskedTime + c.nut
		if got := mask(d.receive(extendedBytes)); got != want {
			t.Errorf("in %s\n got %s\nwant %s", c.in, got, want)
		}
		if c.letter == "70" { // it asks for date and time, and for no more that is kept
			if got := d.receive(extendedBytes); got[:30] != "002001000000001234567801020344" {
				t.Errorf("in %s\n then %s", c.in, got)
			}
		}
	}
	d.send("002001000000001234567801020341002026112314300000000021", "002001000000001234567801020348012026112314300000000022")
	d.quiet()

	c := dial(t, g, "compact")
	c.send("0013010000000012345678010273000041ac0000")
	if got, want := c.receive(15), "000801000000001234567801027300"; got != want {
		t.Errorf("compact: got %s, want %s", got, want)
	}

	info, err := g.Master("12345678")
	if err != nil {
		t.Fatal(err)
	}
	if info.State != "online" || len(info.Links) != 2 || info.Frames != 11 {
		t.Errorf("master: %+v", info)
	}
	if v := fmt.Sprint(valueOf(info, "MS/2/3")); v != "21.5" {
		t.Errorf("MS = %s", v)
	}
	if _, err := g.Master("1"); !errors.Is(err, ErrUnknownMaster) {
		t.Errorf("unknown master: %v", err)
	}
}

func TestFaultInOneConnectionLeavesTheOthersAlone(t *testing.T) {
	g := start(t, "field:extended")
	const n = 200
	devices := make([]*device, n)
	serial := func(i int) string { return fmt.Sprintf("%08d", 10000000+i) }
	for i := range devices {
		devices[i] = dial(t, g, "field")
		devices[i].send(measurement(serial(i), 1))
		devices[i].acknowledged(serial(i), "m", 1)
	}
	victim := connectionOf(t, g, serial(77))
	path := fmt.Sprintf("trama/listeners/field/conn-%d", victim.ID)
	if err := g.Fault(context.Background(), path, false); err != nil {
		t.Fatal(err)
	}
	for i, d := range devices {
		d.send(measurement(serial(i), 2))
		d.acknowledged(serial(i), "m", 2)
	}
	n1, err := g.Tree(TreeQuery{Under: path})
	if err != nil {
		t.Fatal(err)
	}
	if n1.Restarts != 1 || n1.LastError == nil || !strings.Contains(n1.LastError.Text, "injected fault") {
		t.Errorf("tree: %+v", n1)
	}
	if got := g.Totals(); got.Frames != 2*n || got.Acknowledged != 2*n || got.Connections != n {
		t.Errorf("totals: %+v", got)
	}
}

func connectionOf(t testing.TB, g *gateway, serial string) ConnectionInfo {
	t.Helper()
	for _, c := range g.Connections() {
		for _, s := range c.Masters {
			if s == serial {
				return c
			}
		}
	}
	t.Fatalf("no connection of %s", serial)
	return ConnectionInfo{}
}

func TestPoisonFrameIsRecordedAndTheNextGoesOn(t *testing.T) {
	for _, where := range []string{"connection", "master"} {
		t.Run(where, func(t *testing.T) {
			g := start(t, "field:extended")
			d := dial(t, g, "field")
			d.send(measurement("12345678", 1))
			d.acknowledged("12345678", "m", 1)
			path := "trama/registry/12345678"
			if where == "connection" {
				path = fmt.Sprintf("trama/listeners/field/conn-%d", connectionOf(t, g, "12345678").ID)
			}
			if err := g.Fault(context.Background(), path, true); err != nil {
				t.Fatal(err)
			}
			d.send(measurement("12345678", 2), measurement("12345678", 3), measurement("12345678", 4))
			d.acknowledged("12345678", "m", 3)
			d.acknowledged("12345678", "m", 4)
			p := g.Poisoned()
			if len(p) != 1 || p[0].Frame != measurement("12345678", 2) || !strings.Contains(p[0].Cause, "injected") {
				t.Errorf("poison book: %+v", p)
			}
			if got := g.Totals(); got.Frames != 4 || got.Acknowledged != 3 || got.Poisoned != 1 || got.Restarts != 1 {
				t.Errorf("totals: %+v", got)
			}
		})
	}
}

func TestConnectionThatKeepsFailingIsClosedWithItsReason(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	d.send(measurement("12345678", 0))
	d.acknowledged("12345678", "m", 0)
	path := fmt.Sprintf("trama/listeners/field/conn-%d", connectionOf(t, g, "12345678").ID)
	for range supervise.LeafFaults + 1 {
		_ = g.Fault(context.Background(), path, false)
	}
	d.closed()
	await(t, "the master is offline", func() bool { m, _ := g.Master("12345678"); return m.State == "offline" })
	await(t, "the connection left the tree", func() bool { _, err := g.Tree(TreeQuery{Under: path}); return err != nil })
	if got := g.Listeners()[0].Closed["repeated faults"]; got != 1 {
		t.Errorf("closed: %v", g.Listeners()[0].Closed)
	}
}

func TestMasterThatKeepsFailingStartsAnew(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	d.send(measurement("12345678", 0))
	d.acknowledged("12345678", "m", 0)
	for range supervise.LeafFaults + 1 {
		_ = g.Fault(context.Background(), "trama/registry/12345678", false)
	}
	d.closed()
	d = dial(t, g, "field")
	d.send(measurement("12345678", 1))
	d.acknowledged("12345678", "m", 1)
}

func TestNewestLinkWinsPerListener(t *testing.T) {
	g := start(t, "field:extended", "second:extended")
	old := dial(t, g, "field")
	old.send(measurement("12345678", 1))
	old.acknowledged("12345678", "m", 1)
	other := dial(t, g, "second")
	other.send(measurement("12345678", 2))
	other.acknowledged("12345678", "m", 2)
	fresh := dial(t, g, "field")
	fresh.send(measurement("12345678", 3))
	fresh.acknowledged("12345678", "m", 3)
	old.closed()
	other.send(measurement("12345678", 4))
	other.acknowledged("12345678", "m", 4)
	await(t, "the old connection is gone", func() bool { return len(g.Connections()) == 2 })
	info, _ := g.Master("12345678")
	if len(info.Links) != 2 || info.Takeovers != 1 {
		t.Errorf("master: %+v", info)
	}
}

func TestRegistryFaultLosesNoLink(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	d.send(measurement("12345678", 1))
	d.acknowledged("12345678", "m", 1)
	for _, path := range []string{"trama/registry", "trama/listeners", "trama/listeners/field", "trama"} {
		if err := g.Fault(context.Background(), path, false); err != nil {
			t.Fatal(err)
		}
		await(t, path+" restarted", func() bool {
			n, _ := g.Tree(TreeQuery{Under: path, Depth: 1})
			return n.Restarts == 1 && n.State != "restarting"
		})
		if err := g.Restart(context.Background(), path); err != nil {
			t.Fatal(err)
		}
	}
	d.send(measurement("12345678", 2))
	d.acknowledged("12345678", "m", 2)
	fresh := dial(t, g, "field")
	fresh.send(measurement("87654321", 1))
	fresh.acknowledged("87654321", "m", 1)
}

func TestRootThatGivesUpEndsTheGatewayWithTheReason(t *testing.T) {
	g := start(t, "field:extended")
	for range supervise.StructureFaults + 1 {
		_ = g.Fault(context.Background(), "trama/registry", false)
	}
	select {
	case <-g.Done():
	case <-time.After(patience):
		t.Fatal("the gateway goes on")
	}
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "trama/registry: injected fault") {
		t.Errorf("reason: %v", err)
	}
	if g.Ready() == nil {
		t.Error("still ready")
	}
}

func TestTenThousandFaultsOverAllKinds(t *testing.T) {
	g := start(t, "field:extended")
	stop := make(chan struct{})
	var fleet sync.WaitGroup
	for i := range 8 {
		serial := fmt.Sprintf("%08d", 20000000+i)
		fleet.Go(func() { // reconnects whenever the gateway closes it
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if conn, err := netDial(g.address("field")); err == nil {
					exchange(conn, serial, n)
				}
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	injected := 0
	ended := false
	for injected < 10_000 && !ended {
		paths := []string{}
		for _, c := range g.Connections() {
			paths = append(paths, fmt.Sprintf("trama/listeners/field/conn-%d", c.ID))
		}
		for _, m := range g.masters.List() {
			paths = append(paths, m.Node.Path())
		}
		if injected%2500 == 0 {
			paths = append(paths, "trama/registry", "trama/listeners", "trama/listeners/field")
		}
		for range min(20, len(paths)) {
			if g.Fault(context.Background(), paths[random.IntN(len(paths))], random.IntN(2) == 0) == nil {
				injected++
			}
		}
		select {
		case <-g.Done():
			ended = true
		default:
		}
	}
	if ended && (g.Err() == nil || !strings.Contains(g.Err().Error(), "gave up")) {
		t.Errorf("the gateway ended without a reason: %v", g.Err())
	}
	close(stop)
	fleet.Wait()
	if ended {
		return
	}
	for _, m := range g.masters.List() { // disarm what no frame has set off
		m.Node.Arm(false)
	}
	d := dial(t, g, "field")
	d.send(measurement("12345678", 1))
	d.acknowledged("12345678", "m", 1)
	sum := g.Totals()
	rejected := uint64(0)
	for _, n := range sum.Rejected {
		rejected += n
	}
	await(t, "the books balance", func() bool {
		sum = g.Totals()
		rejected = 0
		for _, n := range sum.Rejected {
			rejected += n
		}
		return sum.Frames == sum.Acknowledged+sum.NoReplyDue+sum.Poisoned+rejected+sum.Unsent
	})
}
