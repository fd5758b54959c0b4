package program

import (
	"bytes"

	"trama/codec/internal/scalar"
)

// EndMarks is the end of a frame with marks: the mark, and the fields behind it.  The mark is outside the fields,
// unless the trailer has a field for it; the fields after this field stand behind the mark.  In the plain bytes of a
// frame, which decoding reads and encoding makes, they stand there too:
//
//	wire   start  content, stuffed or in armour   mark       behind
//	plain         content                         kept of it behind
type EndMarks struct {
	Marks   [][]byte
	Kept    int   // bytes of the mark that its field has, the last ones; 0: it has none
	Behind  int   // plain bytes behind the mark
	Stuffed bool  // the bytes behind the mark are stuffed, like the content
	Steps   bool  // a mark begins like an escape sequence
	Node    *Node // the field; nil: there is none
}

// Tells is the field of the mark, whose value is known before anything is read; nil when no expression asks for it.
func (c *EndMarks) Tells(ops []scalar.Op) *scalar.Op {
	if c == nil || c.Node == nil || ops[c.Node.Op].Reg == 0 {
		return nil
	}
	return &ops[c.Node.Op]
}

// split parts the plain bytes of a frame; mark is complete, with the bytes of it that are not kept.
func (c *EndMarks) split(b []byte) (content, mark, behind []byte) {
	if c.Kept == 0 {
		return b, c.Marks[0], nil
	}
	n := max(len(b)-c.Behind-c.Kept, 0)
	kept := b[n : len(b)-c.Behind]
	return b[:n], c.markOf(kept), b[n+len(kept):]
}

// markOf is the mark that ends with the kept bytes.
func (c *EndMarks) markOf(kept []byte) []byte {
	mark := c.Marks[0]
	for _, m := range c.Marks[1:] {
		if len(kept) > 0 && bytes.HasSuffix(m, kept) {
			mark = m
		}
	}
	return mark
}

// Around is the least number of bytes of a frame that stand in no field.
func (c *EndMarks) Around(start []byte) int {
	if c == nil {
		return 0
	}
	least := len(c.Marks[0])
	for _, m := range c.Marks {
		least = min(least, len(m))
	}
	return len(start) + least - c.Kept
}

// Partial is the number of bytes at the end of b that may be the beginning of a mark.
func (c *EndMarks) Partial(b []byte) (n int) {
	for _, m := range c.Marks {
		for k := min(len(m)-1, len(b)); k > n; k-- {
			if bytes.HasSuffix(b, m[:k]) {
				n = k
			}
		}
	}
	return n
}

// Stretch appends the plain bytes b[from:to] as they stand on the wire.  The last back bytes of b, which is the
// frame so far, stand behind the content: the mark, and the bytes behind it.
func (f *FrameKind) Stretch(dst, b []byte, from, to, back int) []byte {
	n := len(b) - back
	dst = f.written(dst, b[min(from, n):min(to, n)])
	if c := f.EndMarks; back > 0 {
		if from <= n && to >= n+c.Kept { // all kept bytes stand for the complete mark
			dst = append(dst, c.markOf(b[n:n+c.Kept])...)
		} else {
			dst = append(dst, b[min(max(from, n), n+c.Kept):min(max(to, n), n+c.Kept)]...)
		}
		n += c.Kept
		after := b[min(max(from, n), len(b)):max(to, n)]
		if c.Stuffed {
			return f.Escape.encode(dst, after)
		}
		dst = append(dst, after...)
	}
	return dst
}

// aliases reports whether the plain bytes of a frame with this mark stand on the wire as they are.
func (f *FrameKind) aliases(mark []byte) bool {
	return f.Escape == nil && f.Armour == nil && (f.EndMarks.Kept == 0 || f.EndMarks.Kept == len(mark))
}

// written appends the content as it stands on the wire, stuffed or in armour.
func (f *FrameKind) written(dst, content []byte) []byte {
	switch {
	case f.Escape != nil:
		return f.Escape.encode(dst, content)
	case f.Armour != nil:
		return f.Armour.Encode(dst, content)
	}
	return append(dst, content...)
}

// Wrap appends the frame whose plain bytes are b, with its marks.
func (f *FrameKind) Wrap(dst, b []byte) []byte {
	c := f.EndMarks
	if c == nil {
		return append(dst, b...)
	}
	content, mark, behind := c.split(b)
	dst = append(dst, f.Start...)
	dst = f.written(dst, content)
	dst = append(dst, mark...)
	if c.Stuffed {
		return f.Escape.encode(dst, behind)
	}
	return append(dst, behind...)
}

// Reads reports whether wire is read as the frame whose plain bytes are b.  Only sequences of several bytes leave that
// open: one can arise where a byte meets the mark, or another sequence.
func (f *FrameKind) Reads(wire, b []byte) bool {
	if f.Escape == nil || len(f.Escape.Long) == 0 {
		return true
	}
	at, mark, v := f.FindEnd(wire[len(f.Start):], true)
	if v != Complete {
		return false
	}
	var memory []byte
	plain, total, v := f.Unwrap(wire, at, mark, &memory)
	return v == Complete && total == len(wire) && bytes.Equal(plain, b)
}

// Plain appends the content between the marks without stuffing or armour; false: it is not written that way.
func (f *FrameKind) Plain(dst, content []byte) ([]byte, bool) {
	switch {
	case f.Escape != nil:
		return f.Escape.decode(dst, content)
	case f.Armour != nil:
		dst, err := f.Armour.Decode(dst, content)
		return dst, err == nil
	}
	return append(dst, content...), true
}

// TakeBehind appends the plain bytes behind the mark, with which data begins; n is their size on the wire.  When some
// have not come, it appends the others.
func (f *FrameKind) TakeBehind(dst, data []byte) (out []byte, n int, v Verdict) {
	c := f.EndMarks
	if !c.Stuffed {
		n = min(c.Behind, len(data))
		if dst = append(dst, data[:n]...); n < c.Behind {
			return dst, n, Incomplete
		}
		return dst, n, Complete
	}
	for range c.Behind {
		one, size, ok := f.Escape.one(data[n:])
		if !ok {
			return dst, n, Refused
		}
		if size == 0 {
			return dst, n, Incomplete
		}
		dst, n = append(dst, one), n+size
	}
	return dst, n, Complete
}

// FindEnd looks for the end of the content: the first mark.  Where a mark begins like an escape sequence, such as
// 10 03 beside 10 10, escape sequences are stepped over; if strict, an unknown escape sequence is refused.
func (f *FrameKind) FindEnd(data []byte, strict bool) (at int, mark []byte, v Verdict) {
	marks := f.EndMarks.Marks
	if !f.EndMarks.Steps {
		for _, m := range marks {
			if i := bytes.Index(data, m); i >= 0 {
				at, mark, v, data = i, m, Complete, data[:min(len(data), i+len(m)-1)]
			}
		}
		if v != Complete {
			v = Incomplete
		}
		return at, mark, v
	}
	for i := 0; i < len(data); {
		n := f.Escape.sequence(data[i:])
		if n > 0 {
			i += n
			continue
		}
		open := f.Escape.begins(data[i:])
		for _, m := range marks {
			if bytes.HasPrefix(data[i:], m) {
				return i, m, Complete
			}
			open = open || bytes.HasPrefix(m, data[i:])
		}
		if strict && !open && f.Escape.Lead.Has(data[i]) {
			return 0, nil, Refused
		}
		i++
	}
	return 0, nil, Incomplete
}

// Unwrap returns the plain bytes of the frame that data begins with, and its size on the wire; mark stands at bytes
// behind the mark at the start.  When bytes behind the mark have not come, total is the least size of the frame.
// Plain bytes that do not stand on the wire as they are go to memory.
func (f *FrameKind) Unwrap(data []byte, at int, mark []byte, memory *[]byte) (content []byte, total int, v Verdict) {
	c, n := f.EndMarks, len(f.Start)
	total = n + at + len(mark)
	if f.aliases(mark) {
		if total += c.Behind; total > len(data) {
			return nil, total, Incomplete
		}
		return data[n : n+at+c.Kept+c.Behind], total, Complete
	}
	var ok bool
	if *memory, ok = f.Plain((*memory)[:0], data[n:n+at]); !ok {
		return nil, 0, Refused
	}
	*memory = append(*memory, mark[len(mark)-c.Kept:]...)
	if c.Behind == 0 {
		return *memory, total, Complete
	}
	var size int
	*memory, size, v = f.TakeBehind(*memory, data[total:])
	if total += size; v == Incomplete {
		total++
	}
	return *memory, total, v
}

// Places lists where each plain byte of a frame stands in raw, and last the place behind them.  The first n plain
// bytes stand before the mark.
func (f *FrameKind) Places(plain []byte, n int, raw []byte) []int {
	c, at := f.EndMarks, min(len(f.Start), len(raw))
	out := make([]int, 0, len(plain)+1)
	var mark, behind []byte
	if n < len(plain) {
		kept := plain[n:min(n+c.Kept, len(plain))]
		mark, behind = c.markOf(kept), plain[n+len(kept):]
	}
	after := len(mark) + len(behind)
	if c.Stuffed {
		after = len(mark) + f.Escape.WireSize(behind)
	} else if mark == nil && n == len(plain) {
		after = len(c.Marks[0])
	}
	size := max(len(raw)-at-after, 0)
	for i := 0; i < n; {
		var coded []byte
		k := 1
		if f.Escape != nil {
			coded, k = f.Escape.unit(plain[i:n])
		}
		for range k {
			out = append(out, at)
		}
		i += k
		if at += max(len(coded), 1); f.Armour != nil {
			at = len(f.Start) + i*size/n
		}
	}
	for i := n; i < len(plain)-len(behind); i++ {
		if out = append(out, at); i == n { // bytes of the mark without a field belong to its first byte
			at += len(mark) - c.Kept
		}
		at++
	}
	for _, b := range behind {
		out = append(out, at)
		if c.Stuffed && f.Escape.Coded[b] != nil {
			at += len(f.Escape.Coded[b])
		} else {
			at++
		}
	}
	return append(out, at)
}
