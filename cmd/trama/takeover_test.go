package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/codec/protect"
)

// inVain sends a frame that is refused for a reason, as the n-th, and hangs up: no byte comes back.
func (p *program) inVain(c *peer, frame []byte, reason string, n uint64) {
	p.t.Helper()
	c.send(frame)
	await(p.t, "the refusal: "+reason, func() bool { return p.totals().Rejected[reason] == n })
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		p.t.Fatal(err)
	}
	c.ends()
}

// links are the links of a master.
func (p *program) links(serial string) []string {
	p.t.Helper()
	var all []string
	for _, l := range p.masters()[serial].Links {
		all = append(all, l.Remote)
	}
	return all
}

func TestATakeoverFromAnotherAddressIsLoud(t *testing.T) {
	p := serve(t, portOf(""))
	old := p.dialFrom("127.0.0.2", "field")
	old.reports(1, 1)
	again := p.dialFrom("127.0.0.2", "field")
	again.reports(1, 2)
	old.ends()
	if p.log.has("[WARN]", "taken over") {
		t.Error("a takeover from the same address is a warning")
	}
	thief := p.dialFrom("127.0.0.3", "field")
	thief.reports(1, 3)
	again.ends()
	events := p.events("takeover")
	want := fmt.Sprintf("at %s, to %s", again.LocalAddr(), thief.LocalAddr())
	if len(events) != 2 || events[0].Reason != "same address" || events[1].Reason != "another address" || !strings.Contains(events[1].Detail, want) {
		t.Errorf("events %+v, want %s", events, want)
	}
	if !p.log.has("[WARN]  trama.registry: master taken over by a newer connection") {
		t.Error("no warning")
	}
	if n := p.totals().Takeovers; n["same address"] != 1 || n["another address"] != 1 {
		t.Errorf("totals %v", n)
	}
}

func TestAConnectionFromElsewhereTakesNothingOverWhereThatIsAsked(t *testing.T) {
	p := serve(t, portOf(`takeover = "same-source"`))
	const reason = "from another address, and the master has a link"
	old := p.dialFrom("127.0.0.2", "field")
	old.reports(1, 1)
	p.inVain(p.dialFrom("127.0.0.3", "field"), fromHex(t, measurement(1, 2)), reason, 1)
	old.reports(1, 3)
	again := p.dialFrom("127.0.0.2", "field")
	again.reports(1, 4)
	old.ends()
	if e := p.event("rejected"); e.Reason != reason || !strings.HasPrefix(e.Remote, "127.0.0.3:") || e.Master != "00000001" {
		t.Errorf("event %+v", e)
	}
	_ = again.Close()
	await(t, "the end of the link", func() bool { return len(p.links("00000001")) == 0 })
	p.dialFrom("127.0.0.3", "field").reports(1, 5)
}

func TestOnlyAKeyTakesOverWhereThatIsAsked(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("takeover = \"authenticated\"\n"))
	const reason = "not authenticated, and the master has a link"
	old := p.dial("field")
	old.reports(1, 1)
	p.inVain(p.dial("field"), fromHex(t, measurement(1, 2)), reason, 1)
	old.reports(1, 3)

	unprotected := p.dial("field")
	unprotected.reports(12345678, 1)
	keyed := p.dial("field")
	keyed.send(d.frame(2))
	keyed.frame()
	unprotected.ends()
	recorded := d.frame(3)
	newer := p.dialFrom("127.0.0.3", "field")
	newer.send(recorded)
	newer.frame()
	keyed.ends()
	p.inVain(p.dial("field"), fromHex(t, measurement(12345678, 4)), "unprotected", 1)
	replayed := p.dial("field")
	replayed.send(recorded)
	replayed.frame() // a resend is acknowledged, and takes nothing over
	newer.send(d.frame(5))
	newer.frame()
	if got := p.links("12345678"); len(got) != 1 || got[0] != newer.LocalAddr().String() {
		t.Errorf("links %q", got)
	}
}

func TestALiveLinkIsKeptWhenTwoDevicesHaveOneSerial(t *testing.T) {
	const reason = "two devices, one serial"
	p := serve(t, portOf(""))
	live := p.dial("field")
	live.reports(1, 1)
	for n := range 5 {
		next := p.dial("field")
		next.reports(1, n+2)
		live.ends()
		live = next
	}
	for n := range 3 {
		p.inVain(p.dialFrom("127.0.0.3", "field"), fromHex(t, measurement(1, n+100)), reason, uint64(n+1))
		live.reports(1, n+10)
	}
	if m := p.masters()["00000001"]; m.Takeovers != 5 || m.Frames != 9 {
		t.Errorf("%d takeovers, %d frames", m.Takeovers, m.Frames)
	}
	if alarms := p.events("alarm"); len(alarms) != 1 || alarms[0].Reason != reason {
		t.Errorf("alarms %+v", alarms)
	}
	await(t, "the warning", func() bool { return p.log.has("[WARN]", "two devices, one serial", "master=00000001") })
	_ = live.Close()
	await(t, "the end of the link", func() bool { return len(p.links("00000001")) == 0 })
	p.dialFrom("127.0.0.3", "field").reports(1, 200) // nobody else speaks
}

// races is how many serials are raced for; TRAMA_RACES says another number.
func races(t *testing.T) int {
	t.Helper()
	if text := os.Getenv("TRAMA_RACES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 100
}

// Several connections speak for one serial at the same moment: one wins, the others are closed within a second, and every
// frame that was acknowledged is in the history.
func TestOneConnectionWinsARaceForASerial(t *testing.T) {
	const rivals = 3
	p := serve(t, portOf(""))
	acked := make([][]int, races(t)) // transactions, by serial
	var wait sync.WaitGroup
	limit := make(chan struct{}, 50)
	for serial := range acked {
		limit <- struct{}{}
		wait.Add(1)
		go func() {
			defer wait.Done()
			defer func() { <-limit }()
			acked[serial] = p.race(serial, rivals)
		}()
	}
	wait.Wait()
	masters := p.masters()
	for serial, transactions := range acked {
		name := fmt.Sprintf("%08d", serial)
		m := masters[name]
		if len(m.Links) != 1 || int(m.Frames) < len(transactions) || len(transactions) == 0 {
			t.Errorf("%s: %d links, %d frames, acknowledged %v", name, len(m.Links), m.Frames, transactions)
		}
		history := p.cli("history", name, "--frames", "--json").stdout
		for _, n := range transactions {
			if !strings.Contains(history, measurement(serial, n)) {
				t.Errorf("%s: the acknowledged frame %d is not in the history", name, n)
			}
		}
	}
	if n := len(p.remotes()); n != len(acked) {
		t.Errorf("%d connections for %d serials", n, len(acked))
	}
}

// race has connections speak for a serial at once; it returns the transactions that were acknowledged when all but one
// have been closed.
func (p *program) race(serial, rivals int) (acked []int) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	begin := make(chan struct{})
	closed := make(chan int, rivals)
	for n := range rivals {
		conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
		if err != nil {
			p.t.Error(err)
			return nil
		}
		p.t.Cleanup(func() { _ = conn.Close() })
		frame := fromHex(p.t, measurement(serial, n+1))
		wait.Add(1)
		go func() {
			<-begin
			_, _ = conn.Write(frame) // one that was closed already cannot be written to
			raw := make([]byte, 27)
			got := 0
			for {
				k, err := conn.Read(raw[got:])
				if got += k; got == len(raw) {
					mu.Lock()
					acked = append(acked, n+1)
					mu.Unlock()
					raw = append(raw, make([]byte, 27)...)
				}
				if k > 0 && got == 27 {
					wait.Done()
				}
				if err != nil {
					if got == 0 {
						wait.Done()
					}
					closed <- n
					return
				}
			}
		}()
	}
	close(begin)
	wait.Wait()
	spoke := time.Now()
	for range rivals - 1 {
		select {
		case <-closed:
		case <-time.After(patience):
			p.t.Errorf("%08d: more than one connection lives", serial)
			return slices.Clone(acked)
		}
	}
	if took := time.Since(spoke); took > 5*time.Second { // a second, on a machine that has other things to do
		p.t.Errorf("%08d: closed after %s", serial, took)
	}
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(acked)
}
