package master

import (
	"fmt"
	"time"

	"trama/codec"
	"trama/journal"
)

const (
	clockTolerance = 10 * time.Minute // of a device's clock, to either side
	clockFrames    = 3                // frames of a clock that is behind: fewer may have waited in the device
	clockDrift     = time.Minute      // between those frames: the times of frames that have waited run faster than ours
	clockSpan      = 5 * time.Second  // least time in which they came
)

// clock watches how far a device's clock is off.
type clock struct {
	off    bool
	agree  uint8
	behind time.Duration // of the first of frames that agree; negative: ahead
	since  int64         // when that one was received, Unix nanoseconds
}

// tellAlarm records an alarm of the device that was raised, changed or cleared.
func (m *Master) tellAlarm(l Link, c alarmChange) {
	if !raised(c.now) {
		m.event(l, journal.EventAlarmCleared, fmt.Sprintf("%s: it was %s", c.point, c.before))
		return
	}
	detail := fmt.Sprintf("%s: %s", c.point, c.now)
	if raised(c.before) {
		detail += fmt.Sprintf(", before %s", c.before)
	}
	m.event(l, journal.EventAlarmRaised, detail)
}

// watchDevice records what has changed of the device's clock with a frame that was just accepted.
func (m *Master) watchDevice(l Link, f *codec.Frame) {
	made, ok := f.Timestamp()
	if !ok {
		i, o := f.Role(codec.RoleTimestamp)
		if o == nil || !f.ItemAt(i, o).Suspect() {
			return
		}
		m.clockChange(l, m.clock.dead(), "its date does not exist")
		return
	}
	change := m.clock.see(m.last(), made, clockTolerance)
	words := "right again"
	if m.clock.off {
		words = clockWords(m.last(), made)
	}
	m.clockChange(l, change, words)
}

func (m *Master) clockChange(l Link, changed bool, words string) {
	if changed {
		m.event(l, journal.EventClockOff, words)
	}
}

// event records something that a frame of the master says.
func (m *Master) event(l Link, kind, detail string) {
	l.RecordEventLimited(journal.Event{Kind: kind, Master: m.Serial, Listener: l.Listener(), Connection: l.ID(),
		Remote: l.Remote(), Detail: detail})
}

// dead takes in a time that does not exist; it says whether the clock was thought right before.
func (c *clock) dead() bool {
	changed := !c.off
	*c = clock{off: true}
	return changed
}

// see takes in when a frame was made, by the device's clock, and received; it says whether c.off has changed.
func (c *clock) see(received, made time.Time, tolerance time.Duration) bool {
	behind := received.Sub(made)
	switch {
	case !codec.Meant(made, received) || behind < -tolerance:
		return c.dead()
	case behind <= tolerance:
		changed := c.off
		*c = clock{}
		return changed
	}
	if c.agree > 0 && (behind-c.behind).Abs() > clockDrift {
		c.agree = 0
	}
	if c.agree == 0 {
		c.behind, c.since = behind, received.UnixNano()
	}
	c.agree = min(c.agree+1, clockFrames)
	if c.off || c.agree < clockFrames || received.UnixNano()-c.since < int64(clockSpan) {
		return false
	}
	c.off = true
	return true
}

// clockWords says how far a device's clock is off.
func clockWords(received, made time.Time) string {
	by, way := received.Sub(made).Round(time.Second), "behind"
	if by < 0 {
		by, way = -by, "ahead"
	}
	amount := by.String()
	if days := by / (24 * time.Hour); days > 1 {
		amount = fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%s %s: it says %s", amount, way, made.Format(time.DateTime))
}
