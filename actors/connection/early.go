package connection

import (
	"errors"
	"slices"
	"time"

	"trama/actors/master"
	"trama/actors/profiles"
	"trama/codec"
	"trama/transport"
)

// A device may send frames before the login that says whose they are.  They wait, not acknowledged and not counted,
// until somebody logs in on the connection, and are handled then as if they had come behind the login.  When nobody
// does by the deadline of the first frame, they are refused and the connection is closed.

// earlyFrames are frames of one read that came before the login.
type earlyFrames struct {
	installed *profiles.Installed
	received  time.Time
	raw       [][]byte
}

// waitingRoom holds the early frames of a connection, until a timer sends loginDue.
type waitingRoom struct {
	reads []earlyFrames
	due   *time.Timer
}

// maxEarly is how many frames of a connection wait.
const maxEarly = 16

const reasonNobody = "nobody has logged in"

var errTooEarly = errors.New("as many frames as may wait for a login are waiting")

// needsOwner says whether nobody may acknowledge f before it is known whose it is.  What only keeps the link alive, or
// receipts something, has nothing to lose.
func needsOwner(by *profiles.Installed, f *codec.Frame) bool {
	m := f.Message()
	return by.Login && by.Named &&
		(m == nil || m.Purpose != codec.PurposeKeepAlive && m.Purpose != codec.PurposeAcknowledgement)
}

// putAside has frame i of r wait for a login, or refuses it.
func (c handler) putAside(r *readBatch, i int) master.Fate {
	l := c.link
	raw := r.batch.Frames[i]
	patience := l.on.FirstFrame - time.Since(l.conn.Opened())
	var err error
	if l.early.count() >= maxEarly {
		err = errTooEarly
	}
	if patience <= 0 || err != nil {
		l.Reject("", raw, reasonNobody, err)
		l.keepHead(raw)
		if patience <= 0 {
			l.StopReading(transport.CloseFirstFrame, reasonNobody)
		}
		return master.Rejected
	}
	if l.early == nil {
		l.early = &waitingRoom{due: l.on.System.After(patience, func() { l.send(&l.Node, &loginDue{}) })}
	}
	w := l.early
	if n := len(w.reads); n == 0 || w.reads[n-1].installed != r.installed || !w.reads[n-1].received.Equal(r.batch.Received) {
		w.reads = append(w.reads, earlyFrames{installed: r.installed, received: r.batch.Received})
	}
	e := &w.reads[len(w.reads)-1]
	e.raw = append(e.raw, slices.Clone(raw))
	return master.Waiting
}

// count is how many frames wait.  w may be nil.
func (w *waitingRoom) count() (n int) {
	if w == nil {
		return 0
	}
	for _, e := range w.reads {
		n += len(e.raw)
	}
	return n
}

// takeEarly empties the waiting room.
func (l *Link) takeEarly() []earlyFrames {
	w := l.early
	if l.early = nil; w == nil {
		return nil
	}
	w.due.Stop()
	return w.reads
}

// handOver hands the frames that waited to the connection again, now that somebody has logged in.
func (c handler) handOver() {
	l := c.link
	for _, e := range l.takeEarly() {
		found := &decoded{frames: make([]codec.Frame, len(e.raw))}
		for i, raw := range e.raw {
			// they were found by the same profile before: what cannot be read whole says so itself
			_ = e.installed.Profile.Decode(codec.Uplink, raw, &found.frames[i])
		}
		l.resumed.Add(1)
		b := transport.NewBatch(e.raw, e.received, e.installed, func() { l.resumed.Add(-1) })
		b.Found = found
		l.Node.Post(newReadBatch(l, b))
	}
}

// loginDue closes a connection on which frames wait for a login that has not come in time.
func (c handler) loginDue() {
	if l := c.link; l.early != nil {
		l.refuseEarly()
		l.StopReading(transport.CloseFirstFrame, reasonNobody)
	}
}

// refuseEarly refuses the frames that waited: nobody has logged in.
func (l *Link) refuseEarly() {
	for _, e := range l.takeEarly() {
		for _, raw := range e.raw {
			l.counters.frames.Add(1)
			l.Reject("", raw, reasonNobody, nil)
			l.keepHead(raw)
		}
	}
}
