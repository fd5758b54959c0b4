package master

import (
	"fmt"
	"time"

	"trama/codec/protect"
	"trama/journal"
	"trama/transport"
)

// masterLink is one live connection of a master; at most one per listener.
type masterLink struct {
	link   Link
	since  time.Time
	spoke  time.Duration // last, as sinceStart says
	rivals *rivals       // nil: none was suspected
	suite  protect.Suite // of the newest frame that it has brought; None: it came unprotected
}

// attach makes l, which brought a frame at the given time, a link of this master; proven says that the frame is fresh and
// came under the master's key.  The connection that spoke last wins on each listener, and the other one is closed; frames
// that an overtaken connection brought before are taken in, but do not bring it back.  When l may not take the master over,
// its frames are refused for a reason.
func (m handler) attach(l Link, at time.Time, proven bool) (refused string) {
	for i, old := range m.links {
		if old.link == l {
			old.spoke = m.dir.sinceStart(at)
			return ""
		}
		if old.link.Listener() != l.Listener() {
			continue
		}
		live := !old.link.HungUp()
		if live {
			if refused = m.keeps(old, l, at, proven); refused != "" {
				return refused
			}
		}
		if ending(l) {
			return ""
		}
		if at.Before(old.since) { // both spoke at the same moment: the other one was later
			overtake(l, old.link)
			return ""
		}
		m.takeovers++
		m.tellTakeover(old.link, l)
		if live {
			m.suspectRival(old, l, at)
		}
		overtake(old.link, l)
		m.links[i] = &masterLink{link: l, since: at, spoke: m.dir.sinceStart(at), rivals: old.rivals}
		m.connects++
		m.linkChanged(old.link, l)
		return ""
	}
	if ending(l) {
		return "" // its LinkDown may have come already: do not bring it back
	}
	m.links = append(m.links, &masterLink{link: l, since: at, spoke: m.dir.sinceStart(at)})
	m.speaks.CompareAndSwap(nil, l.Profile())
	m.connects++
	m.online.Store(int32(len(m.links)))
	m.expect()
	m.tell(l, m.presence.LinkUp(m.dir.sinceStart(at)))
	return ""
}

// overtake closes a connection whose master is on another one, unless it carries more of them.
func overtake(old, by Link) {
	if len(old.Masters()) <= 1 {
		old.Close(transport.CloseTakenOver, fmt.Sprintf("by connection %d", by.ID()))
	}
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
		if len(m.links) == 0 {
			m.refused.Load().over()
		}
		m.linkLost(l)
		reason, detail := l.Reason()
		now := time.Now()
		m.lastEnd = &LinkEnd{At: now, Listener: l.Listener(), Connection: l.ID(), Remote: l.Remote(),
			Reason: reason.String(), Detail: detail}
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
