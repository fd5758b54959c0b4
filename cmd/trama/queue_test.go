package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"trama/actors"
	"trama/actors/ledger"
)

// A queue is on disk: it survives a kill and a stop.  What is late is not sent, and holds nothing up.
func TestAQueueSurvivesAKillAndAStop(t *testing.T) {
	dir := t.TempDir()
	p := startProcessIn(t, dir)
	admin := func() *program { return &program{t: t, dir: dir, addresses: p.addresses} }
	report := func(number int) *peer {
		c := admin().dial("field")
		c.send(fromHex(t, measurement(12345678, number)))
		c.receive(27)
		return c
	}
	_ = report(1).Close()
	await(t, "the master's leave", func() bool {
		var m actors.MasterInfo
		return admin().get("/api/v1/masters/12345678", &m) == http.StatusOK && len(m.Links) == 0
	})
	var ids []uint64
	for _, each := range []string{"H 1h", "F 1s", "A 1h"} {
		name, queue, _ := strings.Cut(each, " ")
		var c ledger.Command
		if code := admin().request(http.MethodPost, "/api/v1/masters/12345678/commands",
			fmt.Sprintf(`{"command":%q,"queue":%q,"async":true}`, name, queue), &c); code != http.StatusAccepted || c.State != ledger.Queued {
			t.Fatalf("%d, %+v", code, c)
		}
		ids = append(ids, c.ID)
	}
	state := func(n int) ledger.State {
		var c ledger.Command
		admin().get(fmt.Sprint("/api/v1/commands/", ids[n]), &c)
		return c.State
	}
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
	p = startProcessIn(t, dir)
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.log)
	}
	p = startProcessIn(t, dir)
	await(t, "the expiry", func() bool { return state(1) == ledger.Expired })
	if state(0) != ledger.Queued || state(2) != ledger.Queued {
		t.Fatalf("%s, %s", state(0), state(2))
	}
	c := report(2)
	for _, want := range []struct {
		n      int
		letter byte
	}{{0, 'H'}, {2, 'A'}} {
		asked := c.receive(27)
		if asked[14] != want.letter {
			t.Fatalf("asked %x, want %c", asked, want.letter)
		}
		c.send(asked)
		await(t, "the answer", func() bool { return state(want.n) == ledger.Done })
	}
}

// A window that the listener tells is shown, and one that masters.toml tells counts before it.
func TestMastersShowsTheDeliveryWindow(t *testing.T) {
	p := serveWith(t, strings.Replace(twoPorts, "profile = \"compact\"", "profile = \"compact\"\ndelivery_window = \"20s\"", 1)+"\n[masters]\nfile = \"masters.toml\"\n",
		map[string]string{"masters.toml": "[[master]]\nprefix = \"77\"\ndelivery_window = \"off\"\n[[master]]\nprefix = \"78\"\ndelivery_window = \"1m\"\n"})
	c := p.dial("compact")
	for serial, want := range map[string]string{"76777777": "within 20s behind a frame", "78777777": "within 1m behind a frame", "77777777": ""} {
		c.send(fromHex(t, "00130100000000"+serial+"010273000041ac0000"))
		c.receive(15)
		got := p.cli("masters", serial)
		if got.want(t, 0, want); want == "" && strings.Contains(got.stdout, "reached") {
			t.Errorf("it is reached at any time, and shown is\n%s", got.stdout)
		}
	}
}

// Somebody who waits at a terminal hears what the master reports when it has not answered.
func TestSendEndsWithWhatTheMasterReports(t *testing.T) {
	t.Parallel()
	p := serve(t, twoPorts)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	for number, want := range []struct {
		code int
		says string
	}{{exitUnknown, "unknown: O was sent to 12345678: no answer within 1s, and the master reports OP=off (command 1"},
		{exitDone, "done: O was sent to 12345678: verified: the master reports OP=on (command 2"}} {
		done := make(chan result, 1)
		go func() {
			done <- p.cli("send", "12345678", "operate-relay", "relay=3", "operation=on", "--wait", "1s", "--yes")
		}()
		if asked := c.receive(29); asked[14] != 'O' {
			t.Fatalf("asked %x", asked)
		}
		asked := c.receive(27) // nobody has answered
		if asked[14] != 'H' {
			t.Fatalf("asked %x", asked)
		}
		c.send(asked)
		c.send(fromHex(t, fmt.Sprintf("00220100000000123456780102036f00%s%08d03%02d", time.Now().Format("20060102150405"), 10+number, number)))
		(<-done).want(t, want.code, want.says)
		c.receive(27)
	}
}
