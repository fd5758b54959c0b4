package master

import "time"

// mayGo says whether a command may go out now; else after which time to ask again, 0 for when something comes.
func (m handler) mayGo(*Command) (wait time.Duration, ok bool) { return 0, true }

// came is called when a batch of the master was handled: what waited for it may go.
func (m handler) came(*Batch) {
	if len(m.queue) > 0 {
		m.next()
	}
}
