package sqlite

import "trama/journal"

// hold keeps the entries in hand until there is room.  Nobody is told of them: their masters wait, or send again what
// is then known to wait.
func (j *Journal) hold(err error) {
	if !j.held.Swap(true) {
		j.options.Warn("there is no room for the frames in hand: they wait unacknowledged, and nothing is accepted", "entries", j.w.hand.Len, "error", err)
	}
}

// letGo ends hold.
func (j *Journal) letGo() {
	if !j.held.Swap(false) {
		return
	}
	j.mu.Lock()
	lost := j.lostEvents
	j.lostEvents = 0
	j.mu.Unlock()
	j.options.Warn("there was room for the frames in hand: they are on disk", "entries", j.w.hand.Len, "events_lost", lost)
}

// again has the writer try what it holds.
func (j *Journal) again() {
	j.mu.Lock()
	j.retry = true
	j.wake.Signal()
	j.mu.Unlock()
}

// heldEvents are the entries that wait at most while others are held back; events beyond are lost.
const heldEvents = 10_000

// needless says whether e may be lost while there is no room: nobody waits for it.  Called with the mutex held.
func (j *Journal) needless(e *journal.Entry) bool {
	return j.held.Load() && j.queue.Len >= heldEvents && e.Owner == nil && e.Count == 0 && e.Subject == nil
}

// abandon is the end of a journal that is closed while there is no room for the entries in hand.
func (j *Journal) abandon() {
	j.options.Warn("the journal is closed without the entries that wait for room", "entries", j.w.hand.Len)
	j.giveUp(journal.ErrClosed, nil)
}
