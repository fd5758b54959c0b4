package shadow

import (
	"bytes"
	"container/list"

	"trama/actors/profiles"
	"trama/codec"
)

// side is one of the two profiles that are compared.
type side struct {
	profile *codec.Profile
	frame   codec.Frame // the one cut last
	open    func(p *codec.Profile, f *codec.Frame) error
	weak    codec.Around
	login   bool
	decode  func(raw []byte, f *codec.Frame) error
}

func newSide(o *Options, p *codec.Profile) *side {
	return &side{profile: p, login: profiles.HasAnonymous(p), open: o.Open, weak: o.Weak,
		decode: func(raw []byte, f *codec.Frame) error { return p.Decode(codec.Uplink, raw, f) }}
}

// stream is one connection as a shadow sees it.
type stream struct {
	conn  uint64
	next  uint64 // place behind the last chunk; a gap means that one was dropped
	cuts  [2]cutter
	place *list.Element
}

// The two sides.
const (
	current = iota
	candidate
)

// cutter cuts a stream by one profile, as the transport does, however it comes in pieces.
type cutter struct {
	side    *side
	session codec.Session
	behind  bool   // a frame ended where rest begins
	at      uint64 // place of rest in the stream: everything before it is decided
	rest    []byte
	found   []found
}

// found is a frame and where it stands.
type found struct {
	at  uint64
	raw []byte
}

func (c *cutter) feed(data []byte, silent bool) {
	c.rest = append(c.rest, data...)
	used := 0
	for used < len(c.rest) {
		rest, around := c.rest[used:], c.side.weak
		if silent {
			around |= codec.Quiet
		}
		if c.behind {
			around |= codec.Behind
		}
		advance, whole := c.side.profile.Next(codec.Uplink, rest, around, &c.side.frame)
		if advance == 0 {
			if len(rest) < c.side.profile.MaxFrameBytes() {
				break
			}
			advance, whole = c.side.profile.Next(codec.Uplink, rest, codec.Ended|c.side.weak, &c.side.frame)
		}
		used += max(advance, 1)
		f := &c.side.frame
		if c.behind = whole; !whole {
			continue
		}
		at := c.at + uint64(used-len(f.Raw()))
		if f.Closed() && c.side.open(c.side.profile, f) != nil {
			continue // the connection refuses it too, or has a key of its own for it
		}
		if f.Unreadable() == nil {
			c.found = append(c.found, found{at, bytes.Clone(f.Raw())})
		}
	}
	c.at += uint64(used)
	c.rest = append(c.rest[:0], c.rest[used:]...)
}

// streams keeps the connections that were seen lately.
type streams struct {
	by   map[uint64]*stream
	aged list.List // the one seen last in front
}

// of returns the stream of a connection, a fresh one when it is new or a read of it was missed.
func (all *streams) of(sh *Shadow, c *chunk) *stream {
	if all.by == nil {
		all.by = map[uint64]*stream{}
	}
	s := all.by[c.conn]
	switch {
	case s == nil:
		if len(all.by) >= shadowStreams {
			oldest := all.aged.Remove(all.aged.Back()).(*stream)
			delete(all.by, oldest.conn)
		}
		s = &stream{conn: c.conn, next: c.at}
		s.place = all.aged.PushFront(s)
		all.by[c.conn] = s
		for i, side := range []*side{sh.current, sh.candidate} {
			s.cuts[i] = cutter{side: side, at: c.at}
		}
	case s.next != c.at:
		s.next = c.at
		for i := range s.cuts {
			k := &s.cuts[i]
			k.at, k.rest, k.found, k.behind = c.at, k.rest[:0], k.found[:0], false
		}
		fallthrough
	default:
		all.aged.MoveToFront(s.place)
	}
	return s
}

// take cuts one read by both and compares what both have decided.
func (sh *Shadow) take(c *chunk) {
	s := sh.streams.of(sh, c)
	s.next += uint64(len(c.data))
	for i := range s.cuts {
		s.cuts[i].feed(c.data, c.silent)
	}
	a, b := &s.cuts[current], &s.cuts[candidate]
	i, k := 0, 0
	for {
		switch {
		case i < len(a.found) && k < len(b.found):
			switch x, y := a.found[i], b.found[k]; {
			case x.at == y.at && len(x.raw) == len(y.raw):
				sh.both(s, x.raw, c.time)
				i, k = i+1, k+1
			case x.at == y.at:
				sh.cutOtherwise(x.raw, y.raw)
				i, k = i+1, k+1
			case x.at < y.at:
				sh.onlyCurrent(s, x.raw, c.time)
				i++
			default:
				sh.onlyCandidate(y.raw)
				k++
			}
			continue
		case i < len(a.found) && b.at > a.found[i].at:
			sh.onlyCurrent(s, a.found[i].raw, c.time)
			i++
			continue
		case k < len(b.found) && a.at > b.found[k].at:
			sh.onlyCandidate(b.found[k].raw)
			k++
			continue
		}
		break
	}
	a.found = append(a.found[:0], a.found[i:]...)
	b.found = append(b.found[:0], b.found[k:]...)
}
