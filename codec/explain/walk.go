package explain

import (
	"bytes"
	"fmt"
	"slices"

	"trama/codec/internal/decode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// tracer is the sink of a walk that is explained.  With it a wrong checksum does not end the walk, and an open frame is
// read as far as it goes.
type tracer struct {
	decode.Faults
	lack     decode.Lack
	sums     []tracedSum
	blocks   []tracedBlock
	partial  bool // the end mark has not come
	closed   bool // it has come, and not all that stands behind it
	inner    int  // then: plain bytes before the mark
	size     int  // of the content, as the length field says; 0: not known
	salvaged int  // cells that were read after a fault, from this one on; 0: none
}

// tracedSum is a checksum in a field.
type tracedSum struct {
	op     *scalar.Op
	off    int
	inside bool // it covers bytes that a part stands for
	check  Check
}

// tracedBlock is a stretch of bytes that were read at data and stand at wire; sumSize bytes behind them there are their
// checksum.
type tracedBlock struct {
	data, size   int
	wire, inWire int
	sumSize      int
	check        Check
}

func (t *tracer) Sum(m *decode.Walker, o *scalar.Op, c decode.SumFound) bool {
	t.sums = append(t.sums, tracedSum{op: o, off: c.Off, inside: m.Inside > 0, check: Check{
		Algorithm: o.Field.Algorithm, From: c.From, To: c.To, Found: c.Found, Computed: c.Computed,
		Digits: c.Plan.Sum.Width / 4}})
	return true
}

// Reveal notes where the plain bytes of a part stand on the wire, and how the checksums of its blocks are.
func (t *tracer) Reveal(m *decode.Walker, region *program.Node, start int, data []byte) (size int, v program.Verdict) {
	tr := region.Transform
	if tr.Block == 0 {
		n, ok := tr.Decode(data, m.Hidden)
		if !ok {
			return 0, m.Refuse(nil, start, scalar.ErrArmour)
		}
		t.blocks = append(t.blocks, tracedBlock{data: start, size: n, wire: start, inWire: len(data)})
		return n, program.Complete
	}
	width := tr.Sum.Width / 8
	for at := 0; at < len(m.Hidden); {
		n := min(tr.Block, max(len(m.Hidden)-at-width, 0))
		b, sum := m.Hidden[at:at+n], m.Hidden[at+n:min(at+n+width, len(m.Hidden))]
		found := scalar.LoadBE(sum)
		if tr.Little {
			found = scalar.LoadLE(sum)
		}
		t.blocks = append(t.blocks, tracedBlock{data: start + size, size: n, wire: start + at, inWire: n, sumSize: len(sum),
			check: Check{
				Algorithm: tr.Name, From: start + at, To: start + at + n, Found: found, Computed: tr.Sum.Sum(b),
				Digits: tr.Sum.Width / 4}})
		copy(data[size:], b)
		size, at = size+n, at+n+len(sum)
	}
	return size, program.Complete
}

// open is the content of a frame whose end has not come.
func (t *tracer) open(f *program.FrameKind, data []byte) (content []byte, v program.Verdict) {
	if len(data) < len(f.Start) {
		return nil, program.Incomplete
	}
	content = data[len(f.Start):]
	if at, mark, v := f.FindEnd(content, false); v == program.Complete {
		plain, ok := f.Plain(nil, content[:at])
		if t.closed, t.inner = true, len(plain); ok {
			plain = append(plain, mark[len(mark)-f.EndMarks.Kept:]...)
			plain, _, _ = f.TakeBehind(plain, content[at+len(mark):])
			return plain, program.Complete
		}
		t.closed = false
	}
	t.partial = true
	content = content[:len(content)-f.EndMarks.Partial(content)] // without the beginning of a mark
	if f.Escape == nil && f.Armour == nil {
		return content, program.Complete
	}
	for ; len(content) > 0; content = content[:len(content)-1] { // the last sequence may be cut
		if plain, ok := f.Plain(nil, content); ok {
			return plain, program.Complete
		}
	}
	return nil, program.Complete
}

// walk walks one frame of a kind that travels a way; n is its size.
func (t *tracer) walk(p *program.Program, a program.Attempt, m *decode.Walker, f *frame.Frame,
	data []byte) (n int, v program.Verdict) {
	m.Start(p, f, a.Way)
	content, total, v := m.Delimit(a.FrameKind, data)
	end := -1
	if m.Marked = total > 0; m.Marked {
		end = len(content)
	}
	for _, size := range a.Totals { // the nearest one
		if end < 0 || size >= len(data) {
			end = size
		}
	}
	if v == program.Incomplete {
		if content, v = t.open(a.FrameKind, data); v != program.Complete {
			m.Data = nil // the mark at the beginning alone is no content
			return 0, v
		}
		m.Lack = decode.Lack{} // the walk will say what lacks bytes
		if t.closed {
			end = t.inner + a.EndMarks.Kept + a.EndMarks.Behind
		}
	}
	if v != program.Complete {
		return 0, v
	}
	m.Begin(a.FrameKind, content, end)
	for i := range m.Marks {
		m.Marks[i] = -1 // not passed yet
	}
	if v := m.Nodes(a.Header); v != program.Complete {
		if v == program.Incomplete {
			v = m.Early()
		}
		if v == program.Refused {
			t.salvageHeader(m)
		}
		return 0, v
	}
	body, v := m.BodyEnd()
	if v != program.Complete {
		return 0, v
	}
	start, frameEnd := m.Off, m.End
	if v := m.Body(body); v != program.Complete {
		if v == program.Refused {
			t.salvage(m, start, body, frameEnd)
		}
		return 0, v
	}
	if v := m.Trailer(); v != program.Complete {
		return 0, v
	}
	if total > 0 {
		return total, program.Complete
	}
	return m.Off, program.Complete
}

// salvage reads the trailer after a fault in the body: whether the checksum is right says whether the frame was damaged
// on its way or is none of this profile.
func (t *tracer) salvage(m *decode.Walker, start, body, end int) {
	f := m.Kind
	if len(f.Trailer) == 0 || body < start || end < body || end > len(m.Data) {
		return
	}
	t.salvaged = len(m.F.Cells)
	m.Off, m.End, m.Depth = body, end, 0
	if f.Body.Mark > 0 {
		m.Marks[f.Body.Mark], m.Marks[f.Body.Mark+1] = start, body
	}
	m.Nodes(f.Trailer)
	for i := range m.Late {
		l := &m.Late[i]
		m.Verify(nil, l.Plan, l.Op, l.Off, l.Num)
	}
}

// salvageHeader is salvage after a fault in the header, when the end of the frame is known all the same.
func (t *tracer) salvageHeader(m *decode.Walker) {
	f := m.Kind
	switch l := f.Length; {
	case m.Marked:
		t.salvage(m, m.Off, len(m.Data)-f.Tail, len(m.Data))
	case l != nil && l.Mark >= 0 && m.Marks[l.Mark] >= 0 && slices.ContainsFunc(m.F.Cells,
		func(c program.Cell) bool { return m.P.Ops[c.Op].Reg == l.Reg }):
		if body, v := m.BodyEnd(); v == program.Complete {
			t.salvage(m, m.Off, body, m.End)
		}
	}
}

// explain walks the kinds of frames and directions that there are, and keeps what goes furthest: all of data as one
// frame, or
// with prefix the frame that it begins with.
func explain(p *program.Program, d field.Direction, data []byte, prefix bool) (best *Trace) {
	var fit []*Trace
	keep := func(t *Trace) {
		if t.Outcome == Accepted {
			fit = append(fit, t)
		}
		if best == nil || best.score.less(t.score) {
			best = t
		}
	}
	for _, way := range [2]field.Direction{field.Uplink, field.Downlink} {
		if d != field.Any && d != way {
			continue
		}
		for _, family := range p.Kinds {
			if family.Direction != field.Any && family.Direction != way {
				continue
			}
			if !prefix {
				keep(explainFamily(p, d, family, way, data, true))
			}
			if begun := explainFamily(p, d, family, way, data, false); prefix || begun.Outcome == Incomplete {
				keep(begun)
			}
		}
	}
	if best == nil { // no kind of frame goes this way
		best = &Trace{Raw: data, Direction: d}
		best.settle(p, traced{wire: plainWire(data), verdict: program.Refused})
	}
	if best.Outcome == Refused {
		if t := damaged(p, d, data); t != nil {
			return t
		}
	}
	for _, t := range fit {
		other := t.Message != best.Message && !slices.Contains(best.Also, t.Message)
		// a message for all others always fits
		if other && best.Outcome == Accepted && t.score.named >= min(best.score.named, 1) {
			best.Also = append(best.Also, t.Message)
		}
	}
	return best
}

// explainFamily walks one frame.  When nothing more will come, all of data is to be it.
func explainFamily(p *program.Program, d field.Direction, f *program.FrameKind, way field.Direction, data []byte,
	all bool) *Trace {
	t := &Trace{Raw: data, Direction: way, Kind: f.Name, marked: f.First.Size() == 1}
	tr := &tracer{}
	m := &decode.Walker{Sink: tr, AtEOF: all}
	n, v := tr.walk(p, program.Attempt{FrameKind: f, Way: way}, m, &t.frame, data)
	tr.lack, tr.size = m.Lack, m.Size
	if tr.partial && (v == program.Complete || v == program.Refused && tr.Bad.Err == field.ErrRegion && tr.Bad.Off >= len(m.Data)) {
		v = program.Incomplete // its end has not come, and so its last part is open
	}
	w := traced{tracer: tr, family: f, verdict: v, bad: tr.Bad, read: m.Off}
	switch {
	case v == program.Complete:
		t.Raw, t.sized = data[:n], true
	case v == program.Refused && !all:
		t.Raw, t.sized = tr.limit(f, data)
	case v == program.Incomplete && (all || len(data) >= f.Max):
		w.verdict = program.Refused
		w.bad = program.Failure{Off: m.Off, Err: fmt.Errorf("%w: the frame does not end within %d bytes", field.ErrShort, len(data))}
	}
	if d == field.Any {
		t.Direction = field.Any
		if l := t.frame.Body; l != nil {
			t.Direction = l.Direction
		}
	}
	t.frame.Way = t.Direction
	w.wire = newWire(f, tr, m.Wire, t.Raw)
	var bodies []*program.Body
	for _, s := range f.Bodies {
		if s.Travels(way) {
			bodies = append(bodies, s)
		}
	}
	w.unknownCommand(p, &t.frame, bodies)
	if v == program.Incomplete {
		w.missing(f, m)
	}
	t.settle(p, w)
	if all && len(t.Raw) < len(data) {
		t.extend(p, data)
	}
	return t
}

// behind is the size of the trailer after the node that lacks bytes.
func (t *tracer) behind(p *program.Program, f *program.FrameKind) int {
	for i, n := range f.Trailer {
		if n == t.lack.Node {
			size, _ := p.Span(f.Trailer[i+1:])
			return size
		}
	}
	return f.Tail
}

// limit cuts data where a refused frame says that it ends.
func (t *tracer) limit(f *program.FrameKind, data []byte) ([]byte, bool) {
	switch {
	case f.EndMarks != nil && !t.partial && bytes.HasPrefix(data, f.Start):
		if at, mark, v := f.FindEnd(data[len(f.Start):min(len(data), f.Max)], false); v == program.Complete {
			at += len(f.Start) + len(mark)
			_, n, _ := f.TakeBehind(nil, data[at:])
			return data[:at+n], true
		}
	case f.EndMarks == nil && t.size > 0 && t.size <= len(data):
		return data[:t.size], true
	}
	return data, false
}

// missing is how much of a begun frame has not come.
func (w *traced) missing(f *program.FrameKind, m *decode.Walker) {
	end := 0 // bytes of the mark that are in no field
	if c := f.EndMarks; c != nil && !w.closed {
		end = c.Around(nil) - c.Partial(w.raw)
	}
	if w.closed {
		w.lacks, w.exact = m.End-len(m.Data), !f.EndMarks.Stuffed
	} else if w.size > 0 {
		w.lacks, w.exact = max(w.size-len(m.Data), 0)+end, f.Escape == nil && f.Armour == nil
	} else {
		w.lacks = max(w.lack.At+w.lack.Need-len(m.Data)+w.behind(m.P, f), f.Least-len(m.Data), 1-end, 0) + end
	}
	if w.lacks < 1 {
		w.lacks, w.exact = 1, false
	}
}
