package transport

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Batch is all the whole frames that one read brought, in order.
//
// The frames alias a pooled buffer: they are valid until Release and must be copied to outlive it.  A batch that
// is not released keeps one of the connection's credits; with none left its reader waits and TCP pushes back.
type Batch struct {
	Frames   [][]byte
	Received time.Time // when the read returned
	Tag      any       // of the Framing that cut them
	Found    any       // what its Cutter found out about them; the memory is used again for other batches

	// Registered are the registrations among the frames, see Aside.  A batch may hold these alone.
	Registered []Registered
	// Skipped are the stretches of noise among the frames, in order.  A batch may hold these alone.
	Skipped []Skipped

	from releaser
	out  atomic.Bool // delivered and not yet released
	data []byte      // the pooled buffer; nil: it is not ours
}

// releaser is where a batch came from.
type releaser interface{ released() }

// NewBatch makes a batch of a connection that is not a Conn; released is called once, by Release.
func NewBatch(frames [][]byte, received time.Time, tag any, released func()) *Batch {
	b := &Batch{Frames: frames, Received: received, Tag: tag, from: releasedFunc(released)}
	b.out.Store(true)
	return b
}

type releasedFunc func()

func (f releasedFunc) released() { f() }

// Release gives the credit back to the connection and the buffer to the pool.  It is called exactly once, by any
// goroutine, also after the connection has ended.  Answers are written before it: a connection that drains
// (StopReading, or a peer that ended its stream) ends as soon as its last batch is released.
func (b *Batch) Release() {
	if !b.out.CompareAndSwap(true, false) {
		panic("transport: batch released twice")
	}
	from := b.from
	if b.data != nil {
		putBatch(b)
	}
	from.released()
}

// released gives the credit of a batch back.
func (c *Conn) released() {
	c.inFlight.Add(-1)
	c.signal()
}

// The buffers.  A read brings at most what fits beside the frame that was already begun, so the smallest class
// holds a default frame twice; a burst longer than that travels as several batches.
const (
	smallestBuffer = 2 << 10
	bufferClasses  = 4    // 2, 4, 8 and 16 KiB: the last holds MaxFrameBytesLimit
	readAtLeast    = 1024 // room for new bytes beside the longest begun frame
	keptFrames     = 512  // a longer frame list, 12 KiB, is not kept in the pool
)

var batchPools [bufferClasses]sync.Pool

// bufferSize is the size of the buffers for frames of up to maxFrame bytes.
func bufferSize(maxFrame int) int {
	size := smallestBuffer
	for size < maxFrame+readAtLeast {
		size <<= 1
	}
	return size
}

// poolOf is the pool of the buffers of this size, one of those that bufferSize gives.
func poolOf(size int) *sync.Pool {
	return &batchPools[bits.TrailingZeros(uint(size/smallestBuffer))]
}

func getBatch(pool *sync.Pool, size int) *Batch {
	if b, ok := pool.Get().(*Batch); ok {
		return b
	}
	return &Batch{data: make([]byte, size)}
}

func putBatch(b *Batch) {
	b.from, b.Tag = nil, nil
	b.Registered, b.Skipped = b.Registered[:0], b.Skipped[:0]
	if cap(b.Frames) > keptFrames {
		b.Frames, b.Found, b.Skipped = nil, nil, nil
	}
	b.Frames = b.Frames[:0]
	poolOf(len(b.data)).Put(b)
}
