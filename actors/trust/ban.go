package trust

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"trama/codec/protect"
)

// Wrong tags that an address may send for a serial, and for how long it is refused then.
const (
	banCount  = 5
	banWithin = time.Minute
	banTime   = 5 * time.Minute
	banPause  = time.Second // between two tags of a refused pair under a suite of 64 bits or more: its master may be behind the same address
	banMost   = 4096        // pairs that are remembered; the oldest go when there are more
)

// bans remembers which address has sent wrong tags for which serial.
type bans struct {
	any atomic.Bool // there are some

	mu sync.Mutex // guards of
	of map[banned]ban
}

type banned struct {
	from   netip.Prefix
	serial [4]byte
}

// source is whom a ban is for: an address, or the /64 of one of IPv6, whose holder has all the addresses in it.
func source(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	p, _ := addr.Prefix(min(addr.BitLen(), 64)) // of no address there is none
	return p
}

type ban struct {
	since time.Time // of the first wrong tag, or of the ban
	tried time.Time // a tag was, last
	count int
}

// over says whether nothing is held against a pair any more.
func (b ban) over(now time.Time) bool {
	if b.count < banCount {
		return now.Sub(b.since) >= banWithin
	}
	return now.Sub(b.since) >= banTime
}

// holds says whether a tag of an address is refused; one that is not counts as tried.
func (b *bans) holds(addr netip.Addr, serial [4]byte, suite protect.Suite, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := banned{source(addr), serial}
	one := b.of[key]
	if one.count < banCount || one.over(now) {
		return false
	}
	if suite.TagBits() < 64 || now.Sub(one.tried) < banPause {
		return true
	}
	one.tried = now
	b.of[key] = one
	return false
}

// note counts a wrong tag.
func (b *bans) note(addr netip.Addr, serial [4]byte, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[banned]ban{}
	}
	b.any.Store(true)
	key := banned{source(addr), serial}
	one, known := b.of[key]
	if !known && len(b.of) >= banMost {
		b.makeRoom(now)
	}
	if one.over(now) {
		one = ban{since: now}
	}
	if one.count < banCount {
		if one.count++; one.count == banCount {
			one.since = now
		}
	}
	one.tried = now
	b.of[key] = one
}

// makeRoom drops what is over, or else the oldest eighth.  b.mu is held.
func (b *bans) makeRoom(now time.Time) {
	maps.DeleteFunc(b.of, func(_ banned, one ban) bool { return one.over(now) })
	if len(b.of) < banMost {
		return
	}
	byAge := slices.SortedFunc(maps.Keys(b.of), func(x, y banned) int { return b.of[x].since.Compare(b.of[y].since) })
	for _, key := range byAge[:banMost/8] {
		delete(b.of, key)
	}
}
