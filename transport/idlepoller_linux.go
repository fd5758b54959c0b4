package transport

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"trama/internal/fault"
)

// canPark says that connections can wait without a goroutine here.
const canPark = true

// sweepPause is the least time from one look at all parked connections to the next, and so how late one of their
// deadlines may be.
const sweepPause = time.Second

// idlePoller is where connections wait that have had nothing to read for a while: an epoll instance of our own, and one
// goroutine for all of them.  The instance is itself watched by the runtime's poller, so waiting in it takes no
// thread, and its deadline is a timer like any other.
type idlePoller struct {
	file   *os.File
	raw    syscall.RawConn
	epoll  int // the descriptor of file
	ended  chan struct{}
	events [128]unix.EpollEvent // the goroutine's own
	ready  int                  // the goroutine's own: how many of events were filled

	// parking.mu guards all that follows.
	users int           // connections that have been here and have not ended
	slots []slot        // by descriptor
	swept time.Duration // when all slots were last looked at, since epoch
	alarm time.Duration // when they will be again; never: nothing is due at any time
}

// slot belongs to one descriptor.  The goroutine that takes the connection out of it, under the lock, starts its
// reader: an event, a sweep or wake, and whoever comes later finds it gone.
type slot struct {
	conn *Conn         // nil: not parked
	due  time.Duration // since epoch
}

// parking is the idle poller of the process: made for the first connection that parks, closed by the last one that
// ends.
var parking struct {
	mu     sync.Mutex  // guards poller and its slots; taken under Conn.mu and not the other way round
	poller *idlePoller // nil: no connection has parked
}

// parkedEvents wake a connection once: bytes, the end of the stream or, unasked, an error.
const parkedEvents = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT

// park leaves the connection to the idle poller until something comes, it is due or wake is called, and tells whether
// it did: then a new reader may be at work already and the caller must not touch it any more.  Bytes that have come
// in the meantime wake it at once.
func (c *Conn) park() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Load() != 0 {
		return false // who set it has woken this goroutine and not the idle poller
	}
	due := c.due()
	parking.mu.Lock()
	defer parking.mu.Unlock()
	if parking.poller == nil {
		l, err := openIdlePoller()
		if err != nil {
			return false
		}
		parking.poller = l
	}
	r := c.reading
	c.reading = nil
	if !parking.poller.enter(c, due) {
		c.reading = r
		return false
	}
	giveReading(r)
	return true
}

// unpark starts the reader again if the connection is parked.  c.mu is held.
func (c *Conn) unpark() {
	if !c.hasSlot {
		return
	}
	parking.mu.Lock()
	parking.poller.wake(c.fd, int32(c.id))
	parking.mu.Unlock()
}

// leaveIdlePoller is called before the socket is closed; closing it is what takes the descriptor out of the epoll
// instance.
func (c *Conn) leaveIdlePoller() {
	c.mu.Lock()
	had := c.hasSlot
	c.hasSlot = false
	c.mu.Unlock()
	if !had {
		return
	}
	parking.mu.Lock()
	l := parking.poller
	l.users--
	last := l.users == 0
	if last {
		parking.poller = nil
	}
	parking.mu.Unlock()
	if last {
		_ = l.file.Close()
		<-l.ended
	}
}

func openIdlePoller() (*idlePoller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil { // tells NewFile that it can be polled
		_ = unix.Close(fd)
		return nil, err
	}
	l := &idlePoller{file: os.NewFile(uintptr(fd), "epoll"), epoll: fd, ended: make(chan struct{}),
		swept: -sweepPause, alarm: never}
	err = l.file.SetReadDeadline(time.Time{}) // fails if the runtime does not poll it
	if err == nil {
		l.raw, err = l.file.SyscallConn()
	}
	if err != nil {
		_ = l.file.Close()
		return nil, err
	}
	go l.watch()
	return l, nil
}

// enter gives the connection its slot and arms its descriptor.  c.mu and parking.mu are held, and the caller is the
// reader, which alone closes the socket: so the descriptor is the connection's.
func (l *idlePoller) enter(c *Conn, due time.Duration) bool {
	operation := unix.EPOLL_CTL_MOD
	if !c.hasSlot {
		operation = unix.EPOLL_CTL_ADD
	}
	// The number of a descriptor is used again; that of a connection is not, within an event's life.
	event := unix.EpollEvent{Events: parkedEvents, Fd: c.fd, Pad: int32(c.id)}
	if unix.EpollCtl(l.epoll, operation, int(c.fd), &event) != nil {
		return false // no memory, or too many watches
	}
	if !c.hasSlot {
		c.hasSlot = true
		l.users++
	}
	if missing := int(c.fd) + 1 - len(l.slots); missing > 0 {
		l.slots = append(l.slots, make([]slot, missing)...)
	}
	l.slots[c.fd] = slot{conn: c, due: due}
	l.setAlarm(due)
	return true
}

// wake starts the reader of the connection that is parked there, if it is the one meant.  parking.mu is held.
func (l *idlePoller) wake(fd, id int32) {
	if int(fd) >= len(l.slots) {
		return
	}
	p := &l.slots[fd]
	if p.conn == nil || int32(p.conn.id) != id {
		return
	}
	c := p.conn
	p.conn = nil
	go c.run()
}

// setAlarm makes the goroutine sweep when something is due.  parking.mu is held.
func (l *idlePoller) setAlarm(due time.Duration) {
	if at := max(due, l.swept+sweepPause); at < l.alarm {
		_ = l.file.SetReadDeadline(epoch.Add(at)) // fails only when the file is closed
		l.alarm = at
	}
}

// watch is the idle poller's goroutine.  It ends when the last connection has left.
func (l *idlePoller) watch() {
	defer close(l.ended)
	collect := l.collect
	for {
		err := l.raw.Read(collect)
		switch {
		case err == nil:
			l.guarded(l.wakeReady)
		case errors.Is(err, os.ErrDeadlineExceeded):
			l.guarded(l.sweep)
		default:
			return // closed
		}
	}
}

// guarded runs a look with a net below it: a panic costs the first connection that is parked, and wakes all others, so
// that their readers see for themselves.
func (l *idlePoller) guarded(look func()) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		var woken []*Conn
		parking.mu.Lock()
		for i := range l.slots {
			if c := l.slots[i].conn; c != nil {
				l.slots[i].conn = nil
				woken = append(woken, c)
			}
		}
		parking.mu.Unlock()
		for i, c := range woken {
			if i == 0 {
				c.guarded(func() { panic(thrown) })
			}
			go c.run()
		}
	}()
	fault.At("poll")
	look()
}

// collect asks the kernel what is ready; the runtime's poller calls it again when something may be.
func (l *idlePoller) collect(fd uintptr) bool {
	for {
		n, err := unix.EpollWait(int(fd), l.events[:], 0)
		switch err {
		case nil:
			l.ready = n
			return n > 0
		case unix.EINTR:
		default:
			panic(fmt.Errorf("epoll_wait: %w", err)) // a wrong descriptor or address
		}
	}
}

func (l *idlePoller) wakeReady() {
	parking.mu.Lock()
	defer parking.mu.Unlock()
	for _, e := range l.events[:l.ready] {
		l.wake(e.Fd, e.Pad)
	}
}

// sweep wakes the connections whose time has come: it is for their readers to judge the peer.  It looks at all
// slots, 16 bytes each, and is the reason why none of them needs a timer.
func (l *idlePoller) sweep() {
	parking.mu.Lock()
	defer parking.mu.Unlock()
	now := time.Since(epoch)
	next := never
	for i := range l.slots {
		p := &l.slots[i]
		switch {
		case p.conn == nil:
		case p.due <= now:
			c := p.conn
			p.conn = nil
			go c.run()
		default:
			next = min(next, p.due)
		}
	}
	_ = l.file.SetReadDeadline(time.Time{})
	l.swept, l.alarm = now, never
	l.setAlarm(next)
}
