package master

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// refusals counts what was refused of a master since the process has started.
type refusals struct {
	row atomic.Bool // what came last was refused

	mu   sync.Mutex // guards all that follows
	by   map[string]uint64
	last Refusal
}

// Refusal is why a frame was refused, and when.
type Refusal struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Refused counts bytes of the master that were refused: a frame, or one that is damaged.  Any goroutine may call it.
func (m *Master) Refused(reason string) {
	m.refused.CompareAndSwap(nil, new(refusals))
	r := m.refused.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = make(map[string]uint64)
	}
	r.by[reason]++
	r.last = Refusal{Reason: reason, At: time.Now()}
	r.row.Store(true)
}

// after takes note of a batch that was handled.  r may be nil.
func (r *refusals) after(fates []Fate) {
	if r != nil && r.row.Load() && len(fates) > 0 && fates[len(fates)-1] == Accepted {
		r.row.Store(false)
	}
}

// describe tells info of them.  r may be nil.
func (r *refusals) describe(info *Info) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.last
	info.Refused, info.LastRefused = maps.Clone(r.by), &last
	if len(info.Links) > 0 && r.row.Load() {
		info.State += ", refusing"
	}
}
