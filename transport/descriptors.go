package transport

import "sync/atomic"

// ReservedDescriptors is what NewDescriptors leaves to the rest of the process: listening sockets, journal, HTTP,
// logs.
const ReservedDescriptors = 128

// Descriptors is the budget of file descriptors that the connections of all listeners of a process share.  Any
// goroutine may use it.
type Descriptors struct {
	limit int64
	used  atomic.Int64
}

// LimitDescriptors returns a budget of n descriptors.
func LimitDescriptors(n int) *Descriptors { return &Descriptors{limit: int64(n)} }

// Limit is the size of the budget.
func (d *Descriptors) Limit() int { return int(d.limit) }

// Used is how many are taken.
func (d *Descriptors) Used() int { return int(d.used.Load()) }

// take takes one and tells whether there was one; a nil budget has no limit.
func (d *Descriptors) take() bool {
	if d == nil {
		return true
	}
	if d.used.Add(1) <= d.limit {
		return true
	}
	d.used.Add(-1)
	return false
}

// give gives one back.
func (d *Descriptors) give() {
	if d != nil {
		d.used.Add(-1)
	}
}
