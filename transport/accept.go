package transport

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/time/rate"

	"trama/internal/fault"
)

// acceptPauseTime is how long accept rests when descriptors or memory are used up.
const acceptPauseTime = 100 * time.Millisecond

// acceptRate bounds the connections of a listener that are accepted in a second, and at once.  The others wait in the
// kernel: a storm of reconnects, and a flood that is refused, leave time for the connections there are.
const acceptRate = 500

// refusingHold is how long nobody must have been refused before the listener counts as recovered: at its limit it
// may refuse and accept by turns.
const refusingHold = time.Second

// Serve accepts connections until Close and calls accept for each; accept must be quick: it calls c.Start.  It
// outlives Suspend.  It returns nil after Close, and otherwise an error that cannot be waited out: the listening
// socket is broken then; Suspend and Resume open a new one and Serve may be called again.
func (l *Listener) Serve(accept func(*Conn)) error {
	s := serving{l: l}
	pace := rate.NewLimiter(acceptRate, acceptRate)
	for {
		socket, changed, closed := l.current()
		if closed {
			return nil
		}
		if socket == nil {
			<-changed
			continue
		}
		if wait := pace.Reserve().Delay(); wait > 0 {
			select {
			case <-time.After(wait):
			case <-changed:
				continue
			}
		}
		tcp, err := socket.AcceptTCP()
		if err == nil {
			s.resumed()
			s.admit(tcp, accept)
			continue
		}
		if now, _, _ := l.current(); now != socket {
			continue // suspended or closed meanwhile
		}
		switch classifyAccept(err) {
		case acceptNext:
		case acceptPause:
			s.paused(err)
			select {
			case <-time.After(acceptPauseTime):
			case <-changed:
			}
		default:
			return fmt.Errorf("listener %q: %w", l.options.Name, err)
		}
	}
}

// current is the state that Serve acts on; changed is closed when it is no longer true.
func (l *Listener) current() (socket *net.TCPListener, changed <-chan struct{}, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.socket, l.changed, l.closed
}

// serving is what Serve remembers from one accept to the next: the episodes that give one event each.
type serving struct {
	l            *Listener
	pausedAt     time.Time // zero: accept works
	refusingAt   time.Time // zero: connections are taken
	refusedLast  time.Time
	refusedCount uint64
}

func (s *serving) paused(err error) {
	if s.pausedAt.IsZero() {
		s.pausedAt = time.Now()
		s.l.options.Events(Event{Kind: EventAcceptPaused, Listener: s.l.options.Name, Err: err})
	}
}

func (s *serving) resumed() {
	if !s.pausedAt.IsZero() {
		s.l.options.Events(Event{Kind: EventAcceptResumed, Listener: s.l.options.Name, After: time.Since(s.pausedAt)})
		s.pausedAt = time.Time{}
	}
}

// admit takes the connection on the books and hands it over, or closes it.
func (s *serving) admit(tcp *net.TCPConn, accept func(*Conn)) {
	c, reason := s.l.enter(tcp)
	if c == nil {
		_ = tcp.SetLinger(0) // no TIME-WAIT for those we do not want
		_ = tcp.Close()
		if reason == CloseSource {
			s.l.foreign(addrPort(tcp.RemoteAddr()))
		} else {
			s.refused(reason)
		}
		return
	}
	c.guarded(func() {
		fault.At("accept")
		s.admitted()
		accept(c)
	})
}

// admitted ends an episode of refusing.
func (s *serving) admitted() {
	if !s.refusingAt.IsZero() && time.Since(s.refusedLast) >= refusingHold {
		s.l.options.Events(Event{
			Kind: EventRecovered, Listener: s.l.options.Name, Count: s.refusedCount, After: time.Since(s.refusingAt),
		})
		s.refusingAt, s.refusedCount = time.Time{}, 0
	}
}

func (s *serving) refused(reason CloseReason) {
	if s.refusingAt.IsZero() {
		s.refusingAt = time.Now()
		s.l.options.Events(Event{Kind: EventRefusing, Listener: s.l.options.Name, Reason: reason})
	}
	s.refusedCount++
	s.refusedLast = time.Now()
}

// enter makes a Conn of an accepted socket unless a limit is reached.
func (l *Listener) enter(tcp *net.TCPConn) (*Conn, CloseReason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted++
	var reason CloseReason
	switch {
	case !l.options.direct(tcp):
		reason = CloseSource
	case l.options.MaxConnections > 0 && l.liveLen >= l.options.MaxConnections:
		reason = CloseFull
	case !l.options.Reserve.take():
		reason = CloseNoDescriptors
	default:
		c, err := newConn(l, tcp)
		if err == nil {
			c.next = l.live
			if l.live != nil {
				l.live.previous = c
			}
			l.live = c
			l.liveLen++
			return c, CloseNone
		}
		l.options.Reserve.give()
		reason = CloseReset
	}
	l.byReason[reason]++
	return nil, reason
}
