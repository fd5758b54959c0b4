package transport

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

// The PROXY protocol of HAProxy, versions 1 and 2 (doc/proxy-protocol.txt): in front of everything else a balancer says
// whose connection it carries.

// longestProxy is the longest header that is taken: a line of version 1 has up to 107 bytes, version 2 may say more.
const longestProxy = 1024

var proxyMark = []byte("\r\n\r\n\x00\r\nQUIT\n")

// proxyHeader reads a header: n bytes, and the address of the peer; none when the balancer speaks for itself.
func proxyHeader(data []byte) (n int, peer netip.AddrPort, v verdict) {
	if k := min(len(data), len(proxyMark)); bytes.Equal(data[:k], proxyMark[:k]) {
		return proxyBinary(data)
	}
	const first = "PROXY "
	if k := min(len(data), len(first)); string(data[:k]) != first[:k] {
		return 0, peer, refused
	}
	line, _, whole1 := strings.Cut(string(data[:min(len(data), 107)]), "\r\n")
	word := strings.Split(line, " ")
	switch {
	case !whole1 && len(data) < 107:
		return 0, peer, begun
	case !whole1:
		return 0, peer, refused
	case len(word) > 1 && word[1] == "UNKNOWN":
		return len(line) + 2, peer, whole
	case len(word) != 6 || word[1] != "TCP4" && word[1] != "TCP6":
		return 0, peer, refused
	}
	address, err := netip.ParseAddr(word[2])
	port, err2 := netip.ParseAddrPort("0.0.0.0:" + word[4])
	if err != nil || err2 != nil {
		return 0, peer, refused
	}
	return len(line) + 2, netip.AddrPortFrom(address.Unmap(), port.Port()), whole
}

// proxyBinary is proxyHeader for version 2.
func proxyBinary(data []byte) (n int, peer netip.AddrPort, v verdict) {
	const fixed = 16
	if len(data) < fixed {
		return 0, peer, begun
	}
	n = fixed + int(binary.BigEndian.Uint16(data[14:]))
	size := map[byte]int{0x11: 4, 0x21: 16}[data[13]] // TCP over IPv4, IPv6
	switch {
	case data[12] != 0x20 && data[12] != 0x21, n > longestProxy, data[12] == 0x21 && size > 0 && n < fixed+2*size+4:
		return 0, peer, refused
	case len(data) < n:
		return 0, peer, begun
	case data[12] == 0x20 || size == 0: // a check of its own, or no TCP
		return n, peer, whole
	}
	address, _ := netip.AddrFromSlice(data[fixed : fixed+size])
	port := binary.BigEndian.Uint16(data[fixed+2*size:])
	return n, netip.AddrPortFrom(address.Unmap(), port), whole
}

// proxied takes the header in front of a connection, of n bytes.  Without one the connection is closed.
func (c *Conn) proxied(data []byte, final bool) (n int, v verdict) {
	n, peer, v := proxyHeader(data)
	switch {
	case v == whole:
		c.headed = true
		if peer.IsValid() {
			c.peer.Store(&peer)
		}
		if remote := c.Remote(); !c.listener.options.admits(remote) {
			c.Close(CloseSource, "")
			c.listener.foreign(remote)
			return 0, refused
		}
	case v == refused || final:
		c.Close(CloseRefused, "no PROXY header")
		return 0, refused
	}
	return n, v
}
