package explain

import (
	"trama/codec"
	"trama/codec/internal/decode"
	"trama/codec/internal/field"
)

// Piece is a part of a stream.  The pieces of a stream account for each of its bytes, in order; a frame that shares its
// mark with the one before begins there.
type Piece struct {
	Off, Len int
	Trace    *Trace // nil: noise, in which no frame begins
}

// Stream cuts a stream as the Splitter does and explains its pieces: frames, the beginning of one at the end,
// and what the Splitter passes over.  There it looks for damaged frames; what is none is noise.
func Stream(p *codec.Profile, d field.Direction, data []byte, hints ...codec.Around) []Piece {
	s := &streamTracer{p: p, d: d, data: data}
	if l := p.Security(); l != nil && l.Is(data) { // of suites 10 and 11 too, which hints must name in a stream
		s.add(len(data), Frame(p, d, data))
		return s.pieces
	}
	split := p.Splitter(d, hints...)
	for s.at < len(data) {
		if s.shares() {
			continue
		}
		rest := data[s.at:]
		advance, token, _ := split(rest, false)
		if token == nil && advance == 0 {
			if advance, token, _ = split(rest, true); token == nil || advance > len(token) && !s.convincing(token) {
				s.tail()
				break
			}
		}
		if token == nil {
			s.skipped(s.at+advance, len(data))
			continue
		}
		start := s.at + advance - len(token)
		found := Frame(p, d, token)
		if !found.HasChecks() {
			if at, t := s.over(start); t != nil {
				s.skipped(at, at)
				s.add(len(t.Raw), t)
				continue
			}
		}
		s.skipped(start, start)
		s.add(len(token), found)
	}
	s.reconsider()
	return s.pieces
}

type streamTracer struct {
	p      *codec.Profile
	d      field.Direction
	data   []byte
	at     int             // every byte before it is in a piece
	way    field.Direction // of the last frame
	pieces []Piece
}

func (s *streamTracer) add(n int, t *Trace) {
	if t != nil && t.Outcome == Accepted {
		s.way = t.Direction
	}
	if t != nil {
		t.keep(s.p, s.d)
	}
	if n > 0 {
		s.pieces = append(s.pieces, Piece{s.at, n, t})
		s.at += n
	}
}

// shares takes a frame that begins with the mark at the end of the frame before.
func (s *streamTracer) shares() bool {
	if k := len(s.pieces); !s.p.Program().Shares || k == 0 || s.pieces[k-1].Trace == nil || s.pieces[k-1].Trace.Outcome != Accepted {
		return false
	}
	lead, n := decode.Next(s.p.Program(), s.d, s.data[s.at:], decode.Behind, nil)
	if lead < 0 {
		s.at += lead
		s.add(n, Frame(s.p, s.d, s.data[s.at:s.at+n]))
	}
	return lead < 0
}

// over is a refused frame with a right checksum that begins before a place and goes on behind it: what begins at the
// place, and has no checksum, are bytes of it.
func (s *streamTracer) over(place int) (at int, t *Trace) {
	ways := []field.Direction{s.d}
	if s.d == field.Any {
		ways = []field.Direction{field.Uplink, field.Downlink}
	}
	for at := s.at; at < place; at++ {
		for _, way := range ways {
			if !s.begins(at) {
				continue
			}
			if t := explain(s.p.Program(), way, s.data[at:], true); t.Outcome == Refused && t.sized && t.HasChecks() &&
				at+len(t.Raw) > place {
				return at, t
			}
		}
	}
	return 0, nil
}

// convincing says that a frame inside what may be another frame is one: by its checksum, or by its size where there is
// none.
func (s *streamTracer) convincing(token []byte) bool {
	const enough = 8
	if s.p.HasChecksum() {
		return Frame(s.p, s.d, token).HasChecks()
	}
	return len(token) >= enough
}

// tail explains what is left: a frame of which more is to come, or a damaged one.
func (s *streamTracer) tail() {
	rest := s.data[s.at:]
	t := Frame(s.p, s.d, rest)
	if s.d == field.Any && s.way != field.Any {
		if same := Frame(s.p, s.way, rest); same.score.class >= t.score.class {
			t = same
		}
	}
	s.add(len(rest), t)
}

// skipped explains the bytes up to end, in which the Splitter found no frame.  A damaged frame that begins there may go
// on up to limit: its last bytes can look like the beginning of the next one.
func (s *streamTracer) skipped(end, limit int) {
	for at := s.at; at < end; at++ {
		if !s.begins(at) {
			continue
		}
		t := s.damaged(at, end, limit)
		if t == nil {
			continue
		}
		s.add(at-s.at, nil)
		s.add(len(t.Raw), t)
		at = s.at - 1
	}
	s.add(end-s.at, nil)
}

// damaged is the refused frame that begins at a place, when it says where it ends; of several, one behind which a frame
// begins.
func (s *streamTracer) damaged(at, end, limit int) (best *Trace) {
	ways := []field.Direction{s.d}
	if s.d == field.Any {
		ways = []field.Direction{field.Uplink, field.Downlink}
		if s.way == field.Downlink {
			ways = []field.Direction{field.Downlink, field.Uplink}
		}
	}
	fits := false
	for _, way := range ways {
		t := explain(s.p.Program(), way, s.data[at:limit], true)
		next := at + len(t.Raw)
		switch {
		case t.Outcome != Refused || !t.sized || at > s.at && !t.marked && next < end:
			continue
		case next > end && (t.score.class != classDamaged || s.hides(at, next)):
			continue
		}
		follows := next == limit || next == len(s.data)
		if !follows {
			advance, token, _ := s.p.Splitter(s.d)(s.data[next:], false)
			follows = advance == len(token)
		}
		if best == nil || best.score.class < t.score.class || follows && !fits && best.score.class == t.score.class {
			best, fits = t, follows
		}
	}
	return best
}

// reconsider looks again at what is left behind the last frame.  When nothing in it is one, the reader wants to know
// why its first byte begins none, and not what could begin with its last.
func (s *streamTracer) reconsider() {
	from := len(s.pieces)
	for from > 0 && (s.pieces[from-1].Trace == nil || s.pieces[from-1].Trace.Outcome == Incomplete) {
		from--
	}
	if from == len(s.pieces) || s.pieces[from].Trace != nil {
		return
	}
	start := s.pieces[from].Off
	t := Frame(s.p, s.d, s.data[start:])
	if last := s.pieces[len(s.pieces)-1].Trace; last != nil && last.score.read >= t.score.read || t.score.read == 0 &&
		start > 0 {
		return
	}
	s.pieces, s.at = s.pieces[:from], start
	s.add(len(s.data)-start, t)
}

// hides says that a frame stands inside bytes that look like a damaged one.
func (s *streamTracer) hides(from, to int) bool {
	_, token, _ := s.p.Splitter(s.d)(s.data[from+1:to], true)
	return token != nil && s.convincing(token)
}

// begins says whether a frame can begin with the byte at a place.
func (s *streamTracer) begins(at int) bool {
	for _, f := range s.p.Program().Kinds {
		if f.First.Has(s.data[at]) {
			return true
		}
	}
	return false
}
