package journal

import (
	"context"
	"sync"
)

// Memory is the engine that keeps nothing: everything is committed the moment it is appended, and gone when the
// process ends.  Memory is for tests and benchmarks; a program that starts it says so loudly.  The zero value is ready.
type Memory struct {
	mu       sync.Mutex // guards the rest
	seq      uint64
	profiles map[string]uint32
}

// Append implements the engine's part of a gateway.
func (m *Memory) Append(e *Entry) {
	m.mu.Lock()
	first := m.seq + 1
	m.seq += uint64(e.Count)
	m.mu.Unlock()
	if e.Owner != nil {
		e.Owner.Committed(first, nil)
	}
}

// Accepting is always nil.
func (m *Memory) Accepting() error { return nil }

// Failed is never closed.
func (m *Memory) Failed() <-chan struct{} { return nil }

// Err is always nil.
func (m *Memory) Err() error { return nil }

// Profile numbers definitions in the order they come.
func (m *Memory) Profile(_ context.Context, _ string, hash, _ []byte) (uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.profiles == nil {
		m.profiles = map[string]uint32{}
	}
	id, known := m.profiles[string(hash)]
	if !known {
		id = uint32(len(m.profiles) + 1)
		m.profiles[string(hash)] = id
	}
	return id, nil
}

// Profiles are none: nothing is known from earlier processes.
func (m *Memory) Profiles(context.Context) ([]ProfileRow, error) { return nil, nil }

// Restore finds nothing.
func (m *Memory) Restore(context.Context, func(MasterRow) error, func(uint64, *Record) *Subject) error {
	return nil
}

// Sweep has nothing to write.
func (m *Memory) Sweep(context.Context) error { return nil }

// Brief says that nothing is kept.
func (m *Memory) Brief() Brief {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Brief{Engine: "memory", Volatile: true, Last: m.seq, Frames: m.seq}
}
