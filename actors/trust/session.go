package trust

import (
	"crypto/rand"
	"fmt"
	"sync"

	"trama/codec"
	"trama/codec/protect"
)

// halfBytes is what each side gives to the key of a connection.
const halfBytes = 8

// Session is the key of one connection with one device: it follows from random bytes of both sides, and its counters begin
// at 0.  Nothing of it survives the connection.
type Session struct {
	peer *Peer

	mu     sync.Mutex // guards all that follows
	halves [2 * halfBytes]byte
	active bool   // the device has answered
	next   uint32 // counter that its next frame is expected under, where frames do not say it
	sent   uint32 // the next counter of the server
	window window
}

// Challenge begins a session, whose first half goes to the device.
func (p *Peer) Challenge() *Session {
	s := &Session{peer: p}
	_, _ = rand.Read(s.halves[:halfBytes]) // never fails
	return s
}

// Half is the server's half of the key.
func (s *Session) Half() []byte { return s.halves[:halfBytes:halfBytes] }

// Answer takes in the device's half, once.
func (s *Session) Answer(half []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active || len(half) != halfBytes {
		return false
	}
	copy(s.halves[halfBytes:], half)
	s.active = true
	return true
}

// Active says whether the device has answered: every frame is under the key of the connection from then on.  s may be
// nil.
func (s *Session) Active() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active
}

// at adds to the way to open a frame where the session is.
func (s *Session) at(o *protect.Opening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Counter, o.Challenge = s.next, s.halves[:]
}

// opened notes that the frame under a counter was opened.
func (s *Session) opened(counter uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = max(s.next, counter+1)
}

func (s *Session) check(o *protect.Opened) (Freshness, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return refusal(s.window.check(o.Counter, o.Tag), o, s.window.highest)
}

func (s *Session) accept(o *protect.Opened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.window.accept(o.Counter, o.Tag)
}

// Protect is that of the peer, under the key of the connection.
func (s *Session) Protect(by *codec.Profile, dst, plain []byte, suite protect.Suite,
	answers *protect.Opened) (out, to []byte, err error) {
	key, has := s.peer.keyOf()
	if !has {
		return dst, nil, ErrNoKey
	}
	s.mu.Lock()
	o := protect.Protection{Suite: suite, Key: *key, Counter: s.sent, Server: true, Challenge: s.halves[:]}
	if s.sent == 1<<32-1 {
		s.mu.Unlock()
		return dst, nil, fmt.Errorf("%w: the connection has used all", ErrUnreserved)
	}
	s.sent++
	s.mu.Unlock()
	return protectBy(by, dst, plain, &o, answers)
}

// keyOf is the key that the device has shown last, or the only one.
func (p *Peer) keyOf() (key *protect.Key, has bool) {
	e, has := p.ring.source.Key(p.serial)
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Rotating && p.key == p.identify(&e.Next) {
		return &e.Next, has
	}
	return &e.Key, has
}
