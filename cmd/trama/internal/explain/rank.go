package explain

import (
	"cmp"
	"slices"

	"trama/codec"
	"trama/codec/explain"
)

// Class says how well a profile fits bytes; the greater the better.
type Class int

const (
	Foreign  Class = iota // nothing fits
	Partial               // some of it fits
	Fits                  // every byte is in an accepted frame
	Verified              // and every frame is verified by its checksum
)

var classNames = [...]string{"does not fit", "fits partially", "fits, without a checksum", "fits, verified by checksum"}

func (c Class) String() string { return classNames[c] }

// Candidate is what one profile makes of bytes in one direction.
type Candidate struct {
	Profile   *codec.Profile
	Direction codec.Direction // Any: both ways give the same
	Class     Class
	Accepted  int // bytes in accepted frames
	Verified  int // bytes in frames verified by a checksum
	Pieces    []explain.Piece

	read int // bytes that were read as fields
}

// Rank tries the profiles in both directions.  The best stand first; those that fit equally well keep their order.
func Rank(profiles []*codec.Profile, directions []codec.Direction, data []byte) []Candidate {
	var out []Candidate
	for _, p := range profiles {
		var of []Candidate
		for _, d := range directions {
			c := judge(p, d, data)
			if len(of) > 0 && same(of[0], c) {
				of[0].Direction = codec.Any
				continue
			}
			of = append(of, c)
		}
		out = append(out, of...)
	}
	slices.SortStableFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Class, a.Class), cmp.Compare(b.Verified, a.Verified), cmp.Compare(b.read, a.read),
			cmp.Compare(b.Accepted, a.Accepted))
	})
	return out
}

func judge(p *codec.Profile, d codec.Direction, data []byte) Candidate {
	c := Candidate{Profile: p, Direction: d, Pieces: explain.Stream(p, d, data)}
	right := 0
	for _, piece := range c.Pieces {
		t := piece.Trace
		if t == nil {
			continue
		}
		for _, check := range t.Checks {
			if check.OK() {
				right++
			}
		}
		for i := range t.Spans {
			if s := &t.Spans[i]; s.Owns() && s.Kind != explain.SpanUnread && s.Kind != explain.SpanFault {
				c.read += s.Len
			}
		}
		if t.Outcome == explain.Accepted || t.Outcome == explain.Closed {
			c.Accepted += piece.Len
			if t.HasChecks() || t.Protected != nil && t.Protected.Head.Suite.TagBits() != 24 { // which has a CRC
				c.Verified += piece.Len
			}
		}
	}
	switch {
	case c.Verified == len(data):
		c.Class = Verified
	case c.Accepted == len(data):
		c.Class = Fits
	case right > 0 || c.read*2 > len(data):
		c.Class = Partial
	}
	return c
}

// same says that both directions give the same messages.
func same(a, b Candidate) bool {
	return a.Class == b.Class && slices.EqualFunc(a.Pieces, b.Pieces, func(a, b explain.Piece) bool {
		if a.Off != b.Off || a.Len != b.Len || (a.Trace == nil) != (b.Trace == nil) {
			return false
		}
		return a.Trace == nil || a.Trace.Outcome == b.Trace.Outcome && a.Trace.Message == b.Trace.Message &&
			a.Trace.Kind == b.Trace.Kind
	})
}

// Equals are the candidates that fit as well as the first.
func Equals(all []Candidate) []Candidate {
	n := 0
	for n < len(all) && all[n].Class == all[0].Class {
		n++
	}
	return all[:n]
}

// Messages names the frames of a candidate, each once.
func (c *Candidate) Messages() (names []string) {
	for _, p := range c.Pieces {
		if t := p.Trace; t != nil && t.Message != nil && !slices.Contains(names, t.Message.Name) {
			names = append(names, t.Message.Name)
		}
	}
	return names
}
