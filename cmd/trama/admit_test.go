package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
	"trama/codec/protect"
)

// speaks sends a measurement that is not to be acknowledged, and one of a master that is: what comes between would be
// seen.
func (c *peer) speaksInVain(serial, transaction, known int) {
	c.t.Helper()
	c.send(fromHex(c.t, measurement(serial, transaction)))
	c.reports(known, 1_000_000*transaction+serial%1_000_000)
}

// serials lists the masters that a query keeps.
func (p *program) serials(query string) []string {
	p.t.Helper()
	var rows []actors.MasterInfo
	p.get("/api/v1/masters"+query, &rows)
	all := []string{}
	for _, m := range rows {
		all = append(all, m.Serial)
	}
	return all
}

func TestOnlyListedSerialsSpeak(t *testing.T) {
	p := serve(t, portOf(`serials = ["1234*", "87654321"]`))
	d := p.dial("field")
	d.reports(12340001, 1)
	d.speaksInVain(87654320, 1, 87654321)
	d.speaksInVain(11234000, 1, 12349999)
	if got := p.serials(""); !slices.Equal(got, []string{"12340001", "12349999", "87654321"}) {
		t.Errorf("masters %q", got)
	}
	events := p.events("rejected")
	if len(events) != 2 || events[0].Reason != "serial not allowed" || events[0].Master != "87654320" || events[0].Frame != measurement(87654320, 1) {
		t.Errorf("events %+v", events)
	}
	p.cli("refused").want(t, 0, "serial not allowed", measurement(11234000, 1))
}

// letters is a profile whose masters name themselves with any text.
const letters = `
name = "letters"
[frame]
end    = "0x0a"
header = [{ key = "name", type = "ascii", until = ",", role = "identity" }]
[[message]]
name    = "report"
from    = "master"
purpose = "measurement"
fields  = [{ key = "level", type = "ascii", size = "rest", role = "value" }]
`

func TestASerialThatIsTooLongIsRefused(t *testing.T) {
	p := serveWith(t, strings.Replace(portOf(""), `"extended"`, `"letters.toml"`, 1), map[string]string{"letters.toml": letters})
	d := p.dial("field")
	fits, long := strings.Repeat("a", 64), strings.Repeat("b", 65)
	d.send([]byte(long + ",1\n" + fits + ",2\n"))
	await(t, "the master", func() bool { return len(p.serials("")) == 1 })
	if got := p.serials(""); got[0] != fits {
		t.Errorf("masters %q", got)
	}
	if e := p.event("rejected"); e.Reason != "serial too long" || e.Master != long[:64] {
		t.Errorf("event %+v", e)
	}
}

func TestAStrangerWaitsInQuarantineUntilItIsApproved(t *testing.T) {
	config := portOf("unknown = \"quarantine\"\n[masters]\nfile = \"masters.toml\"\n")
	p := serveWith(t, config, map[string]string{"masters.toml": "[[master]]\nserial = \"00000001\"\nname = \"told of\"\n"})
	d := p.dial("field")
	for n := range 3 {
		d.speaksInVain(5, n+1, 1)
	}
	events := p.events("quarantined")
	if len(events) != 1 || events[0].Master != "00000005" || events[0].Remote != d.LocalAddr().String() || len(p.events("rejected")) != 0 {
		t.Errorf("events %+v", events)
	}
	p.cli("masters", "--state", "quarantine").want(t, 0, "00000005  quarantine  extended")
	p.cli("masters", "00000005").want(t, 0, "quarantine", "3 in quarantine")
	p.cli("tree").want(t, 0, "00000005")
	p.cli("refused").want(t, 0, "in quarantine")
	var stored []json.RawMessage
	if out := p.cli("history", "00000005", "--json"); json.Unmarshal([]byte(out.stdout), &stored) == nil && len(stored) != 0 {
		t.Errorf("in the history: %s", out.stdout)
	}
	if n := p.totals().Rejected["in quarantine"]; n != 3 {
		t.Errorf("%d frames are rejected", n)
	}

	p.cli("approve", "00000006").want(t, 1, "neither a master nor in quarantine")
	p.cli("approve", "00000005").want(t, 0, "00000005 is a master")
	p.cli("approve", "00000005").want(t, 0) // it is one
	p.cli("masters", "00000005").want(t, 0, "never seen", "last seen    never")
	p.cli("masters", "--state", "never seen").want(t, 0, "00000005  never seen")
	if got := p.serials("?state=quarantine"); len(got) != 0 {
		t.Errorf("still in quarantine: %q", got)
	}
	if p.end() != 0 {
		t.Fatal("it did not end well")
	}

	p = serveIn(t, p.dir, config)
	d = p.dial("field")
	d.reports(5, 4)
	d.speaksInVain(7, 1, 1)
	p.cli("forget", "00000007").want(t, 0, "00000007 is forgotten")
	if got := p.serials(""); !slices.Equal(got, []string{"00000001", "00000005"}) {
		t.Errorf("masters %q", got)
	}
	if changes := p.events("change"); len(changes) < 1 || !strings.Contains(fmt.Sprint(changes), "approve 00000005") {
		t.Errorf("changes %+v", changes)
	}
}

func TestUnknownSerialsAreRefused(t *testing.T) {
	p := serveWith(t, portOf("unknown = \"refuse\"\n[masters]\nfile = \"masters.toml\"\n"), map[string]string{"masters.toml": "[[master]]\nserial = \"00000001\"\nname = \"told of\"\n"})
	p.dial("field").speaksInVain(5, 1, 1)
	if e := p.event("rejected"); e.Reason != "unknown serial" || e.Master != "00000005" {
		t.Errorf("event %+v", e)
	}
}

func TestNewMastersComeAtAMeasuredPace(t *testing.T) {
	const made = 20_000
	p := serve(t, portOf("new_masters_per_minute = 5"))
	known := p.dial("field")
	known.reports(1, 1)
	flood := p.dial("field")
	var all bytes.Buffer
	for n := range made {
		all.Write(fromHex(t, measurement(10_000_000+n, 1)))
	}
	answers := make(chan int64)
	go func() {
		n, _ := io.Copy(io.Discard, flood) // until it is closed
		answers <- n
	}()
	flood.send(all.Bytes())
	for n := range 20 {
		known.reports(1, n+2)
	}
	await(t, "all frames", func() bool { return p.totals().Frames == made+21 })
	totals := p.totals()
	if n := totals.Masters; n < 5 || n > 8 {
		t.Errorf("%d masters", n)
	}
	if n := totals.Rejected["too many new masters"]; n != uint64(made+1-totals.Masters) {
		t.Errorf("rejected %v", totals.Rejected)
	}
	if events := p.events("rejected"); len(events) != 1 || events[0].Reason != "too many new masters" {
		t.Errorf("events %+v", events)
	}
	if err := flood.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n := <-answers; n != int64((totals.Masters-1)*len(receipt(1, 1))/2) {
		t.Errorf("%d bytes of answers", n)
	}
}

// Serials that are made up cost little in the log and the journal also where any number is let in, and hide nobody whose
// frames have come for a while.
func TestTheLogAndTheEventsOfMadeUpSerialsAreBounded(t *testing.T) {
	const connections, each = 12, 200
	p := serve(t, portOf(""))
	known := p.dial("field")
	for n := range 12 {
		known.reports(1, n+1)
	}
	sent := 0
	for c := range connections {
		flood := p.dial("field")
		for n := range each {
			frame := fromHex(t, measurement(10_000_000+c*each+n, 1))
			flood.send(frame)
			sent += len(frame)
		}
		flood.receive(each * len(receipt(1, 1)) / 2)
		_ = flood.Close()
	}
	_ = known.Close()
	await(t, "the ends", func() bool { return p.totals().MastersOnline == 0 })
	await(t, "the end of the known master in the journal", func() bool {
		return strings.Contains(p.cli("events", "--kind", "offline", "00000001").stdout, "00000001")
	})
	written := 0
	for _, kind := range []string{"online", "offline"} {
		var out admin.Events
		p.get("/api/v1/events?limit=100000&kind="+kind, &out)
		written += len(out.Events)
	}
	if written < 1000 || written > 1100 {
		t.Errorf("%d events of links", written)
	}
	again := p.dial("field")
	again.reports(9, 1) // behind the gap
	text := p.log.String()
	for _, line := range []string{"new master", "master online", "master offline"} {
		if n := strings.Count(text, line+":"); n < 500 || n > 700 {
			t.Errorf("%d lines %q", n, line)
		}
	}
	if n := len(text); n > 4*sent {
		t.Errorf("the log has %d bytes for %d that were sent", n, sent)
	}
}

func TestAForgottenMasterIsNewWhenItSpeaks(t *testing.T) {
	config := portOf("")
	p := serve(t, config)
	alone, both := p.dial("field"), p.dial("field")
	for n := range 3 {
		alone.reports(1, n+1)
	}
	both.reports(2, 1)
	both.reports(3, 1)
	p.cli("forget", "00000001", "00000002", "00000009").want(t, 1, "00000001 is forgotten", "00000002 is forgotten", `"00000009"`)
	alone.ends()
	if got := p.serials(""); !slices.Equal(got, []string{"00000003"}) {
		t.Errorf("masters %q", got)
	}
	if tree := p.cli("tree").stdout; strings.Contains(tree, "00000001") {
		t.Errorf("tree:\n%s", tree)
	}
	both.reports(3, 2) // others on its connection are not concerned
	n := 3
	await(t, "it is a new master on its connection", func() bool {
		both.send(fromHex(t, measurement(2, 2)+measurement(3, n)))
		answered := masked(both.receive(len(receipt(2, 2)) / 2))
		if n++; answered != receipt(2, 2) {
			return false
		}
		both.receive(len(receipt(2, 2)) / 2)
		return true
	})
	p.cli("history", "00000001").want(t, 0, "\n       3      1 ")
	if p.end() != 0 {
		t.Fatal("it did not end well")
	}
	p = serveIn(t, p.dir, config)
	if got := p.serials(""); slices.Contains(got, "00000001") {
		t.Errorf("masters after a restart: %q", got)
	}
	p.dial("field").reports(1, 3) // the same frame: nobody remembers it
	if m := p.masters()["00000001"]; m.Frames != 1 || time.Since(m.FirstSeen) > patience {
		t.Errorf("%+v", m)
	}
}

func TestMastersAreForgottenByAge(t *testing.T) {
	p := serve(t, portOf(""))
	d := p.dial("field")
	for serial := range 6 {
		for n := range serial {
			d.reports(serial, n+1)
		}
	}
	few := []string{"00000001", "00000002"}
	p.cli("forget").want(t, 2, "expected serials, or --unseen")
	p.cli("forget", "1", "--frames-below", "3").want(t, 2)
	p.cli("forget", "--dry-run").want(t, 2)
	p.cli("forget", "--unseen", "30d", "--dry-run").want(t, 0, "0 masters to be forgotten")
	if r := p.cli("forget", "--frames-below", "3", "--dry-run"); strings.Join(strings.Fields(r.stdout), " ") != strings.Join(few, " ") {
		t.Errorf("to be forgotten: %s", r.stdout)
	}
	if n := len(p.serials("")); n != 5 {
		t.Errorf("%d masters", n)
	}
	p.cli("forget", "--frames-below", "3", "--unseen", "0s").want(t, 0, "2 masters forgotten")
	if got := p.serials(""); !slices.Equal(got, []string{"00000003", "00000004", "00000005"}) {
		t.Errorf("masters %q", got)
	}
	var problem admin.Problem
	if code := p.request("POST", "/api/v1/masters/forget", "{}", &problem); code != 400 || !strings.Contains(problem.Error, "at least") {
		t.Errorf("%d %+v", code, problem)
	}
	if code := p.request("POST", "/api/v1/masters/forget", `{"unseen":"long"}`, &problem); code != 400 {
		t.Errorf("%d %+v", code, problem)
	}
}

func TestTheQuarantineIsEmptied(t *testing.T) {
	config := portOf("unknown = \"quarantine\"\n[masters]\nfile = \"masters.toml\"\n")
	p := serveWith(t, config, map[string]string{"masters.toml": "[[master]]\nserial = \"00000001\"\nname = \"told of\"\n"})
	d := p.dial("field")
	for serial := range 30 {
		d.speaksInVain(10+serial, serial+1, 1)
	}
	d.speaksInVain(39, 40, 1) // a second time
	p.cli("tree").want(t, 0, "in-quarantine=00000010, 00000011, 00000012, … 27 more")
	var live []actors.ConnectionInfo
	p.get("/api/v1/connections", &live)
	p.cli("masters", "00000010").want(t, 0, fmt.Sprintf(", connection %d from", live[0].ID))
	p.cli("approve", "00000020").want(t, 0)
	p.cli("forget", "--quarantine", "--unseen", "30d").want(t, 0, "0 serials in quarantine forgotten")
	p.cli("forget", "--quarantine", "--frames-below", "2", "--dry-run").want(t, 0, "00000010\n", "28 serials in quarantine to be forgotten")
	p.cli("forget", "--quarantine", "--frames-below", "2").want(t, 0, "28 serials in quarantine forgotten")
	if got := p.serials("?state=quarantine"); !slices.Equal(got, []string{"00000039"}) {
		t.Errorf("in quarantine: %q", got)
	}
	p.cli("forget", "--quarantine").want(t, 0, "1 serial in quarantine forgotten")
	if got := p.serials(""); !slices.Equal(got, []string{"00000001", "00000020"}) {
		t.Errorf("masters %q", got)
	}
}

func TestAKeyLetsAStrangerInOnlyWhenItIsUsed(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("unknown = \"refuse\"\n"))
	p.inVain(p.dial("field"), d.plain(1), "unknown serial", 1)
	d.exchange(p.dial("field"), d.frame(2))
}

// Masters are forgotten again and again while they speak, on connections of their own and on one that they share: every
// frame is accounted for, and each of them can speak afterwards.
func TestMastersAreForgottenWhileTheySpeak(t *testing.T) {
	const masters, rounds = 8, 150
	p := serve(t, portOf(""))
	var wait sync.WaitGroup
	done := make(chan struct{})
	speak := func(shared bool, first int) {
		defer wait.Done()
		for number := 1; ; number++ {
			conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
			if err != nil {
				t.Error(err)
				return
			}
			answers := make(chan struct{})
			go func() {
				defer close(answers)
				_, _ = io.Copy(io.Discard, conn) // until it is closed
			}()
			for alive := true; alive; number++ {
				text := measurement(first, number)
				if shared {
					text += measurement(first+1, number) + measurement(first+2, number)
				}
				_, err := conn.Write(fromHex(t, text))
				select {
				case <-done:
					_ = conn.(*net.TCPConn).CloseWrite()
					<-answers // all that was sent is settled
					_ = conn.Close()
					return
				case <-answers:
					alive = false
				case <-time.After(time.Millisecond):
					alive = err == nil
				}
			}
			_ = conn.Close()
			<-answers
		}
	}
	for serial := range masters {
		wait.Add(1)
		go speak(false, 10+serial)
	}
	wait.Add(1)
	go speak(true, 100)
	serials := []int{100, 101, 102}
	for serial := range masters {
		serials = append(serials, 10+serial)
	}
	for n := range rounds {
		r := p.cli("forget", fmt.Sprintf("%08d", serials[n%len(serials)]))
		if r.code != 0 && !strings.Contains(r.stderr, "neither a master") {
			t.Fatalf("%+v", r)
		}
	}
	close(done)
	wait.Wait()
	await(t, "the end of the connections", func() bool { return len(p.remotes()) == 0 })
	totals := p.totals()
	accounted := totals.Stored + totals.Duplicates + totals.Poisoned
	for _, n := range totals.Rejected {
		accounted += n
	}
	if totals.Frames != accounted || totals.Poisoned+totals.Restarts > 0 {
		t.Errorf("%d frames, %d accounted for: %+v", totals.Frames, accounted, totals)
	}
	for _, serial := range serials {
		p.dial("field").reports(serial, 90_000_000)
	}
}
