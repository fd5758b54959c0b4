package transport

import (
	"bytes"
	"encoding/hex"
)

// Aside is what may stand between frames and is none: what a modem of the serial kind sends on its own account.  It
// is looked for where a frame could begin: at the start of the stream, behind a frame, behind other asides.
//
// The result does not depend on how the network cut the stream, with two exceptions: behind noise an aside is found
// when it comes with a read of its own, and a HeartbeatText that comes in two reads counts twice.
type Aside struct {
	// HeartbeatBytes are the byte strings that say "I am alive".  A heartbeat is taken where the framing finds no whole
	// frame; where the framing needs more bytes to know, it waits for them, at most half a second.
	HeartbeatBytes [][]byte
	// HeartbeatText takes what is no frame, has up to so many bytes and is text (printable, blanks and line ends) for
	// a heartbeat.
	HeartbeatText int
	// HeartbeatEcho sends each heartbeat back.
	HeartbeatEcho bool
	// Registration says who dials in; nil when nobody does it that way.  Until the first frame it is searched in all that
	// has come, behind what modems and balancers send in front of it.
	Registration *Registration
}

// Form says of which bytes the name in a registration is made.
type Form uint8

// The forms of a registration.
const (
	FormDigits Form = iota // characters 0-9
	FormAlnum              // letters and digits
	FormText               // printable characters, no blank
	FormBCD                // two digits a byte, a filler f on the right left out
	FormBytes              // any bytes; the name is their hexadecimal
)

// Registration is a packet outside the protocol with the name of the device: Before, a name of Min to Max bytes,
// After.  A name of varying size ends at After, else at a byte that cannot belong to it, else when nothing follows
// for half a second.
type Registration struct {
	Form          Form
	Min, Max      int // bytes of the name, 1 to MaxRegistrationBytes
	Before, After []byte
	Repeat        bool // it may come again at any time, such as before every packet
}

// MaxRegistrationBytes is the longest name.
const MaxRegistrationBytes = 64

// Registered is a registration that was found.
type Registered struct {
	Before   int    // it came before this frame of the batch
	Skipped  int    // behind so many stretches of its noise
	Identity []byte // the name; valid as long as the frames
}

// match says what data begins with; n bytes and the name when it is whole.  When final is true no more bytes come.
func (r *Registration) match(data []byte, final bool) (n int, name []byte, v verdict) {
	k := min(len(data), len(r.Before))
	if !bytes.Equal(data[:k], r.Before[:k]) {
		return 0, nil, refused
	}
	if k < len(r.Before) {
		return 0, nil, begun
	}
	body := data[k:]
	if len(r.After) > 0 {
		if r.Form == FormBytes && r.Min == r.Max { // the bytes of the end may stand in the name
			n = min(r.Max, len(body))
		} else {
			n = bytes.Index(body[:min(len(body), r.Max+len(r.After))], r.After)
		}
		if n < 0 { // the end has not come, or is cut in two
			n = r.fits(body)
			if n < len(body) && !bytes.HasPrefix(r.After, body[n:]) || len(body) >= r.Max+len(r.After) {
				return 0, nil, refused
			}
			return 0, nil, begun
		}
		if r.fits(body[:n]) < n {
			return 0, nil, refused
		}
		rest := body[n:]
		a := min(len(rest), len(r.After))
		switch {
		case !bytes.Equal(rest[:a], r.After[:a]):
			return 0, nil, refused
		case a < len(r.After):
			return 0, nil, begun
		case n < r.Min:
			return 0, nil, refused
		}
		return k + n + a, body[:n], whole
	}
	n = r.fits(body[:min(len(body), r.Max)])
	switch {
	case n == r.Max, n >= r.Min && (n < len(body) || final):
		return k + n, body[:n], whole
	case n < len(body), final:
		return 0, nil, refused
	}
	return 0, nil, begun
}

// verdict on what data begins with.
type verdict uint8

const (
	refused verdict = iota
	begun           // more bytes are needed
	whole
)

// fits counts the bytes that can belong to a name.
func (r *Registration) fits(data []byte) int {
	for i, b := range data {
		if !r.Form.has(b) {
			return i
		}
	}
	return len(data)
}

func (f Form) has(b byte) bool {
	switch f {
	case FormDigits:
		return b >= '0' && b <= '9'
	case FormAlnum:
		return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z'
	case FormText:
		return b > ' ' && b < 0x7f
	case FormBCD:
		return b>>4 <= 9 && (b&15 <= 9 || b&15 == 15) || b == 0xff
	}
	return true
}

// identity is the name as text.
func (r *Registration) identity(name []byte) []byte {
	switch r.Form {
	case FormBCD:
		return bytes.TrimRight(hex.AppendEncode(nil, name), "f")
	case FormBytes:
		return hex.AppendEncode(nil, name)
	}
	return name
}

// isText says whether data is what people could read.
func isText(data []byte) bool {
	for _, b := range data {
		if (b < ' ' || b > '~') && b != '\r' && b != '\n' && b != '\t' {
			return false
		}
	}
	return len(data) > 0
}

// cutAside is what the search for asides found.
type cutAside struct {
	noise int // bytes before it that are none, and no frame
	n     int // bytes taken; 0: none is here
	wait  bool
	life  bool // a heartbeat
}

// aside looks at data, where a frame could begin.
func (c *Conn) aside(f *framing, b *Batch, data []byte, mode cutMode) cutAside {
	a := c.listener.options.Aside
	r := a.Registration
	if r != nil && !c.scanner && (r.Repeat || !c.registered) {
		if found := c.registration(b, r, data, mode); found != (cutAside{}) {
			return found
		}
	}
	n := 0
	for _, beat := range a.HeartbeatBytes {
		switch {
		case len(beat) > n && bytes.HasPrefix(data, beat):
			n = len(beat)
		case n == 0 && mode.waits() && len(data) < len(beat) && bytes.HasPrefix(beat, data):
			n = -1
		}
	}
	if n == 0 && r != nil && !c.scanner && c.unnamed(b) {
		if found := c.search(f, b, r, data, mode); found != (cutAside{}) {
			return found
		}
	}
	if n == 0 && (a.HeartbeatText == 0 || !isText(data[:1])) {
		return cutAside{}
	}
	advance, token, err := f.Cutter.Next(b, data, mode.around())
	noise := advance - len(token)
	switch {
	case err != nil || token != nil && noise == 0: // a frame, or for cut to complain of
		return cutAside{}
	case n < 0, advance == 0 && mode.waits() && len(data) < f.MaxFrameBytes:
		return cutAside{wait: true}
	case n == 0 && noise <= a.HeartbeatText && noise <= len(data) && isText(data[:noise]):
		n = noise
	}
	return cutAside{n: n, life: n > 0}
}
