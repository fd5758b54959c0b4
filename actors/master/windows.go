package master

import "sync"

// windows is the memory in which masters remember more than their last few frames.  It is one for all: when it is
// used up, the masters that have been silent for longest give theirs to the one that needs it.
type windows struct {
	limit int // bytes

	mu   sync.Mutex // guards all that follows
	open bool       // masters have actors: they can be told to give theirs up
	used int
	of   map[*Master]int // bytes
}

// windowShare is the part of all that one master may have.
const windowShare = 16

// windowSample is how many masters are looked at, taken at random, for the one that has been silent for longest.
const windowSample = 16

// claim gives m so many bytes in place of those that it has.  It returns the masters that are to give theirs up, and
// false when m cannot have it.
func (w *windows) claim(m *Master, bytes int) (out []*Master, ok bool) {
	if bytes > w.limit/windowShare {
		return nil, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	more := bytes - w.of[m]
	for w.used+more > w.limit {
		silent := w.silent(m)
		if silent == nil || !w.open {
			return out, false
		}
		w.release(silent)
		out = append(out, silent)
	}
	w.used += more
	w.of[m] = bytes
	return out, true
}

// giveUp takes back what m has.
func (w *windows) giveUp(m *Master) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(m)
}

// release does it.  w.mu is held.
func (w *windows) release(m *Master) {
	w.used -= w.of[m]
	delete(w.of, m)
}

// silent is the master, but m, that has been silent for longest among some; nil when there is no other.
func (w *windows) silent(m *Master) (found *Master) {
	looked := 0
	for each := range w.of { // in random order
		if each == m {
			continue
		}
		if found == nil || each.seen.Load() < found.seen.Load() {
			found = each
		}
		if looked++; looked == windowSample {
			break
		}
	}
	return found
}

// start says that all masters have actors.
func (w *windows) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = true
}
