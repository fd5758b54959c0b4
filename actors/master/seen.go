package master

import (
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"trama/actors/profiles"
	"trama/codec"
	"trama/journal"
)

// recent remembers the last frames of a master, so that one that is sent again (its acknowledgement was lost) is
// known.  It is a part of the master's state: it survives the connection and, through the journal, the process.
type recent struct {
	seen  []seenFrame
	next  int                 // the oldest: a ring, as long as it does not grow or shrink
	read  int64               // that brought the newest: when it came, Unix nanoseconds
	reads [recentReads]uint16 // how many frames the last reads brought, the newest first
	many  int                 // in those that brought many, together
}

// The ring holds the last frames, and of those before as many as the last reads brought that brought many.  A
// master that sends many frames in one go, and loses its connection before the first acknowledgement, sends them all
// again.  A read of 2 KiB brings many of any protocol; one that brings few is not worth the longer search with each
// frame.
const (
	recentKept  = 64   // frames at least
	recentReads = 16   // of which those that brought many are remembered whole
	recentMany  = 32   // frames of one read
	recentMost  = 1024 // frames at most
)

// seenFrame is one frame: transaction number and content, when, and on which connection.
type seenFrame struct {
	number  uint64 // mixed with the profile, so that two listeners do not meet
	content uint64
	at      uint32 // Unix seconds
	link    uint32 // 0: before the start of the process
}

// sight says what is known of a frame.
type sight uint8

const (
	sightNew    sight = iota
	sightResend       // the very same
	sightReused       // its transaction number was used for another one
)

// find looks a frame up.  old is the seen frame with the same number.
func (r *recent) find(s seenFrame, within time.Duration) (what sight, old *seenFrame) {
	for i := range r.seen {
		o := &r.seen[i]
		if o.number != s.number || time.Duration(s.at-o.at)*time.Second > within && s.at > o.at {
			continue
		}
		if o.content == s.content {
			return sightResend, o
		}
		what, old = sightReused, o
	}
	return what, old
}

// add remembers a frame as the newest, and forgets old if there is one.  read is when it was received, the same for
// all that one read brought.
func (r *recent) add(s seenFrame, old *seenFrame, read int64) {
	if old != nil {
		for i := range r.seen {
			if &r.seen[i] == old {
				i = (i - r.next + len(r.seen)) % len(r.seen)
				r.rotate()
				r.seen = append(r.seen[:i], r.seen[i+1:]...)
				break
			}
		}
	}
	if read != r.read {
		r.read = read
		if n := int(r.reads[recentReads-1]); n >= recentMany {
			r.many -= n
		}
		copy(r.reads[1:], r.reads[:])
		r.reads[0] = 0
		r.trim()
	}
	if r.reads[0] < recentMost {
		r.reads[0]++
		switch n := int(r.reads[0]); {
		case n == recentMany:
			r.many += n
		case n > recentMany:
			r.many++
		}
	}
	if len(r.seen) < r.room() {
		r.rotate()
		r.seen = append(r.seen, s)
		return
	}
	r.seen[r.next] = s
	r.next = (r.next + 1) % len(r.seen)
}

// room is how many are to be remembered.
func (r *recent) room() int { return min(recentKept+r.many, recentMost) }

// trim forgets the oldest of a time when more came at once.
func (r *recent) trim() {
	if over := len(r.seen) - r.room(); over > 0 {
		r.rotate()
		r.seen = append(make([]seenFrame, 0, r.room()), r.seen[over:]...)
	}
}

// rotate puts the oldest first.
func (r *recent) rotate() {
	if r.next > 0 {
		r.seen = append(append(make([]seenFrame, 0, len(r.seen)), r.seen[r.next:]...), r.seen[:r.next]...)
		r.next = 0
	}
}

func (r *recent) forget() { *r = recent{seen: r.seen[:0]} }

// keyFor makes the numbers of two profiles differ, but not those of two versions of one: a frame may come again after
// its definition was corrected.
func keyFor(p *codec.Profile, number uint64) uint64 { return number ^ xxhash.Sum64String(p.Name()) }

// seenFrameOf is what is remembered of a frame; ok is false when the profile does not recognise resends of it.
func seenFrameOf(by *profiles.Installed, f *codec.Frame, at time.Time, link uint64) (s seenFrame, ok bool) {
	number, content, ok := by.Profile.Print(f)
	if !ok {
		return s, false
	}
	if !by.Profile.Resend().Numbered {
		number = content
	}
	return seenFrame{number: keyFor(by.Profile, number), content: content, at: uint32(at.Unix()),
		link: uint32(link)}, true
}

// checkDuplicate says whether a frame is to be recorded: not when it is a resend (accepted again all the same), nor
// when it takes the transaction number of another one (refused, an alarm).
//
// Two cases of the latter are accepted, with the alarm: a profile that says that numbers last only as long as a
// session; and a frame that comes on another connection and was made later, by the master's own clock, than any
// before: the master has lost its counter.
func (m *Master) checkDuplicate(b *Batch, f *codec.Frame, s seenFrame) (record bool, flags journal.Flags,
	old *seenFrame) {
	rule := b.Installed.Profile.Resend()
	what, old := m.recent.find(s, rule.Within)
	switch what {
	case sightNew:
		return true, 0, nil
	case sightResend:
		b.repeated++
		m.duplicates++
		return false, 0, nil
	}
	number, _ := f.Transaction()
	what1 := fmt.Sprintf("transaction number %d was used before for another frame", number)
	made, dated := f.Timestamp()
	switch elsewhere := old.link != s.link; {
	case rule.Session && elsewhere: // as the profile says
		return true, 0, old
	case rule.Session:
		m.alarm(b, "transaction number used twice", what1+": accepted, its numbers are those of a session")
		return true, journal.Restarted, old
	case elsewhere && dated && made.After(m.newest):
		m.alarm(b, "transaction numbers begin anew",
			what1+": accepted, it is on another connection and newer than any before by the master's clock")
		m.recent.forget()
		return true, journal.Restarted, nil
	}
	m.alarm(b, "transaction number used twice", what1+": refused")
	b.Fates[b.next] = Rejected
	b.Link.Reject(m.Serial, b.Raw[b.next], "transaction number used twice", nil)
	return false, 0, nil
}

// alarm tells the operator what is odd about the frame in hand of b.
func (m *Master) alarm(b *Batch, reason, detail string) {
	l := b.Link
	m.dir.log.Named("registry").Warn(reason, "master", m.Serial, "listener", l.Listener(), "conn", l.ID(), "detail",
		detail)
	m.dir.Alarms.Add(reason)
	l.RecordEventLimited(journal.Event{
		Kind: journal.EventAlarm, Master: m.Serial, Listener: l.Listener(), Connection: l.ID(), Remote: l.Remote(), Reason: reason, Detail: detail, Raw: b.Raw[b.next],
	})
}
