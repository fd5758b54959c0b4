package connection

import (
	"fmt"

	"trama/actors/internal/count"
	"trama/journal"
)

// Bounds on events that a stranger can cause at will: rejected frames and alarms, and connections of nobody.
const (
	eventsPerMinute    = 60
	eventsAtOnce       = 100
	strangersPerMinute = 20
)

// eventLimit lets so many events a minute through.
type eventLimit struct{ *count.Pace }

func newEventLimit(perMinute, atOnce int) eventLimit {
	return eventLimit{count.NewPace(perMinute, atOnce)}
}

// record writes an event unless there were too many.  The counters have them all.
func (m eventLimit) record(to Journal, e journal.Event) {
	if m.Allow() {
		m.write(to, e)
	}
}

// write writes an event that is allowed, with how many were left out before it.
func (m eventLimit) write(to Journal, e journal.Event) {
	if n := m.LeftOut(); n > 0 {
		e.Detail += fmt.Sprintf(" (%d like it were not written)", n)
	}
	journal.AppendEvent(to, e)
}
