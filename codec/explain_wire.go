package codec

import (
	"fmt"
	"slices"
)

// wire says where the bytes that a walk read stand in the frame.
type wire struct {
	raw     []byte
	content []int // place in raw of each byte of the content, and of the first after it
	regions []tracedBlock
}

func plainWire(raw []byte) wire { return wire{raw: raw} }

// newWire takes the content of a frame, which stands between its marks.
func newWire(f *family, t *tracer, content, raw []byte) wire {
	w := wire{raw: raw, regions: t.blocks}
	c := f.closing
	switch {
	case c == nil:
	case t.closed:
		w.content = f.places(content, t.inner, raw)
	case t.partial:
		w.content = f.places(content, len(content), raw)
	default:
		w.content = f.places(content, max(len(content)-c.kept-c.behind, 0), raw)
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
	family  *family // nil in a profile without a grammar
	verdict verdict
	bad     failure
	read    int // so much was read
	op      *op // that lacks bytes
	lacks   int // bytes that are still to come, or more
	exact   bool
}

// settle makes the trace of a walk: the verdict, the checksums, the spans.
func (t *Trace) settle(p *Profile, w traced) {
	t.frame.raw = t.Raw
	if t.frame.program == nil {
		t.frame.reset(p.program, t.Direction)
	}
	if w.tracer == nil {
		w.tracer = &tracer{}
	}
	if l := t.frame.layout; l != nil {
		t.Message = l.message
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
	case w.verdict == refused:
		if w.bad.err == nil {
			w.bad = failure{err: ErrUnknownCommand}
			if len(t.Raw) == 0 {
				w.bad.err = ErrShort
			}
		}
		t.Fault = p.fault(t.frame.layout, w.bad).(*FieldError)
		t.Fault.Offset = w.offset(w.bad.off)
		t.score.class = classRefused
	case wrong >= 0:
		c := t.Checks[wrong]
		t.Fault = p.fault(t.frame.layout, failure{err: fmt.Errorf("%w: found %0*x, computed %0*x", errSum, c.Digits,
			c.Found, c.Digits, c.Computed)}).(*FieldError)
		t.Fault.Field, t.Fault.Offset = c.key, c.at
		t.score.class = classDamaged
		if w.verdict == begun {
			t.score.class = classRefused
		}
	case w.verdict == begun:
		t.Outcome, t.Missing, t.Exact = Incomplete, w.lacks, w.exact
		t.score.class = classIncomplete
	default:
		t.Outcome = Accepted
		t.score.class = classAccepted
		if l := t.frame.layout; l.named(w.family) {
			t.score.named = 2
		} else if !l.shape.fallback {
			t.score.named = 1
		}
	}
	b.build()
}

// extend makes t, which is a whole frame, the trace of data, which has more bytes than the frame.
func (t *Trace) extend(p *Profile, data []byte) {
	n, more := len(t.Raw), len(data)-len(t.Raw)
	err := fmt.Errorf("%w: %d after the end of the frame", ErrLong, more)
	if t.Fault == nil {
		t.Fault = p.fault(t.frame.layout, failure{off: n, err: err}).(*FieldError)
	}
	t.Raw, t.Outcome, t.score.class = data, Refused, classRefused
	t.Spans = append(t.Spans, Span{Kind: SpanFault, Off: n, Index: -1, Wrong: err}, Span{Kind: SpanUnread, Off: n,
		Len: more, Index: -1})
}
