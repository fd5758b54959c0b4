package count

import "sync"

// DrainGroup counts those who are inside, for a drain that waits until the last has left.  Unlike with a
// sync.WaitGroup, somebody may enter an empty one while others wait for it to be empty: a drain that has run out of
// time does not know what a stuck listener will still begin. The zero value is empty; any goroutine may use it.
type DrainGroup struct {
	mu     sync.Mutex // guards all that follows
	inside int
	idle   chan struct{} // closed when the last one leaves; nil: nobody waits
}

// Add counts one more.
func (g *DrainGroup) Add() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
}

// Done counts one less.
func (g *DrainGroup) Done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// Idle is a channel that is closed as soon as nobody is inside.
func (g *DrainGroup) Idle() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.idle == nil {
		g.idle = make(chan struct{})
	}
	idle := g.idle
	if g.inside == 0 {
		close(idle)
		g.idle = nil
	}
	return idle
}
