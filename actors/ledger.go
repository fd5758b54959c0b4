package actors

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"trama/codec"
	"trama/journal"
)

// Journal is where frames go before they are acknowledged.  [journal.Memory] keeps nothing; journal/sqlite is the one for use.
type Journal interface {
	// Append queues an entry; its owner is told, in the order of the calls, when everything up to it is on disk.  It does not block.
	Append(e *journal.Entry)
	// Accepting is nil while frames are taken, and why not otherwise.
	Accepting() error
	// Failed is closed when the journal has failed for good; Err then says why.
	Failed() <-chan struct{}
	Err() error

	// Profile returns the number that records name a definition by.
	Profile(ctx context.Context, name string, hash, sources []byte) (uint32, error)
	// Profiles lists the definitions of earlier records.
	Profiles(ctx context.Context) ([]journal.ProfileRow, error)
	// Restore tells what is known from earlier processes; see journal/sqlite.
	Restore(ctx context.Context, master func(journal.MasterRow) error, frame func(seq uint64, r *journal.Record) *journal.Subject) error
	// Brief tells how it does, at once.
	Brief() journal.Brief
	// Sweep has the states of all masters written, and returns when they are.
	Sweep(ctx context.Context) error
}

// book joins the gateway and its journal: the numbers of definitions, and what became of old ones.
type book struct {
	Journal

	mu       sync.Mutex // guards the rest
	numbers  map[*codec.Profile]uint32
	old      map[uint32]journal.ProfileRow
	editions map[uint32]*edition // of records from earlier processes
}

func newBook(j Journal) *book {
	return &book{Journal: j, numbers: map[*codec.Profile]uint32{}, old: map[uint32]journal.ProfileRow{}, editions: map[uint32]*edition{}}
}

// enter makes a definition known to the journal.
func (b *book) enter(ctx context.Context, p *codec.Profile) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.numbers[p]; known {
		return nil
	}
	sources, err := json.Marshal(p.Sources())
	if err != nil {
		return err
	}
	hash := p.Hash()
	n, err := b.Profile(ctx, p.Name(), hash[:], sources)
	if err != nil {
		return err
	}
	b.numbers[p] = n
	return nil
}

// keep lets go of the profiles that no listener has any more.
func (b *book) keep(slots []*slot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := range b.numbers {
		if !slices.ContainsFunc(slots, func(s *slot) bool { return s.profile.Load() == p }) {
			delete(b.numbers, p)
		}
	}
}

// number of a definition that was entered.
func (b *book) number(p *codec.Profile) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.numbers[p]
}

// edition of a definition by its number: that of a listener if one speaks it still, else one made of the text that was kept.
func (b *book) edition(number uint32, slots []*slot) (*edition, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, known := b.editions[number]; known {
		return e, nil
	}
	for _, s := range slots {
		if e := s.edition.Load(); b.numbers[e.profile] == number {
			b.editions[number] = e
			return e, nil
		}
	}
	p, err := CompileKept(b.old[number])
	if err != nil {
		return nil, err
	}
	e := &edition{profile: p, number: number}
	b.numbers[p], b.editions[number] = number, e
	return e, nil
}

// CompileKept makes the profile of a definition that a journal has kept.
func CompileKept(row journal.ProfileRow) (*codec.Profile, error) {
	var sources []codec.Source
	if err := json.Unmarshal(row.Sources, &sources); err != nil {
		return nil, fmt.Errorf("definition %d of the journal: %w", row.ID, err)
	}
	p, err := codec.CompileSources(sources)
	if err != nil {
		return nil, fmt.Errorf("definition %d of the journal (%s): %w", row.ID, row.Name, err)
	}
	return p, nil
}

// watch ends the gateway when its journal has failed: nothing can be acknowledged any more.
func (g *gateway) watch() {
	select {
	case <-g.journal.Failed():
		g.fail(g.journal.Err())
	case <-g.done:
	}
}

// treeDetail implements detailer.
func (b *book) treeDetail() map[string]any {
	s := b.Brief()
	d := map[string]any{"engine": s.Engine, "last_frame": s.Last, "commits": s.Commits, "waiting": s.Waiting}
	if s.Path != "" {
		d["path"] = s.Path
	}
	if s.Volatile {
		d["warning"] = "nothing is kept"
	}
	if s.Full {
		d["warning"] = "the disk is nearly full: nothing is accepted"
	}
	if s.Busy > stuckAfter {
		d["busy_for"] = s.Busy.Round(time.Second).String()
	}
	if s.Failure != "" {
		d["failure"] = s.Failure
	}
	return d
}
