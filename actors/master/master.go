package master

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/actors/known"
	"trama/actors/ledger"
	"trama/actors/presence"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec"
	"trama/codec/protect"
	"trama/journal"
	"trama/transport"
)

// Master is what is known of one master and survives a restart of its actor.  Everything but the head belongs to the
// actor.
type Master struct {
	Node   supervise.Node // first: every message touches it
	Serial string

	dir     *Directory
	online  atomic.Int32                  // links it has
	load    atomic.Int32                  // commands without outcome, those on their way to the actor included
	shown   atomic.Uint32                 // presence.State, for a listing
	telling atomic.Bool                   // a state is on its way to the journal
	due     atomic.Int64                  // when to look whether it is still there, as Directory.sinceStart says; 0 for never
	seen    atomic.Int64                  // last frame, Unix nanoseconds; for lists and the tree
	speaks  atomic.Pointer[codec.Profile] // of its newest frame, or of its first link; for lists
	refused atomic.Pointer[refusals]      // nil: nothing was
	suite   atomic.Uint32                 // protect.Suite of its newest frame; for the tree

	condemned bool   // it failed too often: start anew
	gone      bool   // no more commands: the gateway is stopping, or it was forgotten
	forgotten bool   // it is no master any more
	held      *Batch // in hand, so that a restart goes on behind the frame that failed

	first     time.Time
	links     []*masterLink
	lastEnd   *LinkEnd // nil: none has ended since the start of the process
	latest    []latest // the newest frame of each profile
	lastFrame int      // index into latest of the newest
	frames    uint64
	bytes     uint64
	connects  uint64
	takeovers uint64

	presence  presence.Watch
	known     *known.Masters // by which presence.Given was set, with the profile
	profile   string
	clock     clock
	suspicion *suspicion // of rivals; nil: there was none

	points  points
	subject journal.Subject
	peer    *trust.Peer // nil: none of its frames came under a key

	recent     recent
	duplicates uint64
	restarted  time.Time   // its numbers, last
	unreadable *Unreadable // nil: all of its frames could be read

	subscribers subscribers

	kept  *kept       // settings; nil: there are none, and it has asked for none
	timer *timekeeper // nil: its clock was never to be set

	commands     uint64
	inFlight     *Command    // claimed, until it ends
	queue        []*Command  // in the order of the requests
	choosing     bool        // the next one is being chosen
	delivery     *delivery   // how long behind a frame it can be reached
	looking      *time.Timer // when to choose again; nil: never
	unanswered   []*Command  // that ended as unknown, and may be answered late
	strayed      time.Time   // when the last event of a stray answer was
	answeredLast *Command    // without a number: another frame that answers it is sent twice, or late; nil: none
	repeated     time.Time   // when one came last
	lastNumber   uint64      // transaction number used last; begins with the clock, so that a start behind a kill repeats none

	polls  []*polled      // what came of them
	asks   *codec.Request // that the frame in hand answers, as answer; nil: none
	answer *codec.Frame
}

func (d *Directory) newMaster(serial string) *Master {
	now := time.Now()
	m := &Master{Serial: serial, dir: d, first: now, lastNumber: uint64(now.UnixMilli() / 10)}
	m.subject.Serial, m.subject.Owner = serial, m
	if m.peer = d.keys.Known(serial); m.peer != nil {
		m.suite.Store(uint32(m.peer.Info().Suite))
	}
	return m
}

// last is when its last frame came; zero when none has.
func (m *Master) last() time.Time {
	if at := m.seen.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// Online says whether the master has a link.  Any goroutine may call it.
func (m *Master) Online() bool { return m.online.Load() > 0 }

// Busy says whether more commands wait than its queue holds.  Any goroutine may call it.
func (m *Master) Busy() bool { return int(m.load.Load()) > m.dir.commandQueue }

// PID is the address of its actor.
func (m *Master) PID() *actor.PID { return m.Node.PID() }

// send posts a message from outside of any actor.
func (m *Master) send(msg any) { m.dir.sys.Send(&m.Node, msg) }

// TreeDetail implements supervise.Detailer.
func (m *Master) TreeDetail() map[string]any {
	d := map[string]any{"links": m.online.Load()}
	if n := m.load.Load(); n > 0 {
		d["commands"] = n
	}
	if at := m.seen.Load(); at != 0 {
		d["last_seen"] = time.Unix(0, at)
	}
	switch s := protect.Suite(m.suite.Load()); {
	case s != protect.None:
		d["suite"] = s.String()
	case m.unprotected():
		d["unprotected"] = true
	}
	return d
}

// handler is the actor of one master: it tracks links, last samples and commands.
type handler struct{ *Master }

// Receive implements supervise.Handler.
func (m handler) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *LinkDown:
		m.detach(msg.Link)
	case *Command:
		m.command(msg)
	case *Poll:
		m.poll(msg)
	case *commandClaimed:
		m.claimed(msg)
	case *commandDue:
		m.due(msg.command)
	case *lookAgain:
		m.next()
	case *Delivered:
		m.wrote(msg.Command, msg.At)
	case *Undelivered:
		m.undelivered(msg)
	case *Cancel:
		m.cancel(msg)
	case *DryRun:
		m.dryRun(msg)
	case *timeOver:
		m.timeOver()
	case *snapshot:
		m.snapshot()
	case *keepTrust:
		m.keepTrust()
	case *reserved:
		m.reserved(msg)
	case *forgetOld:
		m.forgetOld()
	case *weigh:
		msg.Reply <- Answer[weight]{msg.At, weight{m.frames, m.first}}
	case *Forget:
		m.forget(ctx, msg)
	case *ListSettings:
		msg.Reply <- m.listSettings()
	case *SetSetting:
		m.set(msg)
	case *tell:
		m.tellSetting(msg.command, msg.listener)
	case *awaitStored:
		m.dir.journal.Append(&journal.Entry{Subject: &m.subject, Owner: msg})
	case *settingLost:
		m.settingLost(msg)
	case *Describe:
		m.describe(msg)
	case *Stop:
		m.gone = true
		m.giveUpCommands("the gateway is stopping", ledger.Expired, true)
		msg.Reply <- Answer[bool]{msg.At, true}
	case *actor.Started:
		m.started()
	case *actor.Stopping:
		m.gone = true
		m.giveUpCommands("the gateway is stopping", ledger.Expired, true)
	case *actor.Restarting, *actor.Stopped:
	}
}

// Carry implements supervise.FrameHandler: it takes in a run of frames of this master.
func (m handler) Carry(msg supervise.Frames) {
	b := msg.(*Batch)
	if m.forgotten {
		m.dir.refuse(m.Serial, b, reasonForgotten)
		return
	}
	m.held = b
	b.journal, b.entry.Subject, b.entry.Owner = m.dir.journal, &m.subject, b
	b.master, b.before = &m.points, m.points.recorded
	// a registration, which anybody can send, takes no link over on which the master has proven itself
	if len(b.Frames) == 0 && !m.guarded() || len(b.Frames) > 0 && b.Claims == nil && m.peer == nil {
		m.arrive(b, false)
	}
	m.handle()
}

// arrive takes note that the master has come by the link of a batch: with the first frame that is no forgery or replay,
// proven when that came under its key.  When it may not come by this link, all that is left of the batch is refused.
func (m handler) arrive(b *Batch, proven bool) bool {
	if b.arrived {
		return true
	}
	if reason := m.attach(b.Link, b.At, proven); reason != "" {
		for ; b.next < len(b.Fates); b.next++ {
			m.refuse(b, reason, nil)
		}
		return false
	}
	b.arrived = true
	m.expect()
	m.tell(b.Link, m.presence.Heard(m.dir.sinceStart(b.At)))
	m.seen.Store(b.At.UnixNano())
	return true
}

// started goes on, after a restart, behind the frame or the command that failed.
func (m handler) started() {
	b := m.held
	m.choosing = false
	if !m.condemned {
		m.wake()
	} else {
		m.reset()
		if b != nil {
			m.held = nil
			m.dir.refuse(m.Serial, b, "master given up")
		}
		return
	}
	if b == nil {
		return
	}
	if b.next < len(b.Fates) {
		b.Fates[b.next] = Poison
		b.Link.Poison(b.Raw[b.next], m.Serial, &m.Node)
		m.points.placed(m.points.recorded, 1, 0) // its samples are in no record
		b.next++
	}
	m.handle()
}

// handle handles the frames in hand.
func (m handler) handle() {
	b := m.held
	from := b.origin()
	scratch := scratches.Get().(*scratch) // lost with a frame that crashes: no harm
	for ; b.next < len(b.Fates); b.next++ {
		m.Node.Drill()
		f, raw := &b.Frames[b.next], b.Raw[b.next]
		s, known := seenFrameOf(b.Installed, f, b.At)
		var o *protect.Opened
		if b.Claims != nil {
			o = trust.Of(f)
		}
		keyed := o != nil || m.peer != nil
		if keyed {
			if !m.admits(b, o, s, known) {
				continue
			}
			if !m.arrive(b, o != nil) {
				break
			}
		}
		var flags journal.Flags
		if known {
			var record bool
			if record, flags = m.checkDuplicate(b, f, s); !record {
				if keyed {
					m.trusts(b, o, true)
				}
				continue
			}
		}
		m.frames++
		m.bytes += uint64(len(raw))
		if bad := f.Unreadable(); bad != nil {
			m.noteUnreadable(b.Link, bad, raw, b.At)
		} else { // what the newest frame that can be read says stays
			m.keep(b.Installed, f, raw, b.At)
		}
		if m.inFlight != nil || m.answeredLast != nil || len(m.unanswered) > 0 || f.Message().Purpose == codec.PurposeAnswer {
			m.answers(b, f, raw)
		}
		m.watchDevice(b.Link, f)
		m.takeIn(b, f, scratch)
		for _, change := range scratch.alarms {
			m.tellAlarm(b.Link, change)
		}
		m.hearSettings(b, f)
		m.keepTime(b, f)
		b.Installed.AppendRecord(&b.entry, from, f, raw, m.Serial, flags, scratch.historical, scratch.polled)
		m.points.recorded++
		if m.subscribers.some.Load() && f.Message().Purpose == codec.PurposeMeasurement {
			m.passOn(b.Installed.Profile, f)
		}
		if known {
			// last: a frame that crashed the handler is not known when it comes again
			m.remember(s, b.Installed.Profile)
		}
		if keyed {
			m.trusts(b, o, false)
		}
	}
	m.reserve(b)
	m.refused.Load().after(b.Fates)
	scratches.Put(scratch)
	m.came(b)
	m.held = nil
	m.Node.After(b)
}

// reset starts the master anew after it failed too often.
func (m handler) reset() {
	m.condemned = false
	m.giveUpCommands("the master's actor failed repeatedly", ledger.Expired, false)
	m.closeLinks()
	for _, l := range m.links {
		m.tell(l.link, m.presence.LinkDown(m.dir.sinceStart(time.Now()), transport.CloseFaults.String(), "the actor of the master failed repeatedly"))
	}
	m.links, m.latest, m.lastFrame = nil, nil, 0
	m.points.clear()
	m.online.Store(0)
}

// noteUnreadable counts a frame that was accepted though it cannot be read whole.  It is an event when the field at fault is
// another one than before, and once an hour: a dead sensor must not fill the journal.
func (m *Master) noteUnreadable(l Link, why error, raw []byte, at time.Time) {
	u := m.unreadable
	if u == nil {
		u = new(Unreadable)
		m.unreadable = u
	}
	u.Frames++
	u.Reason, u.At = why.Error(), at
	place := ""
	if bad := (*codec.FieldError)(nil); errors.As(why, &bad) {
		place = bad.Frame + "." + bad.Field
	}
	if place == u.place && at.Sub(u.told) < time.Hour {
		return
	}
	u.place, u.told = place, at
	l.RecordEventLimited(journal.Event{Kind: journal.EventUnreadable, Master: m.Serial, Listener: l.Listener(), Connection: l.ID(),
		Remote: l.Remote(), Detail: u.Reason, Raw: raw})
}
