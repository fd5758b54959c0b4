package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"trama/cmd/trama/internal/history"
)

// Simulated devices with keys, and what is shown of their frames: suite, epoch and counter.
func TestFramesOfSimulatedDevicesShowWhatTheyCameUnder(t *testing.T) {
	dir := t.TempDir()
	newDevice(t, dir, "field", "40000001", 0x20)
	newDevice(t, dir, "field", "40000002", 0x21)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	simulate := func(more ...string) result {
		return command(t, "", append([]string{"simulate", "--address", p.addresses.Listeners["field"], "--masters", "2", "--serial-from", "40000001",
			"--key-dir", p.file("data/keys"), "--every", "0", "--frames", "4", "--epoch-frames", "3"}, more...)...)
	}
	for range 2 { // the second fleet has another epoch, or counters behind those of the first
		s := simulate()
		s.want(t, 0, "acknowledged   8, unacknowledged 0", "surprises      0 frames that fit nothing, 0 bytes of noise")
		if strings.Contains(s.stdout, "refused  ") {
			t.Error(s.stdout)
		}
	}
	var rows []history.Row
	if err := json.Unmarshal([]byte(p.cli("history", "40000001", "--frames", "--json").stdout), &rows); err != nil {
		t.Fatal(err)
	}
	var came []string
	for _, r := range rows {
		came = append(came, r.Protection.String())
	}
	if got, want := strings.Join(came, " "), "20/0/0 20/0/1 20/0/2 20/1/0 20/2/0 20/2/1 20/2/2 20/3/0"; got != want {
		t.Errorf("frames came under %s, want %s", got, want)
	}
	p.cli("history", "40000002", "--frames").want(t, 0, "PROTECTION", "  21/0/0\n")
	p.cli("history", "40000002").want(t, 0, "QUALITY  PROTECTION", "good     21/0/0\n")
	p.cli("export", "-", "--serial", "40000001").want(t, 0, ",title,protection\n", ",20/1/0\n")
	// Beside them an unprotected master shows none, and its table has no column.
	plain := serve(t, twoPorts)
	command(t, "", "simulate", "--address", plain.addresses.Listeners["field"], "--masters", "1", "--serial-from", "40000009", "--every", "0", "--frames", "1").want(t, 0)
	if out := plain.cli("history", "40000009", "--frames").stdout; !strings.Contains(out, "40000009") || regexp.MustCompile("(?i)protect").MatchString(out) {
		t.Error(out)
	}
}
