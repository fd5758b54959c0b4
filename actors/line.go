package actors

import "sync"

// line keeps the acknowledgements of a connection in the order of its reads.  Uplinks stand in it from the read on; one that is done
// before an earlier one (its master was known, the other's was not) waits for it.  There are never more than the connection's credits.
type line struct {
	mu          sync.Mutex // guards first, last and every member's done and behind; held while acknowledgements are written, which never blocks
	first, last *uplink
}

// join is called by the reader, in the order of its reads.
func (q *line) join(u *uplink) {
	q.mu.Lock()
	if q.last == nil {
		q.first = u
	} else {
		q.last.behind = u
	}
	q.last = u
	q.mu.Unlock()
}

// leave is called once for each uplink, when all its parts are done.
func (q *line) leave(u *uplink) {
	q.mu.Lock()
	defer q.mu.Unlock()
	u.done = true
	for u = q.first; u != nil && u.done; u = q.first {
		if q.first = u.behind; q.first == nil {
			q.last = nil
		}
		u.settle()
	}
}
