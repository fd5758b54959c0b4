package ledger

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// Book holds the commands that have not ended, as they are now.  Any goroutine may use it.
type Book struct {
	mu   sync.Mutex // guards all that follows, and what entries say
	last uint64
	open map[uint64]*Entry
	keys map[[2]string]*Entry // by who asked and the key
}

// Entry is a command in the book, from the request until its end is on disk.  The zero state is that of one that is not
// on disk yet.
type Entry struct {
	book    *Book
	id      uint64
	key     [2]string
	now     Command
	err     error         // it is no matter of this process any more, for this reason
	over    bool          // it is not in the book any more
	changed chan struct{} // closed with the next change; nil: nobody waits
}

// NewBook makes an empty book that gives numbers above last.
func NewBook(last uint64) *Book {
	return &Book{last: last, open: map[uint64]*Entry{}, keys: map[[2]string]*Entry{}}
}

// Enter gives a command its number.  When somebody has given the same key before, and that command has not ended, it is
// that one, and first is false.
func (b *Book) Enter(by, key string) (e *Entry, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.keys[[2]string{by, key}]; e != nil && key != "" {
		return e, false
	}
	b.last++
	return b.add(Command{ID: b.last, By: by, Key: key}), true
}

// Restore enters a command of an earlier process.
func (b *Book) Restore(c Command) *Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(c)
}

func (b *Book) add(c Command) *Entry {
	e := &Entry{book: b, id: c.ID, key: [2]string{c.By, c.Key}, now: c}
	b.open[c.ID] = e
	if c.Key != "" {
		b.keys[e.key] = e
	}
	return e
}

// Get finds a command that has not ended; nil when there is none.
func (b *Book) Get(id uint64) *Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[id]
}

// Open lists the commands that have not ended, the newest first.
func (b *Book) Open() []Command {
	b.mu.Lock()
	all := make([]Command, 0, len(b.open))
	for _, e := range b.open {
		if e.now.State != "" {
			all = append(all, e.now)
		}
	}
	b.mu.Unlock()
	slices.SortFunc(all, func(a, b Command) int { return cmp.Compare(b.ID, a.ID) })
	return all
}

// ID is the number of the command.
func (e *Entry) ID() uint64 { return e.id }

// Now is the command as it is.
func (e *Entry) Now() Command {
	e.book.mu.Lock()
	defer e.book.mu.Unlock()
	return e.now
}

// Publish says what the command is now.  One that has ended leaves the book.
func (e *Entry) Publish(c Command) {
	e.book.mu.Lock()
	defer e.book.mu.Unlock()
	e.now = c
	if !c.Open() {
		e.leave()
	}
	e.tell()
}

// Refine is Publish for a command that may not be on disk yet: nobody may hear of it before.
func (e *Entry) Refine(c Command) {
	if e.Now().State != "" {
		e.Publish(c)
	}
}

// Drop takes a command out of the book that has not ended: it was not taken, or the gateway stops.
func (e *Entry) Drop(err error) {
	e.book.mu.Lock()
	defer e.book.mu.Unlock()
	e.err = err
	e.leave()
	e.tell()
}

func (e *Entry) leave() {
	e.over = true
	delete(e.book.open, e.id)
	if e.book.keys[e.key] == e {
		delete(e.book.keys, e.key)
	}
}

func (e *Entry) tell() {
	if e.changed != nil {
		close(e.changed)
		e.changed = nil
	}
}

// Wait returns the command when it is what the caller waits for, or has ended, or at the end of ctx with its error.  The
// other error is that of Drop.
func (e *Entry) Wait(ctx context.Context, enough func(*Command) bool) (Command, error) {
	for {
		e.book.mu.Lock()
		now, err, over := e.now, e.err, e.over
		if e.changed == nil {
			e.changed = make(chan struct{})
		}
		changed := e.changed
		e.book.mu.Unlock()
		if over || enough(&now) {
			return now, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}
