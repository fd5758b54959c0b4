package explain

import (
	"fmt"
	"slices"

	"trama/codec/internal/decode"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// wire says where the bytes that a walk read stand in the frame.
type wire struct {
	raw     []byte
	content []int // place in raw of each byte of the content, and of the first after it
	regions []tracedBlock
}

func plainWire(raw []byte) wire { return wire{raw: raw} }

// newWire takes the content of a frame, which stands between its marks.
func newWire(f *program.FrameKind, t *tracer, content, raw []byte) wire {
	w := wire{raw: raw, regions: t.blocks}
	c := f.EndMarks
	switch {
	case c == nil:
	case t.closed:
		w.content = f.Places(content, t.inner, raw)
	case t.partial:
		w.content = f.Places(content, len(content), raw)
	default:
		w.content = f.Places(content, max(len(content)-c.Kept-c.Behind, 0), raw)
	}
	return w
}

// place in the frame of a byte of the content.
func (w *wire) place(i int) int {
	if w.content == nil {
		return min(max(i, 0), len(w.raw))
	}
	return w.content[min(max(i, 0), len(w.content)-1)]
}

// stretch is bytes of the frame, from up to but without to.
type stretch struct{ from, to int }

// where is the stretch of a byte that was read at i; an empty one where several bytes stand for several others.
func (w *wire) where(i int) stretch {
	from, to := i, i+1
	for k := len(w.regions) - 1; k >= 0; k-- { // parts inside others come after them
		if r := &w.regions[k]; r.data <= from && from < r.data+r.size {
			from, to = r.wire+(from-r.data)*r.inWire/r.size, r.wire+(to-r.data)*r.inWire/r.size
		}
	}
	return stretch{w.place(from), w.place(to)}
}

// stretches are where size bytes that were read at i stand; several when checksums of blocks are in between.
func (w *wire) stretches(i, size int) (out []stretch) {
	for ; size > 0; i, size = i+1, size-1 {
		s := w.where(i)
		if n := len(out); n > 0 && out[n-1].to == s.from {
			out[n-1].to = s.to
		} else {
			out = append(out, s)
		}
	}
	return out
}

// offset in the frame of what was read at i.
func (w *wire) offset(i int) int { return w.where(i).from }

// traced is a walk over a frame and how it ended.
type traced struct {
	wire
	*tracer
	family  *program.FrameKind // nil in a profile without a grammar
	verdict program.Verdict
	bad     program.Failure
	read    int        // so much was read
	op      *scalar.Op // that lacks bytes
	lacks   int        // bytes that are still to come, or more
	exact   bool
}

// settle makes the trace of a walk: the verdict, the checksums, the spans.
func (t *Trace) settle(p *program.Program, w traced) {
	t.frame.Wire = t.Raw
	if t.frame.Program == nil {
		t.frame.Reset(p, t.Direction)
	}
	if w.tracer == nil {
		w.tracer = &tracer{}
	}
	if l := t.frame.Body; l != nil {
		t.Message = l.Message
	}
	b := newSpanBuilder(t, p, &w)
	b.checks()
	wrong := slices.IndexFunc(t.Checks, func(c *Check) bool { return !c.OK() })
	t.score = score{read: w.offset(w.read)}
	for _, c := range t.Checks {
		if c.OK() {
			t.score.sums++
		}
	}
	switch {
	case w.verdict == program.Refused:
		if w.bad.Err == nil {
			w.bad = program.Failure{Err: field.ErrUnknownCommand}
			if len(t.Raw) == 0 {
				w.bad.Err = field.ErrShort
			}
		}
		t.Fault = decode.Fault(p, t.frame.Body, w.bad).(*field.FieldError)
		t.Fault.Offset = w.offset(w.bad.Off)
		t.score.class = classRefused
	case wrong >= 0:
		c := t.Checks[wrong]
		t.Fault = decode.Fault(p, t.frame.Body, program.Failure{Err: fmt.Errorf("%w: found %0*x, computed %0*x", field.ErrSum, c.Digits,
			c.Found, c.Digits, c.Computed)}).(*field.FieldError)
		t.Fault.Field, t.Fault.Offset = c.key, c.at
		t.score.class = classDamaged
		if w.verdict == program.Incomplete {
			t.score.class = classRefused
		}
	case w.verdict == program.Incomplete:
		t.Outcome, t.Missing, t.Exact = Incomplete, w.lacks, w.exact
		t.score.class = classIncomplete
	default:
		t.Outcome = Accepted
		t.score.class = classAccepted
		if l := t.frame.Body; decode.Named(l, w.family) {
			t.score.named = 2
		} else if !l.Fallback {
			t.score.named = 1
		}
	}
	b.build()
}

// extend makes t, which is a whole frame, the trace of data, which has more bytes than the frame.
func (t *Trace) extend(p *program.Program, data []byte) {
	n, more := len(t.Raw), len(data)-len(t.Raw)
	err := fmt.Errorf("%w: %d after the end of the frame", field.ErrLong, more)
	if t.Fault == nil {
		t.Fault = decode.Fault(p, t.frame.Body, program.Failure{Off: n, Err: err}).(*field.FieldError)
	}
	t.Raw, t.Outcome, t.score.class = data, Refused, classRefused
	t.Spans = append(t.Spans, Span{Kind: SpanFault, Off: n, Index: -1, Wrong: err}, Span{Kind: SpanUnread, Off: n,
		Len: more, Index: -1})
}
