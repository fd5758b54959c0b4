package explain

import (
	"trama/codec"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
)

// A trace explains bytes: what stands where, whether each checksum is right, where and why the frame is refused.
// How the trace is shown is not the business of this package.  Tracing allocates freely, and is for people.

// Outcome is what a profile makes of some bytes.
type Outcome uint8

const (
	Refused    Outcome = iota // no frame, or a damaged one
	Incomplete                // the beginning of a frame, of which more is to come
	Accepted                  // a frame that Decode accepts, or a protected one that was opened and is one
	Closed                    // a protected frame that was not opened
)

var outcomeNames = [...]string{"refused", "incomplete", "accepted", "protected"}

func (o Outcome) String() string { return outcomeNames[o] }

// Trace is what a profile makes of the bytes of one frame.
type Trace struct {
	Raw       []byte
	Outcome   Outcome
	Message   *field.Message    // nil when the bytes did not say
	Kind      string            // name of the kind of frame; empty where there is one only
	Direction field.Direction   // Any when neither the caller nor the definition says
	Spans     []Span            // in the order of the wire
	Checks    []*Check          // every checksum that was looked at
	Fault     *field.FieldError // Refused and Closed: what is wrong, at which byte on the wire
	Kept      bool              // Refused, and a gateway keeps it as unreadable: its marks, length and checksum are right
	Missing   int               // Incomplete: so many bytes are still to come, or more
	Exact     bool              // Incomplete: Missing is how many

	Protected *Protected // nil: the frame came plain

	Also []*field.Message // Accepted, and the caller does not know the direction: messages that the bytes could be as well

	frame  frame.Frame
	score  score
	sized  bool // Refused: Raw ends where the frame says that it ends
	marked bool // few bytes can begin such a frame
}

// Span is a stretch of the frame.  The spans that own bytes cover each byte of Trace.Raw exactly once; groups, lists,
// parts of bits and computed values own none.
type Span struct {
	Kind  SpanKind
	Off   int // first byte, from the start of the frame, on the wire
	Len   int // bytes on the wire, escapes included; for a group or a list those of everything inside
	Depth int // groups and lists around it
	Path  string
	Index int          // number of the element in its list, from 0; -1: no element
	Field *field.Field // nil where the definition has no field: marks, unread bytes
	Item  frame.Item   // the value; of a SpanField alone
	Point string       // of an accepted frame to the server: what the value is one of; empty where it is the key of the field
	Plain []byte       // what the bytes stand for, when that is something else: escapes, transformed regions
	Check *Check       // of a SpanSum, and of a SpanField that is a checksum
	Wrong error        // of a SpanFault, or of a tag: what is wrong

	Text, About string // of a SpanClear
}

// SpanKind says what a span is.
type SpanKind uint8

const (
	SpanField     SpanKind = iota // a field, with or without bytes
	SpanContinued                 // more bytes of a field that block checksums interrupt
	SpanGroup                     // a group, a list or an element: it owns no bytes
	SpanMark                      // delimiters, separators and texts before a field
	SpanSum                       // the checksum of a block
	SpanFault                     // the field at which the frame is refused; it may own no bytes
	SpanPartial                   // the first bytes of a field that has not come whole
	SpanUnread                    // bytes that were not read because of a fault before them
	SpanClear                     // a part of a protected frame: Text is its value, About what it means
)

var spanNames = [...]string{"field", "continued", "group", "mark", "block-checksum", "fault", "partial", "unread", "clear"}

func (k SpanKind) String() string { return spanNames[k] }

// Owns says that the bytes of the span are its own.
func (s *Span) Owns() bool { return s.Kind != SpanGroup && s.Len > 0 }

// Check is the verdict on one checksum.
type Check struct {
	Algorithm string
	From, To  int // the bytes it covers on the wire: from, up to but without to
	Found     uint64
	Computed  uint64
	Digits    int // hexadecimal digits that it has

	key string // of its field
	at  int    // where it stands on the wire
}

// OK says that the bytes hold what was computed.
func (c *Check) OK() bool { return c.Found == c.Computed }

// score says how far a walk came; the better of two is the greater.
type score struct {
	class int
	named int // accepted: 2 when its message names the command, 1 for a range of commands, 0 for all others
	sums  int // right checksums
	read  int // bytes that were read before the fault
}

// Classes of a score.
const (
	classRefused = iota
	classIncomplete
	classDamaged // nothing is wrong but checksums
	classAccepted
)

func (s score) less(t score) bool {
	if s.class != t.class {
		return s.class < t.class
	}
	if s.class == classAccepted {
		return s.named < t.named // Decode takes the first
	}
	if s.sums != t.sums {
		return s.sums < t.sums
	}
	return s.read < t.read
}

// Frame explains the bytes of one frame.  The trace of a frame that Decode accepts is Accepted, that of bytes that
// may still become a frame Incomplete, that of all others Refused.
func Frame(p *codec.Profile, d field.Direction, raw []byte) *Trace {
	t := explain(p.Program(), d, raw, false)
	if t.Outcome == Refused {
		if c := closed(p.Program(), d, raw); c != nil && len(c.Raw) == len(raw) {
			return c
		}
	}
	t.keep(p, d)
	return t
}

// keep finds whether a gateway keeps the refused frame.
func (t *Trace) keep(p *codec.Profile, d field.Direction) {
	if t.Outcome == Refused && d != field.Downlink {
		var f frame.Frame
		_, found := p.Next(field.Uplink, t.Raw, 0, &f)
		t.Kept = found && f.Unreadable() != nil && len(f.Raw()) == len(t.Raw)
	}
}

// HasChecks says whether every checksum of the frame is right, and that there is one.
func (t *Trace) HasChecks() bool {
	for _, c := range t.Checks {
		if !c.OK() {
			return false
		}
	}
	return len(t.Checks) > 0
}

// Whole says whether the bytes say that the frame ends where Raw does.
func (t *Trace) Whole() bool { return t.Outcome == Accepted || t.sized }

// Frame is the decoded frame, which belongs to the trace; nil unless that is Accepted.
func (t *Trace) Frame() *frame.Frame {
	if t.Outcome != Accepted {
		return nil
	}
	if t.Protected != nil {
		return t.Protected.Plain.Frame()
	}
	return &t.frame
}
