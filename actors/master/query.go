package master

import (
	"slices"
	"strings"
	"time"

	"trama/actors/known"
	"trama/actors/presence"
)

// Summary is what is known of a master without asking its actor.
type Summary struct {
	Serial   string
	Profile  string    // of its newest frame; empty when it has said nothing
	State    string    // online, away, late, offline, NeverSeen or InQuarantine
	LastSeen time.Time // zero: never

	known.Master // without points

	Refusing    bool // what came last was refused
	Unprotected bool // its newest frame came under no key, where masters have keys

	of *Master // nil: it is none yet
}

// NeverSeen is the state of a master that the operator has told of, or approved, and that never reported.
const NeverSeen = "never seen"

// States counts masters by their state, every state among them, and those whose newest frame was refused.  A serial that
// is no master yet counts as in a listing.
func (d *Directory) States() (by map[string]int, refusing int) {
	by = map[string]int{InQuarantine: 0, NeverSeen: 0}
	for _, s := range []presence.State{presence.Online, presence.Away, presence.Late, presence.Offline} {
		by[s.String()] = 0
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, m := range d.by {
		by[m.state(presence.State(m.shown.Load()))]++
		if m.refused.Load().now(m.Online()) {
			refusing++
		}
	}
	held := map[string]bool{}
	for _, w := range d.Waiting.List() {
		if d.by[w.Serial] == nil {
			held[w.Serial] = true
			by[InQuarantine]++
		}
	}
	for _, serial := range d.known.Get().Serials() {
		if d.by[serial] == nil && !held[serial] {
			by[NeverSeen]++
		}
	}
	return by, refusing
}

// Query chooses masters.  Only those of the page are asked for more.
type Query struct {
	Keep  func(*Summary) bool     // nil: all
	Order func(a, b *Summary) int // nil: by serial, as equal ones are
	After string                  // serial of the last master before the page
	Limit int                     // masters at most; 0: all
}

// Absent describes a serial that is no master: in quarantine, or one of which the operator has told; ok is false when it
// is neither.
func (d *Directory) Absent(serial string) (info Info, ok bool) {
	m := Master{Serial: serial, dir: d}
	info = m.Silent()
	info.State = NeverSeen
	handler{&m}.describeTold(&info)
	w, held := d.Waiting.Get(serial)
	if held {
		info.State, info.Profile, info.FirstSeen, info.LastSeen = InQuarantine, w.Profile, w.First, w.Last
		info.Refused, info.LastRefused = map[string]uint64{ReasonQuarantine: w.Frames}, &Refusal{Reason: ReasonQuarantine, At: w.Last}
		info.LastEnd = &LinkEnd{At: w.Last, Listener: w.Listener, Connection: w.Connection, Remote: w.Remote, Reason: InQuarantine}
	}
	return info, held || d.known.Get().Names(serial)
}

// absent is the summary of a serial that is no master.
func (d *Directory) absent(told *known.Masters, serial string) *Summary {
	s := &Summary{Serial: serial, State: NeverSeen, Master: told.Words(serial, "")}
	if w, held := d.Waiting.Get(serial); held {
		s.State, s.Profile, s.LastSeen = InQuarantine, w.Profile, w.Last
	}
	return s
}

// IsMaster says whether the serial is that of a master.
func (s *Summary) IsMaster() bool { return s.of != nil }

// Masters are those of a page that are masters.
func Masters(page []*Summary) (all []*Master) {
	for _, s := range page {
		if s.of != nil {
			all = append(all, s.of)
		}
	}
	return all
}

// state names one; who was let in and has not spoken yet was never seen.  Any goroutine may call it.
func (m *Master) state(s presence.State) string {
	if s == presence.Offline && m.seen.Load() == 0 {
		return NeverSeen
	}
	return s.String()
}

// summary may be called by any goroutine.
func (m *Master) summary() *Summary {
	s := &Summary{Serial: m.Serial, State: m.state(presence.State(m.shown.Load())), of: m}
	s.Refusing, s.Unprotected = m.refused.Load().now(m.Online()), m.unprotected()
	if p := m.speaks.Load(); p != nil {
		s.Profile = p.Name()
	}
	if at := m.seen.Load(); at != 0 {
		s.LastSeen = time.Unix(0, at)
	}
	s.Master = m.dir.known.Get().Words(s.Serial, s.Profile)
	return s
}

// Find returns the masters of a page, and how many the query keeps in all.
func (d *Directory) Find(q Query) (page []*Summary, total int) {
	all := d.List()
	kept := make([]*Summary, 0, len(all))
	for _, m := range all {
		if s := m.summary(); q.Keep == nil || q.Keep(s) {
			kept = append(kept, s)
		}
	}
	told, missing := d.known.Get(), false
	others := slices.Clone(told.Serials())
	for _, w := range d.Waiting.List() {
		if !told.Names(w.Serial) {
			others = append(others, w.Serial)
		}
	}
	for _, serial := range others {
		if d.Get(serial) != nil {
			continue
		}
		if s := d.absent(told, serial); q.Keep == nil || q.Keep(s) {
			kept, missing = append(kept, s), true
		}
	}
	if missing {
		slices.SortFunc(kept, func(a, b *Summary) int { return strings.Compare(a.Serial, b.Serial) })
	}
	total = len(kept)
	order := func(a, b *Summary) int {
		if q.Order != nil {
			if c := q.Order(a, b); c != 0 {
				return c
			}
		}
		return strings.Compare(a.Serial, b.Serial)
	}
	if q.Order != nil {
		slices.SortFunc(kept, order)
	}
	if q.After != "" { // the query may keep it no more
		after := d.absent(told, q.After)
		if m := d.Get(q.After); m != nil {
			after = m.summary()
		}
		behind, found := slices.BinarySearchFunc(kept, after, order)
		if found {
			behind++
		}
		kept = kept[behind:]
	}
	if q.Limit > 0 {
		kept = kept[:min(q.Limit, len(kept))]
	}
	return kept, total
}
