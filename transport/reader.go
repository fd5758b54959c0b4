package transport

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"trama/internal/stack"
)

// reading is what only the reader goroutine touches.  It has one while it runs; a parked connection has none.
type reading struct {
	conn    *Conn
	try     func(fd uintptr) bool // tryRead, made once
	poll    bool                  // tryRead must not park
	reads   int                   // since the reader was started, see talkative
	batch   *Batch                // of tryRead: filled with n bytes behind the partial frame
	n       int
	err     error
	partial []byte        // the beginning of a frame; nil while there is none
	since   time.Duration // when its first byte came, since epoch
	armed   time.Duration // the read deadline that is set, since epoch; 0 is none
	brief   bool          // the beginning is waited for because of an aside: asideWait
	hushed  bool          // the beginning has been looked at in the silence behind it, see quiet
	rest    time.Duration // when to see whether the connection can park, since epoch
}

var readings = sync.Pool{New: func() any { return new(reading) }}

// giveReading gives the reader's own to the pool.
func giveReading(r *reading) {
	*r = reading{try: r.try}
	readings.Put(r)
}

// takeReading is the first thing that a reader does.
func (c *Conn) takeReading() {
	r := readings.Get().(*reading)
	if r.try == nil {
		r.try = r.tryRead
	}
	r.conn = c
	c.reading = r
}

// never is a deadline that does not come.
const never = time.Duration(math.MaxInt64)

// lastLook is how many reads may follow a deadline before it is enforced: a process that was stopped for a while
// must not blame its peers for what waits in the sockets.
const lastLook = 16

// Start makes the connection read until it has ended, as Done says.  It is called once and returns at once, also
// when the connection was closed before.  deliver is called for one batch after the other; it must see to it that
// each batch is released.  ended is called once, after Done is closed, from the connection's last goroutine.  A panic
// in either is reported as EventFault, and one in deliver ends the connection with CloseFault.
func (c *Conn) Start(deliver func(*Batch), ended func()) {
	c.mu.Lock()
	closed, over := c.running, c.ended
	c.running = true
	c.deliver, c.onEnd = deliver, ended
	c.mu.Unlock()
	switch {
	case !closed:
		go c.run()
	case over: // nobody is left to call it
		go c.guarded(ended)
	}
}

// run is the reader goroutine, from the start or the end of a rest to the next rest or the end.
func (c *Conn) run() {
	c.takeReading()
	parked := false
	c.guarded(func() { parked = c.read() })
	if parked {
		return // and has a new reader already, perhaps
	}
	c.Close(CloseFault, "reader ended") // a reason has been given on every way out
	c.finish()
}

// guarded calls f, our own code and that of the layer above, with a net below it.
func (c *Conn) guarded(f func()) {
	defer func() {
		if p := recover(); p != nil {
			err, ok := p.(error)
			if !ok {
				err = fmt.Errorf("%v", p)
			}
			c.Close(CloseFault, err.Error())
			c.listener.options.Events(Event{
				Kind: EventFault, Listener: c.Listener(), Err: err, Conn: c.id, Stack: stack.Trace(),
			})
		}
	}()
	f()
}

// read is the reader's loop: wait for a credit, wait for bytes, cut, deliver.  It returns when the connection is to end
// or has parked.
func (c *Conn) read() (parked bool) {
	c.reading.rest = after(time.Since(epoch), c.listener.options.ParkAfter)
	for {
		if c.state.Load() != 0 {
			c.drain()
			return false
		}
		if !c.credit() {
			c.await(func() bool { return c.credit() || c.state.Load() != 0 }, 0)
			continue
		}
		c.arm(min(c.due(), c.reading.rest))
		if c.state.Load() != 0 {
			continue // whoever set it may have set the deadline before we did
		}
		err := c.receive(false)
		switch {
		case err == nil:
			if c.reading.batch != nil { // tryRead has not taken it itself
				c.take()
			}
		case err == errHello:
			c.shake()
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.reading.armed = 0
			switch {
			case c.state.Load() != 0:
			case c.overdue():
				if !c.recheck() {
					return false
				}
			case c.idle() && c.drained() && c.park():
				return true
			}
		default:
			c.lost(err)
			return false
		}
	}
}

func (c *Conn) credit() bool { return int(c.inFlight.Load()) < c.listener.options.Credits }

// errEOF is what receive says when the peer has ended its stream; errNothing when there is nothing to read now.
var (
	errEOF     = errors.New("end of stream")
	errNothing = errors.New("nothing to read")
)

// receive leaves the next bytes in reading.batch, unless they are taken already.  It parks without a buffer, unless
// poll is true.
func (c *Conn) receive(poll bool) error {
	r := c.reading
	r.poll, r.err = poll, nil
	if err := c.raw.Read(r.try); err != nil {
		return err
	}
	return r.err
}

// The poller tells of news once.  A read that brought less than there was room for has emptied the socket, so the
// next bytes are news again, and a connection that has had so many reads is not read once more just to hear that
// there is nothing: half of the reads of a busy port.  This may miss the end of a stream that came together
// with its last bytes; it is found at the next look whether the connection can park, within ParkAfter.  Peers that
// say a thing or two and leave are not kept waiting.
const talkative = 4

// tryRead is called by the poller whenever the socket may have something.
func (r *reading) tryRead(fd uintptr) bool {
	c := r.conn
	f := c.listener.framing.Load()
	b := getBatch(f.pool, f.size)
	n, err := c.readBytes(fd, b.data[len(r.partial):])
	if n > 0 {
		copy(b.data, r.partial)
		r.batch, r.n = b, n
		r.reads++
		if r.poll || c.secure != nil || r.reads < talkative || r.rest == never || n == len(b.data)-len(r.partial) {
			return true
		}
		c.take()
		return r.partial != nil || c.state.Load() != 0 || !c.credit() // else the deadline that is set will do
	}
	putBatch(b)
	switch {
	case err == nil:
		r.err = errEOF
	case err == syscall.EAGAIN && r.poll:
		r.err = errNothing
	case err == syscall.EAGAIN:
		return false
	default:
		r.err = err
	}
	return true
}

// take cuts what receive brought and delivers the frames.
func (c *Conn) take() {
	r := c.reading
	b := r.batch
	r.batch = nil
	b.Received = time.Now()
	old := len(r.partial)
	done := c.cut(b, b.data[:old+r.n], cutStream)
	c.settle(b, b.data[done.used:old+r.n], old, done, r.n)
}

// settle keeps the rest for later, books the bytes and delivers the batch.  done was cut from the front; old
// of all bytes came with earlier reads and fresh with this one.
func (c *Conn) settle(b *Batch, rest []byte, old int, done taken, fresh int) {
	r := c.reading
	now := b.Received.Sub(epoch)
	if len(rest) == 0 {
		r.partial = nil
	} else {
		if done.used >= old { // it began with this read
			r.since = now
		}
		r.partial = append(r.partial[:0], rest...)
	}
	r.brief = done.wait
	c.behind = done.behind

	frames := len(b.Frames)
	c.mu.Lock()
	n := &c.counts
	if fresh > 0 {
		r.hushed = false
		n.Received += uint64(fresh)
		c.lastBytes = now
	}
	n.Skipped += uint64(done.skipped)
	n.Pending = uint64(len(rest))
	if frames > 0 {
		n.InFrames += uint64(done.used - done.skipped - done.aside)
		n.Frames += uint64(frames)
		n.Batches++
		c.lastFrame = now
	}
	if done.aside > 0 {
		n.Aside += uint64(done.aside)
		n.Beats += uint64(done.beats)
	}
	if frames > 0 || len(b.Registered) > 0 || done.beats > 0 && c.lastLife != 0 {
		c.lastLife = now
	}
	c.mu.Unlock()

	if frames == 0 && len(b.Registered) == 0 && len(b.Skipped) == 0 {
		putBatch(b)
		return
	}
	b.from = c
	b.out.Store(true)
	c.inFlight.Add(1)
	c.deliver(b)
}

// How cut treats a frame that is not whole.
type cutMode uint8

const (
	cutStream cutMode = iota // wait for its rest
	cutFrame                 // wait for its rest, but for no aside
	cutQuiet                 // wait for its rest, unless the Cutter knows better in a silence
	cutStall                 // give it up until a whole frame comes out, then as cutStream
	cutEnd                   // give it up: no more bytes come at all
)

// final says that no more bytes come.
func (m cutMode) final() bool { return m >= cutStall }

// waits says whether the rest of an aside is waited for.
func (m cutMode) waits() bool { return m == cutStream || m == cutQuiet }

// around is what a Cutter is told.
func (m cutMode) around() Around {
	switch m {
	case cutStream, cutFrame:
		return 0
	case cutQuiet:
		return Quiet
	}
	return Ended
}

// taken is what cut took from the front of the bytes.
type taken struct {
	used    int
	skipped int  // of these, noise
	aside   int  // of these, heartbeats and registrations
	beats   int  // how many heartbeats
	wait    bool // what follows may be an aside
	behind  bool // a frame ended there
}

// cut appends the whole frames in data to b and returns what they, the noise and the asides before them took.  What
// remains may be the beginning of a frame.
func (c *Conn) cut(b *Batch, data []byte, mode cutMode) (done taken) {
	f := c.listener.framing.Load()
	b.Tag = f.Tag
	longest, aside := f.MaxFrameBytes, c.listener.options.Aside != nil
	toEnd := mode == cutEnd
	done.behind = c.behind
	last := done // up to the last frame or aside
	c.searched = false
	tapped := 0
	if !c.headed && len(data) > 0 {
		switch n, v := c.proxied(data, !mode.waits()); v {
		case begun:
			done.wait = true
			return done
		case refused:
			c.skip(b, data, 0, len(data), false)
			done.used, done.skipped = len(data), len(data)
			return done
		default:
			done.used, done.aside, tapped = n, n, n
			last = done
		}
	}
	for done.used < len(data) {
		rest := data[done.used:]
		if aside {
			if a := c.aside(f, b, rest, mode); a.wait && len(rest) < longest {
				done.wait = true
				break
			} else if a.noise > 0 || a.n > 0 {
				if a.noise > 0 {
					c.skip(b, data, done.used, a.noise, false)
					done.skipped += a.noise
					done.used += a.noise
					if rest = rest[a.noise:]; a.n == 0 {
						continue
					}
				}
				c.tap(f, data[tapped:done.used], mode != cutStream)
				if done.used += a.n; a.life {
					done.beats++
					c.echo(rest[:a.n])
				} else {
					b.Registered[len(b.Registered)-1].Skipped = len(b.Skipped)
				}
				done.aside += a.n
				done.behind = false
				tapped, last = done.used, done
				if mode == cutStall {
					mode = cutStream
				}
				continue
			}
		}
		around := mode.around()
		if done.behind {
			around |= Behind
		}
		advance, token, err := f.Cutter.Next(b, rest, around)
		long := false
		if err == nil && advance == 0 && token == nil {
			if !mode.final() && len(rest) < longest {
				break
			}
			// A frame longer than we take: give it up at its first byte.
			if !mode.final() {
				long = true
				advance, token, err = f.Cutter.Next(b, rest, Ended)
			}
			if err == nil && advance == 0 && token == nil {
				advance = 1
			}
		}
		if err != nil || advance <= 0 || advance > len(rest) || len(token) > advance && !done.behind {
			panic(fmt.Errorf("framing function: advance %d of %d, token %d bytes, error %v", advance, len(rest),
				len(token), err))
		}
		if len(token) > longest {
			advance, token, long = max(advance-len(token), 0)+1, nil, true
		}
		if noise := advance - len(token); noise > 0 {
			c.skip(b, data, done.used, noise, long)
			done.skipped += noise
		}
		done.used += advance
		if done.behind = token != nil; done.behind {
			b.Frames = append(b.Frames, token)
			last = done
			if mode == cutStall {
				mode = cutStream
			}
		}
	}
	if toEnd { // what follows the last frame is not noise but the frame that was cut off
		last.behind, done = done.behind, last
		b.unskip(c.before() + uint64(done.used))
	}
	if tapped < done.used {
		c.tap(f, data[tapped:done.used], mode != cutStream)
	}
	return done
}

func (c *Conn) tap(f *framing, data []byte, silent bool) {
	if f.Tap != nil && len(data) > 0 {
		f.Tap(c.id, c.tapped, data, silent)
		c.tapped += uint64(len(data))
	}
}

// echo sends a heartbeat back if that is wanted.
func (c *Conn) echo(beat []byte) {
	if c.listener.options.Aside.HeartbeatEcho {
		_ = c.Write(beat) // fails only when the connection is ending, which nobody needs to be told
	}
}

// salvage looks for whole frames behind a beginning whose rest does not come, and delivers them.  When there is
// none the beginning stays, to be counted as cut off.
func (c *Conn) salvage(mode cutMode) bool {
	r := c.reading
	if len(r.partial) == 0 {
		return false
	}
	f := c.listener.framing.Load()
	b := getBatch(f.pool, f.size)
	b.Received = time.Now()
	data := b.data[:copy(b.data, r.partial)]
	done := c.cut(b, data, mode)
	if len(b.Frames) == 0 && done.aside == 0 && (mode.final() || done.used == 0) {
		putBatch(b)
		return false
	}
	c.settle(b, data[done.used:], 0, done, 0)
	return true
}

// quiet looks once for what a silence behind the beginning of a frame tells, and whether that takes any bytes.
func (c *Conn) quiet() bool {
	c.reading.hushed = true
	return c.salvage(cutQuiet)
}

// drain is the orderly end: it delivers what the kernel holds already and waits until every batch is released.
func (c *Conn) drain() {
	c.disarm()
	closing := func() bool { return c.state.Load()&stateClosing != 0 }
	for range lastLook {
		c.await(func() bool { return c.credit() || closing() }, 0)
		if closing() || c.receive(true) != nil {
			break
		}
		c.take()
	}
	c.await(func() bool { return c.inFlight.Load() == 0 || closing() }, 0)
	c.Close(CloseShutdown, "") // the reason has been given with the order to stop
}

// lost ends the connection after a failed read.  A peer that ended its stream may still read: the answers to its
// last frames are waited for.
func (c *Conn) lost(err error) {
	if !errors.Is(err, errEOF) {
		reason, detail := reasonOf(err, CloseReadFailed)
		c.Close(reason, detail)
		return
	}
	c.mu.Lock()
	c.decide(ClosePeer, "")
	c.mu.Unlock()
	c.salvage(cutEnd)
	c.await(func() bool { return c.inFlight.Load() == 0 || c.state.Load()&stateClosing != 0 }, answersGrace)
	c.Close(ClosePeer, "")
}

// discard reads what the peer sent and nobody will see, so that closing does not reset the connection and destroy
// the last answers on their way.
func (c *Conn) discard() {
	c.disarm()
	for range lastLook {
		if c.receive(true) != nil {
			return
		}
		c.mu.Lock()
		c.counts.Received += uint64(c.reading.n)
		c.counts.CutOff += uint64(c.reading.n)
		c.mu.Unlock()
		putBatch(c.reading.batch)
		c.reading.batch = nil
	}
}
