package connection

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"trama/journal"
)

// Bounds on events that a stranger can cause at will: rejected frames and alarms, and connections of nobody.
const (
	eventsPerMinute    = 60
	eventsAtOnce       = 100
	strangersPerMinute = 20
)

// eventLimit lets so many events a minute through.
type eventLimit struct {
	limiter    *rate.Limiter
	suppressed atomic.Uint64 // events that were too many since the last that was written
	dropped    atomic.Uint64 // events that were too many ever
}

func newEventLimit(perMinute, atOnce int) *eventLimit {
	return &eventLimit{limiter: rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), atOnce)}
}

// record writes an event unless there were too many.  The counters have them all.
func (m *eventLimit) record(to Journal, e journal.Event) {
	if m.allow() {
		m.write(to, e)
	}
}

// allow says whether one more event may be written.
func (m *eventLimit) allow() bool {
	if m.limiter.Allow() {
		return true
	}
	m.suppressed.Add(1)
	m.dropped.Add(1)
	return false
}

// write writes an event that is allowed, with how many were left out before it.
func (m *eventLimit) write(to Journal, e journal.Event) {
	if n := m.suppressed.Swap(0); n > 0 {
		e.Detail += fmt.Sprintf(" (%d like it were not written)", n)
	}
	journal.AppendEvent(to, e)
}
