package actors

import "sync"

// crowd counts those who are inside.  Unlike with a sync.WaitGroup, somebody may enter an empty one while others wait for it to be empty: a
// drain that has run out of time does not know what a stuck listener will still begin.
type crowd struct {
	mu     sync.Mutex // guards all that follows
	inside int
	left   chan struct{} // closed when the last one leaves; nil: nobody waits
}

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside++
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside--
	if c.inside == 0 && c.left != nil {
		close(c.left)
		c.left = nil
	}
}

// empty is a channel that is closed as soon as nobody is inside.
func (c *crowd) empty() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == nil {
		c.left = make(chan struct{})
	}
	left := c.left
	if c.inside == 0 {
		close(left)
		c.left = nil
	}
	return left
}
