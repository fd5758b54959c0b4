package config

import (
	"math"
	"time"
)

// Shortest time that anything is kept, and the longest that can be said.
const (
	keptShortest = time.Minute
	keptLongest  = 100 * 365 * 24 * time.Hour
)

// read reads [journal].
func (j *Journal) read(t table) {
	t.text("path", &j.Path)
	t.flag("memory", &j.Memory)
	if j.Memory && t.Has("path") {
		t.Problem(t.At("memory"), "memory beside path", "one of them: in memory nothing is kept")
	}
	for _, d := range []struct {
		key  string
		into *time.Duration
	}{{"frames_for", &j.FramesFor}, {"events_for", &j.EventsFor}} {
		t.duration(d.key, d.into, keptShortest, keptLongest, offIsAllowed)
		*d.into = max(*d.into, 0)
	}
	t.count("frames_mib", &j.FramesMiB, 0, 1<<30)
	t.count("events_max", &j.EventsMax, 0, min(1<<40, math.MaxInt))
	t.count("disk_limit", &j.DiskLimit, 1, 100)
	t.done()
}
