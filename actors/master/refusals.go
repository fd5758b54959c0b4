package master

import (
	"cmp"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"trama/actors/presence"
)

// refusals counts what was refused of a master since the process has started.
type refusals struct {
	row      atomic.Int64 // when what came last was refused, in nanoseconds; 0: it was accepted
	interval atomic.Int64 // of the master; 0: nobody knows

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
	r.row.Store(r.last.At.UnixNano())
}

// over takes note that the last link has ended: what was refused on it is no more.  r may be nil.
func (r *refusals) over() {
	if r != nil {
		r.row.Store(0)
	}
}

// after takes note of a batch that was handled.  r may be nil.
func (r *refusals) after(fates []Fate) {
	if r != nil && r.row.Load() != 0 && len(fates) > 0 && fates[len(fates)-1] == Accepted {
		r.row.Store(0)
	}
}

// refusingFor is how long a refusal counts without a link: two intervals of the master, or this.
const refusingFor = 10 * time.Minute

// now says whether what comes is refused: the last that came was, and the master has a link or would be online had it been
// accepted.  r may be nil.
func (r *refusals) now(linked bool) bool {
	if r == nil {
		return false
	}
	at, span := r.row.Load(), 2*time.Duration(r.interval.Load())
	return at != 0 && (linked || time.Since(time.Unix(0, at)) < cmp.Or(span, refusingFor))
}

// meanwhile says what came while no frame was accepted; "" when nothing did.  r may be nil.
func (r *refusals) meanwhile() string {
	if !r.now(false) {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("what came was refused, the last %s ago: %s", presence.Span(time.Since(r.last.At)), r.last.Reason)
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
	if r.now(len(info.Links) > 0) {
		info.State += ", refusing"
	}
}
