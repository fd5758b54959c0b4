package explain

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// spanBuilder makes spans of the cells of a frame and of what stands between them.
type spanBuilder struct {
	t      *Trace
	p      *program.Program
	w      *traced
	nodes  map[int]*program.Node // by op; made when asked for
	sums   []sumAt               // checksums of blocks, in the order of the wire
	fields map[int]*Check
	cursor int // every byte before it belongs to a span
	unread bool
	path   []level

	samples frame.Samples
}

// sumAt is the checksum of a block on the wire.
type sumAt struct {
	stretch
	check *Check
}

// level is a group or a list that is open.
type level struct {
	path string
	list bool
	next int // element
}

func newSpanBuilder(t *Trace, p *program.Program, w *traced) *spanBuilder {
	return &spanBuilder{t: t, p: p, w: w, fields: map[int]*Check{}}
}

// node of an op; nil when it has none.
func (b *spanBuilder) node(op int) *program.Node {
	if b.nodes != nil || b.w.family == nil {
		return b.nodes[op]
	}
	b.nodes = map[int]*program.Node{}
	b.w.family.Each(func(n *program.Node) {
		if n.Op >= 0 {
			b.nodes[n.Op] = n
		}
	})
	return b.nodes[op]
}

// checks turns the checksums that were looked at into those of the trace, in the order of the wire.
func (b *spanBuilder) checks() {
	for _, s := range b.w.sums {
		c := s.check
		c.key, c.at = s.op.Field.Key, b.w.offset(s.off)
		switch {
		case !s.inside:
			c.From, c.To = b.w.place(c.From), b.w.place(c.To)
		case c.From < c.To:
			c.From, c.To = b.w.offset(c.From), b.w.where(c.To-1).to
		default:
			c.From, c.To = b.w.offset(c.From), b.w.offset(c.From)
		}
		b.fields[s.off] = &c
		b.t.Checks = append(b.t.Checks, &c)
	}
	for _, one := range b.w.blocks {
		if one.sumSize == 0 {
			continue
		}
		c, at := one.check, one.wire+one.size
		c.From, c.To, c.at = b.w.place(c.From), b.w.place(c.To), b.w.place(at)
		b.sums = append(b.sums, sumAt{stretch{c.at, b.w.place(at + one.sumSize)}, &c})
		b.t.Checks = append(b.t.Checks, &c)
	}
	slices.SortStableFunc(b.t.Checks, func(x, y *Check) int { return x.at - y.at })
}

func (b *spanBuilder) build() {
	f := &b.t.frame
	after := len(f.Cells) // the cells from here on were read after the fault
	if b.w.salvaged > 0 {
		after = b.w.salvaged
	}
	if start := b.startMark(); start > 0 {
		b.mark(SpanMark, start)
	}
	if b.t.Outcome == Accepted && f.From() != field.Server {
		f.Samples(time.Time{}, &b.samples)
	}
	for i := range f.Cells {
		if i == after {
			b.fault(b.first(i))
		}
		b.cell(i)
	}
	if after == len(f.Cells) {
		b.fault(len(b.t.Raw))
	}
	b.end()
	b.extents()
}

// startMark is the size of the mark at the beginning.
func (b *spanBuilder) startMark() int {
	if f := b.w.family; f != nil && f.EndMarks != nil && bytes.HasPrefix(b.t.Raw, f.Start) {
		return len(f.Start)
	}
	return 0
}

// first byte of the cells from i on.
func (b *spanBuilder) first(i int) int { return b.w.offset(int(b.t.frame.Cells[i].Off)) }

// span appends a span that begins at the cursor.
func (b *spanBuilder) span(s Span) {
	s.Off = b.cursor
	if s.Kind != SpanGroup {
		b.cursor += s.Len
	}
	b.t.Spans = append(b.t.Spans, s)
}

// cell appends the spans of one field.
func (b *spanBuilder) cell(i int) {
	f := &b.t.frame
	c := &f.Cells[i]
	o := &b.p.Ops[c.Op]
	s := Span{Depth: int(c.Depth), Field: o.Field, Item: f.ItemAt(i, o), Point: b.point(i)}
	s.Path, s.Index = b.name(s.Depth, o)
	group := o.Code == scalar.OpGroup || o.Code == scalar.OpList
	pieces := b.w.stretches(int(c.Off), int(c.Size))
	if group || len(pieces) == 0 {
		b.gap(b.w.offset(int(c.Off)), i)
		if group {
			s.Kind = SpanGroup
		}
		s.Item.Off, s.Item.Len = b.cursor, 0
		b.span(s)
		return
	}
	s.Check = b.fields[int(c.Off)]
	if o.Code != scalar.OpChecksum {
		s.Check = nil
	}
	s.Item.Off, s.Item.Len = pieces[0].from, pieces[len(pieces)-1].to-pieces[0].from
	if plain := f.Bytes(i); !b.same(pieces, plain) && !b.endMark(int(c.Op)) {
		s.Plain = plain
	}
	for n, piece := range pieces {
		b.gap(piece.from, i)
		if n > 0 {
			s = Span{Kind: SpanContinued, Depth: s.Depth, Path: s.Path, Field: s.Field, Index: s.Index}
		}
		s.Len = piece.to - piece.from
		b.span(s)
	}
}

// point is the name of the sample in cell i, unless it is the key of the field.
func (b *spanBuilder) point(i int) string {
	if len(b.samples.List) == 0 {
		return ""
	}
	s := &b.samples.List[0]
	cell, _ := s.Place()
	if cell == i { // they stand in the order of the cells
		b.samples.List = b.samples.List[1:]
	}
	if cell != i || string(s.Point) == s.Item.Field.Key {
		return ""
	}
	return string(s.Point)
}

// endMark says that an op is the field of the mark at the end, of which its value is the last bytes.
func (b *spanBuilder) endMark(op int) bool {
	f := b.w.family
	return f != nil && f.EndMarks != nil && f.EndMarks.Node != nil && f.EndMarks.Node.Op == op
}

// same says that the bytes stand on the wire as they were read.
func (b *spanBuilder) same(pieces []stretch, plain []byte) bool {
	for _, p := range pieces {
		n := p.to - p.from
		if n > len(plain) || string(b.t.Raw[p.from:p.to]) != string(plain[:n]) {
			return false
		}
		plain = plain[n:]
	}
	return len(plain) == 0
}

// name is the path of a field, and its number when it is an element of a list.
func (b *spanBuilder) name(depth int, o *scalar.Op) (path string, index int) {
	for len(b.path) > depth {
		b.path = b.path[:len(b.path)-1]
	}
	index = -1
	key := o.Field.Key
	if n := len(b.path); n > 0 {
		around := &b.path[n-1]
		if around.list && o.Code != scalar.OpPart {
			index = around.next
			around.next++
			key = "[" + strconv.Itoa(index) + "]"
		} else if key != "" {
			key = "." + key
		}
		path = around.path
	}
	if path += key; o.Code == scalar.OpGroup || o.Code == scalar.OpList {
		b.path = append(b.path, level{path: path, list: o.Code == scalar.OpList})
	}
	return path, index
}

// mark appends n bytes that belong to no field.
func (b *spanBuilder) mark(kind SpanKind, n int) { b.span(Span{Kind: kind, Len: n, Index: -1}) }

// gap accounts for the bytes before the next cell (-1: there is none): checksums of blocks, delimiters, or what was not
// read.
func (b *spanBuilder) gap(to, next int) {
	for b.cursor < to {
		end := to
		for len(b.sums) > 0 && b.sums[0].from < b.cursor {
			b.sums = b.sums[1:]
		}
		if len(b.sums) > 0 && b.sums[0].from < to {
			if end = b.sums[0].from; end == b.cursor {
				s := b.sums[0]
				b.span(Span{Kind: SpanSum, Len: min(s.to, to) - s.from, Depth: b.t.Spans[len(b.t.Spans)-1].Depth, Index: -1,
					Check: s.check})
				continue
			}
		}
		if b.unread {
			b.mark(SpanUnread, end-b.cursor)
		} else {
			b.delimiters(end, next)
		}
	}
}

// depth of the cell before which something stands, or of the last one.
func (b *spanBuilder) depth(next int) int {
	if next >= 0 {
		return int(b.t.frame.Cells[next].Depth)
	}
	return 0
}

// delimiters appends what ends the field before, what stands between, and what announces the field after.
func (b *spanBuilder) delimiters(to, next int) {
	depth, text := b.depth(next), b.t.Raw[b.cursor:to]
	if last := b.last(); last != nil {
		if n := b.node(b.opOf(last)); n != nil && n.Until != nil && bytes.HasPrefix(text, n.Until) {
			b.span(Span{Kind: SpanMark, Len: len(n.Until), Depth: last.Depth, Index: -1, Path: last.Path, Field: last.Field})
			text = text[len(n.Until):]
		}
	}
	before := 0
	if next >= 0 {
		if n := b.node(int(b.t.frame.Cells[next].Op)); n != nil && n.Before != nil && bytes.HasSuffix(text, n.Before) {
			before = len(n.Before)
		}
	}
	if n := len(text) - before; n > 0 {
		b.span(Span{Kind: SpanMark, Len: n, Depth: depth, Index: -1})
	}
	if before > 0 {
		o := &b.p.Ops[b.t.frame.Cells[next].Op]
		b.span(Span{Kind: SpanMark, Len: before, Depth: depth, Index: -1, Field: o.Field, Path: o.Field.Key})
	}
}

// last is the field before the cursor.
func (b *spanBuilder) last() *Span {
	if n := len(b.t.Spans); n > 0 && b.t.Spans[n-1].Kind == SpanField {
		return &b.t.Spans[n-1]
	}
	return nil
}

func (b *spanBuilder) opOf(s *Span) int {
	for i := range b.p.Ops {
		if &b.p.Ops[i] == s.Item.V.Op {
			return i
		}
	}
	return -1
}

// fault appends the field at which the walk ended, when it did; what follows up to limit was not read.
func (b *spanBuilder) fault(limit int) {
	w := b.w
	s := Span{Index: -1}
	switch w.verdict {
	case program.Complete:
		return
	case program.Incomplete:
		s.Kind = SpanPartial
		o := w.op
		if n := w.lack.Node; o == nil && n != nil && n.Op >= 0 {
			o = n.Field
		}
		if s.Len = len(b.t.Raw) - b.cursor; o != nil {
			s.Field, s.Path, s.Depth = o.Field, o.Field.Key, int(w.lack.Depth)
		}
		if o != nil || s.Len > 0 {
			b.span(s)
		}
		return
	}
	s.Kind, s.Wrong = SpanFault, w.bad.Err
	s.Depth = int(w.Depth)
	at := max(w.offset(w.bad.Off), b.cursor)
	b.gap(min(at, limit), -1)
	if o := w.bad.Op; o != nil {
		s.Field, s.Path = o.Field, o.Field.Key
		if o.Size > 0 && o.Code != scalar.OpPart && w.offset(w.bad.Off) == b.cursor {
			if pieces := w.stretches(w.bad.Off, o.Size); len(pieces) == 1 {
				s.Len = max(min(pieces[0].to, limit)-b.cursor, 0)
			}
		}
	}
	b.span(s)
	b.unread = true
}

// end accounts for what is left: the mark at the end, or what was not read.
func (b *spanBuilder) end() {
	size := len(b.t.Raw)
	if f := b.w.family; f != nil && f.EndMarks != nil && f.EndMarks.Kept == 0 && b.w.content != nil && !b.w.partial {
		for _, mark := range f.EndMarks.Marks {
			if bytes.HasSuffix(b.t.Raw, mark) {
				b.gap(size-len(mark), -1)
				b.unread = false
			}
		}
	}
	b.gap(size, -1)
}

// extents makes groups and lists as long as what is inside.
func (b *spanBuilder) extents() {
	for i := range b.t.Spans {
		s := &b.t.Spans[i]
		if s.Kind != SpanGroup {
			continue
		}
		for _, inner := range b.t.Spans[i+1:] {
			if inner.Depth <= s.Depth {
				break
			}
			if inner.Kind != SpanGroup {
				s.Len = max(s.Len, inner.Off+inner.Len-s.Off)
			}
		}
		s.Item.Off, s.Item.Len = s.Off, s.Len
	}
}
