// Package schedule asks masters by itself, every so often, what polls say.
//
//	tick ─▶ Schedule ── masters whose slot has come ──▶ master.Due ──▶ actor of the master
//
// Each master has a slot of its own in the interval of a poll, by its serial and the name of the poll, so the requests of all
// are spread over it and those of one master are not asked at once.  A master that was away is asked in its next slot.
// A request that is still open when its slot comes again is not repeated: see package master.
//
// The goroutine of Run owns all but the polls, which are replaced by Set.  A master takes 16 bytes in each poll that is for
// it.  A tick asks at most a number of masters; what is left over is next.  After a delay of more than an interval the slots
// that have passed are left out.
package schedule

import (
	"cmp"
	"hash/fnv"
	"reflect"
	"slices"
	"sync"
	"time"

	"trama/actors/known"
	"trama/actors/master"
)

const (
	tick       = 50 * time.Millisecond
	mostAtOnce = 500         // masters that are asked in one tick
	lookEvery  = time.Second // at the most, for masters that are new
	listEvery  = time.Minute // likewise, for what may have changed of others
)

// Masters is the book of all masters.
type Masters interface {
	List() []*master.Master
	Size() int
	Told(m *master.Master) known.Master // what the operator has told of it
}

// Schedule asks masters what polls say.
type Schedule struct {
	masters Masters
	started time.Time

	mu    sync.Mutex // guards polls
	polls []*master.Poll

	// of Run
	lists  []*list
	size   int // masters that there were
	listed time.Duration
}

// list is a poll with its masters, in the order of their slots.
type list struct {
	poll  *master.Poll
	slots []slot
	done  time.Duration // up to this time all have been asked
}

type slot struct {
	at time.Duration // from the beginning of an interval
	of *master.Master
}

// New makes a schedule without polls.
func New(masters Masters) *Schedule { return &Schedule{masters: masters, started: time.Now()} }

// Set puts polls in force instead of those before.  What is the same goes on.
func (s *Schedule) Set(options []master.PollOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := slices.Clone(s.polls)
	polls := make([]*master.Poll, len(options))
	for i := range options {
		k := slices.IndexFunc(before, func(p *master.Poll) bool { return reflect.DeepEqual(p.PollOptions, options[i]) })
		if k < 0 {
			polls[i] = master.NewPoll(options[i])
			continue
		}
		polls[i] = before[k]
		before = slices.Delete(before, k, k+1)
	}
	s.polls = polls
	for _, p := range before {
		p.End()
	}
}

// Polls are those in force.
func (s *Schedule) Polls() []*master.Poll {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polls
}

// Run asks until done is closed; guard runs each round.
func (s *Schedule) Run(done <-chan struct{}, guard func(what string, f func())) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			guard("schedule of polls", func() { s.round(time.Since(s.started)) })
		case <-done:
			return
		}
	}
}

// round asks the masters whose slot has come.
func (s *Schedule) round(now time.Duration) {
	s.update(now)
	left := mostAtOnce
	for _, l := range s.lists {
		if left -= l.ask(now, left, (*master.Master).Due); left <= 0 {
			return
		}
	}
}

// update lists the masters of each poll anew when polls or masters have changed.
func (s *Schedule) update(now time.Duration) {
	polls, size := s.Polls(), s.masters.Size()
	same := slices.EqualFunc(s.lists, polls, func(l *list, p *master.Poll) bool { return l.poll == p })
	if since := now - s.listed; same && (len(polls) == 0 || since < lookEvery || size == s.size && since < listEvery) {
		return
	}
	s.size, s.listed = size, now
	done := map[string]time.Duration{} // by name and interval: a poll that was replaced goes on where it was
	for _, l := range s.lists {
		done[l.poll.Name+l.poll.Every.String()] = l.done
	}
	s.lists = s.lists[:0:0]
	for _, p := range polls {
		at, known := done[p.Name+p.Every.String()]
		if !known {
			at = now
		}
		s.lists = append(s.lists, &list{poll: p, done: at})
	}
	if len(polls) == 0 {
		return
	}
	for _, m := range s.masters.List() {
		told := s.masters.Told(m)
		for _, l := range s.lists {
			if l.poll.Wants(m.Serial, told) {
				l.slots = append(l.slots, slot{slotOf(m.Serial, l.poll), m})
			}
		}
	}
	for _, l := range s.lists {
		slices.SortFunc(l.slots, func(a, b slot) int { return cmp.Compare(a.at, b.at) })
		l.poll.Masters.Store(int64(len(l.slots)))
	}
}

// slotOf is when in the interval of a poll a master is asked.
func slotOf(serial string, p *master.Poll) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(serial)) // it never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(p.Name))
	return time.Duration(mixed(h.Sum64()) % uint64(p.Every))
}

// mixed spreads a hash whose low bits are alike for serials that are.
func mixed(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return (h ^ h>>33) >> 1
}

// ask asks the masters of l whose slot has come, at most so many, and returns how many that were.
func (l *list) ask(now time.Duration, most int, due func(*master.Master, *master.Poll)) (n int) {
	every := l.poll.Every
	l.done = max(l.done, now-every)
	for n < most && len(l.slots) > 0 {
		begin := l.done - l.done%every
		i, _ := slices.BinarySearchFunc(l.slots, l.done-begin, func(s slot, at time.Duration) int {
			if s.at <= at {
				return -1
			}
			return 1
		})
		if i == len(l.slots) { // on to the next interval, whose first slot may be at its beginning
			if begin+every > now {
				break
			}
			l.done = begin + every - 1
			i, begin = 0, begin+every
		}
		at := begin + l.slots[i].at
		if at > now {
			break
		}
		for ; i < len(l.slots) && begin+l.slots[i].at == at; i++ { // slots that are the same go together
			due(l.slots[i].of, l.poll)
			n++
		}
		l.done = at
	}
	if n < most {
		l.done = now
	}
	return n
}
