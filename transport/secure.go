package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// handshakeTime is how long a handshake may take.
const handshakeTime = 10 * time.Second

// secure is the encryption of a connection; its larger part is made when the first byte has come.
type secure struct {
	wire  wire
	tls   *tls.Conn // nil: the handshake has not begun; the reader's own until ready
	ready bool      // the handshake is done; guarded by Conn.mu, and the reader's own to write
	held  []byte    // what was written before; guarded by Conn.mu
}

// wire is the socket as crypto/tls has it.  It waits during the handshake only: what it is to read then is there or an
// error that can be overcome, and what it writes is kept for the write queue.
type wire struct {
	net.Conn         // the socket
	fd       uintptr // of it
	shaking  bool    // the reader's own

	mu  sync.Mutex // guards out; taken under Conn.mu, and not the other way round
	out []byte     // encrypted, and not in the write queue yet
}

// notYet is the error of a read that finds nothing.
type notYet struct{}

func (notYet) Error() string   { return "nothing to read" }
func (notYet) Timeout() bool   { return true }
func (notYet) Temporary() bool { return true } // crypto/tls goes on after it

// Read implements net.Conn for the reader.
func (w *wire) Read(p []byte) (int, error) {
	if w.shaking {
		return w.Conn.Read(p)
	}
	n, err := readSocket(w.fd, p)
	switch {
	case err == syscall.EAGAIN:
		return 0, notYet{}
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	if w.shaking {
		return w.Conn.Write(p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out, p...)
	return len(p), nil
}

// SetWriteDeadline implements net.Conn.  The deadlines are those of the connection.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// holds says whether something is encrypted and not in the write queue.
func (w *wire) holds() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.out) > 0
}

// take empties what is encrypted.
func (w *wire) take() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.out
	w.out = nil
	return p
}

// errHello is what receive says when a handshake is to begin.
var errHello = errors.New("a handshake begins")

// readBytes is readSocket for the reader of a connection that may be encrypted.
func (c *Conn) readBytes(fd uintptr, p []byte) (int, error) {
	s := c.secure
	switch {
	case s == nil:
		return readSocket(fd, p)
	case !s.ready:
		return peekHello(fd)
	}
	n, err := s.tls.Read(p)
	if s.wire.holds() { // an alert, or new keys
		c.mu.Lock()               // taken under it: nothing that is encrypted after it comes before it
		_ = c.push(s.wire.take()) // a failure ends the connection
	}
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, notYet{}):
		return 0, syscall.EAGAIN
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // frames are whole or not: how a stream ends says nothing
		return 0, nil
	}
	return 0, err
}

// peekHello says whether the first byte of a handshake has come.
func peekHello(fd uintptr) (int, error) {
	n, err := peekSocket(fd)
	if n > 0 {
		err = errHello
	}
	return 0, err
}

// shake takes the PROXY header, if one is due, and the handshake.  A failure closes the connection.
func (c *Conn) shake() {
	deadline := min(c.due(), time.Since(epoch)+handshakeTime)
	_ = c.tcp.SetWriteDeadline(epoch.Add(deadline)) // fails only on a closed socket, which the handshake will tell
	c.reading.armed = 0
	c.arm(deadline)
	if c.state.Load() != 0 {
		return // whoever set it may have set the deadline before we did
	}
	s := c.secure
	err := c.readHeader()
	if err == nil && c.headed {
		s.wire = wire{Conn: c.tcp, fd: uintptr(c.fd), shaking: true}
		s.tls = tls.Server(&s.wire, c.listener.tls.Load())
		err = s.tls.Handshake()
		s.wire.shaking = false
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("none in time")
	}
	if err != nil {
		c.Close(CloseHandshake, err.Error()) // unless there is a reason already
	}
	if !c.headed || err != nil {
		return
	}
	c.disarm()
	_ = c.tcp.SetWriteDeadline(time.Time{})
	c.mu.Lock()
	s.ready = true
	held := s.held
	s.held = nil
	c.mu.Unlock()
	if held != nil {
		_ = c.Write(held) // a failure ends the connection
	}
}

// readHeader takes the PROXY header in front of a handshake.
func (c *Conn) readHeader() error {
	var head []byte
	for !c.headed && c.state.Load() == 0 {
		var next [1]byte
		if _, err := c.tcp.Read(next[:]); err != nil {
			return err
		}
		head = append(head, next[0])
		c.mu.Lock()
		c.counts.Received++
		c.counts.Aside++
		c.mu.Unlock()
		c.proxied(head, false)
	}
	return nil
}

// seal encrypts p, or keeps it until the handshake is done.  Conn.mu is held.
func (s *secure) seal(p []byte) ([]byte, error) {
	if !s.ready {
		s.held = append(s.held, p...)
		return nil, nil
	}
	_, err := s.tls.Write(p)
	return s.wire.take(), err
}

// sealEnd encrypts the notice that nothing follows.  Conn.mu is held.
func (s *secure) sealEnd() []byte {
	if !s.ready {
		return nil
	}
	_ = s.tls.CloseWrite() // fails when it was done before
	return s.wire.take()
}

// drained takes what is decrypted already, of which the poller would not tell; it says whether there was nothing.
func (c *Conn) drained() bool {
	if c.secure == nil {
		return true
	}
	r := c.reading
	r.poll, r.err = true, nil
	r.tryRead(uintptr(c.fd))
	if r.batch != nil {
		c.take()
		r.rest = after(c.lastBytes, c.listener.options.ParkAfter)
		return false
	}
	return r.err == errNothing
}
