package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/codec/protect"
)

// A journal that was copied while the gateway ran, and is put back when it has stopped, has not seen counters that were used:
// masters must begin a newer epoch.  So it is when both were put back, if the generation beside the keys was removed.
func TestACopyOfTheJournalFromTheSameRunIsKnownAsSuch(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	d.exchange(p.dial("field"), d.frame(1))
	p.end()
	p = serveIn(t, dir, keyed("security = \"required\"\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(2))
	if p.log.has("the journal is older than the keys") {
		t.Errorf("the journal that has seen all is taken for a copy: %s", p.log)
	}
	copied := t.TempDir()
	copyTree(t, copied, dir)
	late := d.frame(3)
	d.exchange(link, late)
	p.end()

	for _, keysToo := range []bool{false, true} {
		if journals, err := filepath.Glob(filepath.Join(dir, "data", "journal*")); err == nil {
			remove(t, journals...)
		}
		remove(t, filepath.Join(copied, "data", "keys", "generation")) // that of the directory stays
		copyTree(t, dir, copied)
		if keysToo {
			remove(t, filepath.Join(dir, "data", "keys", "generation"))
		}
		p = serveIn(t, dir, keyed("security = \"required\"\n"))
		link = p.dial("field")
		link.send(late)
		p.refused("old epoch", 1)
		if !p.log.has("the journal is older than the keys") {
			t.Errorf("keys too %v: it is not told: %s", keysToo, p.log)
		}
		p.end()
	}
}

// When a device has begun a newer epoch behind a journal that was put back, frames of the epoch before that the journal does
// not know of stay refused: they took effect once.
func TestTheEpochBeforeAnOlderJournalIsOverWithTheNextOne(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	d.exchange(p.dial("field"), d.frame(1))
	p.end()
	copied := t.TempDir()
	copyTree(t, copied, dir)
	p = serveIn(t, dir, keyed("security = \"required\"\n"))
	late := d.frame(2)
	d.exchange(p.dial("field"), late)
	p.end()

	journals, err := filepath.Glob(filepath.Join(dir, "data", "journal*"))
	if err != nil {
		t.Fatal(err)
	}
	remove(t, journals...)
	remove(t, filepath.Join(copied, "data", "keys"))
	copyTree(t, dir, copied)
	p = serveIn(t, dir, keyed("security = \"required\"\n"))
	p.dial("field").send(late)
	p.refused("old epoch", 1)
	d.epoch++
	d.exchange(p.dial("field"), d.frame(3))
	p.dial("field").send(late)
	p.refused("old epoch", 2)
}

// A device that was never heard is no master because of its key, but its epoch is over with a journal that was put back, also
// after further starts.
func TestAnOlderJournalMakesNoMasters(t *testing.T) {
	dir := t.TempDir()
	d, mute := newDevice(t, dir, "field", "12345678", protect.CCM8), newDevice(t, dir, "field", "00000002", protect.CCM8)
	config := keyed("unknown = \"quarantine\"\n")
	p := serveIn(t, dir, config)
	d.exchange(p.dial("field"), d.frame(1))
	p.end()
	remove(t, filepath.Join(dir, "data", "keys", "generation"))
	for range 2 {
		p = serveIn(t, dir, config)
		if got := p.serials(""); len(got) != 1 || got[0] != "12345678" {
			t.Errorf("masters %q", got)
		}
		p.cli("send", "12345678", "A").want(t, exitNotSent, "old epoch", "restored from a copy", "a newer epoch")
		p.end()
	}
	p = serveIn(t, dir, config)
	p.dial("field").send(mute.frame(1))
	p.refused("old epoch", 1)
	mute.epoch++
	mute.exchange(p.dial("field"), mute.frame(2))
}

func TestAStartTellsThatTheProcessBeforeWasKilled(t *testing.T) {
	p := serve(t, portOf(""))
	p.event("start")
	killed := t.TempDir()
	copyTree(t, killed, p.dir)
	p.end()
	for _, c := range []struct{ dir, want string }{{p.dir, ""}, {killed, "the process before was killed, or lost its power: it told of no stop"}} {
		p := serveIn(t, c.dir, portOf(""))
		await(t, "the start", func() bool { return len(p.events("start")) == 2 })
		if e := p.events("start")[1]; e.Detail != c.want {
			t.Errorf("the start tells %q", e.Detail)
		}
		p.end()
	}
}

// No gateway writes such a number: it is a mistake, and no master is to pay for it.
func TestAnAbsurdGenerationStopsTheStartAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	d.exchange(p.dial("field"), d.frame(1))
	p.end()
	name := filepath.Join(dir, "data", "keys", "generation")
	was, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, absurd := range []string{"4611686018427387905\n", "18446744073709551615\n"} {
		p.write("data/keys/generation", absurd)
		var out strings.Builder
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		code := run(ctx, []string{"serve", "--config", p.file("config.toml")}, strings.NewReader(""), io.Discard, &out)
		if cancel(); code == 0 || !strings.Contains(out.String(), "generation holds "+strings.TrimSpace(absurd)+", which no gateway has written") {
			t.Errorf("it ends with %d: %s", code, &out)
		}
	}
	p.write("data/keys/generation", string(was))
	p = serveIn(t, dir, keyed("security = \"required\"\n"))
	d.exchange(p.dial("field"), d.frame(2))
}

// Two daemons on one directory of keys would send under the same counters.
func TestAKeyDirectoryServesOneDaemon(t *testing.T) {
	dir := t.TempDir()
	newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed(""))
	other := filepath.Join(t.TempDir(), "config.toml")
	config := strings.Replace(keyed(""), "[keys]\n", fmt.Sprintf("[keys]\ndirectory = %q\n", p.file("data/keys")), 1)
	if err := os.WriteFile(other, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if code := run(ctx, []string{"serve", "--config", other}, strings.NewReader(""), io.Discard, &out); code == 0 ||
		!strings.Contains(out.String(), "another daemon uses it") {
		t.Errorf("it ends with %d: %s", code, &out)
	}
}

func remove(t *testing.T, all ...string) {
	t.Helper()
	for _, name := range all {
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
	}
}
