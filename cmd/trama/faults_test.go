//go:build faults

package main

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// faulty is a process that panics once: at a place that is no handler, the given time that it comes by.  The program
// returned asks it.
func faulty(t *testing.T, at, dir string) (*process, *program) {
	t.Helper()
	p := startProcessUnder(t, "export TRAMA_FAULT='"+at+"';", dir, portOf("write_queue_bytes = 16777216"))
	return p, &program{t: t, dir: dir, addresses: p.addresses, log: p.log}
}

// balances wants the account to balance, and the process to be there.
func (p *program) balances() {
	p.t.Helper()
	all := p.totals()
	rejected := uint64(0)
	for _, n := range all.Rejected {
		rejected += n
	}
	if taken := all.Stored + all.Duplicates; all.Frames != taken+rejected+all.Poisoned || taken != all.Acknowledged+all.NoReplyDue+all.Unsent {
		p.t.Errorf("the account does not balance: %+v", all)
	}
}

// A panic beside the handlers of a connection costs that connection.
func TestAPanicCostsItsConnection(t *testing.T) {
	for at, fail := range map[string]func(b *peer){
		"settle@3":  func(b *peer) { b.send(fromHex(b.t, measurement(2, 2))) },
		"write@3":   func(b *peer) { b.send(fromHex(b.t, measurement(2, 2))) },
		"release@3": func(b *peer) { b.reports(2, 2) },
		"finish@1":  func(b *peer) { _ = b.Conn.(*net.TCPConn).CloseWrite() },
		"queue@1": func(b *peer) { // it sends, and does not read
			_ = b.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			frames := strings.Repeat(string(fromHex(b.t, measurement(2, 2))), 1000)
			for b.SetWriteDeadline(time.Now().Add(patience)) == nil {
				if _, err := io.WriteString(b, frames); err != nil {
					return
				}
			}
		},
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			_, p := faulty(t, at, t.TempDir())
			a, b := p.dial("field"), p.dial("field")
			a.reports(1, 1)
			b.reports(2, 1)
			fail(b)
			_ = b.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, b); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Errorf("the connection is not closed: %v", err)
			}
			await(t, "the fault in the log", func() bool { return p.log.has("injected: " + strings.SplitN(at, "@", 2)[0]) })
			a.reports(1, 2)
			p.dial("field").reports(2, 3)
			await(t, "the end", func() bool { return p.field().Live == 2 })
			if closed := p.field().Closed; at != "finish@1" && closed["internal fault"] != 1 || len(closed) != 1 {
				t.Errorf("closed: %v", closed)
			}
			p.balances()
		})
	}
}

func TestAPanicInTheAcceptCostsThatConnection(t *testing.T) {
	_, p := faulty(t, "accept@2", t.TempDir())
	a := p.dial("field")
	a.reports(1, 1)
	p.dial("field").ends()
	a.reports(1, 2)
	p.dial("field").reports(2, 1)
	if f := p.field(); f.Live != 2 || f.Closed["internal fault"] != 1 {
		t.Errorf("%+v", f)
	}
	p.balances()
}

// Connections that are parked have no goroutine: when the one that waits for all of them fails, one is closed.
func TestAPanicAmongParkedConnectionsCostsOne(t *testing.T) {
	_, p := faulty(t, "poll@1", t.TempDir())
	var all []*peer
	for n := range 5 {
		c := p.dial("field")
		c.reports(n+1, 1)
		all = append(all, c)
	}
	await(t, "the fault in the log", func() bool { // each second of quiet parks them, and a byte has the poller look
		_, _ = all[4].Write([]byte{0xff})
		time.Sleep(1500 * time.Millisecond) // the next try, when they have parked later than this
		return p.log.has("injected: poll")
	})
	await(t, "the end of one", func() bool { return p.field().Live == 4 })
	spoke := 0
	for n, c := range all {
		_, _ = c.Write(fromHex(t, measurement(n+1, 2))) // one of them is closed
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(c, make([]byte, len(receipt(1, 1))/2)); err == nil {
			spoke++
		}
	}
	if closed := p.field().Closed; spoke != 4 || closed["internal fault"] != 1 || len(closed) != 1 {
		t.Errorf("%d speak, closed %v", spoke, closed)
	}
	p.balances()
}

// A goroutine that keeps something in order by the clock goes on behind a panic.
func TestAPanicInAKeeperCostsOneLook(t *testing.T) {
	for _, at := range []string{"time keeper", "journal keeper", "timer"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			process, p := faulty(t, at+"@1", t.TempDir())
			a := p.dial("field")
			a.reports(1, 1)
			if at == "timer" {
				go p.cli("send", "00000001", "A", "RFC=1", "SC=2", "CC=3", "--wait", "100ms")
			}
			await(t, "the fault in the log", func() bool { return p.log.has("internal fault", "in=", at, "injected") })
			p.dial("field").reports(2, 1)
			p.cli("masters").want(t, 0, "00000001")
			p.balances()
			process.signal(os.Interrupt)
			if code := process.wait(); code != 0 {
				t.Errorf("exit code %d\n%s", code, p.log)
			}
		})
	}
}

// The writer of the journal cannot go on when it has failed: the process ends with a reason, and the next one has all
// that was acknowledged.
func TestAPanicInTheWriterEndsInOrder(t *testing.T) {
	dir := t.TempDir()
	process, p := faulty(t, "writer@20", dir)
	acknowledged := 0
	for c := p.dial("field"); ; acknowledged++ {
		c.send(fromHex(t, measurement(1, acknowledged+1)))
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(c, make([]byte, len(receipt(1, 1))/2)); err != nil {
			break
		}
	}
	if code := process.wait(); code != 1 {
		t.Errorf("exit code %d\n%s", code, p.log)
	}
	if !p.log.has("gateway ends", "injected: writer") || p.log.has("goroutine ") {
		t.Errorf("it ends with %s", p.log)
	}
	_, again := faulty(t, "", dir)
	if got := again.cli("history", "00000001", "--json").stdout; acknowledged == 0 || strings.Count(got, `"position"`) < acknowledged {
		t.Errorf("%d were acknowledged, and there are: %s", acknowledged, got)
	}
	again.dial("field").reports(1, acknowledged+2)
}
