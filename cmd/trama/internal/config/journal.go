package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
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
		t.Problem(t.At("memory"), "memory and path", "one of them: in memory nothing is kept")
	}
	for _, d := range []struct {
		key  string
		into *time.Duration
	}{{"frames_for", &j.FramesFor}, {"events_for", &j.EventsFor}} {
		t.duration(d.key, d.into, keptShortest, keptLongest, offIsAllowed)
		*d.into = max(*d.into, 0)
	}
	j.readSize(t)
	t.count("events_max", &j.EventsMax, 0, min(1<<40, math.MaxInt))
	t.count("commands_max", &j.CommandsMax, 0, min(1<<40, math.MaxInt))
	t.count("disk_limit", &j.DiskLimit, 1, 100)
	t.done()
}

// readSize reads frames_mib: a number of MiB, or a part of the disk.
func (j *Journal) readSize(t table) {
	const key, least, most = "frames_mib", 1, 90
	switch value := t.Values[key].(type) {
	case nil:
	case string:
		text, part := strings.CutSuffix(t.Text(key), "%")
		n, err := strconv.Atoi(text)
		if !part || err != nil || n < least || n > most {
			t.Problem(t.At(key), fmt.Sprintf("%q", value), fmt.Sprintf(`a whole number of MiB, or a part of the disk from "%d%%" to "%d%%"`, least, most))
			return
		}
		j.FramesMiB, j.FramesPart = 0, n
	default:
		j.FramesPart = 0
		t.count(key, &j.FramesMiB, 0, 1<<30)
	}
}
