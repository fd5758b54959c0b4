package admission

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// MostWaiting bounds the serials that are in quarantine; one more takes the place of the one that has been silent for
// longest.
const MostWaiting = 1000

// Waiting is a serial in quarantine.
type Waiting struct {
	Serial      string
	Profile     string
	Listener    string // where it spoke last, and from where
	Connection  uint64
	Remote      string
	First, Last time.Time
	Frames      uint64 // that were refused
}

// WaitingRoom holds what is in quarantine.  The zero value is empty; any goroutine may use it.
type WaitingRoom struct {
	mu sync.Mutex // guards by
	by map[string]*Waiting
}

// See takes in who has spoken, as w says; it says whether the serial is new here.
func (r *WaitingRoom) See(w Waiting) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.by[w.Serial]
	if old != nil {
		w.First, w.Frames = old.First, w.Frames+old.Frames
	} else if r.by == nil {
		r.by = map[string]*Waiting{}
	} else if len(r.by) >= MostWaiting {
		silent := ""
		for serial, each := range r.by {
			if silent == "" || each.Last.Before(r.by[silent].Last) {
				silent = serial
			}
		}
		delete(r.by, silent)
	}
	r.by[w.Serial] = &w
	return old == nil
}

// Holds says whether a serial is in quarantine.
func (r *WaitingRoom) Holds(serial string) bool {
	_, held := r.Get(serial)
	return held
}

// Get is what is known of a serial.
func (r *WaitingRoom) Get(serial string) (w Waiting, held bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if each := r.by[serial]; each != nil {
		return *each, true
	}
	return Waiting{}, false
}

// Remove takes a serial out; it says whether it was there.
func (r *WaitingRoom) Remove(serial string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, held := r.by[serial]
	delete(r.by, serial)
	return held
}

// List is all that are in quarantine, by serial.
func (r *WaitingRoom) List() []Waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Waiting, 0, len(r.by))
	for _, each := range r.by {
		all = append(all, *each)
	}
	slices.SortFunc(all, func(a, b Waiting) int { return strings.Compare(a.Serial, b.Serial) })
	return all
}
