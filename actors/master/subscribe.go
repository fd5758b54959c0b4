package master

import (
	"slices"
	"sync"
	"sync/atomic"

	"trama/codec"
)

// mostSubscribers bounds the connections to which the measurements of one master are passed on.
const mostSubscribers = 16

// Subscriber is a connection to which the measurements of a master are passed on.
type Subscriber struct {
	Link Link // it ends with it
	// Pass is given each measurement once it is on disk, as its profile has it, in order.  It must not block, and may keep raw.
	Pass func(p *codec.Profile, raw []byte)
}

// subscribers are those of one master.
type subscribers struct {
	some atomic.Bool // there are any
	mu   sync.Mutex  // guards all
	all  []Subscriber
}

// Subscribe has measurements passed on from now on; false: there are too many subscribers.  A connection has one
// subscription, which the next one replaces.  Any goroutine may call it.
func (m *Master) Subscribe(s Subscriber) bool {
	all := &m.subscribers
	all.mu.Lock()
	defer all.mu.Unlock()
	all.all = slices.DeleteFunc(all.all, func(old Subscriber) bool { return old.Link == s.Link || ending(old.Link) })
	if len(all.all) >= mostSubscribers {
		return false
	}
	all.all = append(all.all, s)
	all.some.Store(true)
	return true
}

// passOn passes a measurement on when it is on disk.
func (m handler) passOn(p *codec.Profile, f *codec.Frame) {
	all := &m.subscribers
	all.mu.Lock()
	all.all = slices.DeleteFunc(all.all, func(s Subscriber) bool { return ending(s.Link) })
	to := slices.Clone(all.all)
	all.some.Store(len(to) > 0)
	all.mu.Unlock()
	if len(to) == 0 {
		return
	}
	raw := slices.Clone(f.Raw())
	m.whenStored(func() {
		for _, s := range to {
			s.Pass(p, raw)
		}
	})
}

// awaitStored comes from the master itself, whose batch in hand has been appended by then; it owns an empty entry behind it.
type awaitStored struct{ then func() }

// whenStored has then called, in a goroutine of the journal, when the batch in hand is on disk and acknowledged.
func (m handler) whenStored(then func()) { m.send(&awaitStored{then}) }

// Committed implements journal.Committer.
func (a *awaitStored) Committed(_ uint64, err error) {
	if err == nil {
		a.then()
	}
}
