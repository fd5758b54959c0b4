package connection

import (
	"slices"
	"sync"
	"time"
)

// Poison is a frame that crashed its handler.  It was not acknowledged.
type Poison struct {
	At         time.Time `json:"at"`
	Listener   string    `json:"listener"`
	Connection uint64    `json:"connection"`
	Remote     string    `json:"remote"`
	Serial     string    `json:"serial,omitempty"`
	Frame      string    `json:"frame"` // hex
	Cause      string    `json:"cause"`
}

// poisonKept is how many poison frames the book remembers.
const poisonKept = 100

// PoisonBook remembers the newest frames that crashed a handler.
type PoisonBook struct {
	mu  sync.Mutex // guards all
	all []Poison
}

func (b *PoisonBook) add(p Poison) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.all) == poisonKept {
		b.all = slices.Delete(b.all, 0, 1)
	}
	b.all = append(b.all, p)
}

// List returns them, the oldest first.
func (b *PoisonBook) List() []Poison {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Poison{}, b.all...)
}
