package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/cmd/trama/internal/admin"
	"trama/codec/protect"
	"trama/journal"
)

// restore ends the program, puts a backup in the place of its journal and starts it again.
func (p *program) restore(config string, args ...string) *program {
	p.t.Helper()
	p.end()
	command(p.t, "", append([]string{"journal", "restore", "--path", p.file("data/journal.db")}, args...)...).want(p.t, 0, "no damage", "what was there is kept", "is in place")
	return serveIn(p.t, p.dir, config)
}

func (p *program) backup() string {
	p.t.Helper()
	file := p.file("backup.db")
	command(p.t, "", "journal", "backup", file, "--path", p.file("data/journal.db")).want(p.t, 0, "written")
	return file
}

func TestARestoredBackupTellsConsumersOfBefore(t *testing.T) {
	p := serve(t, twoPorts)
	p.dial("field").ask(12345678, 1, 2, 3)
	var page admin.Frames
	p.get("/api/v1/frames?limit=2", &page)
	before := page.Epoch
	if page.Cursor != "2."+before || len(before) != 8 {
		t.Fatalf("cursor %q, epoch %q", page.Cursor, before)
	}
	p.request("PUT", "/api/v1/cursors/north", `{"position": 3}`, nil)
	backup := p.backup()
	command(t, "", "journal", "restore", backup, "--path", p.file("data/journal.db")).want(t, 1, "another process uses this journal", "stop the daemon")
	p.dial("field").ask(12345678, 4, 5, 6, 7)
	p.request("PUT", "/api/v1/cursors/north", `{"position": 6}`, nil)
	p = p.restore(twoPorts, backup)

	var now journal.Stats
	p.get("/api/v1/journal", &now)
	if now.Epoch == before || now.Epoch == "" {
		t.Errorf("epoch %q, and %q before", now.Epoch, before)
	}
	told := func(path, cursor string) {
		t.Helper()
		var out admin.Elsewhere
		if code := p.get(path, &out); code != http.StatusGone || out.Epoch != now.Epoch || out.Cursor != cursor+"."+now.Epoch || !strings.Contains(out.Error, "backup") {
			t.Errorf("%s: %d %+v, want the cursor %s", path, code, out, cursor)
		}
	}
	told("/api/v1/frames?cursor=2."+before, "2")
	told("/api/v1/frames?cursor=6", "3")
	told("/api/v1/masters/12345678/frames?cursor=6", "3")
	told("/api/v1/masters/12345678/values?cursor=6."+before, "3")
	told("/api/v1/unreadable?cursor=6", "3")
	told("/api/v1/watch?cursor=6", "3")
	told("/api/v1/cursors/north/frames", "3")
	var events admin.Events
	await(t, "an event of the new epoch", func() bool {
		p.get("/api/v1/events?newest=true&limit=1", &events)
		return events.Events[0].ID > 1_000_000_000
	})
	told("/api/v1/events?follow=true&cursor=1."+before, "1")
	if events.Epoch != now.Epoch {
		t.Errorf("events %+v", events)
	}
	if code := p.request("PUT", "/api/v1/cursors/north", `{"position": 6}`, nil); code != http.StatusGone {
		t.Errorf("a position of before is taken: %d", code)
	}
	if code := p.request("PUT", "/api/v1/cursors/north", `{"position": 3}`, nil); code != http.StatusConflict {
		t.Errorf("a consumer that was not told goes on: %d", code)
	}
	p.cli("cursors", "set", "north", "3", "--back").want(t, 0, "north is at 3, 0 behind")

	p.dial("field").ask(12345678, 4, 5)
	var behind admin.Behind
	p.get("/api/v1/cursors/north/frames", &behind)
	if len(behind.Frames) != 2 || behind.Epoch != now.Epoch || behind.Frames[0].Position != 10_000_000_001 || behind.Next != 10_000_000_002 {
		t.Errorf("behind the cursor: %+v", behind)
	}
	page = admin.Frames{}
	p.get("/api/v1/frames?cursor=3."+now.Epoch, &page)
	if len(page.Frames) != 2 || len(page.Damage) > 0 {
		t.Errorf("behind the cursor that was told: %+v", page)
	}
	var refused admin.Problem
	if code := p.get("/api/v1/watch?cursor=10000000099", &refused); code != http.StatusBadRequest || !strings.Contains(refused.Error, "no such frame yet") {
		t.Errorf("a position that is not given yet: %d %s", code, refused.Error)
	}
	p.cli("journal", "stats").want(t, 0, now.Epoch)
	command(t, "", "journal", "verify", "--path", p.file("data/journal.db")).want(t, 0, "no damage")
}

func TestWhatIsNoJournalIsCalledByItsName(t *testing.T) {
	dir := t.TempDir()
	text, empty := filepath.Join(dir, "text"), filepath.Join(dir, "empty")
	for file, content := range map[string]string{text: strings.Repeat("text", 100), empty: ""} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for file, why := range map[string]string{
		dir: "is a directory", text: "it is no database of SQLite", empty: "it is no journal of trama", filepath.Join(dir, "missing"): "no such file or directory",
	} {
		command(t, "", "journal", "verify", "--path", file).want(t, exitFailed, "verify: "+file+": "+why+"\n")
		command(t, "", "journal", "restore", file, "--damaged", "--path", filepath.Join(dir, "journal.db")).want(t, exitFailed, "restore: "+file+": "+why+"\n")
	}
}

func TestADamagedBackupIsNotRestored(t *testing.T) {
	p := serve(t, twoPorts)
	p.dial("field").ask(12345678, 1)
	backup := p.backup()
	p.end()
	raw, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(raw, fromHex(t, frameOf(12345678, 1, 1)))
	if at < 0 {
		t.Fatal("the frame is not in the backup")
	}
	raw[at] ^= 1
	if err := os.WriteFile(backup, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "journal", "restore", backup, "--path", p.file("data/journal.db")).want(t, 1, "damaged", "nothing was changed")
	command(t, "", "journal", "restore", p.file("none.db"), "--path", p.file("data/journal.db")).want(t, 1, "no such file")
	p = serveIn(t, p.dir, twoPorts)
	p.dial("field").ask(12345678, 1)
	if s := p.totals(); s.Duplicates != 1 {
		t.Errorf("the journal was changed: %+v", s)
	}
}

// The place of a database that was taken away: no start makes another one there, unless it is told so.
func TestAJournalBeginsAnewOnlyWhenToldTo(t *testing.T) {
	p := serve(t, twoPorts)
	p.dial("field").ask(12345678, 1, 2)
	p.end()
	if err := os.Remove(p.file("data/journal.db")); err != nil {
		t.Fatal(err)
	}
	command(t, "", "serve", "--config", p.file("config.toml")).want(t, 1, "trama journal restore FILE", "trama journal new")
	mistyped := filepath.Join(t.TempDir(), "dta", "journal.db")
	command(t, "", "journal", "new", "--path", mistyped).want(t, 1, filepath.Dir(mistyped)+": no such file or directory")
	command(t, "", "journal", "new", "--config", p.file("config.toml")).want(t, 0, "is in place")
	p = serveIn(t, p.dir, twoPorts)
	p.dial("field").ask(12345678, 3)
	var page admin.Frames
	if p.get("/api/v1/frames", &page); len(page.Frames) != 1 || page.Frames[0].Position != 10_000_000_001 {
		t.Errorf("%+v", page)
	}
	var out admin.Elsewhere
	if code := p.get("/api/v1/frames?cursor=2", &out); code != http.StatusGone {
		t.Errorf("a position of before: %d", code)
	}
}

func TestARestoredBackupTakesNoEpochOfAKeyTwice(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	config := keyed("security = \"required\"\n")
	p := serveIn(t, dir, config)
	d.exchange(p.dial("field"), d.frame(1))
	backup := p.backup()
	late := d.frame(2)
	d.exchange(p.dial("field"), late)
	p = p.restore(config, backup)
	p.dial("field").send(late)
	p.refused("old epoch", 1)
	d.epoch++
	d.exchange(p.dial("field"), d.frame(3))
}

func TestTheBeginningOfTimeIsABound(t *testing.T) {
	p := serve(t, twoPorts)
	p.dial("field").ask(12345678, 1)
	var page admin.Frames
	if p.get("/api/v1/frames?until=0001-01-01T00:00:00Z", &page); len(page.Frames) != 0 {
		t.Errorf("%d frames before the beginning of time", len(page.Frames))
	}
	if code := p.get("/api/v1/masters/12345678/values?points=1&since=0001-01-01T00:00:00Z", nil); code != http.StatusOK {
		t.Errorf("values since the beginning of time: %d", code)
	}
	command(t, "", "journal", "backup", "", "--path", p.file("data/journal.db")).want(t, 2, "empty")
}
