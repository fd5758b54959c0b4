package actors

import (
	"encoding/hex"
	"sync/atomic"
	"time"

	"trama/codec"
	"trama/transport"
)

// Edition is a profile and where it comes from.
type Edition struct {
	Profile *codec.Profile
	Source  string // "shipped", a path, or in words
}

// Definition says which profile a listener has.
type Definition struct {
	Generation uint64    `json:"generation"` // 1 at the start, one more with each swap
	Hash       string    `json:"hash"`       // of the definition and its parts
	Source     string    `json:"source"`     // "shipped", or where it was read
	Loaded     time.Time `json:"loaded"`
}

// edition is one profile on one listener, from a swap to the next.  What was read or built under it goes on with it; next leads from there to
// the one in force, and nothing leads back, so that what nobody holds any more is collected.
type edition struct {
	profile *codec.Profile
	login   bool   // some frames do not say whose they are: the connection remembers who logged in
	number  uint32 // of the definition in the journal
	what    Definition
	next    atomic.Pointer[edition] // nil while this one is in force
}

// next makes the edition of s that follows old, which is nil at the start.
func (s *slot) next(e Edition, old *edition) *edition {
	made := &edition{profile: e.Profile, login: hasAnonymous(e.Profile), number: s.gw.journal.number(e.Profile)}
	made.what = Definition{Generation: 1, Hash: hashOf(e.Profile), Source: e.Source, Loaded: time.Now()}
	if old != nil {
		made.what.Generation = old.what.Generation + 1
	}
	return made
}

func hashOf(p *codec.Profile) string {
	hash := p.Hash()
	return hex.EncodeToString(hash[:])
}

// framing is how the streams of s are cut under e.
func (s *slot) framing(e *edition) transport.Framing {
	f := transport.Framing{Split: e.profile.Splitter(codec.Uplink), MaxFrameBytes: s.maxFrame, Tag: e}
	if f.MaxFrameBytes == 0 {
		f.MaxFrameBytes = e.profile.MaxFrameBytes()
	}
	return f
}

// current is the edition that is in force now on the listener of e.
func (e *edition) current() *edition {
	for next := e.next.Load(); next != nil; next = e.next.Load() {
		e = next
	}
	return e
}

// answeredBy is the frame f, or the same bytes read in another way, if it answers c; nil if not.  When the profile was swapped in between, the
// profile that the command was built by is asked first, then the one that found the frame.
func (c *command) answeredBy(u *uplink, f *codec.Frame, raw []byte) *codec.Frame {
	p := u.edition.profile
	if c.profile == p {
		if p.Answers(&c.frame, f) {
			return f
		}
		return nil
	}
	if c.link.slot != u.link.slot {
		return nil
	}
	old, request := new(codec.Frame), new(codec.Frame)
	if c.profile.Decode(codec.Uplink, raw, old) == nil && c.profile.Answers(&c.frame, old) {
		return old
	}
	if p.Decode(codec.Downlink, c.bytes, request) == nil && p.Answers(request, f) {
		c.profile = p
		return f
	}
	return nil
}

// renew reads the frames that were kept under a profile that is no longer in force by the one that is, and drops what that one does not
// know.  It tells whether anything was kept anew.
func (m *master) renew() (changed bool) {
	kept := m.latest[:0]
	last := 0
	for i := range m.latest {
		k := m.latest[i]
		if e := k.edition.current(); e != k.edition {
			var f codec.Frame
			changed = true
			if e.profile.Decode(codec.Uplink, k.raw, &f) != nil {
				continue
			}
			k.message, k.edition = f.Message(), e
		}
		if i == m.lastFrame {
			last = len(kept)
		}
		if same := sameKind(kept, k.message); same >= 0 { // two kinds have become one
			if kept[same].at.After(k.at) {
				continue
			}
			kept[same] = k
			if i == m.lastFrame {
				last = same
			}
			continue
		}
		kept = append(kept, k)
	}
	clear(m.latest[len(kept):])
	m.latest, m.lastFrame = kept, last
	return changed
}

func sameKind(all []latest, msg *codec.Message) int {
	for i := range all {
		if all[i].message == msg {
			return i
		}
	}
	return -1
}
