package codec

import (
	"bytes"
)

// closing is the end of frames with marks: the mark, and the fields behind it.  The mark is outside the fields, unless
// the trailer has a field for it; the fields after that one stand behind the mark.  In the plain bytes of a frame,
// which decoding reads and encoding makes, they stand there too:
//
//	wire   start  content in sequences or armour  mark       behind
//	plain         content                         kept of it behind
type closing struct {
	marks   [][]byte
	kept    int   // bytes of the mark that its field has, the last ones; 0: it has none
	behind  int   // plain bytes behind the mark
	stuffed bool  // they are written in sequences, like the content
	steps   bool  // a mark begins like a sequence
	node    *node // the field; nil: there is none
}

// tells is the field whose value is known before anything is read, and is asked for; nil: nobody asks.
func (c *closing) tells(ops []op) *op {
	if c == nil || c.node == nil || ops[c.node.op].reg == 0 {
		return nil
	}
	return &ops[c.node.op]
}

// split cuts the plain bytes of a frame; mark is the whole one.
func (c *closing) split(b []byte) (content, mark, behind []byte) {
	if c.kept == 0 {
		return b, c.marks[0], nil
	}
	n := max(len(b)-c.behind-c.kept, 0)
	kept := b[n : len(b)-c.behind]
	return b[:n], c.markOf(kept), b[n+len(kept):]
}

// markOf is the mark that ends with what is kept of it.
func (c *closing) markOf(kept []byte) []byte {
	mark := c.marks[0]
	for _, m := range c.marks[1:] {
		if len(kept) > 0 && bytes.HasSuffix(m, kept) {
			mark = m
		}
	}
	return mark
}

// around is how many bytes of a frame stand in no field, at least.
func (c *closing) around(start []byte) int {
	if c == nil {
		return 0
	}
	least := len(c.marks[0])
	for _, m := range c.marks {
		least = min(least, len(m))
	}
	return len(start) + least - c.kept
}

// begun is how many bytes at the end of b may be the beginning of a mark.
func (c *closing) begun(b []byte) (n int) {
	for _, m := range c.marks {
		for k := min(len(m)-1, len(b)); k > n; k-- {
			if bytes.HasSuffix(b, m[:k]) {
				n = k
			}
		}
	}
	return n
}

// stretch appends the plain bytes from up to but without to as they stand on the wire.  b are those of the frame so far;
// back of them stand behind the content: the mark, and what follows it.
func (f *family) stretch(dst, b []byte, from, to, back int) []byte {
	n := len(b) - back
	dst = f.written(dst, b[min(from, n):min(to, n)])
	if c := f.closing; back > 0 {
		if from <= n && to >= n+c.kept { // with all that is kept of it, all of it
			dst = append(dst, c.markOf(b[n:n+c.kept])...)
		} else {
			dst = append(dst, b[min(max(from, n), n+c.kept):min(max(to, n), n+c.kept)]...)
		}
		n += c.kept
		after := b[min(max(from, n), len(b)):max(to, n)]
		if c.stuffed {
			return f.escape.encode(dst, after)
		}
		dst = append(dst, after...)
	}
	return dst
}

// aliases says that the plain bytes of a frame with this mark stand on the wire as they are.
func (f *family) aliases(mark []byte) bool {
	return f.escape == nil && f.armour == nil && (f.closing.kept == 0 || f.closing.kept == len(mark))
}

// written appends content as it stands on the wire, in sequences or armour.
func (f *family) written(dst, content []byte) []byte {
	switch {
	case f.escape != nil:
		return f.escape.encode(dst, content)
	case f.armour != nil:
		return f.armour.Encode(dst, content)
	}
	return append(dst, content...)
}

// wrap appends the frame whose plain bytes are b.
func (f *family) wrap(dst, b []byte) []byte {
	c := f.closing
	if c == nil {
		return append(dst, b...)
	}
	content, mark, behind := c.split(b)
	dst = append(dst, f.start...)
	dst = f.written(dst, content)
	dst = append(dst, mark...)
	if c.stuffed {
		return f.escape.encode(dst, behind)
	}
	return append(dst, behind...)
}

// plain is the content between the marks without escape sequences or armour.
func (f *family) plain(dst, content []byte) ([]byte, bool) {
	switch {
	case f.escape != nil:
		return f.escape.decode(dst, content)
	case f.armour != nil:
		dst, err := f.armour.Decode(dst, content)
		return dst, err == nil
	}
	return append(dst, content...), true
}

// takeBehind appends the plain bytes behind the mark, with which data begins; n is how many they are there.  As many as
// there are when they are not all there.
func (f *family) takeBehind(dst, data []byte) (out []byte, n int, v verdict) {
	c := f.closing
	if !c.stuffed {
		n = min(c.behind, len(data))
		if dst = append(dst, data[:n]...); n < c.behind {
			return dst, n, begun
		}
		return dst, n, whole
	}
	for range c.behind {
		one, size, ok := f.escape.one(data[n:])
		if !ok {
			return dst, n, refused
		}
		if size == 0 {
			return dst, n, begun
		}
		dst, n = append(dst, one), n+size
	}
	return dst, n, whole
}

// findEnd looks for the end of the content: the first mark.  Where one begins like an escape sequence, such as 10 03
// beside 10 10, sequences are stepped over; refused is a sequence that is none, if that is asked for.
func (f *family) findEnd(data []byte, strict bool) (at int, mark []byte, v verdict) {
	marks := f.closing.marks
	if !f.closing.steps {
		for _, m := range marks {
			if i := bytes.Index(data, m); i >= 0 {
				at, mark, v, data = i, m, whole, data[:min(len(data), i+len(m)-1)]
			}
		}
		if v != whole {
			v = begun
		}
		return at, mark, v
	}
	for i := 0; i < len(data); {
		n := f.escape.sequence(data[i:])
		if n > 0 {
			i += n
			continue
		}
		open := f.escape.begins(data[i:])
		for _, m := range marks {
			if bytes.HasPrefix(data[i:], m) {
				return i, m, whole
			}
			open = open || bytes.HasPrefix(m, data[i:])
		}
		if strict && !open && f.escape.lead.has(data[i]) {
			return 0, nil, refused
		}
		i++
	}
	return 0, nil, begun
}

// unwrap is the plain bytes of the frame that data begins with, and how many bytes that is; the mark stands so many
// bytes behind its start.  When bytes behind the mark are to come, total is how many there will be, at least.  What does
// not stand on the wire as it is goes to memory.
func (f *family) unwrap(data []byte, at int, mark []byte, memory *[]byte) (content []byte, total int, v verdict) {
	c, n := f.closing, len(f.start)
	total = n + at + len(mark)
	if f.aliases(mark) {
		if total += c.behind; total > len(data) {
			return nil, total, begun
		}
		return data[n : n+at+c.kept+c.behind], total, whole
	}
	var ok bool
	if *memory, ok = f.plain((*memory)[:0], data[n:n+at]); !ok {
		return nil, 0, refused
	}
	*memory = append(*memory, mark[len(mark)-c.kept:]...)
	if c.behind == 0 {
		return *memory, total, whole
	}
	var size int
	*memory, size, v = f.takeBehind(*memory, data[total:])
	if total += size; v == begun {
		total++
	}
	return *memory, total, v
}

// places are where the plain bytes of a frame stand in raw, and where what follows them does.  n is how many of them
// come before the mark.
func (f *family) places(plain []byte, n int, raw []byte) []int {
	c, at := f.closing, min(len(f.start), len(raw))
	out := make([]int, 0, len(plain)+1)
	var mark, behind []byte
	if n < len(plain) {
		kept := plain[n:min(n+c.kept, len(plain))]
		mark, behind = c.markOf(kept), plain[n+len(kept):]
	}
	after := len(mark) + len(behind)
	if c.stuffed {
		after = len(mark) + f.escape.wireSize(behind)
	} else if mark == nil && n == len(plain) {
		after = len(c.marks[0])
	}
	size := max(len(raw)-at-after, 0)
	for i, b := range plain[:n] {
		out = append(out, at)
		switch {
		case f.armour != nil:
			at = len(f.start) + (i+1)*size/n
		case f.escape != nil && f.escape.coded[b] != nil:
			at += len(f.escape.coded[b])
		default:
			at++
		}
	}
	for i := n; i < len(plain)-len(behind); i++ {
		if out = append(out, at); i == n { // what of the mark is in no field belongs to its first byte
			at += len(mark) - c.kept
		}
		at++
	}
	for _, b := range behind {
		out = append(out, at)
		if c.stuffed && f.escape.coded[b] != nil {
			at += len(f.escape.coded[b])
		} else {
			at++
		}
	}
	return append(out, at)
}
