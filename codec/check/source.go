package check

import (
	"bytes"
	"maps"
	"math"
	"slices"

	"trama/codec/internal/decode"
	"trama/codec/internal/encode"
	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// sampleSource gives the encoder the values of a sample frame: what is wanted of a field, or a plain value.
type sampleSource struct {
	wants
	s     *sampleFrame
	force map[subject]int
	first map[*program.Node]want // what the first byte of a field must be
}

// fieldPlace is where a field stands.
type fieldPlace struct {
	node   *program.Node
	region *program.Node // the part around it that has a size
	around []decision    // conditions and cases in which it stands, the outermost first
}

// source finds what a sample frame wants; an error when that does not follow directly.
func (c *checker) source(s *sampleFrame) (*sampleSource, error) {
	w := &sampleSource{wants: wants{c: c, regs: map[int]want{}, up: s.way == field.Uplink}, s: s, force: map[subject]int{},
		first: map[*program.Node]want{}}
	ok := true
	for _, d := range slices.Backward(s.force) { // the innermost first: it leaves those around it the least choice
		w.force[d.subject] = d.k
		n := d.n
		switch {
		case d.of == decode.AspectThere:
			ok = ok && w.ahead([]*program.Node{n}, func() bool { return w.truth(n.When, d.k == 1) })
		case d.of == decode.AspectCase:
			ok = ok && w.ahead(n.Cases[d.k].Kids, func() bool { return w.choose(n, d.k) })
		case n.Count != nil && (d.k != 1 || n.Count.Code != expr.Const):
			ok = ok && w.want(n.Count, int64(d.k), -1)
		}
	}
	if !ok || !w.command() || !w.ahead(s.body.Nodes, func() bool { return w.truth(s.body.When, true) }) {
		return nil, errIndirect
	}
	w.usual()
	return w, nil
}

// usual notes what is better so, and need not be: no message before this one takes the frame, and what is sized or
// counted by a field is not empty.
func (w *sampleSource) usual() {
	try := func(note func() bool) { w.either(1, func(int) bool { return note() }) }
	f, s := w.s.body.FrameKind, w.s.body
	for _, before := range f.Bodies[:slices.Index(f.Bodies, s)] {
		if before.When != nil && before.Travels(w.s.way) {
			try(func() bool { return w.truth(before.When, false) })
		}
	}
	program.Each(slices.Concat(f.Header, s.Nodes, f.Trailer), func(n *program.Node) {
		if n.Size != nil && n.Kind == program.NodeLeaf && n.Size.Looks && w.wanted(n) {
			size := len(bytesOf(&w.c.ops[n.Op], 1, w.regs[w.c.ops[n.Op].Reg].value))
			try(func() bool { return w.want(n.Size, int64(size), -1) })
		} else if n.Size != nil && !w.follows(n.Size) {
			least, _ := w.c.g.Span(n.Kids)
			try(func() bool { return w.want(n.Size, int64(max(least, 2)), -1) })
		}
		if n.Count != nil && !w.follows(n.Count) {
			try(func() bool { return w.want(n.Count, 1, -1) })
		}
	})
}

// ahead notes for the first field of nodes what a condition wants of the byte that comes next.
func (w *sampleSource) ahead(list []*program.Node, note func() bool) bool {
	w.next = want{}
	if ok := note(); !ok || w.next.mask == 0 {
		return ok
	}
	for len(list) > 0 {
		n := list[0]
		switch {
		case n.Kind == program.NodeLeaf && w.c.ops[n.Op].Code == scalar.OpComputed:
			list = list[1:]
		case n.Kind == program.NodeLeaf:
			var ok bool
			w.first[n], ok = w.first[n].and(w.next.value, w.next.mask)
			return ok
		case n.Kind == program.NodeChoice && len(n.Cases) > 0:
			list = n.Cases[0].Kids
		default:
			list = n.Kids
		}
	}
	return false
}

// command wants a command of the message; of one for all others, a command that no other message has.
func (w *sampleSource) command() bool {
	f, all := w.s.body.FrameKind, w.s.body.Commands
	if f.CommandOp < 0 {
		return true
	}
	if w.s.command != nil {
		all = program.CommandSet{*w.s.command}
	}
	some := w.known(&expr.Expr{Code: expr.Reg, Reg: f.CommandReg})
	for _, r := range all {
		some = append(some, int64(r[0]))
	}
	if w.s.body.Fallback {
		all = program.CommandSet{{0, math.MaxUint64}}
		for _, o := range f.Bodies {
			if o.Travels(w.s.way) {
				all, _ = all.Without(o.Commands)
			}
		}
		for v := range int64(256) {
			some = append(some, v, v<<8)
		}
		if o := &w.c.ops[f.CommandOp]; o.Size <= 8 {
			some = append(some, int64(scalar.LoadBE(plainBytes(o, o.Size))))
		}
	}
	return len(all) == 0 || w.either(len(some), func(i int) bool {
		return all.Has(uint64(some[i])) && w.field(f.CommandReg, some[i], -1)
	})
}

// follows says that the encoder finds the value by itself, or that it depends on bytes to come.
func (w *sampleSource) follows(e *expr.Expr) bool {
	reg := e.Source()
	return e.Looks || reg > 0 && w.c.g.Derived[reg]
}

// wanted says that a field must have some value.
func (w *sampleSource) wanted(n *program.Node) bool {
	for i := n.Op; i <= n.Op+n.Parts; i++ {
		if reg := w.c.ops[i].Reg; reg > 0 && w.regs[reg].mask != 0 {
			return true
		}
	}
	return false
}

func (w *sampleSource) Surplus(*encode.Encoder) error { return nil }

func (w *sampleSource) Has(e *encode.Encoder, op int) bool {
	at := &w.c.places[op]
	n := at.node
	for _, gate := range at.around { // where bytes to come decide, the source does
		if gate.condition() == nil || !gate.condition().Looks {
			continue
		}
		if k, forced := w.force[gate.subject]; forced && k != gate.k || !forced && !w.open(gate) {
			return false
		}
	}
	if k, forced := w.force[subject{n, decode.AspectThere}]; forced {
		return k == 1
	}
	if n.When != nil && n.When.Looks {
		return n.Kind == program.NodeLeaf && w.wanted(n)
	}
	return !n.Optional || !n.Column || !e.Gap
}

// condition is what must hold for a decision.
func (d decision) condition() *expr.Expr {
	if d.of == decode.AspectCase {
		return d.n.Cases[d.k].When
	}
	return d.n.When
}

// open says that a gate is passed when nothing is wanted of it: a part is not there; of cases the first is taken, when
// there is none without a condition.
func (w *sampleSource) open(gate decision) bool {
	if gate.of == decode.AspectThere {
		return false
	}
	for k := range gate.n.Cases {
		if when := gate.n.Cases[k].When; when == nil {
			return false
		} else if when.Looks && !when.Asks {
			return k == gate.k
		}
	}
	return false
}

func (w *sampleSource) Value(e *encode.Encoder, op int) (encode.Input, bool) {
	n, o := w.c.places[op].node, &w.c.ops[op]
	set := w.s.body.Set(op)
	wish := want{}
	if o.Reg > 0 {
		wish = w.regs[o.Reg]
	}
	if o.Table > 0 && wish.mask == 0 {
		wish = w.regs[-o.Table]
	}
	derived := o.Reg > 0 && w.c.g.Derived[o.Reg] || o.Flags&(scalar.FlagLength|scalar.FlagBound) != 0
	switch {
	case o.Code == scalar.OpGroup:
		return encode.Input{Any: w}, true
	case o.Code == scalar.OpList:
		return encode.Input{Any: w.elements(e, n)}, true
	case o.Code == scalar.OpComputed || o.Code == scalar.OpChecksum || n.Value != nil || derived && wish.mask != -1,
		set != nil:
		return encode.Input{}, false
	case o.Code == scalar.OpPart:
		return w.part(n, o, wish)
	case n.Parts > 0:
		return encode.Input{}, false
	}
	first := w.first[n]
	if w.s.dead > 0 && o.Field.Kind == field.KindTime && o.Size > 0 {
		b := deadTime(o, w.s.dead)
		num, _, _ := o.Read(b)
		return encode.Input{Kind: encode.InputReady, Num: num, Bytes: b}, true
	}
	own := o.Preset != nil || o.Flags&scalar.FlagNow != 0 || o.Form != nil && o.Form.Counter || o.Code == scalar.OpRun
	if wish.mask == 0 && first.mask == 0 && own {
		return encode.Input{}, false
	}
	if o.Numeric() {
		return encode.Input{Kind: encode.InputReady, Num: w.number(e, n, o, wish, first)}, true
	}
	b := w.text(e, n, o, wish)
	if first.mask != 0 && len(b) > 0 {
		b[0] = b[0]&^byte(first.mask) | byte(first.value)
	}
	num, _, _ := o.Read(b)
	return encode.Input{Kind: encode.InputReady, Num: num, Bytes: b}, true
}

// elements are the sources of the elements of a list.
func (w *sampleSource) elements(e *encode.Encoder, n *program.Node) (out []any) {
	count, forced := w.force[subject{n, decode.AspectCount}]
	if !forced {
		count = -1
		for other, k := range w.force { // lists of one count have as many elements
			if other.of == decode.AspectCount && n.Count != nil && other.n.Count.Same(n.Count) {
				count = max(count, k)
			}
		}
		if count < 0 {
			count = 1
		}
	}
	if n.Count != nil && !w.follows(n.Count) {
		count = int(min(max(e.Eval(n.Count), 0), 64))
	}
	for i := range count {
		one := *w
		one.regs = maps.Clone(w.regs)
		one.either(1, func(int) bool { return one.truth(n.Stop, i == count-1) })
		out = append(out, &one)
	}
	return out
}

// part chooses the value of a part of a field of bits.
func (w *sampleSource) part(n *program.Node, o *scalar.Op, wish want) (encode.Input, bool) {
	if first := w.first[n]; first.mask != 0 && w.c.ops[n.Op].Size > 0 {
		up := 8 * (w.c.ops[n.Op].Size - 1) // of the first byte
		if w.c.ops[n.Op].Little {
			up = 0
		}
		word := want{int64(uint64(first.value) << up), int64(uint64(first.mask) << up)}
		wish, _ = wish.and(word.value>>o.Shift, word.mask>>o.Shift&int64(o.Mask))
	} else if word := w.c.ops[n.Op].Reg; wish.mask == 0 && word > 0 {
		wish = want{w.regs[word].value >> o.Shift & int64(o.Mask), w.regs[word].mask >> o.Shift & int64(o.Mask)}
	}
	switch {
	case wish.mask != 0:
		return encode.Input{Kind: encode.InputReady, Num: uint64(wish.value)}, true
	case o.Preset != nil || o.Flags&scalar.FlagCommand != 0:
		return encode.Input{}, false
	case o.Check == scalar.CheckNone: // a plain frame needs every part
		return encode.Input{Kind: encode.InputReady}, w.s.body.FrameKind.Sizes != nil
	}
	return encode.Input{Kind: encode.InputReady, Num: least(o)[0]}, true
}

// number chooses the number of a field.
func (w *sampleSource) number(e *encode.Encoder, n *program.Node, o *scalar.Op, wish, first want) (v uint64) {
	size := w.size(e, n, o)
	for _, v = range plainNumbers(n, o, size) {
		v = v&^uint64(wish.mask) | uint64(wish.value)
		if b := make([]byte, size); first.mask != 0 && size > 0 && o.Code != scalar.OpSlice && o.Write(b, v) == nil {
			b[0] = b[0]&^byte(first.mask) | byte(first.value)
			v, _, _ = o.Read(b)
		}
		if fits(o, int64(v)) {
			break
		}
	}
	return v // decoding says what is wrong with it
}

// size chooses the bytes of a field.
func (w *sampleSource) size(e *encode.Encoder, n *program.Node, o *scalar.Op) int {
	size := 2
	switch region := w.c.places[n.Op].region; {
	case o.Size > 0:
		return o.Size
	case n.Size != nil && n.Size.Looks:
		return 1
	case n.Size != nil && !w.follows(n.Size):
		size = int(e.Eval(n.Size))
	case n.Size != nil:
		size = w.sized(n.Size)
	case n.Rest && region == nil && w.s.body.FrameKind.Totals != nil:
		size = w.left(len(e.Out) + max(n.Tail, 0) + w.s.body.FrameKind.Tail)
	case n.Rest && region != nil && w.follows(region.Size):
		size = w.sized(region.Size)
	case n.Rest && region != nil:
		size = int(e.Eval(region.Size)) - (len(e.Out) - e.Starts[len(e.Starts)-1]) - max(n.Tail, 0)
	case o.Most > 0:
		size = min(2, o.Most)
	}
	return min(max(size, 0), 256)
}

// left is how much a frame of one of several sizes has room for beside so many bytes.
func (w *sampleSource) left(taken int) int {
	for _, size := range slices.Backward(w.s.body.FrameKind.Totals) {
		if size >= taken {
			return size - taken
		}
	}
	return 0
}

// sized is the size that is wanted of what the encoder measures; 2 when any will do.
func (w *sampleSource) sized(e *expr.Expr) int {
	if v := w.known(e); len(v) > 0 && len(e.Fields(nil)) > 0 {
		return int(v[0])
	}
	return 2
}

// text are bytes that a field may hold.
func (w *sampleSource) text(e *encode.Encoder, n *program.Node, o *scalar.Op, wish want) []byte {
	size := w.size(e, n, o)
	switch {
	case wish.mask != 0:
		return bytesOf(o, size, wish.value)
	case o.Check == scalar.CheckBytes:
		return bytes.Clone(o.Want)
	case o.Form != nil && o.Form.Texts != nil:
		return []byte(o.Form.Texts[0])
	case o.Code == scalar.OpTime:
		b, _ := o.Time.Append(nil, sampleTime)
		return b
	case o.Code == scalar.OpDecimal:
		for _, num := range append(least(o), 1) {
			b := decimalOf(o, size, num)
			if _, missing, ok := o.Read(b); ok && !missing && (o.Size == 0 || len(b) == o.Size) {
				return b
			}
		}
	}
	return plainBytes(o, size)
}
