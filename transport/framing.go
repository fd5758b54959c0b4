package transport

import (
	"bufio"
	"errors"
	"fmt"
	"sync"
)

// Framing says how the streams of a listener are cut.  It is changed as a whole, while connections live: SetFraming.
type Framing struct {
	Split         bufio.SplitFunc // as Options.Split
	MaxFrameBytes int             // as Options.MaxFrameBytes
	Tag           any             // of the layer above: each Batch says by which framing it was cut

	// Tap sees every byte that was cut, frames and noise, in order; at is how many it was shown of this connection before.  It is called
	// by the reader, must not keep data and must not block.  nil is the usual case.
	Tap func(conn, at uint64, data []byte)
}

// framing is a Framing in force, with the buffers it needs.
type framing struct {
	Framing
	pool *sync.Pool // of batches of size
	size int
}

// Framing is what new bytes are cut by.
func (l *Listener) Framing() Framing { return l.framing.Load().Framing }

// SetFraming puts another framing in force, on the port and on every live connection: what arrives from now on is cut by it, and so is
// the beginning of a frame that has come already, of which no byte is lost.  It may be called from any goroutine.
func (l *Listener) SetFraming(f Framing) error {
	setDefault(&f.MaxFrameBytes, DefaultMaxFrameBytes)
	switch {
	case f.Split == nil:
		return errors.New("no Split function")
	case f.MaxFrameBytes < 0 || f.MaxFrameBytes > MaxFrameBytesLimit:
		return fmt.Errorf("MaxFrameBytes %d is not within 0…%d", f.MaxFrameBytes, MaxFrameBytesLimit)
	}
	size := bufferSize(f.MaxFrameBytes)
	for {
		old := l.framing.Load()
		if old != nil { // a beginning that was kept under the old one must fit
			size = max(size, old.size)
		}
		if l.framing.CompareAndSwap(old, &framing{Framing: f, pool: poolOf(size), size: size}) {
			return nil
		}
	}
}
