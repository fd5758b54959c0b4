package connection

import (
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors/master"
	"trama/codec"
	"trama/codec/protect"
	"trama/internal/fault"
	"trama/transport"
)

// ackQueue writes the acknowledgements of a connection in the order of its reads.  Read batches stand in it from the
// read on; one that is done before an earlier one (its master was known, the other's was not) waits for it.  There
// are never more than the connection's credits.
//
// An acknowledgement is made here, when its frame is on disk, and not before: what is refused, poison or lost has
// none.
type ackQueue struct {
	mu          sync.Mutex    // guards all that follows and every member's done and behind; held while acknowledgements are made and written, which never blocks
	first, last *readBatch    // in the order of the reads
	session     codec.Session // what acknowledgements need of the frames before, and their counters
}

// join is called by the reader, in the order of its reads.
func (q *ackQueue) join(r *readBatch) {
	q.mu.Lock()
	if q.last == nil {
		q.first = r
	} else {
		q.last.behind = r
	}
	q.last = r
	q.mu.Unlock()
}

// leave is called once for each read batch, when all its parts are done.
func (q *ackQueue) leave(r *readBatch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.done = true
	for r = q.first; r != nil && r.done; r = q.first {
		if q.first = r.behind; q.first == nil {
			q.last = nil
		}
		q.settle(r)
	}
}

// acks are buffers for the acknowledgements of one read.
var acks = sync.Pool{New: func() any { b := make([]byte, 0, 256); return &b }}

// largestAcks is the largest buffer that goes back to the pool.
const largestAcks = 16 << 10

// settle makes and writes the acknowledgements of the accepted frames in order, counts, and gives the credit back.
// q.mu is held.
//
// The goroutine is the journal's writer, which all connections share: what fails here costs this connection.
func (q *ackQueue) settle(r *readBatch) {
	l := r.link
	out := acks.Get().(*[]byte)
	var accepted, opaque, owed, failed, waiting uint64
	for i, fate := range r.fates {
		if fate == master.Waiting {
			waiting++
		}
		if fate == master.Accepted {
			accepted++
			if bad := r.frames[i].Unreadable(); bad != nil {
				opaque++
				l.on.Opaque.Add(cause(bad))
			}
		}
	}
	sound := l.guarded("making acknowledgements", func() {
		fault.At("settle")
		*out, owed, failed = q.acknowledge(r, (*out)[:0])
	})
	if !sound {
		*out, owed, failed = (*out)[:0], 0, accepted
	}
	c := &l.counters
	c.frames.Add(uint64(len(r.fates)) - waiting)
	c.opaque.Add(opaque)
	c.unsent.Add(failed)
	c.silent.Add(accepted - owed - failed)
	if len(*out) > 0 {
		c.acked.Add(owed) // before the peer can know
		err := errUnwritten
		sound = l.guarded("writing acknowledgements", func() {
			fault.At("write")
			err = l.conn.Write(*out)
		}) && sound
		if err != nil {
			c.acked.Add(-owed)
			c.unsent.Add(owed)
		} else if told := l.on.Acknowledged; told != nil {
			told(time.Since(r.batch.Received))
		}
	}
	if cap(*out) <= largestAcks {
		acks.Put(out)
	}
	if len(r.frames) > keepFrames {
		r.batch.Found = nil
	}
	sound = l.guarded("releasing a read", func() {
		fault.At("release")
		r.batch.Release()
	}) && sound
	keep := sound && len(r.frames) <= keepFrames
	r.link, r.batch, r.installed, r.frames, r.damaged = nil, nil, nil, nil, nil
	if keep {
		readBatches.Put(r)
	}
}

var errUnwritten = errors.New("the acknowledgements were not written")

// acknowledge appends the acknowledgements of the accepted frames of r to out; owed is how many there are, failed how
// many cannot be made.
func (q *ackQueue) acknowledge(r *readBatch, out []byte) (_ []byte, owed, failed uint64) {
	profile := r.installed.Profile
	profile.Adopt(&q.session)
	env := codec.Env{Now: r.batch.Received, Session: &q.session}
	tells := profile.TellsWaiting()
	for i := range r.fates {
		out = q.refuse(r, out, i)
		f := &r.frames[i]
		if r.installed.Login && !r.isShut(i) {
			profile.Remember(&q.session, f)
		}
		if r.fates[i] != master.Accepted {
			continue
		}
		if env.HasResult = len(r.results) > 0 && r.results[i] != noResult; env.HasResult {
			env.Result = r.results[i]
		}
		env.Waiting = tells && r.waited(i)
		ack, due, err := profile.Reply(out, f, env)
		if o := f.Protection(); o != nil && due {
			ack, err = r.protect(i, out, ack[len(out):], o)
		}
		if len(r.claims) > 0 && r.claims[i].Peer != nil {
			r.claims[i].Peer.Paid()
		}
		if err != nil {
			r.link.unanswered(r.batch.Frames[i], err)
			failed++
			continue
		}
		if out = ack; due {
			owed++
		}
	}
	return q.refuse(r, out, len(r.fates)), owed, failed
}

// causes are the words that unreadable frames are counted under.
var causes = []error{codec.ErrShort, codec.ErrLong, codec.ErrLength, codec.ErrDigit, codec.ErrConst, codec.ErrRange,
	codec.ErrValue, codec.ErrTime, codec.ErrUnknownCommand, codec.ErrUnknownField, codec.ErrMissing, codec.ErrNoMessage}

// cause puts the reason why a frame cannot be read whole into one of few words.
func cause(bad error) string {
	for _, known := range causes {
		if errors.Is(bad, known) {
			return known.Error()
		}
	}
	return "other"
}

// protect protects the acknowledgement of frame i, and appends it to out.
func (r *readBatch) protect(i int, out, ack []byte, o *protect.Opened) ([]byte, error) {
	var room [256]byte
	plain := append(room[:0], ack...) // it lies where its protected form will be
	if o.Suite == protect.None {
		return r.installed.Profile.Protect(out, plain, &protect.Protection{Server: true})
	}
	if p := r.claims[i].Peer; p != nil {
		if s := r.link.Session(p); s.Active() {
			out, _, err := s.Protect(r.installed.Profile, out, plain, o.Suite, o)
			return out, err
		}
	}
	out, _, err := r.claims[i].Peer.Protect(r.installed.Profile, out, plain, o.Suite, o)
	return out, err
}

// refuse appends the replies to the damaged frames that came before frame i, those of the definition that has any.  How
// many there are is bounded by how many stretches are looked at.
func (q *ackQueue) refuse(r *readBatch, out []byte, i int) []byte {
	for _, d := range r.damaged {
		if d.before != i {
			continue
		}
		env := codec.Env{Now: r.batch.Received, Session: &q.session}
		reply, due, err := r.installed.Profile.ReplyDamaged(out, codec.Uplink, d.raw, env)
		if err != nil {
			r.link.on.System.Tell("connection", hclog.Warn, "reply to a damaged frame cannot be made", "conn", r.link.ID(), "error", err)
		} else if due {
			out = reply
		}
	}
	return out
}

// guarded runs a step of settling with a net below it.
func (l *Link) guarded(what string, do func()) (ok bool) {
	defer func() {
		thrown := recover()
		if ok = thrown == nil; ok {
			return
		}
		f := l.Node.Note(what, thrown)
		l.on.SettleFaults.Add(1)
		l.log("connection").Error("settling failed, the connection is closed", "conn", l.ID(), "listener", l.on.Name,
			"step", what,
			"fault", thrown, "stack", string(f.Stack))
		l.conn.Close(transport.CloseFault, f.Error())
	}()
	do()
	return true
}
