package connection

import (
	"sync"
	"sync/atomic"
	"time"

	"trama/actors/master"
	"trama/actors/profiles"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec"
	"trama/transport"
)

// readBatch holds the whole frames of one read, from the reader goroutine through the connection's actor and the
// masters, until it is settled: the acknowledgements written, the credit given back.  It travels by pointer and is
// pooled.
//
// Each holder of a part (the connection's actor while it sends, each master's batch until its frames are on disk)
// gives it back with Drop; the last one settles.  Nothing here knows which goroutine that is: it is the journal's,
// once the frames are on disk.
type readBatch struct {
	link      *Link
	installed *profiles.Installed // that found the frames
	batch     *transport.Batch
	frames    []codec.Frame // parallel to batch.Frames
	fates     []master.Fate
	claims    []trust.Claim // parallel to frames, of those that were closed; empty when none was
	shut      []error       // likewise: why a frame is still closed, or of no use
	results   []uint64      // response codes, of an integrator's requests; empty for a master's
	groups    []group
	unowned   unownedFrames
	next      int  // frame in hand, so that a restart of the connection goes on behind the one that failed
	grouped   bool // it could not be gathered into groups once before
	noted     bool // what was skipped has been taken down
	damaged   []damagedFrame
	parts     atomic.Int32

	done   bool       // all parts are; of the connection's ack queue
	behind *readBatch // the next read of the connection; of its ack queue
}

// group is a run of frames that belong to one master.
type group struct {
	binding  *binding
	from, to int // the first frame, and behind the last one
	batch    master.Batch
}

// keepFrames is the largest batch whose memory is used again; a flood's larger ones are left to the collector.
const keepFrames = 64

var readBatches = sync.Pool{New: func() any { return new(readBatch) }}

func newReadBatch(l *Link, b *transport.Batch) *readBatch {
	r := readBatches.Get().(*readBatch)
	n := len(b.Frames)
	r.link, r.batch, r.installed = l, b, b.Tag.(*profiles.Installed)
	if r.frames = nil; n > 0 {
		r.frames = b.Found.(*decoded).frames[:n]
	}
	r.fates = append(r.fates[:0], make([]master.Fate, n)...)
	r.results, r.claims, r.shut = r.results[:0], r.claims[:0], r.shut[:0]
	r.groups = r.groups[:0]
	r.unowned.reset(r)
	r.next, r.grouped, r.noted, r.damaged = 0, false, false, nil
	r.done, r.behind = false, nil
	r.parts.Store(1)
	l.acks.join(r)
	return r
}

var readBatchName = "readBatch"

// What implements supervise.Frames: the name of the message in the tree.
func (r *readBatch) What() *string { return &readBatchName }

// Received implements supervise.Frames.
func (r *readBatch) Received() time.Time { return r.batch.Received }

// Origin implements supervise.AfterHandler.
func (r *readBatch) Origin() supervise.Origin { return r.link }

// Failed implements supervise.Origin, for the batches of masters that are parts of this read.
func (r *readBatch) Failed(f *supervise.Fault) { r.link.Failed(f) }

// begin makes a group of frame i, in memory that the batch has already if it can.
func (r *readBatch) begin(b *binding, i int) *group {
	if n := len(r.groups); n < cap(r.groups) {
		r.groups = r.groups[:n+1]
	} else {
		r.groups = append(r.groups, group{})
	}
	g := &r.groups[len(r.groups)-1]
	g.binding, g.from, g.to = b, i, i+1
	return g
}

// seal makes the groups ready to go to their masters.
func (r *readBatch) seal() {
	for i := range r.groups {
		g := &r.groups[i]
		b := &g.batch
		b.Begin()
		b.Link, b.Installed, b.At, b.Read = r.link, r.installed, r.batch.Received, r
		b.Frames, b.Raw, b.Fates = r.frames[g.from:g.to], r.batch.Frames[g.from:g.to], r.fates[g.from:g.to]
		if len(r.claims) > 0 {
			b.Claims = r.claims[g.from:g.to]
		}
	}
	r.parts.Add(int32(len(r.groups))) // the unowned frames take the place of the connection's own part
}

// waited says whether commands waited for the master of frame i when it had taken the frame in.
func (r *readBatch) waited(i int) bool {
	for k := range r.groups {
		if g := &r.groups[k]; g.from <= i && i < g.to {
			return g.batch.Waited
		}
	}
	return false
}

// Apply implements supervise.AfterHandler: the connection's actor is done, each group goes to its master.  Straight
// when that is known here; through the registry when not, or while earlier groups are still on that way.
func (r *readBatch) Apply() {
	l := r.link
	for i := range r.groups {
		g := &r.groups[i]
		if b := g.binding; b.master != nil && b.routing == 0 {
			b.master.Node.Post(&g.batch)
		} else {
			b.routing++
			l.send(l.on.Masters.Node, &master.Route{Serial: b.serial, Batch: &g.batch, Link: l})
		}
	}
	if r.unowned.entry.Count > 0 {
		l.on.Journal.Append(&r.unowned.entry)
		return
	}
	r.Drop()
}

// abandon gives up a read that no master has seen: nothing of it is acknowledged.  A decision that was made of
// a frame before stays.
func (r *readBatch) abandon(reason string) {
	for i := range r.fates {
		if i >= r.next || r.fates[i] == master.Accepted {
			r.fates[i] = master.Rejected
			r.link.Reject("", r.batch.Frames[i], reason, nil)
		}
	}
	r.Drop()
}

// Stored implements master.Read.
func (r *readBatch) Stored(frames, resends uint64) {
	r.link.counters.stored.Add(frames)
	r.link.counters.repeated.Add(resends)
}

// Lose implements master.Read.
func (r *readBatch) Lose(fates []master.Fate, err error) {
	reason := reasonUnstored(err)
	for i := range fates {
		if fates[i] == master.Accepted {
			fates[i] = master.Rejected
			r.link.count(reason)
		}
	}
}

// Drop implements master.Read.
func (r *readBatch) Drop() {
	if r.parts.Add(-1) == 0 {
		r.link.acks.leave(r)
	}
}
