package connection

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/time/rate"

	"trama/journal"
)

// Bounds on events that a stranger can cause at will: rejected frames, alarms.
const (
	eventsPerSecond = 10
	eventsAtOnce    = 100
)

// eventLimit lets so many events a second through.
type eventLimit struct {
	limiter    *rate.Limiter
	suppressed atomic.Uint64 // events that were too many
}

func newEventLimit() eventLimit {
	return eventLimit{limiter: rate.NewLimiter(eventsPerSecond, eventsAtOnce)}
}

// recordEventLimited records what a stranger can cause at will: so many a second for each listener; how many were
// left out stands in the next one.  The counters have them all.
func (o *Listener) recordEventLimited(e journal.Event) {
	if !o.events.limiter.Allow() {
		o.events.suppressed.Add(1)
		return
	}
	if n := o.events.suppressed.Swap(0); n > 0 {
		e.Detail += fmt.Sprintf(" (%d like it were not written)", n)
	}
	journal.AppendEvent(o.Journal, e)
}
