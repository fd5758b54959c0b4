package trust

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trama/codec"
	"trama/codec/protect"
	"trama/keys"
)

// Why a protected frame is not opened, beside protect.ErrTag: in the words that people read.
var (
	ErrNoKey   = errors.New("no key")
	ErrSuite   = errors.New("suite not allowed")
	ErrTooMany = errors.New("too many wrong tags")
)

// Source knows the keys of devices.
type Source interface {
	Key(serial string) (*keys.Entry, bool) // the entry does not change
	Empty() bool                           // nobody has a key
	// Commit makes keys in rotation, by serial, the keys.  It may wait for a disk.
	Commit(proven map[string]protect.Key) error
	Rotating() int // masters whose next key is not proven
	// Begun says which epochs have begun under a key, and whether no other key of the device was used since; Begin notes one
	// more on disk.
	Begun(serial string, key uint32) (epoch uint8, known, last bool)
	Begin(serial string, key uint32, epoch uint8) error
}

// Keyring is what is known of all devices with a key.  A nil Keyring knows nobody.
type Keyring struct {
	source Source
	bans   bans

	rotated chan struct{} // has one: somebody has proven the key in rotation

	WrongTags atomic.Uint64 // since the start of the process
	short     hourly

	mu     sync.RWMutex // guards all that follows
	peers  map[[4]byte]*Peer
	proven map[*Peer]bool // whose key in rotation is to be committed
}

// New makes the keyring of a source.
func New(source Source) *Keyring {
	return &Keyring{source: source, peers: map[[4]byte]*Peer{}, proven: map[*Peer]bool{}, rotated: make(chan struct{}, 1)}
}

// number is a serial of eight digits as it stands in a frame.
func number(serial string) (n [4]byte, ok bool) {
	if len(serial) != 2*len(n) {
		return n, false
	}
	_, err := hex.Decode(n[:], []byte(serial))
	return n, err == nil
}

// Empty says whether no device has a key.
func (k *Keyring) Empty() bool { return k == nil || k.source.Empty() }

// Has says whether a device has a key.
func (k *Keyring) Has(serial string) bool {
	if k == nil {
		return false
	}
	_, has := k.source.Key(serial)
	return has
}

// Known is the peer of a serial whose frames, or whose state, have been here; nil when there is none.
func (k *Keyring) Known(serial string) *Peer {
	n, ok := number(serial)
	if k == nil || !ok {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.peers[n]
}

// Peer is the peer of a serial, made when there is none; nil when no device with a key can have it.
func (k *Keyring) Peer(serial string) *Peer {
	n, ok := number(serial)
	if k == nil || !ok {
		return nil
	}
	return k.peer(n)
}

func (k *Keyring) peer(serial [4]byte) *Peer {
	k.mu.RLock()
	p := k.peers[serial]
	k.mu.RUnlock()
	if p != nil {
		return p
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if p = k.peers[serial]; p == nil {
		p = &Peer{ring: k, serial: hex.EncodeToString(serial[:])}
		k.peers[serial] = p
	}
	return p
}

// Rotated tells that there is something to commit; nobody of a nil Keyring.
func (k *Keyring) Rotated() <-chan struct{} {
	if k == nil {
		return nil
	}
	return k.rotated
}

// prove notes peers whose key in rotation is to be committed.
func (k *Keyring) prove(peers ...*Peer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range peers {
		k.proven[p] = true
	}
}

// Commit makes the keys that devices have proven their keys, and tells whose.  It may wait for a disk.  After an error they
// are tried again with the next one.
func (k *Keyring) Commit() (serials []string, err error) {
	k.mu.Lock()
	peers := slices.Collect(maps.Keys(k.proven))
	clear(k.proven)
	k.mu.Unlock()
	proven := map[string]protect.Key{}
	for _, p := range peers {
		if key, yes := p.proven(); yes {
			proven[p.Serial()] = *key
		}
	}
	if len(proven) == 0 {
		return nil, nil
	}
	if err = k.source.Commit(proven); err != nil {
		k.prove(peers...)
	}
	return slices.Sorted(maps.Keys(proven)), err
}

// Rotating counts the masters whose next key is not proven.
func (k *Keyring) Rotating() int { return k.source.Rotating() }

// From is the connection that brought a frame.
type From interface {
	Addr() netip.Addr
	Proven(p *Peer) bool      // a frame of p was accepted on it, and no wrong tag came since
	Session(p *Peer) *Session // that was begun on it; nil: none
}

// Claim is a frame that was opened, or was to be.
type Claim struct {
	Peer *Peer // nil: it has no key

	key     uint32   // that it is under
	newer   bool     // which may take the place of the one that the peer has
	session *Session // whose key it is under; nil: that of an epoch

	Wire  []byte // the frame as it came, when it was opened
	Wrong bool   // the tag was: looked at, and counted
	Alarm string // what somebody must know of that
	Due   bool   // the peer's row is to be written
}

// Open opens a closed frame.  The frame stays closed with an error.
func (k *Keyring) Open(p *codec.Profile, f *codec.Frame, from From) (Claim, error) {
	if k == nil {
		return Claim{}, ErrNoKey
	}
	head := p.Security().Head(f.Raw())
	k.mu.RLock()
	peer := k.peers[head.Serial]
	k.mu.RUnlock()
	var entry *keys.Entry
	var has bool
	if peer != nil {
		entry, has = k.source.Key(peer.serial)
	} else {
		entry, has = k.source.Key(hex.EncodeToString(head.Serial[:]))
	}
	switch {
	case !has:
		return Claim{}, ErrNoKey
	case head.Suite < entry.Suite:
		return Claim{}, fmt.Errorf("%w: the key is for suite %v", ErrSuite, entry.Suite)
	}
	if peer == nil {
		peer = k.peer(head.Serial)
	}
	now := time.Now()
	if k.bans.any.Load() && !from.Proven(peer) && k.bans.holds(from.Addr(), head.Serial, head.Suite, now) {
		return Claim{Peer: peer}, fmt.Errorf("%w: of this address; it is refused for a while", ErrTooMany)
	}
	session := from.Session(peer)
	if !session.Active() {
		session = nil
	}
	if session != nil && head.Suite.SaysWay() && !head.OfConnection {
		return Claim{Peer: peer}, fmt.Errorf("%w: the connection has a key of its own", ErrOldEpoch)
	}
	var room [triesAtMost]try
	tries, spent := peer.tries(room[:0], now, head, entry, from, session)
	for i := range tries {
		t := &tries[i]
		if err := p.Open(f, &t.Opening); !errors.Is(err, protect.ErrTag) {
			if session != nil {
				session.opened(f.Protection().Counter)
			}
			c := Claim{Peer: peer, key: t.id, newer: t.newer, session: session}
			if err := peer.begins(f.Protection(), c); err != nil {
				return c, err
			}
			return c, unlessUnreadable(f, err)
		}
	}
	if len(tries) == 0 {
		return Claim{Peer: peer}, ErrTooMany
	}
	k.bans.note(from.Addr(), head.Serial, now)
	c := Claim{Peer: peer, Wrong: true}
	c.Due, c.Alarm = peer.wrongTag(head.Suite, spent)
	k.WrongTags.Add(1)
	if kindOf(head.Suite) == shortBudget && k.short.add(now) == FleetAlarm {
		c.Alarm = fmt.Sprintf("%d wrong tags of 24 bits within an hour, of all masters", FleetAlarm)
	}
	if spent {
		return c, ErrTooMany
	}
	return c, protect.ErrTag
}

// Look opens a closed frame for somebody who only looks at it: no budget is asked, and nothing is counted.  It has no key of
// a connection.
func (k *Keyring) Look(p *codec.Profile, f *codec.Frame) error {
	head := p.Head(f)
	if head.Suite == protect.None {
		return OpenUnkeyed(p, f)
	}
	if k == nil {
		return ErrNoKey
	}
	entry, has := k.source.Key(hex.EncodeToString(head.Serial[:]))
	if !has {
		return ErrNoKey
	}
	peer := k.peer(head.Serial)
	var room [triesAtMost]try
	tries, _ := peer.tries(room[:0], time.Now(), head, entry, nil, nil)
	for i := range tries {
		if err := p.Open(f, &tries[i].Opening); !errors.Is(err, protect.ErrTag) {
			return unlessUnreadable(f, err)
		}
	}
	return protect.ErrTag
}

// OpenUnkeyed opens a closed frame whose I holds a checksum, and that no key protects.
func OpenUnkeyed(p *codec.Profile, f *codec.Frame) error {
	return unlessUnreadable(f, p.Open(f, &protect.Opening{}))
}

// unlessUnreadable is err, unless the frame itself says so.
func unlessUnreadable(f *codec.Frame, err error) error {
	if err == f.Unreadable() {
		return nil
	}
	return err
}

// identify names a key in four bytes, which say nothing of it.
func identify(key *protect.Key) uint32 {
	sum := sha256.Sum256(key[:])
	return binary.BigEndian.Uint32(sum[:]) | 1 // 0 names none
}

// hourly counts in the hour that began with the first.
type hourly struct {
	mu    sync.Mutex // guards all
	began time.Time
	count int
}

func (h *hourly) add(now time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.began) > time.Hour {
		h.began, h.count = now, 0
	}
	h.count++
	return h.count
}

// Of is what a frame came under that is protected by a key; nil when it is not.
func Of(f *codec.Frame) *protect.Opened {
	if o := f.Protection(); o != nil && o.Suite != protect.None {
		return o
	}
	return nil
}
