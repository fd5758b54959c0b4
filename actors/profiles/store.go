package profiles

import (
	"context"
	"encoding/json"
	"sync"

	"trama/codec"
	"trama/journal"
)

// Journal keeps definitions.
type Journal interface {
	// Profile returns the number that records name a definition by.
	Profile(ctx context.Context, name string, hash, sources []byte) (uint32, error)
	// Profiles lists the definitions of earlier records.
	Profiles(ctx context.Context) ([]journal.ProfileRow, error)
}

// Store knows the numbers of definitions, and what became of old ones.
type Store struct {
	journal Journal

	mu      sync.Mutex // guards the rest
	numbers map[*codec.Profile]uint32
	old     map[uint32]journal.ProfileRow
	known   map[uint32]*Installed // of records from earlier processes
}

// NewStore makes the store of a journal.
func NewStore(j Journal) *Store {
	return &Store{journal: j, numbers: map[*codec.Profile]uint32{}, old: map[uint32]journal.ProfileRow{},
		known: map[uint32]*Installed{}}
}

// Load reads the definitions of earlier records.
func (s *Store) Load(ctx context.Context) error {
	rows, err := s.journal.Profiles(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range rows {
		s.old[row.ID] = row
	}
	return nil
}

// Add makes a definition known to the journal.
func (s *Store) Add(ctx context.Context, p *codec.Profile) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.numbers[p]; known {
		return nil
	}
	sources, err := json.Marshal(p.Sources())
	if err != nil {
		return err
	}
	hash := p.Hash()
	n, err := s.journal.Profile(ctx, p.Name(), hash[:], sources)
	if err != nil {
		return err
	}
	s.numbers[p] = n
	return nil
}

// Keep lets go of the profiles that nobody uses any more.
func (s *Store) Keep(used func(*codec.Profile) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.numbers {
		if !used(p) {
			delete(s.numbers, p)
		}
	}
}

// Number is that of a definition that was added.
func (s *Store) Number(p *codec.Profile) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.numbers[p]
}

// Len is how many profiles the store holds.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.numbers)
}

// Find is the definition with a number: one of those that listeners have if it is among them, else one made of the
// text that was kept.
func (s *Store) Find(number uint32, listeners []*Installed) (*Installed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, known := s.known[number]; known {
		return e, nil
	}
	for _, e := range listeners {
		if s.numbers[e.Profile] == number {
			s.known[number] = e
			return e, nil
		}
	}
	e, err := CompileKept(s.old[number])
	if err != nil {
		return nil, err
	}
	s.numbers[e.Profile], s.known[number] = number, e
	return e, nil
}
