package codec

import (
	"bytes"
	"fmt"
	"slices"
)

// tracer is the sink of a walk that is explained.  With it a wrong checksum does not end the walk, and an open frame is
// read as far as it goes.
type tracer struct {
	faults
	lack     lack
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
	op     *op
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

func (t *tracer) sum(m *machine, o *op, c sumFound) bool {
	t.sums = append(t.sums, tracedSum{op: o, off: c.off, inside: m.inside > 0, check: Check{
		Algorithm: o.field.Algorithm, From: c.from, To: c.to, Found: c.found, Computed: c.computed,
		Digits: c.plan.sum.width / 4}})
	return true
}

// reveal notes where the plain bytes of a part stand on the wire, and how the checksums of its blocks are.
func (t *tracer) reveal(m *machine, region *node, start int, data []byte) (size int, v verdict) {
	tr := region.transform
	if tr.block == 0 {
		n, ok := tr.decode(data, m.hidden)
		if !ok {
			return 0, m.refuse(nil, start, errArmour)
		}
		t.blocks = append(t.blocks, tracedBlock{data: start, size: n, wire: start, inWire: len(data)})
		return n, whole
	}
	width := tr.sum.width / 8
	for at := 0; at < len(m.hidden); {
		n := min(tr.block, max(len(m.hidden)-at-width, 0))
		b, sum := m.hidden[at:at+n], m.hidden[at+n:min(at+n+width, len(m.hidden))]
		found := loadBE(sum)
		if tr.little {
			found = loadLE(sum)
		}
		t.blocks = append(t.blocks, tracedBlock{data: start + size, size: n, wire: start + at, inWire: n, sumSize: len(sum),
			check: Check{
				Algorithm: tr.name, From: start + at, To: start + at + n, Found: found, Computed: tr.sum.sum(b),
				Digits: tr.sum.width / 4}})
		copy(data[size:], b)
		size, at = size+n, at+n+len(sum)
	}
	return size, whole
}

// open is the content of a frame whose end has not come.
func (t *tracer) open(f *family, data []byte) (content []byte, v verdict) {
	if len(data) < len(f.start) {
		return nil, begun
	}
	content = data[len(f.start):]
	if at, mark, v := f.findEnd(content, false); v == whole {
		plain, ok := f.plain(nil, content[:at])
		if t.closed, t.inner = true, len(plain); ok {
			plain = append(plain, mark[len(mark)-f.closing.kept:]...)
			plain, _, _ = f.takeBehind(plain, content[at+len(mark):])
			return plain, whole
		}
		t.closed = false
	}
	t.partial = true
	content = content[:len(content)-f.closing.begun(content)] // the mark may have begun
	if f.escape == nil && f.armour == nil {
		return content, whole
	}
	for ; len(content) > 0; content = content[:len(content)-1] { // the last sequence may be cut
		if plain, ok := f.plain(nil, content); ok {
			return plain, whole
		}
	}
	return nil, whole
}

// walk walks one frame of a kind that travels a way; n is its size.
func (t *tracer) walk(p *program, a attempt, m *machine, f *Frame, data []byte) (n int, v verdict) {
	m.start(p, f, a.way)
	content, total, v := m.delimit(a.family, data)
	end := -1
	if m.marked = total > 0; m.marked {
		end = len(content)
	}
	if v == begun {
		if content, v = t.open(a.family, data); v != whole {
			m.data = nil // the mark at the beginning alone is no content
			return 0, v
		}
		m.lack = lack{} // the walk will say what lacks bytes
		if t.closed {
			end = t.inner + a.closing.kept + a.closing.behind
		}
	}
	if v != whole {
		return 0, v
	}
	m.begin(a.family, content, end)
	for i := range m.marks {
		m.marks[i] = -1 // not passed yet
	}
	if v := m.nodes(a.header); v != whole {
		if v == begun {
			v = m.early()
		}
		if v == refused {
			t.salvageHeader(m)
		}
		return 0, v
	}
	body, v := m.bodyEnd()
	if v != whole {
		return 0, v
	}
	start, frameEnd := m.off, m.end
	if v := m.body(body); v != whole {
		if v == refused {
			t.salvage(m, start, body, frameEnd)
		}
		return 0, v
	}
	if v := m.trailer(); v != whole {
		return 0, v
	}
	if total > 0 {
		return total, whole
	}
	return m.off, whole
}

// salvage reads the trailer after a fault in the body: whether the checksum is right says whether the frame was damaged
// on its way or is none of this profile.
func (t *tracer) salvage(m *machine, start, body, end int) {
	f := m.family
	if len(f.trailer) == 0 || body < start || end < body || end > len(m.data) {
		return
	}
	t.salvaged = len(m.f.cells)
	m.off, m.end, m.depth = body, end, 0
	if f.body.mark > 0 {
		m.marks[f.body.mark], m.marks[f.body.mark+1] = start, body
	}
	m.nodes(f.trailer)
	for i := range m.late {
		l := &m.late[i]
		m.verify(nil, l.plan, l.op, l.off, l.num)
	}
}

// salvageHeader is salvage after a fault in the header, when the end of the frame is known all the same.
func (t *tracer) salvageHeader(m *machine) {
	f := m.family
	switch l := f.length; {
	case m.marked:
		t.salvage(m, m.off, len(m.data)-f.tail, len(m.data))
	case l != nil && l.mark >= 0 && m.marks[l.mark] >= 0 && slices.ContainsFunc(m.f.cells,
		func(c cell) bool { return m.p.ops[c.op].reg == l.reg }):
		if body, v := m.bodyEnd(); v == whole {
			t.salvage(m, m.off, body, m.end)
		}
	}
}

// explain walks the kinds of frames and directions that there are, and keeps what goes furthest: all of data as one
// frame, or
// with prefix the frame that it begins with.
func explain(p *Profile, d Direction, data []byte, prefix bool) (best *Trace) {
	var fit []*Trace
	keep := func(t *Trace) {
		if t.Outcome == Accepted {
			fit = append(fit, t)
		}
		if best == nil || best.score.less(t.score) {
			best = t
		}
	}
	for _, way := range [2]Direction{Uplink, Downlink} {
		if d != Any && d != way {
			continue
		}
		for _, family := range p.families {
			if family.direction != Any && family.direction != way {
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
		best.settle(p, traced{wire: plainWire(data), verdict: refused})
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
func explainFamily(p *Profile, d Direction, f *family, way Direction, data []byte, all bool) *Trace {
	t := &Trace{Raw: data, Direction: way, Kind: f.name, marked: f.first.size() == 1}
	tr := &tracer{}
	m := &machine{sink: tr, atEOF: all}
	n, v := tr.walk(p.program, attempt{f, way}, m, &t.frame, data)
	tr.lack, tr.size = m.lack, m.size
	if tr.partial && (v == whole || v == refused && tr.bad.err == errRegion && tr.bad.off >= len(m.data)) {
		v = begun // its end has not come, and so its last part is open
	}
	w := traced{tracer: tr, family: f, verdict: v, bad: tr.bad, read: m.off}
	switch {
	case v == whole:
		t.Raw, t.sized = data[:n], true
	case v == refused && !all:
		t.Raw, t.sized = tr.limit(f, data)
	case v == begun && (all || len(data) >= f.max):
		w.verdict = refused
		w.bad = failure{off: m.off, err: fmt.Errorf("%w: the frame does not end within %d bytes", ErrShort, len(data))}
	}
	if d == Any {
		t.Direction = Any
		if l := t.frame.layout; l != nil {
			t.Direction = l.direction
		}
	}
	t.frame.direction = t.Direction
	w.wire = newWire(f, tr, m.wire, t.Raw)
	var layouts []*layout
	for _, s := range f.shapes {
		if l := s.layout; l.direction == Any || l.direction == way {
			layouts = append(layouts, l)
		}
	}
	w.unknownCommand(p, &t.frame, layouts)
	if v == begun {
		w.missing(f, m)
	}
	t.settle(p, w)
	if all && len(t.Raw) < len(data) {
		t.extend(p, data)
	}
	return t
}

// behind is the size of the trailer after the node that lacks bytes.
func (t *tracer) behind(p *program, f *family) int {
	for i, n := range f.trailer {
		if n == t.lack.node {
			size, _ := p.span(f.trailer[i+1:])
			return size
		}
	}
	return f.tail
}

// limit cuts data where a refused frame says that it ends.
func (t *tracer) limit(f *family, data []byte) ([]byte, bool) {
	switch {
	case f.closing != nil && !t.partial && bytes.HasPrefix(data, f.start):
		if at, mark, v := f.findEnd(data[len(f.start):min(len(data), f.max)], false); v == whole {
			at += len(f.start) + len(mark)
			_, n, _ := f.takeBehind(nil, data[at:])
			return data[:at+n], true
		}
	case f.closing == nil && t.size > 0 && t.size <= len(data):
		return data[:t.size], true
	}
	return data, false
}

// missing is how much of a begun frame has not come.
func (w *traced) missing(f *family, m *machine) {
	end := 0 // bytes of the mark that are in no field
	if c := f.closing; c != nil && !w.closed {
		end = c.around(nil) - c.begun(w.raw)
	}
	if w.closed {
		w.lacks, w.exact = m.end-len(m.data), !f.closing.stuffed
	} else if w.size > 0 {
		w.lacks, w.exact = max(w.size-len(m.data), 0)+end, f.escape == nil && f.armour == nil
	} else {
		w.lacks = max(w.lack.at+w.lack.need-len(m.data)+w.behind(m.p, f), f.least-len(m.data), 1-end, 0) + end
	}
	if w.lacks < 1 {
		w.lacks, w.exact = 1, false
	}
}
