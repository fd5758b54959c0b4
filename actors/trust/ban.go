package trust

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Wrong tags that an address may send for a serial, and for how long it is refused then.
const (
	banCount  = 5
	banWithin = time.Minute
	banTime   = 5 * time.Minute
	banMost   = 4096 // pairs that are remembered; a table that is full begins anew
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
	count int
}

// holds says whether an address is refused.
func (b *bans) holds(addr netip.Addr, serial [4]byte, now time.Time) bool {
	if !b.any.Load() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	one, known := b.of[banned{source(addr), serial}]
	return known && one.count >= banCount && now.Sub(one.since) < banTime
}

// note counts a wrong tag.
func (b *bans) note(addr netip.Addr, serial [4]byte, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil || len(b.of) >= banMost {
		b.of = map[banned]ban{}
	}
	b.any.Store(true)
	key := banned{source(addr), serial}
	one := b.of[key]
	if now.Sub(one.since) >= banWithin {
		one = ban{since: now}
	}
	if one.count++; one.count == banCount {
		one.since = now
	}
	b.of[key] = one
}
