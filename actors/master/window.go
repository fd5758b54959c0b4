package master

import (
	"fmt"
	"time"

	"trama/actors/ledger"
	"trama/actors/presence"
)

// mayGo says whether a command may go out now; else after which time to ask again, 0 for when the master speaks.
func (m handler) mayGo(c *Command) (wait time.Duration, ok bool) {
	l, err := m.linkFor(c.Request)
	if err != nil {
		return 0, true // it ends for that reason
	}
	now := m.dir.sinceStart(time.Now())
	c.silence = now - l.spoke
	window, learned := m.reach(l.link, now)
	told := c.missed
	if c.missed = window > 0 && c.silence > window && (!learned || c.Request.Queue > 0); c.missed {
		c.waited = true
		if !told && c.Entry != nil {
			c.Result.Detail = fmt.Sprintf("for a frame: it was silent for %s, and is reached within %s behind one", presence.Span(c.silence), presence.Span(window))
			c.Entry.Refine(c.Result)
		}
		return 0, false
	}
	c.Result.Detail = ""
	if c.waited = c.waited || c.Request.Queue > 0 && c.Result.Asked.Before(l.since); !c.waited {
		return 0, true
	}
	if c.turn == 0 {
		c.turn = now + m.dir.queued.Reserve().Delay()
	}
	if now < c.turn {
		return c.turn - now, false
	}
	c.turn = 0
	return 0, true
}

// reach is how long behind a frame commands reach the master on a link; 0: at any time, as far as is known.
func (m *Master) reach(l Link, now time.Duration) (window time.Duration, learned bool) {
	m.expect()
	if told := m.known.Words(m.Serial, m.profile).Window; told != 0 {
		return max(told, 0), false
	}
	if l != nil && l.Window() != 0 {
		return max(l.Window(), 0), false
	}
	return m.delivery.window(now), true
}

// came is called when a batch of the master was handled: what waited for it may go, behind the acknowledgement.
func (m handler) came(b *Batch) {
	if now := m.dir.sinceStart(b.At); m.delivery.spoke(now) {
		m.dir.log.Named("command").Info("delivery window learned", "master", m.Serial, "conn", b.Link.ID(), "window", m.delivery.window(now))
	}
	for _, c := range m.unanswered {
		if c.Profile != nil || c.remake(b) {
			m.verify(c)
		}
	}
	b.Waited = m.load.Load() > 0
	if len(m.queue) > 0 && m.inFlight == nil {
		m.send(&lookAgain{})
	}
}

// teach has the end of a command teach what its silence was good for.
func (m handler) teach(c *Command) {
	if c.poll != nil {
		return // a device behind the master may be silent, and not the master
	}
	if m.delivery == nil {
		m.delivery = new(delivery)
	}
	switch now := m.dir.sinceStart(time.Now()); {
	case c.Result.Late:
		m.delivery.answered(0, now) // nobody knows when it came to the master
	case c.answer != nil:
		m.delivery.answered(c.silence, now)
	case c.Result.State == ledger.Unknown:
		m.delivery.unanswered(c.silence)
	}
}
