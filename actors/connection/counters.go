package connection

import (
	"sync/atomic"
)

// frameCounters count what became of the frames of one connection.  The listener's sums are made of these when
// somebody asks, so that connections share no counter.
type frameCounters struct {
	frames   atomic.Uint64 // whole frames cut from the stream
	stored   atomic.Uint64 // on disk
	repeated atomic.Uint64 // resends of frames that are
	acked    atomic.Uint64 // acknowledgements handed to the socket
	silent   atomic.Uint64 // accepted, no acknowledgement owed
	opaque   atomic.Uint64 // accepted, though not all of their fields can be read
	unsent   atomic.Uint64 // accepted, but no acknowledgement left: it could not be made, or the connection had ended
	rejected atomic.Uint64
	poisoned atomic.Uint64
}

// Frames says what became of frames.
type Frames struct {
	Frames, Stored, Repeated, Acknowledged, Silent, Unreadable, Unsent, Rejected, Poisoned uint64
}

func (c *frameCounters) add(o *frameCounters) {
	c.frames.Add(o.frames.Load())
	c.stored.Add(o.stored.Load())
	c.repeated.Add(o.repeated.Load())
	c.acked.Add(o.acked.Load())
	c.silent.Add(o.silent.Load())
	c.opaque.Add(o.opaque.Load())
	c.unsent.Add(o.unsent.Load())
	c.rejected.Add(o.rejected.Load())
	c.poisoned.Add(o.poisoned.Load())
}

func (c *frameCounters) read() Frames {
	return Frames{
		Frames: c.frames.Load(), Stored: c.stored.Load(), Repeated: c.repeated.Load(), Acknowledged: c.acked.Load(),
		Silent: c.silent.Load(), Unreadable: c.opaque.Load(), Unsent: c.unsent.Load(), Rejected: c.rejected.Load(),
		Poisoned: c.poisoned.Load(),
	}
}
