package sqlite

import (
	"context"
	"sync"

	"trama/journal"
)

// notices are commits whose owners have not been told yet.  The writer goes on while they are.
type notices struct {
	mu     sync.Mutex // guards the rest
	wake   *sync.Cond
	list   []notice
	closed bool
}

type notice struct {
	entries journal.Queue
	first   uint64
	err     error // they are not on disk
}

func (n *notices) init() { n.wake = sync.NewCond(&n.mu) }

// put takes over the entries of q, unless the journal is closed.
func (n *notices) put(q *journal.Queue, first uint64, err error) bool {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return false
	}
	n.list = append(n.list, notice{entries: *q, first: first, err: err})
	*q = journal.Queue{}
	n.mu.Unlock()
	n.wake.Signal()
	return true
}

func (n *notices) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.wake.Signal()
}

// notify is the notifier goroutine: it tells owners, in the order of Append.
func (j *Journal) notify() {
	defer j.helpers.Done()
	n := &j.notices
	var hand []notice
	for {
		n.mu.Lock()
		for len(n.list) == 0 {
			if n.closed {
				n.mu.Unlock()
				return
			}
			n.wake.Wait()
		}
		hand, n.list = n.list, hand[:0]
		n.mu.Unlock()
		for i := range hand {
			first, err := hand[i].first, hand[i].err
			for e := hand[i].entries.Pop(); e != nil; e = hand[i].entries.Pop() {
				count := uint64(e.Count)
				if err != nil {
					count = 0 // it has no position
				}
				if e.Owner != nil {
					e.Owner.Committed(first, err) // e belongs to its owner again
				}
				first += count
			}
		}
	}
}

// news wakes who waits for frames to be committed.
type news struct {
	mu sync.Mutex // guards ch
	ch chan struct{}
}

func (n *news) tell() {
	n.mu.Lock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
	n.mu.Unlock()
}

func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

// Wait returns when a frame behind position after is committed, or with the error of ctx or of the journal.
func (j *Journal) Wait(ctx context.Context, after uint64) error {
	for {
		next := j.news.wait()
		if j.committed.Load() > after {
			return nil
		}
		if err := j.Err(); err != nil {
			return err
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		case <-j.stop:
			return journal.ErrClosed
		}
	}
}

// Last is the position of the newest committed frame; 0 when there is none.
func (j *Journal) Last() uint64 { return j.committed.Load() }
