package trust

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"trama/codec/protect"
	"trama/keys"
)

const (
	epochsAhead  = 8 // of the current one, that a frame may move to
	previousDies = 24 * time.Hour
	lastEpoch    = 63
	aheadFor     = 24 * time.Hour // after which tags of later epochs are tried again: a device begins one a day at most
	triedAhead   = 1              // epochs above the current one that a frame of suite 10 or 11 is tried under: it does not say its epoch
	triedAtFirst = 4              // from 0, of a device that was never heard
	triesAtMost  = 8
)

// Peer is what is known of one device's key, epochs and counters.
type Peer struct {
	ring   *Keyring
	serial string

	mu       sync.Mutex // guards all that follows
	suite    protect.Suite
	verdict  verdict
	begun    bool // a frame under key was accepted: current holds
	stale    bool // the journal is an older one that was put back: only a newer epoch counts
	due      bool // the row is to be written
	key      uint32
	since    uint32 // Unix seconds: key was proven
	wrong    uint32 // wrong tags ever
	spent    budget // in the current epoch
	ahead    budget // with tags of epochs above it, and of the next key: of a day
	day      uint32 // Unix seconds: ahead began
	current  window
	previous *previous
	sender   sender
	named    named // the key that was looked at last
}

// named is a key with what identify says of it.
type named struct {
	key protect.Key
	id  uint32
}

// identify is the same as the function.  p.mu is held.
func (p *Peer) identify(key *protect.Key) uint32 {
	if p.named.id == 0 || p.named.key != *key {
		p.named = named{*key, identify(key)}
	}
	return p.named.id
}

// previous is the epoch before the current one.
type previous struct {
	window
	until time.Time
}

// try is one way to open a frame.
type try struct {
	protect.Opening
	id    uint32 // of the key
	newer bool
}

// tries are the ways to open a frame, as far as the budgets allow, behind all.  spent says that the one of the current epoch is used up.
func (p *Peer) tries(all []try, at time.Time, h protect.Head, e *keys.Entry, from From, session *Session) (_ []try, spent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	spent = p.spent.spent(h.Suite) && !exempt(from, p)
	if now := uint32(at.Unix()); now-p.day >= uint32(aheadFor/time.Second) { // also when the clock was set back
		p.ahead, p.day = budget{}, now
	}
	aheadSpent := p.ahead.spent(h.Suite) && !exempt(from, p)
	id, next := p.identify(&e.Key), uint32(0)
	if e.Rotating {
		next = p.identify(&e.Next)
	}
	add := func(key *protect.Key, epoch uint8, ahead, newer bool) {
		if ahead && aheadSpent || !ahead && spent || epoch > lastEpoch {
			return
		}
		of := id
		if *key != e.Key {
			of = next
		}
		all = append(all, try{protect.Opening{Key: *key, Epoch: epoch}, of, newer})
	}
	if session != nil {
		if !spent {
			key, of := &e.Key, id
			if e.Rotating && p.key == next {
				key, of = &e.Next, next
			}
			all = append(all, try{protect.Opening{Key: *key}, of, false})
			session.at(&all[len(all)-1].Opening)
		}
		return all, spent
	}
	// a key that replaces what the peer has: the next one, or the only one when the peer's is neither
	newer := id != p.key && (!e.Rotating || next != p.key)
	if h.Suite.TagBits() > 24 {
		add(&e.Key, h.Epoch, p.begun && (newer || h.Epoch > p.current.epoch), newer)
		if e.Rotating {
			add(&e.Next, h.Epoch, true, true)
		}
		return all, spent
	}
	if !p.begun || newer {
		for epoch := range uint8(triedAtFirst) {
			add(&e.Key, epoch, p.begun, newer)
		}
	} else {
		key := &e.Key
		if p.key != id {
			key = &e.Next
		}
		add(key, p.current.epoch, false, false)
		if p.previous != nil && time.Now().Before(p.previous.until) {
			add(key, p.previous.epoch, false, false)
		}
		for n := range uint8(triedAhead) {
			add(key, p.current.epoch+1+n, true, false)
		}
	}
	if e.Rotating && p.key != next {
		add(&e.Next, 0, true, true)
	}
	for i := range all {
		all[i].Counter = p.counterNear(h, all[i].Epoch)
	}
	return all, spent
}

// exempt says whether no budget holds for frames of p from a connection; nil is somebody who only looks.
func exempt(from From, p *Peer) bool { return from == nil || from.Proven(p) }

// counterNear is the whole counter of a frame that tells its low half only.  p.mu is held.
func (p *Peer) counterNear(h protect.Head, epoch uint8) uint32 {
	switch {
	case p.begun && epoch == p.current.epoch:
		return h.CounterNear(p.current.highest)
	case p.previous != nil && epoch == p.previous.epoch:
		return h.CounterNear(p.previous.highest)
	}
	return h.Counter
}

// wrongTag counts a wrong tag: ahead, when the budget of the epoch is spent.
func (p *Peer) wrongTag(s protect.Suite, ahead bool) (due bool, alarm string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong++
	if p.verdict = verdictWrongTag; ahead {
		p.verdict = verdictTooMany
	}
	if ahead {
		due, _ = p.ahead.add(s)
	} else {
		due, alarm = p.spent.add(s)
	}
	p.due = p.due || due
	return due, alarm
}

// Check says what a frame is.  It changes nothing but the verdict that is shown; with a journal that knows no epoch of the
// device and is not to be trusted, the frame also tells from where on a newer one counts.
func (p *Peer) Check(o *protect.Opened, c Claim) (Freshness, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh, err := p.check(o, c)
	p.verdict = verdicts[fresh]
	return fresh, err
}

// Why a frame with a right tag is refused.
var (
	ErrReplayed = errors.New("replayed")
	ErrReused   = errors.New("counter reused")
	ErrOldEpoch = errors.New("old epoch")
)

// check does it.  p.mu is held.
func (p *Peer) check(o *protect.Opened, c Claim) (Freshness, error) {
	if c.session != nil {
		return c.session.check(o)
	}
	if c.key != p.key || !p.begun {
		if p.key != 0 && !c.newer {
			return OldEpoch, fmt.Errorf("%w: the device has proven a newer key", ErrOldEpoch)
		}
		epoch, used, last := p.ring.source.Begun(p.serial, c.key)
		switch {
		case !used || last && !p.stale:
			return Fresh, nil
		case p.stale:
			p.key, p.begun, p.current = c.key, true, window{epoch: epoch}
			p.due = true
		case o.Epoch <= epoch:
			return OldEpoch, fmt.Errorf("%w: the key is one from before; the device must begin an epoch above %d", ErrOldEpoch, epoch)
		default:
			return Fresh, nil
		}
	}
	w := &p.current
	switch {
	case o.Epoch > w.epoch && o.Epoch <= w.epoch+epochsAhead:
		return Fresh, nil
	case p.stale:
		return OldEpoch, fmt.Errorf("%w: the journal was restored from a copy; the device must begin an epoch above %d", ErrOldEpoch, w.epoch)
	case o.Epoch == w.epoch:
	case p.previous != nil && o.Epoch == p.previous.epoch && time.Now().Before(p.previous.until):
		w = &p.previous.window
	default:
		return OldEpoch, fmt.Errorf("%w: it is of epoch %d, and epoch %d has begun", ErrOldEpoch, o.Epoch, w.epoch)
	}
	if o.Suite == protect.Auth24 { // without a counter of its own
		return Fresh, nil
	}
	return refusal(w.check(o.Counter, o.Tag), o, w.highest)
}

// refusal says why a frame is refused that is not fresh.
func refusal(fresh Freshness, o *protect.Opened, highest uint32) (Freshness, error) {
	switch fresh {
	case Replayed:
		return fresh, fmt.Errorf("%w: counter %d; the highest was %d", ErrReplayed, o.Counter, highest)
	case Reused:
		return fresh, fmt.Errorf("%w: counter %d was used for another frame", ErrReused, o.Counter)
	}
	return fresh, nil
}

// Accept moves what is known behind a frame that Check has found Fresh, and that goes to the journal; alone: without a
// record of its own.  It says what has begun with it: "" for nothing.
func (p *Peer) Accept(o *protect.Opened, c Claim, alone bool) (began string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.session != nil {
		c.session.accept(o)
		p.suite = o.Suite
		return ""
	}
	switch {
	case c.key != p.key || !p.begun:
		if p.key != 0 && c.key != p.key {
			began = fmt.Sprintf("the next key, with epoch %d", o.Epoch)
		}
		p.key, p.begun, p.stale, p.since = c.key, true, false, uint32(time.Now().Unix())
		p.previous = nil
		p.begin(o.Epoch)
	case o.Epoch > p.current.epoch:
		began = fmt.Sprintf("epoch %d, after %d", o.Epoch, p.current.epoch)
		if p.previous = nil; !p.stale { // else counters of that epoch may have been used that nobody knows of: it is over at once
			p.previous = &previous{p.current, time.Now().Add(previousDies)}
		}
		p.stale = false
		p.begin(o.Epoch)
	}
	p.suite = o.Suite
	w := &p.current
	if o.Epoch != w.epoch {
		w = &p.previous.window
	}
	if o.Suite != protect.Auth24 {
		w.accept(o.Counter, o.Tag)
		p.due = p.due || alone
	}
	return began
}

// begin begins an epoch.  p.mu is held.
func (p *Peer) begin(epoch uint8) {
	p.current = window{epoch: epoch}
	p.spent, p.ahead = budget{}, budget{}
	p.sender.asked = 0
	p.due = true
}

// Distrust makes only a newer epoch count.
func (p *Peer) Distrust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stale, p.due = true, true
	if !p.begun {
		return
	}
	if epoch, used, _ := p.ring.source.Begun(p.serial, p.key); used {
		p.current.epoch = max(p.current.epoch, epoch)
	}
}

// begins has it noted beside the keys that a frame which was opened begins an epoch or a key, before anything is answered
// under it.
func (p *Peer) begins(o *protect.Opened, c Claim) error {
	if o == nil || c.session != nil {
		return nil
	}
	p.mu.Lock()
	begins := !p.begun || c.key != p.key || o.Epoch > p.current.epoch
	if begins {
		fresh, _ := p.check(o, c)
		begins = fresh == Fresh
	}
	p.mu.Unlock()
	if !begins {
		return nil
	}
	if epoch, used, last := p.ring.source.Begun(p.serial, c.key); used && last && epoch >= o.Epoch {
		return nil
	}
	return p.ring.source.Begin(p.serial, c.key, o.Epoch)
}

// Stale says whether only a newer epoch counts.
func (p *Peer) Stale() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stale
}

// proven is the key in rotation, when the device has proven it.
func (p *Peer) proven() (key *protect.Key, yes bool) {
	e, _ := p.ring.source.Key(p.serial)
	p.mu.Lock()
	defer p.mu.Unlock()
	return &e.Next, e.Rotating && p.key == p.identify(&e.Next)
}

// Serial is that of the device.
func (p *Peer) Serial() string { return p.serial }

// verdict is what became of the last frame.
type verdict uint8

const (
	verdictNone verdict = iota
	verdictGood
	verdictWrongTag
	verdictTooMany
	verdictReplayed
	verdictReused
	verdictOldEpoch
)

var verdicts = [...]verdict{Fresh: verdictGood, Duplicate: verdictGood, Replayed: verdictReplayed, Reused: verdictReused, OldEpoch: verdictOldEpoch}

var verdictNames = [...]string{"", "accepted", "wrong tag", "too many wrong tags", "replayed", "counter reused", "old epoch"}

// Info is what is shown of a peer.
type Info struct {
	Suite     protect.Suite `json:"suite"` // of its newest frame
	Epoch     uint8         `json:"epoch"`
	Counter   uint32        `json:"counter"` // the highest of its own in this epoch
	Sent      uint32        `json:"sent"`    // counters of the server that were used in this epoch
	Since     time.Time     `json:"since,omitzero"`
	WrongTags uint32        `json:"wrong_tags"`
	Verdict   string        `json:"verdict"` // of the last frame
}

// Info describes the peer.
func (p *Peer) Info() Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := Info{Suite: p.suite, Epoch: p.current.epoch, Counter: p.current.highest, Sent: p.sender.used, WrongTags: p.wrong, Verdict: verdictNames[p.verdict]}
	if p.since > 0 {
		i.Since = time.Unix(int64(p.since), 0).UTC()
	}
	return i
}
