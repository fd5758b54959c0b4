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
	State    string    // online, away, late or offline
	LastSeen time.Time // zero: never

	known.Master // without points

	of *Master
}

// Query chooses masters.  Only those of the page are asked for more.
type Query struct {
	Keep  func(*Summary) bool     // nil: all
	Order func(a, b *Summary) int // nil: by serial, as equal ones are
	After string                  // serial of the last master before the page
	Limit int                     // masters at most; 0: all
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
func (d *Directory) Find(q Query) (page []*Master, total int) {
	all := d.List()
	kept := make([]*Summary, 0, len(all))
	for _, m := range all {
		if s := m.summary(); q.Keep == nil || q.Keep(s) {
			kept = append(kept, s)
		}
	}
	total = len(kept)
	if q.Order != nil {
		slices.SortFunc(kept, func(a, b *Summary) int {
			if order := q.Order(a, b); order != 0 {
				return order
			}
			return strings.Compare(a.Serial, b.Serial)
		})
	}
	if q.After != "" {
		behind := slices.IndexFunc(kept, func(s *Summary) bool { return s.Serial == q.After }) + 1
		if q.Order == nil { // it may be gone
			behind, _ = slices.BinarySearchFunc(kept, q.After+"\x00", func(s *Summary, serial string) int { return strings.Compare(s.Serial, serial) })
		}
		kept = kept[behind:]
	}
	if q.Limit > 0 {
		kept = kept[:min(q.Limit, len(kept))]
	}
	page = make([]*Master, len(kept))
	for i := range kept {
		page[i] = kept[i].of
	}
	return page, total
}
