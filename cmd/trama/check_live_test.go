package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCheckLiveTriesWhatAStartNeedsAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.toml")
	socket := filepath.Join(dir, "run", "admin.sock")
	if err := os.WriteFile(file, []byte(withSocket(socket, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	r := command(t, "", "check", "--live", "--config", file)
	r.want(t, exitDone, "admin endpoint unix:"+socket+": can be opened", "listener field 127.0.0.1:0: can be opened",
		"directory "+filepath.Join(dir, "data")+": can be written", "GiB free", "descriptors: enough for", "clock: 20", "no problems")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("it leaves %v, %v", left, err)
	}

	var out struct {
		Profiles []struct{ Profile string }
		Live     []liveFinding
	}
	r = command(t, "", "check", "--live", "--json", "--config", file)
	r.want(t, exitDone)
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil || len(out.Profiles) != 2 || !slices.Contains(out.Live, liveFinding{
		"listener field 127.0.0.1:0", true, "can be opened"}) {
		t.Errorf("%v\n%s", err, r.stdout)
	}

	if err := os.WriteFile(file, []byte(twoPorts+"[journal]\ndisk_limit = 1\n"), 0o600); err != nil { // every disk is used to more than 1 %
		t.Fatal(err)
	}
	command(t, "", "check", "--live", "--config", file).want(t, exitFailed, "nothing is accepted above disk_limit = 1", "a start would meet 1 problem")
}

func TestWhoHoldsAPortOrTheJournalIsSaidWithItsNumber(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "run", "admin.sock")
	p := startProcessWith(t, dir, withSocket(socket, ""))
	running := fmt.Sprintf("process %d (", p.cmd.Process.Pid)
	port := p.addresses.Listeners["field"]
	file := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, []byte(strings.Replace(withSocket(socket, ""), `address = "127.0.0.1:0"`, `address = "`+port+`"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "check", "--live", "--config", file).want(t, exitDone, "listener field "+port+": is open in the running daemon, "+running,
		"admin endpoint unix:"+socket+": is open in the running daemon")
	second := command(t, "", "serve", "--config", file)
	second.want(t, exitFailed, "another process listens on it", "the journal "+filepath.Join(dir, "data", "journal.db")+" is in use by "+running)

	other := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(other, []byte(strings.Replace(twoPorts, `address = "127.0.0.1:0"`, `address = "`+port+`"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "check", "--live", "--config", other).want(t, exitFailed, "listener field "+port+": is in use by "+running)
	taken := command(t, "", "serve", "--config", other)
	taken.want(t, exitFailed, `listener \"field\": `+port+" is in use by "+running, "another trama?")
	if strings.Count(taken.stderr, `listener \"field\"`) != 1 {
		t.Errorf("the listener is named more than once:\n%s", taken.stderr)
	}
	p.signal(syscall.SIGTERM)
	p.wait()

	ahead := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "data", "journal.db"), ahead, ahead); err != nil {
		t.Fatal(err)
	}
	command(t, "", "check", "--live", "--config", file).want(t, exitFailed, "clock: it is", "set the clock first")
}
