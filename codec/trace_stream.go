package codec

// Piece is a part of a stream.  The pieces of a stream account for each of its bytes, in order.
type Piece struct {
	Off, Len int
	Trace    *Trace // nil: noise, in which no frame begins
}

// TraceStream cuts a stream as the Splitter does and explains its pieces: frames, the beginning of one at the end, and
// what the Splitter passes over.  There it looks for damaged frames; what is none is noise.
func (p *Profile) TraceStream(d Direction, data []byte) []Piece {
	s := &streamTracer{p: p, d: d, data: data}
	split := p.Splitter(d)
	for s.at < len(data) {
		rest := data[s.at:]
		advance, token, _ := split(rest, false)
		if token == nil && advance == 0 {
			if advance, token, _ = split(rest, true); token == nil || !s.convincing(token) {
				s.tail()
				break
			}
		}
		if token == nil {
			s.skipped(s.at+advance, len(data))
			continue
		}
		s.skipped(s.at+advance-len(token), s.at+advance-len(token))
		s.add(len(token), p.Trace(d, token))
	}
	if len(s.pieces) == 1 && s.pieces[0].Trace == nil { // nothing at all: then say why the first byte begins no frame
		s.pieces[0].Trace = p.Trace(d, data)
	}
	return s.pieces
}

type streamTracer struct {
	p      *Profile
	d      Direction
	data   []byte
	at     int // every byte before it is in a piece
	pieces []Piece
}

func (s *streamTracer) add(n int, t *Trace) {
	if n > 0 {
		s.pieces = append(s.pieces, Piece{s.at, n, t})
		s.at += n
	}
}

// convincing says that a frame inside what may be another frame is one: by its checksum, or by its size where there is
// none.
func (s *streamTracer) convincing(token []byte) bool {
	const enough = 8
	if s.p.HasChecksum() {
		return s.p.Trace(s.d, token).HasChecks()
	}
	return len(token) >= enough
}

// tail explains what is left: a frame of which more is to come, or a damaged one.
func (s *streamTracer) tail() {
	rest := s.data[s.at:]
	s.add(len(rest), s.p.Trace(s.d, rest))
}

// skipped explains the bytes up to end, in which the Splitter found no frame.  A damaged frame that begins there may go
// on up to limit: its last bytes can look like the beginning of the next one.
func (s *streamTracer) skipped(end, limit int) {
	for at := s.at; at < end; at++ {
		if !s.begins(at) {
			continue
		}
		t := s.p.trace(s.d, s.data[at:limit], true)
		n := len(t.Raw)
		switch {
		case t.Outcome != Refused || !t.sized || at > s.at && !t.marked && at+n < end:
			continue
		case at+n > end && (t.score.class != classDamaged || s.hides(at, at+n)):
			continue
		}
		s.add(at-s.at, nil)
		s.add(n, t)
		at = s.at - 1
	}
	if end > s.at {
		s.add(end-s.at, nil)
	}
}

// hides says that a frame stands inside bytes that look like a damaged one.
func (s *streamTracer) hides(from, to int) bool {
	_, token, _ := s.p.Splitter(s.d)(s.data[from+1:to], true)
	return token != nil && s.convincing(token)
}

// begins says whether a frame can begin with the byte at a place.
func (s *streamTracer) begins(at int) bool {
	if s.p.grammar == nil {
		return s.p.first.has(s.data[at])
	}
	for _, f := range s.p.grammar.families {
		if f.first.has(s.data[at]) {
			return true
		}
	}
	return false
}
