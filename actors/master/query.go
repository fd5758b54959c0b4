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
	State    string    // online, away, late, offline, or NeverSeen
	LastSeen time.Time // zero: never

	known.Master // without points

	of *Master // nil: the operator has told of it, and it never reported
}

// NeverSeen is the state of a master that the operator has told of and that never reported.
const NeverSeen = "never seen"

// Query chooses masters.  Only those of the page are asked for more.
type Query struct {
	Keep  func(*Summary) bool     // nil: all
	Order func(a, b *Summary) int // nil: by serial, as equal ones are
	After string                  // serial of the last master before the page
	Limit int                     // masters at most; 0: all
}

// NeverSeen describes a master that never reported; ok is false when the operator has not told of it either.
func (d *Directory) NeverSeen(serial string) (info Info, ok bool) {
	m := Master{Serial: serial, dir: d}
	info = m.Silent()
	info.State = NeverSeen
	handler{&m}.describeTold(&info)
	return info, d.known.Get().Names(serial)
}

// neverSeen is the summary of a master that never reported.
func neverSeen(told *known.Masters, serial string) *Summary {
	return &Summary{Serial: serial, State: NeverSeen, Master: told.Words(serial, "")}
}

// Masters are those of a page that are not NeverSeen.
func Masters(page []*Summary) (all []*Master) {
	for _, s := range page {
		if s.of != nil {
			all = append(all, s.of)
		}
	}
	return all
}

// summary may be called by any goroutine.
func (m *Master) summary() *Summary {
	s := &Summary{Serial: m.Serial, State: presence.State(m.shown.Load()).String(), of: m}
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
	for _, serial := range told.Serials() {
		if d.Get(serial) != nil {
			continue
		}
		if s := neverSeen(told, serial); q.Keep == nil || q.Keep(s) {
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
		after := neverSeen(told, q.After)
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
