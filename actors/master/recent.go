package master

import "time"

// recent remembers the last frames of a master, so that one that is sent again (its acknowledgement was lost) is
// known.  It is a part of the master's state: it survives the connection and, through its state and the windows in
// the journal, the process.
//
//	frames   a ring: frame n stands at n % len; the oldest is overwritten
//	first    at each place of the ring, for the hash of a number: the newest frame whose number has it
//	before   from there to the one before it with the same hash, and so on
//
// The zero value is empty.  Frames are counted from 1 and beyond 2³² from 0 again; only their distances matter.
type recent struct {
	frames  []seenFrame // as many as a power of two
	added   uint32      // frames ever: the newest
	kept    uint32      // of them remembered
	life    uint32      // of them since the master began its numbers anew
	unsaved uint32      // of them that stand in no window of the journal
	wait    uint32      // so many frames before the ring may grow
	link    uint32      // connection on which the master began its numbers anew
}

// Sizes of the ring in frames.
const (
	recentLeast = 4
	recentFree  = 64 // what every master may have; beyond it the memory is one for all, see windows
	blockBits   = 4  // numbers that follow each other are named beside each other, in blocks of so many bits
	recentChain = 64 // frames that are compared with one that came in, at most
)

// seenFrame is one frame: transaction number, content and when.
type seenFrame struct {
	number  uint64 // mixed with the profile, so that two listeners do not meet
	content uint32
	at      uint32 // Unix seconds

	before, first uint32
}

// seenBytes is the size of a seenFrame.
const seenBytes = 24

// sight says what is known of a frame.
type sight uint8

const (
	sightNew    sight = iota
	sightResend       // the very same
	sightReused       // its transaction number was used for another one
)

// place is where frame n stands.
func (r *recent) place(n uint32) *seenFrame { return &r.frames[n&uint32(len(r.frames)-1)] }

// newest is where the newest frame with a number's hash is named.
func (r *recent) newest(number uint64) *uint32 {
	return &r.place(uint32(number>>blockBits*0x9e3779b97f4a7c15>>32)<<blockBits | uint32(number)&(1<<blockBits-1)).first
}

// find looks a frame up.  age is how many frames came behind the one that was found; below r.life that was since the
// master began its numbers anew.
func (r *recent) find(s seenFrame, within time.Duration) (what sight, age uint32) {
	if r.kept == 0 {
		return sightNew, 0
	}
	n := *r.newest(s.number)
	for range recentChain {
		back := r.added - n
		if back >= r.kept {
			break
		}
		o := r.place(n)
		n = o.before
		apart := max(s.at, o.at) - min(s.at, o.at) // to either side: the clock may have been set back
		if o.number != s.number || time.Duration(apart)*time.Second > within {
			continue
		}
		if o.content == s.content {
			return sightResend, back
		}
		if what == sightNew {
			what, age = sightReused, back
		}
	}
	return what, age
}

// add remembers a frame as the newest.
func (r *recent) add(s seenFrame) {
	r.added++
	o, first := r.place(r.added), r.newest(s.number)
	s.before, s.first = *first, o.first
	*o = s
	*first = r.added
	r.kept = min(r.kept+1, uint32(len(r.frames)))
	r.life++
	r.unsaved++
	if r.wait > 0 {
		r.wait--
	}
}

// full says that the ring has no room for one more frame of this second, but in the place of one that may still be
// asked for.
func (r *recent) full(now uint32, within time.Duration) bool {
	if int(r.kept) < len(r.frames) || r.wait > 0 {
		return false
	}
	if r.kept == 0 {
		return true
	}
	oldest := r.place(r.added - r.kept + 1)
	return now <= oldest.at || time.Duration(now-oldest.at)*time.Second <= within
}

// resize gives the ring another size, and keeps the newest frames that fit.
func (r *recent) resize(size int) {
	old := *r
	r.frames = make([]seenFrame, size)
	r.kept = min(r.kept, uint32(size))
	r.unsaved = min(r.unsaved, r.kept)
	for n := r.added - r.kept + 1; n != r.added+1; n++ {
		s := *old.place(n)
		first := r.newest(s.number)
		o := r.place(n)
		s.before, s.first = *first, o.first
		*o = s
		*first = n
	}
	r.wait = 0
}

// last are the newest n frames, or as many as there are, the oldest first.
func (r *recent) last(n uint32) func(yield func(*seenFrame) bool) {
	return func(yield func(*seenFrame) bool) {
		for n := r.added - min(n, r.kept) + 1; n != r.added+1; n++ {
			if !yield(r.place(n)) {
				return
			}
		}
	}
}

// beginAnew notes that the numbers of the master begin anew, on this connection.
func (r *recent) beginAnew(link uint32) { r.life, r.link = 0, link }
