package trust

import (
	"errors"
	"fmt"

	"trama/codec"
	"trama/codec/protect"
	"trama/journal"
)

const (
	block = 1 << 10 // counters of the server that are reserved at once
	spare = 1 << 8  // that are left when the next block is asked for

	lastBlock = 1<<32 - block // behind it no block is whole: an epoch has no more counters
)

// sender gives out the counters of the server.  A new epoch, or key, is used for sending when its first block is on disk;
// until then what is left of the one before goes on.
type sender struct {
	key      uint32
	epoch    uint8
	used     uint32 // the next counter
	reserved uint32 // the first one that is not on disk
	asked    uint32 // in the current epoch: the first one behind the row that was written last; 0: no row has any
	owed     uint32 // answers that wait for their frame
}

// Owe counts an answer that will be wanted: its counter is reserved with the frame.
func (p *Peer) Owe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sender.owed++
}

// Paid takes an answer back, whether it was made or not.
func (p *Peer) Paid() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sender.owed > 0 {
		p.sender.owed--
	}
}

// Reservation is what a row lets be used once it is on disk.
type Reservation struct {
	peer  *Peer
	key   uint32
	epoch uint8
	upTo  uint32
}

// Row is the row of the peer when it is to be written, nil else.  Rows are appended in the order in which they were made,
// by the master's actor.  The reservation is told when the row is on disk.
func (p *Peer) Row(always bool) (journal.Trust, Reservation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.sender
	if p.begun && !p.stale {
		used := s.used
		if s.key != p.key || s.epoch != p.current.epoch {
			used = 0
		}
		if need := used + s.owed + spare; s.asked < need && s.asked < lastBlock {
			s.asked = (need + block - 1) / block * block
			p.due = true
		}
	}
	if !p.due && !always {
		return nil, Reservation{}
	}
	p.due = false
	return p.encode(), Reservation{p, p.key, p.current.epoch, s.asked}
}

// Stored lets the reserved counters be used, and the key be committed that the device has proven.  The zero Reservation is none.
func (r Reservation) Stored() {
	p := r.peer
	if p == nil {
		return
	}
	if _, yes := p.proven(); yes {
		p.ring.prove(p)
		select {
		case p.ring.rotated <- struct{}{}:
		default: // whoever takes the one that is there commits this one too
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.sender
	switch {
	case r.upTo == 0 || r.key != p.key || r.epoch != p.current.epoch:
	case s.key == r.key && s.epoch == r.epoch:
		s.reserved = max(s.reserved, r.upTo)
	default:
		s.key, s.epoch, s.used, s.reserved = r.key, r.epoch, 0, r.upTo
	}
}

// Reserved says whether a frame can be protected now; else a row is to be written first.
func (p *Peer) Reserved() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sender.used+p.sender.owed < p.sender.reserved
}

// ErrUnreserved says that no counter is on disk that may be used.
var ErrUnreserved = errors.New("no counter is reserved")

// Protect protects a plain frame of the server by a suite, under the next counter, and appends it to dst.  answers is
// what it answers; nil for a command, and then to is the reference that an answer to it carries.
func (p *Peer) Protect(by *codec.Profile, dst, plain []byte, suite protect.Suite, answers *protect.Opened) (out, to []byte, err error) {
	entry, has := p.ring.source.Key(p.serial)
	p.mu.Lock()
	s := &p.sender
	if p.stale || s.used >= s.reserved {
		p.mu.Unlock()
		return dst, nil, ErrUnreserved
	}
	o := protect.Protection{Suite: suite, Epoch: s.epoch, Counter: s.used, Server: true}
	s.used++
	switch {
	case has && p.identify(&entry.Key) == s.key:
		o.Key = entry.Key
	case has && entry.Rotating && p.identify(&entry.Next) == s.key:
		o.Key = entry.Next
	default:
		has = false
	}
	p.mu.Unlock()
	if !has {
		return dst, nil, fmt.Errorf("%w: the one that the device has proven is there no more", ErrNoKey)
	}
	return protectBy(by, dst, plain, &o, answers)
}

// protectBy protects a frame of the server.
func protectBy(by *codec.Profile, dst, plain []byte, o *protect.Protection, answers *protect.Opened) (out, to []byte, err error) {
	var room [8]byte
	own := *o // what o points to is not to point to room
	if answers != nil {
		own.Reference = answers.AppendReferenceTo(room[:0])
	}
	if out, err = by.Protect(dst, plain, &own); err != nil {
		return dst, nil, err
	}
	if answers == nil {
		to = referenceTo(out[len(dst):], o)
	}
	return out, to, nil
}

// referenceTo is the reference that an answer to a protected frame carries.
func referenceTo(frame []byte, by *protect.Protection) []byte {
	o := protect.Opened{Head: protect.Head{Suite: by.Suite, Counter: by.Counter}}
	if size := by.Suite.TagBits() / 8; size == 3 {
		copy(o.Tag[:], frame[4:4+size]) // I
	} else {
		copy(o.Tag[:], frame[len(frame)-size:])
	}
	return o.ReferenceTo()
}
