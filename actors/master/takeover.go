package master

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/admission"
	"trama/actors/presence"
	"trama/journal"
)

// Where a connection came from that took a master over, in the totals.
const (
	sameAddress    = "same address"
	anotherAddress = "another address"
)

// Reasons for refusing the frames of a connection that may not take a master over.
const (
	reasonNotProven    = "not authenticated, and the master has a link"
	reasonOtherAddress = "from another address, and the master has a link"
)

// tellTakeover tells of a connection that takes a master over.  From another address it may be theft.
func (m handler) tellTakeover(old, l Link) {
	source, detail := sameAddress, fmt.Sprintf("from connection %d", old.ID())
	level := hclog.Info
	if old.Addr() != l.Addr() {
		source = anotherAddress
		detail = fmt.Sprintf("from connection %d at %s, to %s", old.ID(), old.Remote(), l.Remote())
		if m.dir.warnings.Allow() {
			level = hclog.Warn
		}
	}
	m.dir.sys.Tell("registry", level, "master taken over by a newer connection", "master", m.Serial, "listener", l.Listener(), "old", old.ID(), "new", l.ID(),
		"remote", l.Remote(), "before", old.Remote(), "source", source)
	m.dir.Takeovers.Add(source)
	m.linkEvent(journal.EventTakeover, l, source, detail)
}

// keeps says why a live link is not given up for l, whose frames are refused then; "" when it is.
func (m handler) keeps(old *masterLink, l Link, at time.Time, proven bool) (reason string) {
	switch policy := l.Policy().Takeover; {
	case proven:
		return ""
	case policy == admission.Authenticated:
		return reasonNotProven
	case policy == admission.SameSource && old.link.Addr() != l.Addr():
		return reasonOtherAddress
	case old.rivals.keep(old, m.dir.sinceStart(at)):
		m.tellRival(old.link, l, at, "the live link is kept while it speaks")
		return journal.AlarmTwoDevices
	}
	return ""
}

const (
	rivalWithin = time.Minute      // the link that is taken over spoke so short a time ago
	rivalSpan   = 10 * time.Minute // takeovers of that kind count together
	rivalCount  = 5
	rivalPause  = time.Hour // between two alarms

	quickWithin = time.Minute      // takeovers that are too quick, when there are more than rivalCount
	rivalSilent = 30 * time.Second // a link does not speak any more
)

// rivals counts takeovers of the live links of a master on one listener.
type rivals struct {
	quick   uint8         // within quickWithin
	first   time.Duration // as sinceStart says
	keeping bool          // the live link is kept
	tried   time.Duration
}

// keep says whether a live link is kept although another connection speaks for its master.
func (r *rivals) keep(live *masterLink, at time.Duration) bool {
	if r == nil {
		return false
	}
	silent := at-live.spoke > rivalSilent
	if r.keeping && (silent || at-r.tried > rivalSpan) {
		r.keeping, r.quick = false, 0
	} else if !r.keeping {
		r.keeping = !silent && r.quick >= rivalCount && at-r.first <= quickWithin
	}
	r.tried = at
	return r.keeping
}

// took counts a takeover.
func (r *rivals) took(at time.Duration) {
	if r.quick == 0 || at-r.first > quickWithin {
		r.quick, r.first = 0, at
	}
	r.quick = min(r.quick+1, rivalCount)
}

// suspicion counts takeovers of links that had just spoken, and remembers what was told of them.
type suspicion struct {
	count uint8
	since time.Time // the first one
	told  time.Time // the last alarm
}

// suspectRival raises an alarm when two devices seem to have one serial: they take the link from each other again and again.
func (m handler) suspectRival(old *masterLink, l Link, at time.Time) {
	if at.Sub(m.last()) > rivalWithin {
		return
	}
	if m.suspicion == nil {
		m.suspicion = new(suspicion)
	}
	if old.rivals == nil {
		old.rivals = new(rivals)
	}
	old.rivals.took(m.dir.sinceStart(at))
	r := m.suspicion
	if r.count == 0 || at.Sub(r.since) > rivalSpan {
		r.count, r.since = 0, at
	}
	if r.count++; r.count < rivalCount {
		return
	}
	r.count = 0
	m.tellRival(old.link, l, at, "or one device does not close its links")
}

// tellRival raises the alarm, unless it was raised a short time ago.
func (m handler) tellRival(old, l Link, at time.Time, more string) {
	r := m.suspicion
	if !r.told.IsZero() && at.Sub(r.told) < rivalPause {
		return
	}
	r.told = at
	m.dir.Alarms.Add(journal.AlarmTwoDevices)
	detail := fmt.Sprintf("%d times in %s a link that had just spoken was taken over, the last time %s by %s: %s",
		rivalCount, presence.Span(at.Sub(r.since)), old.Remote(), l.Remote(), more)
	m.dir.recordEvent(journal.Event{Kind: journal.EventAlarm, Master: m.Serial, Listener: l.Listener(),
		Connection: l.ID(), Remote: l.Remote(), Reason: journal.AlarmTwoDevices, Detail: detail})
	m.dir.log.Named("registry").Warn(journal.AlarmTwoDevices, "master", m.Serial, "listener", l.Listener(),
		"conn", l.ID(), "remote", l.Remote(), "detail", detail)
}
