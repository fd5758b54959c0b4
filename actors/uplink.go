package actors

import (
	"errors"
	"sync"
	"sync/atomic"

	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// uplink carries all whole frames that one read brought, from the reader goroutine through the connection actor and the
// masters, until it is settled: the acknowledgements written, the credit given back.  It travels by pointer and is pooled.
//
// Whoever holds a part (the connection actor while it sends, each group until its frames are on disk) gives it back with
// drop; the last one settles.  Nothing here knows which goroutine that is: it is the journal's, once the frames are on disk.
type uplink struct {
	link    *link
	edition *edition // of the profile that found the frames and decodes them
	batch   *transport.Batch
	frames  []codec.Frame // decoded, parallel to batch.Frames
	fates   []fate
	acks    []byte  // acknowledgements, one after the other
	ends    []int32 // end of frame i's acknowledgement in acks
	groups  []group
	loose   loose
	next    int  // frame in hand, so that a restart of the connection goes on behind the one that failed
	sealed  bool // it could not be gathered into groups once before
	parts   atomic.Int32

	done   bool    // all parts are; of the connection's line
	behind *uplink // the next read of the connection; of its line
}

// fate is what becomes of a frame.
type fate uint8

const (
	fatePending  fate = iota
	fateAccepted      // tracked; its acknowledgement, if one is owed, goes out
	fateRejected      // counted with its reason, not acknowledged
	fatePoison        // it made an actor fail; recorded, not acknowledged
)

// group is a run of frames of one uplink that belong to one master.
type group struct {
	up       *uplink
	binding  *binding
	serial   string
	from     int           // its first frame
	to       int           // behind its last frame
	next     int           // frame in hand, so that a restart of the master goes on behind the one that failed
	entry    journal.Entry // what its master has accepted so far
	repeated uint64        // resends among its frames
}

// keepFrames is the largest uplink that goes back to the pool; a flood's larger ones are left to the collector.
const keepFrames = 64

var uplinks = sync.Pool{New: func() any { return new(uplink) }}

func newUplink(l *link, b *transport.Batch) *uplink {
	u := uplinks.Get().(*uplink)
	n := len(b.Frames)
	u.link, u.batch, u.edition = l, b, b.Tag.(*edition)
	for cap(u.frames) < n {
		u.frames = append(u.frames[:cap(u.frames)], codec.Frame{})
	}
	u.frames = u.frames[:n]
	u.fates = append(u.fates[:0], make([]fate, n)...)
	u.ends = u.ends[:0]
	u.acks = u.acks[:0]
	u.groups = u.groups[:0]
	u.loose.reset(u)
	u.next, u.sealed = 0, false
	u.done, u.behind = false, nil
	u.parts.Store(1)
	l.line.join(u)
	return u
}

// apply implements effect: the connection actor is done, each group goes to its master.  Straight when that is known here; through the
// registry when not, or while earlier groups are still on that way.
func (u *uplink) apply() {
	for i := range u.groups {
		g := &u.groups[i]
		g.entry.Owner = g
		if b := g.binding; b.master != nil && b.routing == 0 {
			b.master.node.box.PostUserMessage(g) // what Send comes to, without looking up the address of a frame's every hop
		} else {
			b.routing++
			u.link.gw.root.Send(u.link.gw.registry, &route{serial: g.serial, group: g, conn: u.link.pid})
		}
	}
	if u.loose.entry.Count > 0 {
		u.link.gw.journal.Append(&u.loose.entry)
		return
	}
	u.drop()
}

// apply implements effect: the master is done, and the group stands in the journal's queue before the master's next message is handled.
func (g *group) apply() { g.up.link.gw.journal.Append(&g.entry) }

// begin makes a group of frame i, in memory that the uplink has already if it can.
func (u *uplink) begin(b *binding, i int) {
	if n := len(u.groups); n < cap(u.groups) {
		u.groups = u.groups[:n+1]
	} else {
		u.groups = append(u.groups, group{})
	}
	g := &u.groups[len(u.groups)-1]
	*g = group{up: u, binding: b, serial: b.serial, from: i, to: i + 1, next: i, entry: journal.Entry{Records: g.entry.Records[:0]}}
}

// origin implements effect.
func (u *uplink) origin() *link { return u.link }

// origin implements effect.
func (g *group) origin() *link { return g.up.link }

// abandon gives up an uplink that no master has seen: nothing of it is acknowledged.  What was decided of a frame before stays.
func (u *uplink) abandon(reason string) {
	for i := range u.fates {
		if i >= u.next || u.fates[i] == fateAccepted {
			u.fates[i] = fateRejected
			u.link.reject(u.batch.Frames[i], reason, nil)
		}
	}
	for len(u.ends) < len(u.fates) {
		u.ends = append(u.ends, int32(len(u.acks)))
	}
	u.drop()
}

// refuse gives up what its master has not yet handled of a group: counted with the reason, not acknowledged.
func (g *group) refuse(reason string) {
	for i := g.next; i < g.to; i++ {
		g.up.fates[i] = fateRejected
		g.up.link.reject(g.up.batch.Frames[i], reason, nil)
	}
	g.next = g.to
	if g.entry.Count > 0 || g.repeated > 0 { // the frames before are accepted, when they, or those that they repeat, are on disk
		g.apply()
		return
	}
	g.up.drop()
}

// drop gives one part back.
func (u *uplink) drop() {
	if u.parts.Add(-1) == 0 {
		u.link.line.leave(u)
	}
}

// settle writes the acknowledgements of the accepted frames in order, counts, and gives the credit back.
func (u *uplink) settle() {
	l := u.link
	var accepted, owed uint64
	out, kept := u.acks, true
	begin := int32(0)
	for i, end := range u.ends {
		ok := u.fates[i] == fateAccepted
		if ok {
			accepted++
			if end > begin {
				owed++
			}
		}
		if !ok && end > begin && kept { // rare: leave this one's acknowledgement out, and copy from here on
			out, kept = append([]byte(nil), u.acks[:begin]...), false
		} else if ok && !kept {
			out = append(out, u.acks[begin:end]...)
		}
		begin = end
	}
	l.tally.frames.Add(uint64(len(u.fates)))
	if silent := accepted - owed; silent > 0 {
		l.tally.silent.Add(silent)
	}
	sound := true
	if len(out) > 0 {
		l.tally.acked.Add(owed) // before the peer can know
		err := errSettling
		sound = l.netted("writing acknowledgements", func() { err = l.conn.Write(out) })
		if err != nil {
			l.tally.acked.Add(-owed)
			l.tally.unsent.Add(owed)
		}
	}
	sound = l.netted("releasing a read", u.batch.Release) && sound
	u.link, u.batch, u.edition = nil, nil, nil
	if sound && cap(u.frames) <= keepFrames {
		uplinks.Put(u)
	}
}

var errSettling = errors.New("the acknowledgements were not written")

// netted runs a step of settling, with a net below it: the goroutine is the journal's writer, which all connections share.  What fails there
// costs this connection.
func (l *link) netted(what string, do func()) (ok bool) {
	defer func() {
		thrown := recover()
		if ok = thrown == nil; ok {
			return
		}
		f := l.node.note(what, thrown)
		l.gw.settleFaults.Add(1)
		l.gw.log.Named("connection").Error("settling failed, the connection is closed", "conn", l.id, "listener", l.slot.name, "step", what,
			"fault", thrown, "stack", string(f.stack))
		l.conn.Close(transport.CloseFault, f.Error())
	}()
	do()
	return true
}
