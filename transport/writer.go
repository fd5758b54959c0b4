package transport

import (
	"syscall"
	"time"

	"trama/internal/fault"
)

// writing is what a peer has not taken yet, while there is any; guarded by Conn.mu.
type writing struct {
	queue  []byte // what waits behind inHand
	inHand int    // bytes the transient goroutine is about to write
}

func (w *writing) queued() int {
	if w == nil {
		return 0
	}
	return len(w.queue) + w.inHand
}

// Write sends p, in the order of the calls.  It never blocks, and p may be reused when it returns.  Bytes that the
// kernel does not take at once wait in a bounded queue; a peer that leaves that full, or unread for WriteTimeout, is
// closed as CloseSlowPeer.  Errors are ErrClosed, ErrSlowPeer or that of the kernel, all of which end the
// connection: there is nothing to retry.
func (c *Conn) Write(p []byte) error {
	c.mu.Lock()
	if c.state.Load()&stateMute != 0 {
		c.mu.Unlock()
		return ErrClosed
	}
	if c.secure != nil {
		var err error
		if p, err = c.secure.seal(p); err != nil {
			c.mu.Unlock()
			c.writeFailed(err)
			return err
		}
		if len(c.secure.held) > c.listener.options.WriteQueueBytes {
			c.mu.Unlock()
			c.Close(CloseSlowPeer, "no handshake")
			return ErrSlowPeer
		}
	}
	return c.push(p)
}

// push sends p as it is.  c.mu is held, and is not any more when it returns.
func (c *Conn) push(p []byte) error {
	if c.state.Load()&stateMute != 0 {
		c.mu.Unlock()
		return ErrClosed
	}
	if !c.draining {
		n, err := c.offer(p)
		if err != nil {
			c.mu.Unlock()
			c.writeFailed(err)
			return err
		}
		if p = p[n:]; len(p) == 0 {
			c.mu.Unlock()
			return nil
		}
	}
	if c.writing.queued()+len(p) > c.listener.options.WriteQueueBytes {
		c.mu.Unlock()
		c.Close(CloseSlowPeer, "write queue full")
		return ErrSlowPeer
	}
	if c.writing == nil {
		c.writing = new(writing)
	}
	c.writing.queue = append(c.writing.queue, p...)
	if !c.draining {
		c.draining = true
		go c.drainQueue()
	}
	c.mu.Unlock()
	return nil
}

// offer gives the kernel what it takes of p without waiting.  c.mu is held and stateMute not set, so the descriptor is
// open.
func (c *Conn) offer(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := writeSocket(uintptr(c.fd), p)
	switch err {
	case nil:
		c.counts.Sent += uint64(n)
		return n, nil
	case syscall.EAGAIN: // it is the queue that waits
		return 0, nil
	}
	return 0, err
}

// drainQueue is the transient writer goroutine: it lives while something is queued, finish waits for it, and Close
// moves its deadline.
func (c *Conn) drainQueue() {
	sound := false
	c.guarded(func() {
		c.emptyQueue()
		sound = true
	})
	if !sound {
		c.mu.Lock()
		c.counts.Unsent += uint64(c.writing.queued())
		*c.writing, c.draining = writing{}, false
		c.mu.Unlock()
	}
	c.signal()
}

func (c *Conn) emptyQueue() {
	for {
		c.mu.Lock()
		w := c.writing
		closing := c.state.Load()&stateClosing != 0
		if len(w.queue) == 0 || closing && !c.reason.flushes() {
			c.endQueue(closing)
			c.mu.Unlock()
			return
		}
		chunk := w.queue
		w.queue, w.inHand = nil, len(chunk)
		if !closing { // else Close has set it
			_ = c.tcp.SetWriteDeadline(time.Now().Add(c.listener.options.WriteTimeout))
		}
		c.mu.Unlock()

		fault.At("queue")
		n, err := c.tcp.Write(chunk)

		c.mu.Lock()
		c.counts.Sent += uint64(n)
		c.counts.Unsent += uint64(len(chunk) - n)
		w.inHand = 0
		if err != nil {
			c.counts.Unsent += uint64(len(w.queue))
			w.queue = nil
		}
		c.mu.Unlock()
		if err != nil {
			c.writeFailed(err)
		}
	}
}

// endQueue leaves the socket as Write wants to find it.  c.mu is held.
func (c *Conn) endQueue(closing bool) {
	c.draining = false
	if closing {
		c.hangUp()
		return
	}
	c.writing = nil
	_ = c.tcp.SetWriteDeadline(time.Time{})
}

// writeFailed ends the connection after a failed write.  Frames that the peer sent before it went are still delivered.
func (c *Conn) writeFailed(err error) {
	reason, detail := reasonOf(err, CloseWriteFailed)
	if reason == CloseSlowPeer {
		c.Close(reason, detail)
		return
	}
	c.stop(reason, detail, stateStopping|stateMute)
}
