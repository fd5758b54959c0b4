package actors

import (
	"fmt"
	"testing"
	"time"

	"trama/actors/ledger"
	"trama/actors/master"
	"trama/codec"
)

// A meter that is silent has each poll wait for its time in turn; what somebody asks for goes before those that wait.
func TestACommandWaitsBehindNoPoll(t *testing.T) {
	g := startRegistered(t, "modbus-tcp", false, imeiForm)
	d := dial(t, g, "port")
	d.send(text(imei))
	await(t, "the master", func() bool { m, err := g.Master(imei); return err == nil && m.State == "online" })
	for start := range 4 {
		p := master.NewPoll(master.PollOptions{Poll: &codec.Poll{Name: fmt.Sprint("poll-", start), Command: "read-holding", Every: time.Hour,
			Wait: patience, Fields: map[string]any{"unit": 17, "start": start, "count": 1}}})
		g.masters.Get(imei).Due(p)
		await(t, "the poll", func() bool { return p.Asked.Load() == 1 })
	}
	next := func(want string) {
		t.Helper()
		asked := d.receive(12)
		if asked[16:20] != want {
			t.Errorf("register %s is asked for, want %s", asked[16:20], want)
		}
		d.send(asked[:4] + "000000051103020001")
	}
	asked := d.receive(12)
	for _, start := range []int{500, 501} {
		send(g, CommandRequest{Serial: imei, Command: "read-holding", Fields: map[string]any{"unit": 17, "start": start, "count": 1}, Wait: patience})
		await(t, "the command", func() bool {
			open := g.masters.Ledger.Open()
			return len(open) == start-499 && open[0].State == ledger.Queued
		})
	}
	d.send(asked[:4] + "000000051103020001")
	for _, want := range []string{"01f4", "01f5", "0001", "0002", "0003"} {
		next(want)
	}
}
