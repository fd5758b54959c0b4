package master

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/actors/admission"
	"trama/actors/ledger"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/journal"
)

// Reasons for refusing the frames of a serial that is no master.
const (
	ReasonUnknown    = "unknown serial"
	ReasonQuarantine = "in quarantine"
	ReasonTooFast    = "too many new masters"
	reasonForgotten  = "the master was forgotten"
)

// Quiet says whether frames are refused for a reason that is no event for each of them: one tells of all.
func Quiet(reason string) bool { return reason == ReasonQuarantine || reason == ReasonTooFast }

// ErrNotWaiting says that a serial is neither a master nor in quarantine.
var ErrNotWaiting = errors.New("neither a master nor in quarantine")

// InQuarantine is the state of a serial that waits to be approved.
const InQuarantine = "quarantine"

// stranger says why the frames of a serial that was never seen before are refused; "" when it may be a master.  The
// operator vouches for serials that he has told of, and for those that he has given a key and that use it.
func (r *registry) stranger(m *Route) (reason string) {
	policy := m.Link.Policy()
	if r.vouched(m.Serial) || len(m.Batch.Claims) > 0 && m.Batch.Claims[0].Peer != nil {
		return ""
	}
	if policy.Unknown == admission.Refuse {
		return ReasonUnknown
	}
	now := time.Now()
	if !r.Waiting.Holds(m.Serial) {
		if ok, tell := m.Link.Newcomers().Admit(now); !ok {
			if tell {
				r.turnedAway(m, policy.NewMastersPerMinute)
			}
			return ReasonTooFast
		}
	}
	if policy.Unknown != admission.Quarantine {
		return ""
	}
	w := admission.Waiting{Serial: m.Serial, Profile: m.Link.Profile().Name(), Listener: m.Link.Listener(),
		Connection: m.Link.ID(), Remote: m.Link.Remote(), First: now, Last: now,
		Frames: uint64(len(m.Batch.Frames))}
	if r.Waiting.See(w) {
		e := journal.Event{Kind: journal.EventQuarantined, Master: m.Serial, Listener: w.Listener,
			Connection: m.Link.ID(), Remote: w.Remote,
			Detail: "never seen before: trama approve makes it a master"}
		if len(m.Batch.Raw) > 0 {
			e.Raw = m.Batch.Raw[0]
		}
		m.Link.RecordEventLimited(e)
	}
	return ReasonQuarantine
}

// turnedAway tells that masters are new too fast.
func (r *registry) turnedAway(m *Route, perMinute int) {
	detail := fmt.Sprintf("more than %d serials a minute that were never seen before; known masters are not concerned", perMinute)
	r.recordEvent(journal.Event{Kind: journal.EventRejected, Master: m.Serial, Listener: m.Link.Listener(),
		Connection: m.Link.ID(), Remote: m.Link.Remote(),
		Reason: ReasonTooFast, Detail: detail})
	r.log.Named("registry").Warn(ReasonTooFast, "listener", m.Link.Listener(), "master", m.Serial, "remote",
		m.Link.Remote(), "detail", detail)
}

// vouched says whether the operator has told of a serial.
func (d *Directory) vouched(serial string) bool { return d.known.Get().Names(serial) }

// approve makes a master of a serial that is in quarantine.
func (r *registry) approve(ctx actor.Context, a *Approve) {
	switch {
	case r.Get(a.Serial) != nil:
		a.Reply <- nil
		return
	case !r.Waiting.Holds(a.Serial):
		a.Reply <- fmt.Errorf("%w: %q", ErrNotWaiting, a.Serial)
		return
	case r.leaving[a.Serial] != nil:
		a.Reply <- fmt.Errorf("%w: %s", ErrBusy, a.Serial)
		return
	}
	m := r.welcome(ctx, a.Serial, func(m *Master) {
		r.journal.Append(&journal.Entry{Subject: &m.subject, Rows: []journal.Row{m.encode()}, Owner: committed(a.Reply)})
	})
	if m == nil {
		a.Reply <- fmt.Errorf("%w: there are %d", ErrTooMany, r.Size())
		return
	}
	r.Waiting.Remove(a.Serial)
}

// committed tells who waits for an entry what became of it.
type committed chan<- error

// Committed implements journal.Committer.
func (c committed) Committed(_ uint64, err error) { c <- err }

// forgotten owns the end of a master, and what its peer may use from then on.
type forgotten struct {
	committed
	r trust.Reservation
}

// Committed implements journal.Committer.
func (f forgotten) Committed(first uint64, err error) {
	if err == nil {
		f.r.Stored()
	}
	f.committed.Committed(first, err)
}

// forget takes a master out of the book and has its actor end; the answer comes when that is on disk.
func (r *registry) forget(ctx actor.Context, f *Forget) {
	m := r.Get(f.Serial)
	switch {
	case m == nil && (r.Waiting.Remove(f.Serial) || f.Seen != nil): // who was chosen may have gone by itself
		f.Reply <- nil
	case m == nil:
		f.Reply <- fmt.Errorf("%w: %q", ErrNotWaiting, f.Serial)
	case f.Seen != nil && m.seen.Load() != *f.Seen: // it has spoken since it was chosen
		f.Reply <- nil
	default:
		r.mu.Lock()
		delete(r.by, f.Serial)
		r.mu.Unlock()
		r.leaving[f.Serial] = m
		ctx.Send(m.PID(), f)
	}
}

// forget ends a master: its links, its commands, its memory.  What comes for it afterwards is refused, until its
// connections have learned of it.
func (m handler) forget(ctx actor.Context, f *Forget) {
	m.gone, m.forgotten = true, true
	m.giveUpCommands("the master was forgotten", ledger.Cancelled, false)
	m.unanswered = nil
	m.dropPolls()
	for _, l := range m.links {
		l.link.Forgotten(m.Master)
	}
	m.links = nil
	m.online.Store(0)
	m.dir.windows.giveUp(m.Master)
	var rows []journal.Row
	of := forgotten{committed: f.Reply}
	if m.peer != nil { // its counters stay used
		var row journal.Trust
		row, of.r = m.peer.Row(true)
		rows = append(rows, row)
	}
	rows = append(rows, journal.Forget{})
	m.dir.journal.Append(&journal.Entry{Subject: &m.subject, Rows: rows, Owner: of})
	ctx.Poison(ctx.Self()) // behind what waits for it already
}

// left lets a serial be a master again: the actor of the one that was forgotten has ended.
func (r *registry) left(who *actor.PID) {
	for serial, m := range r.leaving {
		if m.PID().Equal(who) {
			delete(r.leaving, serial)
		}
	}
}

// Orphaned implements supervise.Orphan.
func (a *Approve) Orphaned(f *supervise.Fault) { orphaned(a.Reply, f) }

// Orphaned implements supervise.Orphan.
func (f *Forget) Orphaned(fault *supervise.Fault) { orphaned(f.Reply, fault) }

func orphaned(reply chan<- error, f *supervise.Fault) {
	select {
	case reply <- fmt.Errorf("%w: %w", ErrFault, f):
	default: // it was answered before the fault
	}
}

// Forgettable chooses serials that are to be forgotten.
type Forgettable struct {
	Unseen      time.Duration // not heard for at least so long
	FramesBelow uint64        // fewer frames than this; 0: any number
	Quarantine  bool          // of those in quarantine, and no masters
}

// weight is what a master says of itself to be chosen.
type weight struct {
	frames uint64
	first  time.Time
}

// Forgettable lists the serials that a choice holds, with when each was heard last, in Unix nanoseconds.
func (d *Directory) Forgettable(c Forgettable, patience time.Duration) (serials []string, seen []int64) {
	now := time.Now()
	long := func(at time.Time) bool { return now.Sub(at) >= c.Unseen }
	if c.Quarantine {
		for _, w := range d.Waiting.List() {
			if long(w.Last) && (c.FramesBelow == 0 || w.Frames < c.FramesBelow) {
				serials, seen = append(serials, w.Serial), append(seen, w.Last.UnixNano())
			}
		}
		return serials, seen
	}
	var asked []*Master
	for _, m := range d.List() {
		if long(m.last()) {
			asked = append(asked, m)
		}
	}
	at := 0
	for w := range Ask(asked, patience, func(at int, to chan<- Answer[weight]) any { return &weigh{At: at, Reply: to} },
		func(*Master) weight { return weight{first: now} }) { // one that is stuck stays
		m := asked[at]
		at++
		if !w.first.Equal(now) && long(w.first) && (c.FramesBelow == 0 || w.frames < c.FramesBelow) {
			serials, seen = append(serials, m.Serial), append(seen, m.seen.Load())
		}
	}
	return serials, seen
}
