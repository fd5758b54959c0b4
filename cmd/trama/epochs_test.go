package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"trama/codec/protect"
)

// Epochs that a device has begun are known beside the keys: a journal from before cannot make one begin again.
func TestAnOlderJournalBeginsNoEpochTwice(t *testing.T) {
	dir := t.TempDir()
	required := keyed("security = \"required\"\n")
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	d.epoch = 3
	p := serveIn(t, dir, required)
	d.exchange(p.dial("field"), d.frame(1))
	p.end()
	backup := t.TempDir()
	copyTree(t, backup, dir)

	p = serveIn(t, dir, required)
	d.epoch, d.counter = 4, 0
	link := p.dial("field")
	var recorded [][]byte
	for n := range 3 {
		recorded = append(recorded, d.frame(2+n))
		d.exchange(link, recorded[n])
	}
	p.end()

	for _, files := range []string{dir, backup} {
		kept, err := filepath.Glob(filepath.Join(files, "data", "journal*"))
		if err != nil || len(kept) == 0 {
			t.Fatal(kept, err)
		}
		for _, name := range kept {
			to := filepath.Join(dir, "data", filepath.Base(name))
			if files == dir {
				err = os.Remove(name)
			} else {
				var content []byte
				if content, err = os.ReadFile(name); err == nil {
					err = os.WriteFile(to, content, 0o600)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	p = serveIn(t, dir, required)
	stranger := p.dial("field")
	for _, frame := range recorded {
		stranger.send(frame)
	}
	p.refused("old epoch", 3)
	d.epoch, d.counter = 5, 0
	d.exchange(p.dial("field"), d.frame(9))
	if got := p.totals().Stored; got != 1 {
		t.Errorf("%d frames are stored", got)
	}
}

// A key that was replaced and comes back begins where it was left, not anew.
func TestAKeyThatComesBackNeedsANewerEpoch(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	recorded := d.frame(1)
	d.exchange(p.dial("field"), recorded)

	replace := func(key protect.Key) *device {
		p.keys("", "remove", d.serial).want(t, 0, "its key is removed")
		p.keys(fmt.Sprintf("%x", key.Bytes()), "add", d.serial, "--hex", "-").want(t, 0, "the daemon has taken it over")
		other := *d
		other.key, other.epoch, other.counter, other.heard = key, 0, 0, 0
		return &other
	}
	second := replace(protect.Key{9, 9, 9})
	second.exchange(p.dial("field"), second.frame(2))
	back := replace(d.key)
	p.dial("field").send(recorded)
	p.refused("old epoch", 1)
	back.epoch = 1
	back.exchange(p.dial("field"), back.frame(3))
	if got := p.totals().Stored; got != 3 {
		t.Errorf("%d frames are stored", got)
	}
}
