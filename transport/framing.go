package transport

import (
	"bufio"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Cutter cuts a stream into frames.
type Cutter interface {
	// Next finds the first frame in data, as a bufio.SplitFunc does:
	//
	//   - token != nil: one whole frame; the advance-len(token) bytes before it are noise.
	//   - token == nil, advance > 0: so many bytes are noise.
	//   - token == nil, advance == 0: the bytes may begin a frame; more are needed.
	//
	// It must not keep data; an error is taken as a defect and ends the connection with CloseFault.
	//
	// A token may be longer than advance by bytes that it shares with the frame before it (Behind).
	//
	// The frame becomes number len(b.Frames) of b, if it is taken: what Next has found out about it stays in b.Found for
	// the layer above, which has both.  Next is called by readers, several at a time.
	Next(b *Batch, data []byte, around Around) (advance int, token []byte, err error)
}

// Around says what is known of the stream around the bytes that are cut; 0: nothing.
type Around uint8

const (
	Behind Around = 1 << iota // a frame ended where the bytes begin
	Quiet                     // no byte has come behind them for Framing.Quiet
	Ended                     // no byte will come for the frame begun: it is given up
)

// SplitFunc is a Cutter that keeps nothing of what it finds, and makes nothing of a silence.
type SplitFunc bufio.SplitFunc

// Next implements Cutter.
func (f SplitFunc) Next(_ *Batch, data []byte, around Around) (advance int, token []byte, err error) {
	return f(data, around&Ended != 0)
}

// Framing says how the streams of a listener are cut.  It is changed as a whole, while connections live: SetFraming.
type Framing struct {
	Cutter        Cutter        // as Options.Cutter
	MaxFrameBytes int           // as Options.MaxFrameBytes
	Quiet         time.Duration // as Options.Quiet
	Tag           any           // of the layer above: each Batch says by which framing it was cut

	// Tap sees every byte that was cut, frames and noise, in order; at is how many it was shown of this connection
	// before, and silent that no byte has come behind them for a while.  It is called by the reader, must not keep data and
	// must not block.  nil is the usual case.
	Tap func(conn, at uint64, data []byte, silent bool)
}

// framing is a Framing in force, with the buffers it needs.
type framing struct {
	Framing
	pool *sync.Pool // of batches of size
	size int
}

// Framing is what new bytes are cut by.
func (l *Listener) Framing() Framing { return l.framing.Load().Framing }

// SetFraming puts another framing in force, on the port and on every live connection: what arrives from now on is cut
// by it, and so is the beginning of a frame that has come already, of which no byte is lost.  It may be called from
// any goroutine.
func (l *Listener) SetFraming(f Framing) error {
	setDefault(&f.MaxFrameBytes, DefaultMaxFrameBytes)
	switch {
	case f.Cutter == nil:
		return errors.New("no Cutter")
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
