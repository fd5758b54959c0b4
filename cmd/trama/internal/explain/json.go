package explain

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"trama/codec"
	"trama/codec/explain"
	"trama/codec/protect"
)

// Report is an explanation as JSON.
type Report struct {
	Profile    string        `json:"profile"`
	Direction  string        `json:"direction"`
	Bytes      int           `json:"bytes"`
	Candidates []CandidateIs `json:"candidates,omitempty"` // when no profile was named
	Pieces     []PieceIs     `json:"pieces"`
}

// CandidateIs is a profile that was tried.
type CandidateIs struct {
	Profile   string   `json:"profile"`
	Direction string   `json:"direction"`
	Verdict   string   `json:"verdict"`
	Accepted  int      `json:"accepted_bytes"`
	Verified  int      `json:"verified_bytes"`
	Messages  []string `json:"messages,omitempty"`
}

// PieceIs is one part of the input.
type PieceIs struct {
	Offset    int       `json:"offset"`
	Length    int       `json:"length"`
	Kind      string    `json:"kind"` // frame, refused, incomplete or noise
	Message   string    `json:"message,omitempty"`
	Direction string    `json:"direction,omitempty"`
	Also      []string  `json:"also,omitempty"` // messages that the bytes could be as well
	Missing   int       `json:"missing,omitempty"`
	Exact     bool      `json:"exact,omitempty"`
	Fault     *FaultIs  `json:"fault,omitempty"`
	Kept      bool      `json:"kept,omitempty"` // by a gateway, as unreadable
	Checks    []CheckIs `json:"checksums,omitempty"`
	Spans     []SpanIs  `json:"spans,omitempty"`

	Protected *ProtectedIs `json:"protected,omitempty"`
}

// ProtectedIs is what a protected frame came under; Plain, the frame that it was, is there once a key has opened it.
type ProtectedIs struct {
	Suite     string   `json:"suite"`
	Serial    string   `json:"serial"`
	From      string   `json:"from,omitempty"`
	Epoch     uint8    `json:"epoch"`
	Counter   uint32   `json:"counter"`
	Reference string   `json:"reference,omitempty"`
	Plain     string   `json:"plain,omitempty"`
	Spans     []SpanIs `json:"spans,omitempty"` // of the plain frame
}

func protectedOf(of *explain.Protected) *ProtectedIs {
	h := of.Head
	out := &ProtectedIs{Suite: h.Suite.String(), Serial: h.Digits(), Epoch: h.Epoch, Counter: h.Counter}
	if of.Opened != nil || h.Suite.SaysWay() {
		out.From = Sender(h)
	}
	if of.Opened != nil {
		out.Reference, out.Plain = hex.EncodeToString(of.Opened.Reference), hex.EncodeToString(of.Opened.Plain)
		for i := range of.Plain.Spans {
			out.Spans = append(out.Spans, spanOf(&of.Plain.Spans[i], of.Plain.Raw, 0))
		}
	}
	return out
}

// Sender says who sent a protected frame.
func Sender(h protect.Head) string {
	if h.Server {
		return codec.Server.String()
	}
	return codec.Master.String()
}

// FaultIs is why a frame is refused.
type FaultIs struct {
	Offset int    `json:"offset"` // from the start of the input
	Field  string `json:"field,omitempty"`
	Error  string `json:"error"`
}

// CheckIs is the verdict on a checksum.
type CheckIs struct {
	Algorithm string `json:"algorithm"`
	From      int    `json:"from"` // from the start of the input
	To        int    `json:"to"`   // the last byte it covers
	Found     string `json:"found"`
	Computed  string `json:"computed"`
	OK        bool   `json:"ok"`
}

// SpanIs is a stretch of bytes and what stands there.
type SpanIs struct {
	Offset  int      `json:"offset"` // from the start of the input
	Length  int      `json:"length"`
	Bytes   string   `json:"bytes,omitempty"`
	Kind    string   `json:"kind"`
	Owns    bool     `json:"owns"` // the bytes belong to this span and to no other
	Path    string   `json:"path,omitempty"`
	Point   string   `json:"point,omitempty"` // what the value is one of, where that is not the key of the field
	Depth   int      `json:"depth"`
	Bits    []int    `json:"bits,omitempty"` // highest and lowest
	Width   int      `json:"size_bits,omitempty"`
	Value   string   `json:"value,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Label   string   `json:"label,omitempty"`
	Title   string   `json:"title,omitempty"`
	Missing bool     `json:"missing,omitempty"`
	Suspect bool     `json:"suspect,omitempty"`
	Plain   string   `json:"plain,omitempty"`
	Check   *CheckIs `json:"checksum,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// NewReport is the explanation of data by one profile; candidates may be nil.
func NewReport(p *codec.Profile, d codec.Direction, data []byte, pieces []explain.Piece, candidates []Candidate) Report {
	r := Report{Profile: p.Name(), Direction: d.String(), Bytes: len(data), Pieces: []PieceIs{}}
	for i := range candidates {
		c := &candidates[i]
		r.Candidates = append(r.Candidates, CandidateIs{c.Profile.Name(), c.Direction.String(), c.Class.String(),
			c.Accepted, c.Verified, c.Messages()})
	}
	for _, piece := range pieces {
		r.Pieces = append(r.Pieces, pieceOf(piece, data))
	}
	return r
}

// Write writes the report, indented.
func (r Report) Write(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

func pieceOf(piece explain.Piece, data []byte) PieceIs {
	out := PieceIs{Offset: piece.Off, Length: piece.Len, Kind: "noise"}
	t := piece.Trace
	if t == nil {
		out.Spans = []SpanIs{{Offset: piece.Off, Length: piece.Len, Kind: "noise", Owns: true,
			Bytes: hex.EncodeToString(data[piece.Off : piece.Off+piece.Len])}}
		return out
	}
	out.Kind, out.Direction = t.Outcome.String(), t.Direction.String()
	if t.Protected != nil {
		out.Protected = protectedOf(t.Protected)
	}
	switch t.Outcome {
	case explain.Closed:
	case explain.Accepted:
		out.Kind = "frame"
	case explain.Incomplete:
		out.Missing, out.Exact = t.Missing, t.Exact
	default:
		out.Kept = t.Kept
		out.Fault = &FaultIs{piece.Off + t.Fault.Offset, t.Fault.Field, t.Fault.Err.Error()}
	}
	if t.Message != nil {
		out.Message = t.Message.Name
	}
	for _, m := range t.Also {
		out.Also = append(out.Also, m.Name)
	}
	for _, c := range t.Checks {
		out.Checks = append(out.Checks, checkOf(c, piece.Off))
	}
	for i := range t.Spans {
		out.Spans = append(out.Spans, spanOf(&t.Spans[i], t.Raw, piece.Off))
	}
	return out
}

func checkOf(c *explain.Check, base int) CheckIs {
	digits := func(v uint64) string { return fmt.Sprintf("%0*x", c.Digits, v) }
	return CheckIs{c.Algorithm, base + c.From, base + c.To - 1, digits(c.Found), digits(c.Computed), c.OK()}
}

func spanOf(s *explain.Span, raw []byte, base int) SpanIs {
	out := SpanIs{Offset: base + s.Off, Length: s.Len, Kind: s.Kind.String(), Owns: s.Owns(), Path: s.Path, Point: s.Point,
		Depth: s.Depth, Plain: hex.EncodeToString(s.Plain)}
	if s.Owns() {
		out.Bytes = hex.EncodeToString(raw[s.Off : s.Off+s.Len])
	}
	if s.Field != nil {
		out.Title = s.Field.Title
	}
	if s.Kind == explain.SpanField {
		out.Value, out.Unit, out.Label = number(s.Item), s.Field.Unit, s.Item.Label()
		out.Missing, out.Suspect = s.Item.Missing(), s.Item.Suspect()
		if out.Missing {
			out.Value = ""
		}
		if hi, lo, ok := s.Item.Bits(); ok {
			out.Bits = []int{hi, lo}
		}
		out.Width = s.Item.SizeBits()
	}
	if s.Kind == explain.SpanClear {
		out.Value, out.Title = s.Text, s.About
	}
	if s.Check != nil {
		c := checkOf(s.Check, base)
		out.Check = &c
	}
	if s.Wrong != nil {
		out.Error = s.Wrong.Error()
	}
	return out
}
