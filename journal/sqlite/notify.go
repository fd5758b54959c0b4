package sqlite

import (
	"context"
	"fmt"
	"sync"

	"trama/internal/fault"
	"trama/internal/stack"
	"trama/journal"
)

// tell tells the owners of q, in the order of Append.
func (j *Journal) tell(q *journal.Queue, first uint64, err error) {
	for e := q.Pop(); e != nil; e = q.Pop() {
		count := uint64(e.Count)
		if err != nil {
			count = 0 // it has no position
		}
		if e.Owner != nil {
			j.tellOwner(e.Owner, first, err) // e belongs to its owner again
		}
		first += count
	}
}

// tellOwner has a net below it: an owner that fails is its own loss, the writer goes on.
func (j *Journal) tellOwner(owner journal.Committer, first uint64, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			j.counters.ownerFaults.Add(1)
			j.options.Warn("an owner of frames failed when it was told of their commit", "fault", thrown, "stack",
				string(stack.Trace()))
		}
	}()
	owner.Committed(first, err)
}

// guarded runs what a goroutine of the engine does, with a net below it: a panic is an error.
func (j *Journal) guarded(what string, f func() error) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			j.options.Warn("internal fault", "in", what, "fault", thrown, "stack", string(stack.Trace()))
			err = fmt.Errorf("internal fault in the %s: %v", what, thrown)
		}
	}()
	fault.At(what)
	return f()
}

// refusals are entries that will never be on disk.  A goroutine of its own tells their owners, behind what the writer
// tells: who appends need not be ready to hear it.
type refusals struct {
	mu     sync.Mutex // guards the rest
	wake   *sync.Cond
	list   []refusal
	closed bool
}

type refusal struct {
	entries journal.Queue
	err     error
}

func (n *refusals) init() { n.wake = sync.NewCond(&n.mu) }

// put takes over the entries of q, unless the journal is closed.
func (n *refusals) put(q *journal.Queue, err error) bool {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return false
	}
	n.list = append(n.list, refusal{entries: *q, err: err})
	*q = journal.Queue{}
	n.mu.Unlock()
	n.wake.Signal()
	return true
}

func (n *refusals) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.wake.Signal()
}

// refuse is the goroutine that tells of refusals.
func (j *Journal) refuse() {
	defer j.helpers.Done()
	n := &j.refusals
	for {
		n.mu.Lock()
		for len(n.list) == 0 {
			if n.closed {
				n.mu.Unlock()
				return
			}
			n.wake.Wait()
		}
		hand := n.list
		n.list = nil
		n.mu.Unlock()
		for i := range hand {
			j.tell(&hand[i].entries, 0, hand[i].err)
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
