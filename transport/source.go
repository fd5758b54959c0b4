package transport

import (
	"net"
	"net/netip"
	"slices"
	"time"
)

// foreignPause is the least time from one EventForeign to the next.
const foreignPause = time.Minute

// contains says whether an address is in one of the networks.
func contains(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address.WithZone("")) })
}

// proxies says whether who is at the other end must send a PROXY header.
func (o *Options) proxies(tcp *net.TCPConn) bool {
	return o.Proxy || len(o.ProxyFrom) > 0 && contains(o.ProxyFrom, addrPort(tcp.RemoteAddr()).Addr())
}

// admits says whether a peer may connect.
func (o *Options) admits(peer netip.AddrPort) bool {
	return o.Sources == nil || contains(o.Sources, peer.Addr())
}

// direct says whether an accepted socket may stay, as far as its own address tells.
func (o *Options) direct(tcp *net.TCPConn) bool {
	return o.Sources == nil || o.proxies(tcp) || o.admits(addrPort(tcp.RemoteAddr()))
}

// foreign counts a connection that was closed because of where it came from.
func (l *Listener) foreign(peer netip.AddrPort) {
	l.mu.Lock()
	l.foreigners++
	n, now := l.foreigners, time.Now()
	tell := now.Sub(l.foreignAt) >= foreignPause
	if tell {
		l.foreigners, l.foreignAt = 0, now
	}
	l.mu.Unlock()
	if tell {
		l.options.Events(Event{Kind: EventForeign, Listener: l.options.Name, Count: n, Remote: peer})
	}
}
