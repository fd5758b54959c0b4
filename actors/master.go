package actors

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// master is what is known of one PLC master and survives a restart of its actor.  Everything but the head belongs to the actor.
type master struct {
	node   node // first: every message touches it
	serial string
	gw     *gateway
	pid    *actor.PID
	online atomic.Int32 // links it has; read by integrators' connections and listings
	load   atomic.Int32 // commands without outcome, those on their way to the actor included; likewise
	seen   atomic.Int64 // last frame, Unix nanoseconds; for the tree

	held      *group // frames in hand, so that a restart goes on behind the one that failed
	condemned bool   // it failed too often: start anew

	first     time.Time
	last      time.Time
	links     []*masterLink
	latest    []latest // the last frame of each kind, which is where the last values are read from
	lastFrame int      // index into latest of the newest
	frames    uint64
	bytes     uint64
	connects  uint64
	takeovers uint64

	subject    journal.Subject
	recent     recent
	newest     time.Time // when its latest frame was made, by its own clock
	duplicates uint64

	gone       bool // the gateway is stopping: no more commands
	commands   uint64
	inFlight   *command
	queue      []*command
	lastID     uint64
	lastNumber uint64 // transaction number used last
}

// masterLink is one live connection of a master; at most one per listener.
type masterLink struct {
	link  *link
	since time.Time
}

// latest is the newest frame of one kind.
type latest struct {
	message *codec.Message
	edition *edition // of the profile that it is decoded by
	raw     []byte
	at      time.Time
}

func newMaster(g *gateway, serial string) *master {
	now := time.Now()
	m := &master{serial: serial, gw: g, first: now, lastNumber: uint64(now.Unix())}
	m.subject.Serial, m.subject.Owner = serial, m
	return m
}

// treeDetail implements detailer.
func (m *master) treeDetail() map[string]any {
	d := map[string]any{"links": m.online.Load()}
	if at := m.seen.Load(); at != 0 {
		d["last_seen"] = time.Unix(0, at)
	}
	return d
}

// masterActor tracks one PLC master: its links, its last frames, its commands.
type masterActor struct{ *master }

func (m masterActor) receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *linkDown:
		m.detach(msg.link)
	case *command:
		m.command(msg)
	case *commandDue:
		m.due(msg.id)
	case *undelivered:
		m.undelivered(msg)
	case *snapshot:
		m.snapshot()
	case *describeMaster:
		m.describe(msg)
	case *stopping:
		m.gone = true
		m.giveUpCommands("the gateway is stopping")
		msg.reply <- answer[struct{}]{at: msg.at}
	case *actor.Started:
		m.started()
	case *actor.Stopping:
		m.gone = true
		m.giveUpCommands("the gateway is stopping")
	case *actor.Restarting, *actor.Stopped:
	}
}

// handle takes in a run of frames of this master.
func (m masterActor) handle(g *group) {
	m.held = g
	g.entry.Subject = &m.subject
	m.attach(g.up.link, g.up.batch.Received)
	m.group()
}

// started goes on, after a restart, behind the frame or the command that failed.
func (m masterActor) started() {
	g := m.held
	if c := m.inFlight; c != nil && c.ended {
		m.next()
	}
	if m.condemned {
		m.reset()
		if g != nil {
			m.held = nil
			g.refuse("master given up")
		}
		return
	}
	if g == nil {
		return
	}
	if g.next < g.to {
		g.up.fates[g.next] = fatePoison
		g.up.link.poison(g.up.batch.Frames[g.next], m.serial, &m.node)
		g.next++
	}
	m.group()
}

// group handles the frames in hand.
func (m masterActor) group() {
	g := m.held
	u := g.up
	m.last = u.batch.Received
	m.seen.Store(m.last.UnixNano())
	for ; g.next < g.to; g.next++ {
		if m.node.armed.Load() && m.node.armed.CompareAndSwap(true, false) {
			panic(injected{})
		}
		f, raw := &u.frames[g.next], u.batch.Frames[g.next]
		s, known := u.edition.sighting(f, m.last, u.link.id)
		var flags journal.Flags
		var old *sighting
		if known {
			var record bool
			if record, flags, old = m.judge(g, f, s); !record {
				continue
			}
		}
		m.frames++
		m.bytes += uint64(len(raw))
		m.keep(f.Message(), u.edition, raw, m.last)
		if c := m.inFlight; c != nil {
			if answer := c.answeredBy(u, f, raw); answer != nil {
				m.answered(answer)
			}
		}
		m.noteMade(f)
		u.record(&g.entry, f, raw, m.serial, flags)
		if known {
			m.recent.add(s, old, m.last.UnixNano()) // last: a frame that made the actor fail is not known when it comes again
		}
	}
	m.held, m.node.box.after = nil, g
}

// keep remembers the newest frame of each kind.
func (m *master) keep(msg *codec.Message, e *edition, raw []byte, at time.Time) {
	for again := true; again; again = m.renew() {
		for i := range m.latest {
			if k := &m.latest[i]; k.message == msg {
				k.raw = append(k.raw[:0], raw...)
				k.at, k.edition = at, e
				m.lastFrame = i
				return
			}
		}
	}
	m.lastFrame = len(m.latest)
	m.latest = append(m.latest, latest{message: msg, edition: e, raw: append([]byte(nil), raw...), at: at})
}

// attach makes l, which brought a frame at the given time, a link of this master.  The connection that spoke last wins on each listener,
// and the other one is closed; frames that an overtaken connection brought before are taken in, but do not bring it back.
func (m masterActor) attach(l *link, at time.Time) {
	for i, old := range m.links {
		if old.link == l {
			return
		}
		if old.link.slot != l.slot {
			continue
		}
		if at.Before(old.since) || ending(l) {
			return
		}
		m.takeovers++
		m.gw.log.Named("registry").Info("master taken over by a newer connection", "master", m.serial, "listener", l.slot.name,
			"old", old.link.id, "new", l.id, "remote", l.remote())
		m.linkEvent(journal.EventTakeover, l, "", fmt.Sprintf("from connection %d", old.link.id))
		if len(old.link.masters()) <= 1 {
			old.link.conn.Close(transport.CloseTakenOver, fmt.Sprintf("by connection %d", l.id))
		}
		m.links[i] = &masterLink{link: l, since: at}
		m.connects++
		m.linkLost(old.link)
		return
	}
	if ending(l) {
		return // its linkDown may have come already: do not bring it back
	}
	m.links = append(m.links, &masterLink{link: l, since: at})
	m.connects++
	m.online.Store(int32(len(m.links)))
	m.linkEvent(journal.EventOnline, l, "", "")
	m.gw.log.Named("registry").Info("master online", "master", m.serial, "listener", l.slot.name, "conn", l.id, "remote", l.remote())
}

// ending says whether it is decided that the connection of l ends.
func ending(l *link) bool {
	reason, _ := l.conn.Reason()
	return reason != transport.CloseNone
}

func (m masterActor) detach(l *link) {
	for i, old := range m.links {
		if old.link != l {
			continue
		}
		m.links = append(m.links[:i], m.links[i+1:]...)
		m.online.Store(int32(len(m.links)))
		m.linkLost(l)
		reason, detail := l.conn.Reason()
		m.linkEvent(journal.EventOffline, l, reason.String(), detail)
		if len(m.links) == 0 {
			m.gw.log.Named("registry").Info("master offline", "master", m.serial, "listener", l.slot.name, "conn", l.id,
				"reason", reason.String(), "detail", detail)
		}
		return
	}
}

// reset starts the master anew after it failed too often.
func (m masterActor) reset() {
	m.condemned = false
	m.giveUpCommands("the master's actor failed repeatedly")
	for _, l := range m.links {
		l.link.conn.Close(transport.CloseFaults, "the actor of master "+m.serial+" failed repeatedly")
	}
	m.links, m.latest = nil, nil
	m.online.Store(0)
}
