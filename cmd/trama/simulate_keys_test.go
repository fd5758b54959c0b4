package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
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
	p := serveIn(t, dir, keyed("security = \"mixed\"\n"))
	simulate := func(more ...string) result {
		return command(t, "", append([]string{"simulate", "--address", p.addresses.Listeners["field"], "--masters", "2", "--serial-from", "40000001",
			"--key-dir", p.file("data/keys"), "--every", "0", "--frames", "4", "--epoch-frames", "3"}, more...)...)
	}
	for range 2 { // the second fleet has another epoch, or counters behind those of the first
		s := simulate()
		s.want(t, 0, "acknowledged   8, unacknowledged 0", "unexpected     0 frames that fit nothing, 0 bytes of noise")
		if strings.Contains(s.stdout, "refused  ") {
			t.Error(s.stdout)
		}
	}
	var rows []history.Row
	if err := json.Unmarshal([]byte(p.cli("history", "40000001", "--frames", "--json").stdout), &rows); err != nil {
		t.Fatal(err)
	}
	simulate("--masters", "3").want(t, 2, "or --mixed: it speaks unprotected")
	simulate("--masters", "3", "--mixed").want(t, 0, "acknowledged   12, unacknowledged 0")
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

// A journal that is put back from a backup does not know which counters were used since.  Frames of the old epoch are refused, without a word;
// devices begin a new one by themselves, and nothing of what they have is lost.
func TestSimulatedDevicesMoveOnWhenAJournalIsRestored(t *testing.T) {
	dir := t.TempDir()
	newDevice(t, dir, "field", "40000001", 0x20)
	config := keyed("security = \"required\"\n")
	p := serveIn(t, dir, config)
	simulate := func() {
		t.Helper()
		command(t, "", "simulate", "--address", p.addresses.Listeners["field"], "--masters", "1", "--serial-from", "40000001", "--key-dir", p.file("data/keys"),
			"--every", "0", "--frames", "5", "--ack-timeout", "50ms").want(t, 0, "acknowledged   5, unacknowledged 0")
	}
	simulate()
	command(t, "", "journal", "backup", p.file("copy.db"), "--path", p.file("data/journal.db")).want(t, 0)
	simulate()
	p.end()
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.db-shm", "journal.db-mark"} {
		if err := os.Remove(p.file("data/" + name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(p.file("copy.db"), p.file("data/journal.db")); err != nil {
		t.Fatal(err)
	}
	p = serveIn(t, dir, config)
	simulate()
	if n := p.totals().Rejected["old epoch"]; n != sendsOfOneFrame {
		t.Errorf("%d frames of the old epoch were refused", n)
	}
	var rows []history.Row
	if err := json.Unmarshal([]byte(p.cli("history", "40000001", "--frames", "--json").stdout), &rows); err != nil {
		t.Fatal(err)
	}
	var came []string
	for _, r := range rows {
		came = append(came, r.Protection.String())
	}
	if got, want := strings.Join(came, " "), "20/0/0 20/0/1 20/0/2 20/0/3 20/0/4 20/1/0 20/1/1 20/1/2 20/1/3 20/1/4"; got != want {
		t.Errorf("frames came under %s, want %s", got, want)
	}
	p.cli("events", "40000001", "--kind", "new epoch").want(t, 0, "epoch 1")
}

// sendsOfOneFrame is how often a device sends a frame that nobody acknowledges before it begins a new epoch.
const sendsOfOneFrame = 8
