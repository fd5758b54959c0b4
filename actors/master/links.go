package master

import (
	"fmt"
	"time"

	"trama/actors/presence"
	"trama/codec/protect"
	"trama/journal"
	"trama/transport"
)

// masterLink is one live connection of a master; at most one per listener.
type masterLink struct {
	link  Link
	since time.Time
	suite protect.Suite // of the newest frame that it has brought; None: it came unprotected
}

// attach makes l, which brought a frame at the given time, a link of this master.  The connection that spoke last
// wins on each listener, and the other one is closed; frames that an overtaken connection brought before are taken
// in, but do not bring it back.
func (m handler) attach(l Link, at time.Time) {
	for i, old := range m.links {
		if old.link == l {
			return
		}
		if old.link.Listener() != l.Listener() {
			continue
		}
		if at.Before(old.since) || ending(l) {
			return
		}
		m.takeovers++
		m.dir.log.Named("registry").Info("master taken over by a newer connection", "master", m.Serial, "listener",
			l.Listener(),
			"old", old.link.ID(), "new", l.ID(), "remote", l.Remote())
		m.linkEvent(journal.EventTakeover, l, "", fmt.Sprintf("from connection %d", old.link.ID()))
		m.suspectRival(old.link, l, at)
		if len(old.link.Masters()) <= 1 {
			old.link.Close(transport.CloseTakenOver, fmt.Sprintf("by connection %d", l.ID()))
		}
		m.links[i] = &masterLink{link: l, since: at}
		m.connects++
		m.linkChanged(old.link, l)
		return
	}
	if ending(l) {
		return // its LinkDown may have come already: do not bring it back
	}
	m.links = append(m.links, &masterLink{link: l, since: at})
	m.speaks.CompareAndSwap(nil, l.Profile())
	m.connects++
	m.online.Store(int32(len(m.links)))
	m.expect()
	m.tell(l, m.presence.LinkUp(m.dir.sinceStart(at)))
}

const (
	rivalWithin = time.Minute      // the link that is taken over spoke so short a time ago
	rivalSpan   = 10 * time.Minute // takeovers of that kind count together
	rivalCount  = 5
	rivalPause  = time.Hour // between two alarms
)

// rivals counts takeovers of links that had just spoken.
type rivals struct {
	count uint8
	since time.Time // the first one
	told  time.Time // the last alarm
}

// suspectRival raises an alarm when two devices seem to have one serial: they take the link from each other again and again.
func (m handler) suspectRival(old, l Link, at time.Time) {
	if at.Sub(m.last()) > rivalWithin {
		return
	}
	if m.rivals == nil {
		m.rivals = new(rivals)
	}
	r := m.rivals
	if r.count == 0 || at.Sub(r.since) > rivalSpan {
		r.count, r.since = 0, at
	}
	if r.count++; r.count < rivalCount {
		return
	}
	r.count = 0
	if !r.told.IsZero() && at.Sub(r.told) < rivalPause {
		return
	}
	r.told = at
	m.dir.recordEvent(journal.Event{Kind: journal.EventAlarm, Master: m.Serial, Listener: l.Listener(), Connection: l.ID(), Remote: l.Remote(),
		Reason: journal.AlarmTwoDevices, Detail: fmt.Sprintf("%d times in %s a link that had just spoken was taken over, the last time %s by %s: or one device does not close its links",
			rivalCount, presence.Span(at.Sub(r.since)), old.Remote(), l.Remote())})
}

// ending says whether it is decided that the connection of l ends.
func ending(l Link) bool {
	reason, _ := l.Reason()
	return reason != transport.CloseNone
}

// detach takes a link off that has ended.
func (m handler) detach(l Link) {
	for i, old := range m.links {
		if old.link != l {
			continue
		}
		m.links = append(m.links[:i], m.links[i+1:]...)
		m.online.Store(int32(len(m.links)))
		m.linkLost(l)
		reason, detail := l.Reason()
		now := time.Now()
		m.lastEnd = &LinkEnd{At: now, Listener: l.Listener(), Connection: l.ID(), Remote: l.Remote(), Reason: reason.String(), Detail: detail}
		m.tell(l, m.presence.LinkDown(m.dir.sinceStart(now), reason.String(), detail))
		return
	}
}

// closeLinks ends every connection of the master.
func (m handler) closeLinks() {
	for _, l := range m.links {
		l.link.Close(transport.CloseFaults, "the actor of master "+m.Serial+" failed repeatedly")
	}
}

func (m handler) linked(l Link) bool {
	for _, each := range m.links {
		if each.link == l {
			return true
		}
	}
	return false
}

// linkEvent is something that happened to a link of a master.
func (m *Master) linkEvent(kind string, l Link, reason, detail string) {
	m.dir.recordEvent(journal.Event{Kind: kind, Master: m.Serial, Listener: l.Listener(), Connection: l.ID(),
		Remote: l.Remote(), Reason: reason, Detail: detail})
}
