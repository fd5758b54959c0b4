package presence

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// State of a master.
type State uint8

// States of a master.
const (
	Offline State = iota
	Online
	Late
	Away // without a link, and expected back
)

func (s State) String() string { return [...]string{"offline", "online", "late", "away"}[s] }

// Flapping is the kind of a Change besides the names of states.
const Flapping = "flapping"

const (
	lateAfter    = 2 // intervals without a frame
	offlineAfter = 4

	gapsKept      = 16
	gapsToLearn   = 4                // gaps from which an interval is learned
	leastGap      = time.Second      // frames that are closer belong together
	leastInterval = 30 * time.Second // that is learned

	flappingWithin = 10 * time.Minute
	flappingLinks  = 6 // links within that time, beyond those that its interval explains
)

// Change is something to tell: a new state, or Flapping.
type Change struct {
	Kind   string
	Reason string // why the last link ended, of a master that has none
	Detail string
}

// Watch follows one master.  The zero value is a master that was never there.  Moments are counted from one that the
// caller chooses, by a clock that is never set; 0 is none.
type Watch struct {
	State    State // Offline, Online or Late
	flapping bool
	known    uint8         // gaps that are known
	next     uint8         // place in the ring
	ups      uint8         // links that came within flappingWithin
	links    int16         // it has
	Given    time.Duration // interval that the operator has said; 0 for none
	heard    time.Duration // last frame of this process
	last     time.Duration // frame, link that brought it back, or start of this process: silence begins here
	upsSince time.Duration
	lastUp   time.Duration
	gaps     [gapsKept]uint32 // seconds between reports, a ring
	ended    *LinkEnd         // nil: none has
}

// LinkEnd says why a link ended.
type LinkEnd struct{ Reason, Detail string }

// Interval is how often the master reports; 0 when nobody knows.
func (w *Watch) Interval() time.Duration {
	if w.Given > 0 {
		return w.Given
	}
	return w.Learned()
}

// Learned is the gap in which a moment lies most likely: half of the time passed in longer ones.  Frames of one report
// that follow each other so weigh nothing.  0 before enough gaps are known.
func (w *Watch) Learned() time.Duration {
	if w.known < gapsToLearn {
		return 0
	}
	gaps := w.gaps // a copy
	sorted := gaps[:w.known]
	slices.Sort(sorted)
	var all uint64
	for _, gap := range sorted {
		all += uint64(gap)
	}
	var sum uint64
	for _, gap := range sorted {
		if sum += uint64(gap); 2*sum >= all {
			return max(time.Duration(gap)*time.Second, leastInterval)
		}
	}
	return 0
}

// Heard takes in a frame.
func (w *Watch) Heard(at time.Duration) []Change {
	if gap := at - w.heard; w.heard != 0 && gap >= leastGap {
		if interval := w.Learned(); interval > 0 { // an outage is no habit, but a new habit is learned
			gap = min(gap, offlineAfter*interval)
		}
		w.gaps[w.next] = uint32(min(gap.Seconds(), 1<<31))
		w.next = (w.next + 1) % gapsKept
		w.known = min(w.known+1, gapsKept)
	}
	silence := at - w.last
	if at >= w.last {
		w.heard, w.last = at, at
	}
	return w.become(w.at(at), func() string {
		if w.State == Late {
			return fmt.Sprintf("after %s without a frame", Span(silence))
		}
		return ""
	})
}

// LinkUp takes in a link that came.
func (w *Watch) LinkUp(at time.Duration) (changes []Change) {
	w.links++
	if w.upsSince == 0 || at-w.upsSince > flappingWithin {
		w.ups, w.upsSince = 0, at
	}
	w.ups = min(w.ups+1, 250)
	w.lastUp = at
	most := flappingLinks
	if i := w.Interval(); i > 0 {
		most = min(most+int(2*flappingWithin/i), 200)
	}
	if int(w.ups) > most && !w.flapping {
		w.flapping = true
		changes = append(changes, Change{Kind: Flapping,
			Detail: fmt.Sprintf("%d links in %s; online and offline are not told until it is calm for %s", w.ups,
				Span(at-w.upsSince), Span(flappingWithin))})
	}
	if w.State == Offline {
		w.last = at // silence begins anew
	}
	return append(changes, w.become(w.at(at), func() string { return "" })...)
}

// LinkDown takes in a link that ended, and why.
func (w *Watch) LinkDown(at time.Duration, reason, detail string) []Change {
	w.links = max(w.links-1, 0)
	w.ended = &LinkEnd{reason, detail}
	return w.Look(at)
}

// Look tells what has changed because time has passed.
func (w *Watch) Look(now time.Duration) []Change {
	var calm []Change
	if w.flapping && now-w.lastUp >= flappingWithin {
		w.flapping = false
		if w.at(now) == w.State { // what was not told, in one
			calm = []Change{{Kind: w.State.String(), Detail: "it is calm again"}}
		}
	}
	return append(calm, w.become(w.at(now), func() string {
		words := ""
		if w.links == 0 && w.ended != nil {
			words = w.ended.Detail
		}
		if i := w.Interval(); i > 0 {
			if words != "" {
				words += "; "
			}
			words += fmt.Sprintf("no frame for %s, it reports every %s", Span(now-w.last), Span(i))
			if w.Given == 0 {
				words += " (learned)"
			}
		}
		return words
	})...)
}

// become changes the state, and tells it unless the master is flapping.
func (w *Watch) become(s State, detail func() string) []Change {
	if s == w.State {
		return nil
	}
	words := detail()
	w.State = s
	if w.flapping {
		return nil
	}
	told := Change{Kind: s.String(), Detail: words}
	if s != Online && w.links == 0 && w.ended != nil {
		told.Reason = w.ended.Reason
	}
	return []Change{told}
}

// at is the state at a time.
func (w *Watch) at(now time.Duration) State {
	i, silence := w.Interval(), now-w.last
	switch {
	case w.last == 0:
		return Offline
	case i == 0 && w.links == 0:
		return Offline
	case i == 0:
		return Online
	case silence >= offlineAfter*i:
		return Offline
	case w.State == Offline && w.links == 0 && silence > 0:
		return Offline // a frame or a link brings it back, not a longer interval
	case silence >= lateAfter*i:
		return Late
	}
	return Online
}

// Shown is the state as people see it: a master that is not late and has no link is away.
func (w *Watch) Shown() State {
	if w.State == Online && w.links == 0 {
		return Away
	}
	return w.State
}

// IsFlapping says whether its link comes and goes, so that no change is told.
func (w *Watch) IsFlapping() bool { return w.flapping }

// Due is when Look may find a change; 0 for never.
func (w *Watch) Due() (due time.Duration) {
	if i := w.Interval(); i > 0 && w.State == Online {
		due = w.last + lateAfter*i
	} else if i > 0 && w.State == Late {
		due = w.last + offlineAfter*i
	}
	if calm := w.lastUp + flappingWithin; w.flapping && (due == 0 || calm < due) {
		due = calm
	}
	return due
}

// Began starts a new process: there are no links, and nobody was listening before.  A master that is expected gets its
// time from now on.
func (w *Watch) Began(now time.Duration) {
	w.links, w.flapping, w.ups, w.heard = 0, false, 0, 0
	if w.State != Offline {
		w.last = now
	}
	if w.Interval() == 0 {
		w.State = Offline
	}
}

// Gaps are what is learned, oldest first, in seconds.
func (w *Watch) Gaps() (gaps []uint32) {
	for i := range w.known {
		gaps = append(gaps, w.gaps[(w.next+gapsKept-w.known+i)%gapsKept])
	}
	return gaps
}

// Restore brings back what an earlier process has learned.
func (w *Watch) Restore(s State, last time.Duration, gaps []uint32) {
	w.State, w.last = min(s, Late), last
	for _, gap := range gaps[max(len(gaps)-gapsKept, 0):] {
		w.gaps[w.next] = gap
		w.next = (w.next + 1) % gapsKept
		w.known = min(w.known+1, gapsKept)
	}
}

// Span is a time span as people say it.
func Span(d time.Duration) string {
	unit := time.Second
	if d < 10*time.Second {
		unit = 100 * time.Millisecond
	}
	d = d.Round(unit)
	days := d / (24 * time.Hour)
	text := (d % (24 * time.Hour)).String()
	if days > 1 {
		return fmt.Sprintf("%dd%s", days, text)
	}
	return cmp.Or(trimZero(d.String()), "0s")
}

// trimZero leaves out the parts at the end that are zero.
func trimZero(s string) string {
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(s) - len(zero); n > 0 && s[n:] == zero {
			s = s[:n+1]
		}
	}
	return s
}
