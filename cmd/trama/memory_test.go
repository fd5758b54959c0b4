package main

import (
	"testing"
	"time"
)

func TestMemoryIsReleasedAtRestAfterABurst(t *testing.T) {
	const mb = 1 << 20
	var k memoryKeeper
	at := time.Unix(1_800_000_000, 0)
	for _, step := range []struct {
		allocated  uint64
		goroutines int
		after      time.Duration
		want       bool
		why        string
	}{
		{3 * mb, 20, 0, false, "nothing has happened"},
		{90 * mb, 15_000, memoryLook, false, "the burst"},
		{150 * mb, 9_000, memoryLook, false, "it goes on"},
		{150 * mb, 40, memoryLook, true, "rest"},
		{151 * mb, 40, memoryLook, false, "nothing new since the release"},
		{170 * mb, 40, memoryLook, false, "the next burst"},
		{170 * mb, 40, memoryLook, false, "rest, but too soon after the last release"},
		{170 * mb, 40, memoryPause, true, "now it is due"},
		{171 * mb, 6_000, memoryPause, false, "goroutines come"},
		{171 * mb, 40, memoryLook, true, "and go: their stacks are worth it"},
	} {
		at = at.Add(step.after)
		if got := k.look(step.allocated, step.goroutines, at); got != step.want {
			t.Errorf("%s: %v", step.why, got)
		}
	}
}
