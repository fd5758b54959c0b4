package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"trama/codec"
	"trama/fleet"
)

// simulated runs a fleet against the program until stop is called.
func (p *program) simulated(masters int, every time.Duration) (stop func() fleet.Summary) {
	p.t.Helper()
	profile, err := codec.Shipped("extended")
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	summary, failed := make(chan fleet.Summary, 1), make(chan error, 1)
	go func() {
		s, err := fleet.Run(ctx, fleet.Options{Address: p.addresses.Listeners["field"], Profile: profile, Masters: masters, SerialFrom: "10000001", Every: every, Seed: 1})
		summary <- s
		failed <- err
	}()
	ended := false
	stop = func() fleet.Summary {
		cancel()
		if err := <-failed; err != nil {
			p.t.Error(err)
		}
		ended = true
		return <-summary
	}
	p.t.Cleanup(func() {
		if !ended {
			stop()
		}
	})
	return stop
}

func TestOperatorsSeeAndControl(t *testing.T) {
	p := serve(t, twoPorts)
	p.simulated(3, time.Hour)
	await(t, "three masters", func() bool { return strings.Count(p.cli("masters").stdout, "online") == 3 })

	p.cli("masters").want(t, 0, "SERIAL", "10000001", "MS/1/1=")
	p.cli("masters", "10000002").want(t, 0, "state", "online", "link", "field, connection")
	p.cli("masters", "99999999").want(t, 1, "unknown master")
	p.cli("listeners").want(t, 0, "field", "compact", "accepting")
	p.cli("connections").want(t, 0, "10000003")
	p.cli("tree").want(t, 0, "─ listeners", "→ 10000001", "─ registry", "masters=3")
	p.cli("tree", "--under", "trama/registry", "--limit", "1").want(t, 0, "trama/registry  masters=3\n├─ 10000001", "… 2 more (--under trama/registry --offset 1)")
	p.cli("tree", "--under", "trama/nothing").want(t, 1, "unknown actor")

	p.cli("send", "10000001", "A").want(t, 0, "done: 10000001 answered A")
	p.cli("send", "10000001", "O", "RN=3", "OP=1", "--json").want(t, 0, `"outcome":"done"`)
	p.cli("send", "10000001", "H").want(t, 0, "done")
	await(t, "the relay report", func() bool {
		r := p.cli("masters", "10000001")
		return regexp.MustCompile(`(?m)^(OP|relay/3) +on`).MatchString(r.stdout)
	})
	p.cli("send", "10000001", "O", "RN=3").want(t, 2, "operation: missing")
	p.cli("send", "10000001", "O", "RN=3", "OP=1", "XX=1").want(t, 2, "XX")
	p.cli("send", "10000001", "O", "RN=300", "OP=1").want(t, 2, "relay", "out of range")
	p.cli("send", "99999999", "A").want(t, 1, "unknown master")

	p.cli("log-level").want(t, 0, "info")
	p.cli("log-level", "debug").want(t, 0, "debug")
	p.cli("log-level", "loud").want(t, 2, "expected one of trace, debug")
}

func TestSuspendedListenerKeepsItsConnections(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	p.cli("suspend", "field").want(t, 0, "field is suspended")
	p.cli("listeners").want(t, 0, "suspended")
	if conn, err := net.DialTimeout("tcp", p.addresses.Listeners["field"], time.Second); err == nil {
		_ = conn.Close()
		t.Error("a suspended port still accepts")
	}
	c.send(fromHex(t, measurement(12345678, 2)))
	if got := masked(c.receive(27)); got != receipt(12345678, 2) {
		t.Errorf("the live connection got %s", got)
	}
	p.cli("resume", "field").want(t, 0, "field accepts again")
	again := p.dial("field")
	again.send(fromHex(t, measurement(12345678, 3)))
	again.receive(27)
	p.cli("suspend", "nothing").want(t, 1, "unknown listener")
}

func TestKickedConnectionIsClosed(t *testing.T) {
	p := serve(t, twoPorts)
	c := p.dial("field")
	c.send(fromHex(t, measurement(12345678, 1)))
	c.receive(27)
	id := strings.Fields(strings.Split(p.cli("connections").stdout, "\n")[1])[0]
	p.cli("kick", id).want(t, 0, "connection "+id+" is closed")
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the peer sees %v, want the end of the connection", err)
	}
	await(t, "the reason in the log", func() bool { return p.log.has(`reason=kicked`) })
	await(t, "the end of the connection", func() bool { return len(strings.Split(p.cli("connections").stdout, "\n")) == 2 })
	p.cli("kick", id).want(t, 1, "unknown connection")
	p.cli("kick", "x").want(t, 2, "not the number of a connection")
}

func TestInjectedFaultCostsOneFrameAndNobodyElse(t *testing.T) {
	p := serve(t, twoPorts)
	one, other := p.dial("field"), p.dial("field")
	for i, c := range []*peer{one, other} {
		c.send(fromHex(t, measurement(11111111*(i+1), 1)))
		c.receive(27)
	}
	path := regexp.MustCompile(`conn-\d+`).FindString(p.cli("tree").stdout)
	p.cli("fault", "--on-frame", "trama/listeners/field/"+path).want(t, 0, "fails at its next frame")
	one.send(fromHex(t, measurement(11111111, 2)+measurement(11111111, 3)))
	if got := masked(one.receive(27)); got != receipt(11111111, 3) {
		t.Errorf("after the poisoned frame: %s", got)
	}
	other.send(fromHex(t, measurement(22222222, 2)))
	if got := masked(other.receive(27)); got != receipt(22222222, 2) {
		t.Errorf("the other connection: %s", got)
	}
	p.cli("poisoned").want(t, 0, measurement(11111111, 2), "injected")
	p.cli("tree").want(t, 0, "restarts 1", "last error")
	p.cli("restart", "trama/registry").want(t, 0, "trama/registry is restarted")
	p.cli("restart", "trama/nothing").want(t, 1, "unknown actor")
}

func TestFaultsNeedTheConfigurationsLeave(t *testing.T) {
	p := serve(t, strings.Replace(twoPorts, "allow_faults = true", "", 1))
	p.cli("fault", "trama/registry").want(t, 1, "not allowed by the configuration")
}

// stoppedLine is the last line of the log of an orderly end.
var stoppedLine = regexp.MustCompile(`stopped: .*acknowledged=(\d+)`)

func TestDrainUnderLoadCountsEveryReceipt(t *testing.T) {
	p := serve(t, twoPorts)
	stop := p.simulated(50, 0)
	await(t, "load", func() bool { return strings.Count(p.cli("masters").stdout, "online") == 50 })
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.log)
	}
	summary := stop()
	found := stoppedLine.FindStringSubmatch(p.log.String())
	if found == nil {
		t.Fatalf("no stopped line:\n%s", p.log)
	}
	if acknowledged, _ := strconv.ParseUint(found[1], 10, 64); acknowledged < summary.Acknowledged {
		t.Errorf("the masters hold %d receipts, the gateway counted %d", summary.Acknowledged, acknowledged)
	}
	if summary.Acknowledged == 0 || summary.Unexpected > 0 || summary.Noise > 0 {
		t.Errorf("the fleet saw %+v", summary)
	}
	for _, step := range []string{"stopping", "gateway drained", "admin endpoint closed", "stopped"} {
		if !p.log.has("trama: " + step + ":") {
			t.Errorf("the log has no step %q\n%s", step, p.log)
		}
	}
	if !p.log.has(`reason=shutdown`) {
		t.Errorf("no connection was closed with reason shutdown")
	}
}

func TestPortInUseIsTold(t *testing.T) {
	p := serve(t, twoPorts)
	text := strings.Replace(twoPorts, `address = "127.0.0.1:0"`, fmt.Sprintf("address = %q", p.addresses.Listeners["field"]), 1)
	p.write("second.toml", text)
	command(t, "", "serve", "--config", p.file("second.toml")).want(t, 1, "start failed",
		fmt.Sprintf(`listener "field": %s is in use by process %d (`, p.addresses.Listeners["field"], os.Getpid()), "another trama?")
}

func TestHeaderOfAdminRequestIsBounded(t *testing.T) {
	p := serve(t, twoPorts)
	for size, want := range map[int]int{4 << 10: 200, 9 << 10: 431} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.addresses.Admin+"/livez", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Long", strings.Repeat("x", size))
		r.Close = true
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = w.Body.Close()
		if w.StatusCode != want {
			t.Errorf("a header of %d bytes: %d, want %d", size, w.StatusCode, want)
		}
	}
}

func TestAnAddressesFileThatCannotBeWrittenLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "addresses", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeAddresses(filepath.Join(dir, "addresses"), "http://127.0.0.1:1", nil); err == nil {
		t.Error("a folder was written over")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
