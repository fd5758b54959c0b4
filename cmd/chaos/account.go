package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"trama/journal"
	"trama/journal/sqlite"
)

// reusedFrames is how many frames with a number used before the first master sends in the last round.
const reusedFrames = 3

// owed is how many resends of recorded frames the next connections begin with.
func (c *chaos) owed() (n uint64) {
	for _, s := range c.senders {
		n += uint64(s.stored - s.lastAcked())
	}
	return n
}

// sent is what the masters have sent to the daemon of the last round: all frames, those with a number used before
// included, and those sent again when everything had been acknowledged.
func (c *chaos) sent() (frames, repeated uint64) {
	for _, s := range c.senders {
		repeated += uint64(s.repeated)
		frames += s.written
	}
	if !c.broken {
		frames += reusedFrames
	}
	return frames + repeated, repeated
}

// balance holds the daemon's account of its life against what was sent to it: the difference is 0.  due are the resends
// that it began with.
func (c *chaos) balance(ctx context.Context, d *daemon, due uint64) error {
	if d.admin == "" {
		return nil // the broken one has no endpoint
	}
	var t struct {
		Frames, Stored, Duplicates, Poisoned uint64
		Rejected                             map[string]uint64
		CutOff                               int `json:"cut_off_bytes"`
	}
	if err := d.get(ctx, "/api/v1/totals", &t); err != nil {
		return err
	}
	sum := t.Stored + t.Duplicates + t.Poisoned
	for _, n := range t.Rejected {
		sum += n
	}
	frames, repeated := c.sent()
	if sum != t.Frames || t.Frames != frames || t.Duplicates != due+repeated || len(t.Rejected) > 0 ||
		t.CutOff != c.stranger.cutOff {
		return violated("the account does not balance: %+v; sent were %d frames, of which %d resends, and %d bytes of one that did not become whole",
			t, frames, due+repeated, c.stranger.cutOff)
	}
	var listeners []struct {
		In      uint64 `json:"bytes_in"`
		Frames  uint64 `json:"frame_bytes"`
		Aside   uint64 `json:"aside_bytes"`
		Skipped uint64 `json:"skipped_bytes"`
		Pending uint64 `json:"pending_bytes"`
		CutOff  uint64 `json:"cut_off_bytes"`
	}
	if err := d.get(ctx, "/api/v1/listeners", &listeners); err != nil {
		return err
	}
	for _, l := range listeners {
		if l.In == 0 || l.In != l.Frames+l.Aside+l.Skipped+l.Pending+l.CutOff ||
			l.Skipped != uint64(c.stranger.skipped) || l.CutOff != uint64(c.stranger.cutOff) {
			return violated("the account of bytes does not balance: %+v", l)
		}
	}
	var masters []struct {
		Serial string
		Frames uint64
	}
	if err := d.get(ctx, "/api/v1/masters", &masters); err != nil {
		return err
	}
	for _, m := range masters { // over all lives, also those that were killed
		for _, s := range c.senders {
			if all := uint64(s.next - 1 + len(s.reused)); m.Serial == fmt.Sprint(s.serial) && m.Frames != all {
				return violated("master %s has sent %d frames, each acknowledged, and counts %d", m.Serial, all, m.Frames)
			}
		}
	}
	if want := len(c.senders) + c.fleetSeen(); len(masters) != want {
		return violated("%d masters of %d", len(masters), want)
	}
	return nil
}

// settled holds what the journal has against the account that the daemon wrote when it stopped, and against every
// acknowledgement of all rounds.  stored is how many frames the journal has of its life.
func (c *chaos) settled(ctx context.Context, d *daemon, due, stored uint64) error {
	if frames := c.position - c.fleetRecords(); c.acked != frames {
		return violated("%d frames were acknowledged to masters, %d are in the journal", c.acked, frames)
	}
	if d.admin == "" {
		return nil
	}
	j, err := sqlite.Open(ctx, sqlite.Options{Path: c.file("data/journal.db")})
	if err != nil {
		return err
	}
	defer j.Close()
	events, _, err := j.Events(ctx, journal.EventQuery{Kind: journal.EventStop, Newest: true, Limit: 1})
	if err != nil || len(events) != 1 {
		return violated("the journal has %d accounts of the last life (%v)", len(events), err)
	}
	frames, repeated := c.sent()
	want := fmt.Sprintf("frames %d = stored %d + duplicates %d + rejected 0 + poisoned 0, bytes cut off %d", frames,
		stored, due+repeated, c.stranger.cutOff)
	if got := events[0].Detail; got != want {
		return violated("the last account is %q, it should be %q", got, want)
	}
	told, _, err := j.Events(ctx, journal.EventQuery{Kind: journal.EventRestarted, Limit: 100})
	if err != nil || len(told) != 1 && !c.broken {
		return violated("a master that began its numbers anew is told of %d times (%v)", len(told), err)
	}
	return nil
}

// get asks the daemon.
func (d *daemon) get(ctx context.Context, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.admin+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, w.Status)
	}
	return json.NewDecoder(w.Body).Decode(into)
}
