package master

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/hashicorp/go-hclog"

	"trama/actors/profiles"
	"trama/codec"
	"trama/journal"
)

// keyFor makes the numbers of two profiles differ, but not those of two versions of one: a frame may come again after
// its definition was corrected.
func keyFor(p *codec.Profile, number uint64) uint64 { return number ^ xxhash.Sum64String(p.Name()) }

// seenFrameOf is what is remembered of a frame; ok is false when the profile does not recognise resends of it.
func seenFrameOf(by *profiles.Installed, f *codec.Frame, at time.Time) (s seenFrame, ok bool) {
	number, content, ok := by.Profile.Print(f)
	if !ok {
		return s, false
	}
	if !by.Profile.Resend().Numbered {
		number = content
	}
	return seenFrame{number: keyFor(by.Profile, number), content: uint32(content), at: uint32(at.Unix())}, true
}

// checkDuplicate says whether a frame is to be recorded: not when it is a resend (accepted again all the same).
//
// A frame that takes the transaction number of another one is recorded and marked: the master has begun its numbers
// anew.  That is told once, with the first such frame.  A profile may say that numbers last only as long as a
// session: then another connection begins them anew, and nothing is odd.
func (m *Master) checkDuplicate(b *Batch, f *codec.Frame, s seenFrame) (record bool, flags journal.Flags) {
	rule, r, link := b.Installed.Profile.Resend(), &m.recent, uint32(b.Link.ID())
	if rule.Session && r.link != link {
		r.beginAnew(link)
	}
	what, age := r.find(s, rule.Within)
	thisLife := age < r.life
	if what == sightResend && rule.Session && !thisLife && age >= recentFree {
		// of another connection, and long ago: without a time of its own it may be another one that is equal
		if _, dated := f.Timestamp(); !dated {
			what = sightNew
		}
	}
	switch {
	case what == sightNew:
		return true, 0
	case what == sightResend:
		b.repeated++
		m.duplicates++
		return false, 0
	case thisLife:
		// a master whose number never changes is told of once a connection
		if r.life > 1 || r.link != link {
			number, _ := f.Transaction()
			m.restarted = b.At
			m.alarm(b, journal.EventRestarted, fmt.Sprintf("transaction number %d was used before for another frame", number))
		}
		r.beginAnew(link)
	case rule.Session:
		return true, 0
	}
	return true, journal.Restarted
}

// remember keeps what is remembered of a frame that was taken in.
func (m *Master) remember(s seenFrame, p *codec.Profile) {
	rule := p.Resend()
	if m.recent.full(s.at, rule.Within) {
		most := uint64(math.MaxUint64)
		// of numbers that are few, half: the other half may have gone round
		if limit := p.TransactionLimit(); rule.Numbered && limit > 0 {
			most = limit / 2
		}
		m.double(most)
	}
	m.recent.add(s)
}

// double makes the ring of recent frames twice as large, when it may have so many and there is memory; else not again
// before half of it has been overwritten.
func (m *Master) double(most uint64) {
	r := &m.recent
	size := max(2*len(r.frames), recentLeast)
	if size > recentLeast && uint64(size) > most || !m.grow(size) {
		r.wait = r.kept / 2
	}
}

// grow gives the ring of recent frames a size, if there is memory.
func (m *Master) grow(size int) bool {
	if size > recentFree {
		silent, ok := m.dir.windows.claim(m, size*seenBytes)
		for _, each := range silent {
			each.send(&forgetOld{})
		}
		if !ok {
			return false
		}
	}
	m.recent.resize(size)
	return true
}

// forgetOld gives up what is remembered beyond what every master may have.
func (m *Master) forgetOld() {
	if len(m.recent.frames) > recentFree {
		m.recent.resize(recentFree)
	}
	m.dir.windows.giveUp(m)
}

// alarm tells the operator what is odd about the frame in hand of b; reason is the kind of the event.
func (m *Master) alarm(b *Batch, reason, detail string) {
	l := b.Link
	m.dir.sys.Tell("registry", hclog.Warn, reason, "master", m.Serial, "listener", l.Listener(), "conn", l.ID(), "detail",
		detail)
	m.dir.Alarms.Add(reason)
	l.RecordEventLimited(journal.Event{
		Kind: reason, Master: m.Serial, Listener: l.Listener(), Connection: l.ID(), Remote: l.Remote(), Reason: reason,
		Detail: detail, Raw: b.Raw[b.next],
	})
}

// window is what the journal is to keep of the frames that are remembered, beside the state, which has the last ones:
// those that stand in none of the windows before.  nil: the state has them all.
func (m *Master) window() (w journal.Window) {
	r := &m.recent
	if r.unsaved = min(r.unsaved, r.kept); r.unsaved <= recentFree {
		return nil
	}
	for s := range r.last(r.unsaved) {
		w = binary.LittleEndian.AppendUint64(w, s.number)
		w = binary.LittleEndian.AppendUint32(w, s.content)
		w = binary.LittleEndian.AppendUint32(w, s.at)
	}
	r.unsaved = 0
	return w
}

// recallWindows remembers the frames of the windows that an earlier process has written, as far as there is memory.
func (m *Master) recallWindows(windows []journal.Window) {
	r, frames := &m.recent, 0
	for _, w := range windows {
		frames += len(w) / windowFrame
	}
	if frames == 0 {
		return
	}
	size := recentFree
	for size < frames {
		size *= 2
	}
	for !m.grow(size) {
		size /= 2
	}
	for _, w := range windows {
		for ; len(w) >= windowFrame; w = w[windowFrame:] {
			r.add(seenFrame{number: binary.LittleEndian.Uint64(w), content: binary.LittleEndian.Uint32(w[8:]),
				at: binary.LittleEndian.Uint32(w[12:])})
		}
	}
	r.unsaved = 0
}

// windowFrame is the size of a frame in a window.
const windowFrame = 16

// recall adds a frame of an earlier process, unless it is there.
func (m *Master) recall(s seenFrame) {
	r := &m.recent
	if r.full(s.at, forever) {
		m.double(math.MaxUint64)
	}
	if what, _ := r.find(s, 0); what != sightResend { // an equal one of another time is another one
		r.add(s)
	}
}

const forever = math.MaxInt64 * time.Nanosecond
