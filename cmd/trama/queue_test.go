package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

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
