package master

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/presence"
	"trama/journal"
)

// lookEvery is how often the directory looks for masters whose time is over.
const lookEvery = time.Second

// tell records what has changed of a master being there, and has it looked at again when its time is over.  l is the
// link that it came by; nil when time has passed.
func (m *Master) tell(l Link, changes []presence.Change) {
	refused := m.refused.Load()
	if refused != nil {
		refused.interval.Store(int64(m.presence.Interval()))
	}
	for _, c := range changes {
		if words := refused.meanwhile(); words != "" && (c.Kind == presence.Late.String() || c.Kind == presence.Offline.String()) {
			c.Detail = strings.TrimPrefix(c.Detail+"; "+words, "; ")
		}
		e := journal.Event{Kind: c.Kind, Master: m.Serial, Reason: c.Reason, Detail: c.Detail}
		if l != nil {
			e.Listener, e.Connection, e.Remote = l.Listener(), l.ID(), l.Remote()
		}
		m.dir.recordLink(e, m.frames)
		m.dir.sys.Tell("registry", hclog.Info, "master "+c.Kind, "master", m.Serial, "listener", e.Listener, "conn", e.Connection,
			"reason", c.Reason, "detail", c.Detail)
	}
	m.shown.Store(uint32(m.presence.Shown()))
	due := int64(m.presence.Due())
	m.due.Store(due)
	m.dir.lookAt(due)
}

// Bounds on the events of links of masters that have said little: whoever makes serials up has any number of them.
const (
	newcomerFrames     = 10
	newcomersPerMinute = 60
	newcomersAtOnce    = 1000
)

// EventsDropped counts events of new masters that were too many to be written.
func (d *Directory) EventsDropped() uint64 { return d.newcomers.LeftOutEver() }

// recordLink records what has changed of a master being there, unless there is too much of it from newcomers.
func (d *Directory) recordLink(e journal.Event, frames uint64) {
	if frames < newcomerFrames {
		if !d.newcomers.Allow() {
			return
		}
		if n := d.newcomers.LeftOut(); n > 0 {
			e.Detail = strings.TrimPrefix(fmt.Sprintf("%s (%d like it, of other new masters, were not written)", e.Detail, n), " ")
		}
	}
	d.recordEvent(e)
}

// expect takes over the interval that the operator has given.
func (m *Master) expect() {
	known, profile := m.dir.known.Get(), m.profile
	if p := m.speaks.Load(); p != nil {
		profile = p.Name()
	}
	if known != m.known || profile != m.profile {
		m.known, m.profile = known, profile
		m.presence.Given = known.Of(m.Serial, profile).Interval
	}
}

// timeOver looks at a master whose time may be over.
func (m handler) timeOver() {
	m.expect()
	changes := m.presence.Look(m.dir.sinceStart(time.Now()))
	m.tell(nil, changes)
	if len(changes) > 0 { // else a kill and a restart tell it again
		m.snapshot()
	}
}

// sinceStart is how long after the start a time is, never 0: a wall clock that is set makes nobody late.
func (d *Directory) sinceStart(t time.Time) time.Duration { return cmp.Or(t.Sub(d.started), 1) }

// lookAt has look do something at a time, unless it does earlier; 0 is never.
func (d *Directory) lookAt(at int64) {
	for at != 0 {
		next := d.due.Load()
		if next != 0 && next <= at || d.due.CompareAndSwap(next, at) {
			return
		}
	}
}

// KeepTime looks after masters that are late, until done is closed.  When what the operator has told is another, it
// looks at all: the interval of some may be.
func (d *Directory) KeepTime(done <-chan struct{}) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	told := d.known.Get()
	for {
		select {
		case now := <-ticks.C:
			d.sys.Guard("time keeper", func() {
				if d.known.Get() != told {
					told = d.known.Get()
					for _, m := range d.List() {
						m.send(&timeOver{})
					}
				}
				d.look(int64(d.sinceStart(now)))
			})
		case <-done:
			return
		}
	}
}

// look sends a message to each master whose time is over.
func (d *Directory) look(now int64) {
	next := d.due.Load()
	if next == 0 || next > now {
		return
	}
	d.due.Store(0)
	d.mu.RLock()
	defer d.mu.RUnlock()
	earliest := int64(0)
	for _, m := range d.by {
		due := m.due.Load()
		switch {
		case due == 0:
		case due <= now:
			m.due.Store(0) // its actor says when the next look is due
			m.send(&timeOver{})
		case earliest == 0 || due < earliest:
			earliest = due
		}
	}
	d.lookAt(earliest)
}

// describeKnown says whether the master is there, and what the operator has told of it.
func (m handler) describeKnown(info *Info) {
	m.expect()
	info.State = m.state(m.presence.Shown())
	m.describeTold(info)
	if i := m.presence.Interval(); i > 0 {
		info.Interval, info.Learned = presence.Span(i), m.presence.Given == 0
	}
	var l Link
	if n := len(m.links); n > 0 {
		l = m.links[n-1].link
	}
	if window, learned := m.reach(l, m.dir.sinceStart(time.Now())); window > 0 {
		info.Window, info.WindowLearned = presence.Span(window), learned
	}
	info.ClockOff, info.Flapping = m.clock.off, m.presence.IsFlapping()
}

// describeTold says what the operator has told of the master.
func (m handler) describeTold(info *Info) {
	k := m.dir.known.Get().Of(m.Serial, m.profile)
	for i := range info.Points {
		if p, told := k.Points[info.Points[i].Name]; told {
			(*Sample)(&info.Points[i]).Apply(p)
		}
	}
	info.Name, info.Site, info.Tags = k.Name, k.Site, k.Tags
}
