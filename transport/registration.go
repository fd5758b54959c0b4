package transport

import (
	"bytes"
	"regexp"
	"strings"
)

// dirt is what modems and balancers send in front of a registration: line ends, a PROXY header that nobody has asked
// for, the mark of bytes that a modem has received, the echo of AT commands and what they are answered with.
var dirt = regexp.MustCompile(`^(?:[\r\n ]+|PROXY [ -~]{1,100}\r\n|\+IPD,[0-9,]+:|AT(?:[+&E][ -~]*)?[\r\n]|` +
	`(?:OK|ERROR|RING|READY|CONNECT[ 0-9]*|NO CARRIER|\+C[A-Z]+: ?[ -~]*)[\r\n])`)

// scanners are the first words of those who look for servers of other protocols: HTTP, SSH, TLS.
var scanners = regexp.MustCompile(`(?s)^(?:(?:GET|POST|PUT|HEAD|OPTIONS|DELETE|TRACE|PATCH|PRI|CONNECT)(?: [^0-9]|[\r\n]|$)|` +
	`SSH-|\x16\x03[\x00-\x04][\x00-\x48].\x01)`)

// scannersBegin are the first bytes of those.
const scannersBegin = "GPHODTCS\x16"

// openings are what dirt or a scanner's talk may begin with, for which the rest is awaited.
var openings = [][]byte{[]byte("PROXY "), []byte("GET "), []byte("POST "), []byte("PUT "), []byte("HEAD "), []byte("OPTIONS "),
	[]byte("SSH-"), {0x16, 3, 1}}

// undecided says whether more bytes will tell what data is.
func undecided(data []byte) bool {
	for _, o := range openings {
		if len(data) <= len(o) && bytes.HasPrefix(o, data) {
			return true
		}
	}
	return bytes.HasPrefix(data, openings[0]) && len(data) < 107 && bytes.IndexByte(data, '\n') < 0
}

// unnamed says whether nothing is known of the peer yet: no frame and no registration.
func (c *Conn) unnamed(b *Batch) bool { return !c.registered && c.lastLife == 0 && len(b.Frames) == 0 }

// registration looks for one at the beginning of data.
func (c *Conn) registration(b *Batch, r *Registration, data []byte, mode cutMode) cutAside {
	if c.unnamed(b) {
		if c.scanner = scanners.Match(data); c.scanner || len(r.Before) == 0 && dirt.Match(data) {
			return cutAside{}
		}
		if mode.waits() && undecided(data) {
			return cutAside{wait: true}
		}
	}
	n, name, v := r.match(data, !mode.waits())
	dirty := c.unnamed(b) && (c.counts.Skipped > 0 || len(b.Skipped) > 0) // its first bytes may be those of the dirt
	switch {
	case v == whole && dirty && !r.endsAt(data, n): // not the name, or not all of it
	case v == whole && c.register(b, r, name):
		return cutAside{n: n}
	case v == begun && mode.waits():
		return cutAside{wait: true}
	}
	return cutAside{}
}

// search looks for a registration behind dirt, in all that has come.
func (c *Conn) search(f *framing, b *Batch, r *Registration, data []byte, mode cutMode) cutAside {
	advance, token, err := f.Cutter.Next(b, data, mode.around())
	limit := len(data) // a frame is no dirt
	if token != nil {
		limit = advance - len(token)
	}
	if err != nil || limit == 0 {
		return cutAside{}
	}
	if n := len(dirt.Find(data)); n > 0 && len(r.Before) == 0 {
		return cutAside{noise: min(n, limit)}
	}
	if c.searched { // with more bytes in front
		return cutAside{}
	}
	c.searched = true
	for at := 1; at < limit; at++ {
		if strings.IndexByte(scannersBegin, data[at]) >= 0 && scanners.Match(data[at:]) {
			break
		}
		if !r.mayBegin(data, at) {
			continue
		}
		switch n, name, v := r.match(data[at:], !mode.waits()); {
		case v == whole && r.endsAt(data, at+n) && c.register(b, r, name):
			return cutAside{noise: at, n: n}
		case v == begun && mode.waits():
			return cutAside{wait: true}
		}
	}
	return cutAside{}
}

// register keeps a registration that was found, unless its name is none.
func (c *Conn) register(b *Batch, r *Registration, name []byte) bool {
	id := r.identity(name)
	if len(id) == 0 {
		return false
	}
	b.Registered = append(b.Registered, Registered{Before: len(b.Frames), Identity: id})
	c.registered = true
	return true
}

// mayBegin says whether a registration can be told from the bytes before a place.
func (r *Registration) mayBegin(data []byte, at int) bool {
	switch {
	case len(r.Before) > 0:
		return data[at] == r.Before[0]
	case r.Form == FormBytes || r.Form == FormBCD: // any byte may be one of a name
		return false
	}
	return r.Form.has(data[at]) && !r.Form.has(data[at-1])
}

// endsAt says whether a name that was found behind dirt ends at a place, and is not the beginning of a longer one.
func (r *Registration) endsAt(data []byte, at int) bool {
	return len(r.After) > 0 || at >= len(data) || !r.Form.has(data[at])
}
