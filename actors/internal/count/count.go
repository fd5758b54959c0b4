// Package count counts things by a word: rejected frames by reason, commands by outcome.
package count

import (
	"maps"
	"sync"
)

// By counts by word.  The zero value is empty; any goroutine may use it.
type By struct {
	mu sync.Mutex // guards by
	by map[string]uint64
}

// Add counts one.
func (c *By) Add(word string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = make(map[string]uint64)
	}
	c.by[word]++
}

// Copy is a copy of the counts, never nil.
func (c *By) Copy() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		return map[string]uint64{}
	}
	return maps.Clone(c.by)
}
