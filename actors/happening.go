package actors

import (
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"trama/journal"
)

// happened puts an event into the journal.  Nobody waits for it.
func (g *gateway) happened(e journal.Event) {
	e.At = time.Now()
	e.Raw = append([]byte(nil), e.Raw...)
	g.journal.Append(&journal.Entry{Event: &e})
}

// Bounds on events that a stranger can cause at will: rejected frames, alarms.
const (
	eventsPerSecond = 10
	eventsAtOnce    = 100
)

func newEventLimit() *rate.Limiter { return rate.NewLimiter(eventsPerSecond, eventsAtOnce) }

// limited is happened for what a stranger can cause at will: so many a second for each listener; how many were left out stands in the next
// one.  The counters have them all.
func (s *slot) limited(e journal.Event) {
	if !s.events.Allow() {
		s.unwritten.Add(1)
		return
	}
	if n := s.unwritten.Swap(0); n > 0 {
		e.Detail += fmt.Sprintf(" (%d like it were not written)", n)
	}
	s.gw.happened(e)
}

// linkEvent is something that happened to a link of a master.
func (m *master) linkEvent(kind string, l *link, reason, detail string) {
	m.gw.happened(journal.Event{Kind: kind, Master: m.serial, Listener: l.slot.name, Connection: l.id, Remote: l.remote(), Reason: reason, Detail: detail})
}
