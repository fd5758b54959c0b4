package connection

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"trama/codec"
	"trama/codec/explain"
)

// Stretch is bytes that were refused in one piece: noise between frames, the beginning of a frame whose rest did not
// come, or a whole frame that was not taken in.
type Stretch struct {
	At         time.Time `json:"at"` // when its last bytes came
	Listener   string    `json:"listener"`
	Connection uint64    `json:"connection"`
	Remote     string    `json:"remote"`
	Master     string    `json:"master,omitempty"` // the only one that was identified on the connection
	Profile    string    `json:"profile"`          // by which they were refused
	Length     int       `json:"length"`           // bytes
	Bytes      string    `json:"bytes"`            // hex, the first 256 of them
	Reason     string    `json:"reason"`
	// what is wrong with the best candidate for a frame, and at which of the bytes; -1: with none of them
	Detail string `json:"detail,omitempty"`
	Place  int    `json:"place"`

	Times int       `json:"times,omitempty"` // 2 and more: so many frames of the peer were refused like this one, the last
	First time.Time `json:"first,omitzero"`  // when the first one of them came
}

// Reasons of a Stretch, beside those that frames are rejected with.
const (
	ReasonNoise    = "no frame" // no candidate, or none that is whole
	reasonChecksum = "wrong checksum"
	reasonContent  = "wrong content" // a whole frame by its marks and length
	reasonTooLong  = "too large"
	reasonPartial  = "incomplete"
	reasonUnjudged = "not looked at" // there was too much noise to look at all of it
)

// Bounds on what is kept of stretches.
const (
	stretchBytes  = 256 // of each
	stretchesKept = 200 // of a listener
	judgedBytes   = 1024
)

// convincing is how many bytes must fit for the rest to be that of a frame with a fault.
const convincing = 8

// stretch is a Stretch in the book.
type stretch struct {
	Stretch
	raw   []byte         // the first bytes, and of a damaged frame those that were not skipped
	end   uint64         // the byte of the connection behind it
	came  uint64         // the byte behind all that had come with it
	by    *codec.Profile // that refused it; nil: Reason says why
	long  bool
	known bool // Reason, Detail and Place are those of raw
	kind  kind // of a whole frame
}

// kind is what frames that are refused alike have in common.
type kind struct{ profile, host, master, reason, detail string }

// StretchBook remembers the last stretches of a listener.
type StretchBook struct {
	mu  sync.Mutex // guards all and the stretches in it
	all []*stretch // the oldest first
	of  map[kind]*stretch
}

// add takes in a stretch, in the place of a frame that was refused likewise, or of the oldest.
func (b *StretchBook) add(s *stretch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	oldest := 0
	if s.whole() {
		host := s.Remote[:max(strings.LastIndexByte(s.Remote, ':'), 0)]
		s.kind = kind{s.Profile, host, s.Master, s.Reason, s.Detail}
		if old := b.of[s.kind]; old != nil {
			s.Times, s.First = max(old.Times, 1)+1, old.First
			if s.First.IsZero() {
				s.First = old.At
			}
			oldest = slices.Index(b.all, old)
		}
	}
	if s.Times > 0 || len(b.all) == stretchesKept {
		delete(b.of, b.all[oldest].kind)
		b.all = slices.Delete(b.all, oldest, oldest+1)
	}
	b.all = append(b.all, s)
	if s.kind != (kind{}) {
		if b.of == nil {
			b.of = map[kind]*stretch{}
		}
		b.of[s.kind] = s
	}
}

// extend joins noise to the noise that it follows at once; false when s is something else.
func (b *StretchBook) extend(s, by *stretch) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s == nil || s.end != by.end-uint64(by.Length) || s.by != by.by || s.whole() || by.whole() {
		return false
	}
	if room := stretchBytes - s.Length; room > 0 {
		s.raw = append(s.raw[:min(s.Length, len(s.raw))], by.raw[:min(room, len(by.raw))]...)
		s.known = false
	}
	s.Length, s.end, s.came, s.At, s.long = s.Length+by.Length, by.end, by.came, by.At, s.long || by.long
	return true
}

// lengthen adds n bytes to a stretch that were taken for none of it at first; the front of them is known.
func (b *StretchBook) lengthen(s *stretch, front []byte, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Length <= len(s.raw) && s.Length+len(front) > len(s.raw) {
		s.raw = append(s.raw[:s.Length], front[:min(len(front), stretchBytes-s.Length)]...)
	}
	s.Length, s.end = s.Length+n, s.end+uint64(n)
}

// holds is how many of the first bytes of next, few enough to mean nothing, came with s, the refused frame that they
// follow at once.  s may be nil.
func (s *stretch) holds(next *stretch, start uint64) int {
	if s == nil || s.end != start || s.came <= start || s.came > start+convincing || s.by != next.by || !s.whole() ||
		!next.known || next.long {
		return 0
	}
	return min(next.Length, int(s.came-start))
}

// rejected says why the newest frame that a connection brought whole was not taken in; "" when none is known.
func (b *StretchBook) rejected(connection uint64) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range slices.Backward(b.all) {
		if s.by != nil || s.Connection != connection {
			continue
		}
		if s.Detail == "" {
			return s.Reason
		}
		return s.Reason + ": " + s.Detail
	}
	return ""
}

// List returns the stretches, the oldest first.
func (b *StretchBook) List() []Stretch {
	b.mu.Lock()
	all := make([]stretch, 0, len(b.all))
	for _, each := range b.all {
		s := *each
		s.raw = slices.Clone(s.raw)
		all = append(all, s)
	}
	b.mu.Unlock()
	out := make([]Stretch, len(all))
	for i := range all {
		s := &all[i]
		if !s.known {
			_, _ = s.judge(s.raw)
		}
		s.Bytes = hex.EncodeToString(s.raw)
		out[i] = s.Stretch
	}
	return out
}

// judge says why the bytes are no frame; raw is all that has come of them and what is behind.  A whole frame that was
// refused stands from one place to another; to is 0 when there is none.
func (s *stretch) judge(raw []byte) (from, to int) {
	s.known, s.Reason, s.Detail, s.Place = true, ReasonNoise, "", -1
	if s.long {
		s.Reason, s.Detail = reasonTooLong, "longer than max_frame_bytes, or than any frame of the profile"
		return 0, 0
	}
	raw = raw[:min(len(raw), judgedBytes)]
	for _, piece := range explain.Stream(s.by, codec.Uplink, raw) {
		t := piece.Trace
		if piece.Off >= s.Length {
			break
		}
		if t == nil || t.Outcome == explain.Accepted {
			continue
		}
		reason := ReasonNoise
		switch {
		case t.Outcome == explain.Incomplete:
			reason = reasonPartial
		case slices.ContainsFunc(t.Checks, func(c *explain.Check) bool { return !c.OK() }):
			reason = reasonChecksum
		case t.Whole() || t.Fault != nil && t.Fault.Offset >= convincing:
			reason = reasonContent
		}
		if rank(reason) <= rank(s.Reason) && s.Place >= 0 {
			continue
		}
		s.Reason, s.Detail, s.Place = reason, fmt.Sprintf("%d bytes or more are missing", t.Missing), piece.Off+piece.Len
		if t.Fault != nil {
			s.Detail, s.Place = t.Fault.Error(), piece.Off+max(t.Fault.Offset, 0)
		}
		from, to = piece.Off, piece.Off+piece.Len
	}
	if s.Reason == reasonPartial && from > 0 { // why the first byte begins no frame says more than what the last one could
		if t := explain.Frame(s.by, codec.Uplink, raw); t.Fault != nil {
			s.Reason, s.Detail, s.Place = ReasonNoise, t.Fault.Error(), max(t.Fault.Offset, 0)
		}
	}
	if !s.whole() {
		return 0, 0
	}
	return from, to
}

// whole says whether the bytes are a whole frame that was refused.
func (s *stretch) whole() bool {
	return s.known && (s.by == nil || rank(s.Reason) >= rank(reasonContent))
}

// rank says how much of a frame the bytes are.
func rank(reason string) int {
	return slices.Index([]string{ReasonNoise, reasonPartial, reasonContent, reasonChecksum}, reason)
}
